//! A policy document as typed data, and how it is written as JSON.

use super::json::Json;
use super::principal::Principals;

/// What a statement does when it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

impl Effect {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// The version of the policy language; only the newer one knows policy variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    #[default]
    V2008,
    V2012,
}

impl Version {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

/// What a statement names: these texts, or everything but these (`NotAction`, `NotResource`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub texts: Vec<String>,
    pub all_but: bool,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub sid: Option<String>,
    pub effect: Effect,
    /// Present in policies that stand at a resource or role, absent in those of an identity.
    pub principals: Option<Principals>,
    pub actions: Names,
    /// Absent in trust policies, where the role is the resource.
    pub resources: Option<Names>,
    /// Kept as written; not evaluated yet, see [`super::compiled`].
    pub condition: Option<Json>,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub version: Version,
    pub id: Option<String>,
    pub statements: Vec<Statement>,
}

impl Policy {
    /// The document with every optional part in its longest form; what it means is unchanged.
    pub fn to_json(&self) -> Json {
        let mut members = vec![("Version".to_owned(), text(self.version.as_str()))];
        members.extend(self.id.iter().map(|id| ("Id".to_owned(), text(id))));
        let statements = self.statements.iter().map(Statement::to_json).collect();
        members.push(("Statement".to_owned(), Json::List(statements)));
        Json::Object(members)
    }
}

impl Statement {
    fn to_json(&self) -> Json {
        let mut members = Vec::new();
        members.extend(self.sid.iter().map(|sid| ("Sid".to_owned(), text(sid))));
        members.push(("Effect".to_owned(), text(self.effect.as_str())));
        members.extend(self.principals.iter().map(Principals::to_member));
        members.push(self.actions.to_member("Action"));
        members.extend(self.resources.iter().map(|resources| resources.to_member("Resource")));
        members.extend(self.condition.iter().map(|condition| ("Condition".to_owned(), condition.clone())));
        Json::Object(members)
    }
}

impl Names {
    fn to_member(&self, name: &str) -> (String, Json) {
        let key = if self.all_but { format!("Not{name}") } else { name.to_owned() };
        (key, Json::List(self.texts.iter().map(|name| text(name)).collect()))
    }
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}
