//! What a contract must satisfy by itself: each service's tests call [`problems`] and expect none.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderName;

use crate::operation::{OperationSpec, ServiceSpec, Tongue};
use crate::route::Template;
use crate::schema::{Location, Member, Schema, Type};
use crate::validate::usable;

/// Everything in a contract that could not work, in words; empty for a sound one.
pub fn problems(spec: &ServiceSpec) -> Vec<String> {
    let mut found = Findings::default();
    tongue(spec, &mut found);
    names(spec, &mut found);
    for operation in spec.operations {
        errors(spec, operation, &mut found);
        if let Some(shapes) = operation.shapes {
            if spec.tongue == Tongue::RestJson {
                bindings(operation, (shapes.input)(), &mut found);
            }
            found.schema((shapes.input)());
            found.schema((shapes.output)());
        }
    }
    found.problems
}

#[derive(Default)]
struct Findings {
    problems: Vec<String>,
    /// Schemas by name: two of one name could not be told apart.
    seen: BTreeMap<&'static str, *const Member>,
}

impl Findings {
    fn say(&mut self, problem: String) {
        self.problems.push(problem);
    }

    fn schema(&mut self, schema: &'static Schema) {
        let members = schema.members.as_ptr();
        if let Some(known) = self.seen.insert(schema.name, members) {
            if known != members && !schema.members.is_empty() {
                self.say(format!("two different shapes are called {}", schema.name));
            }
            return;
        }
        let mut names = BTreeSet::new();
        for member in schema.members {
            if !names.insert(member.name) {
                self.say(format!("{}.{} stands there twice", schema.name, member.name));
            }
            self.member(schema, member);
        }
        let payloads = schema.members.iter().filter(|member| member.location == Location::Payload).count();
        let bodies = schema.members.iter().filter(|member| member.location == Location::Body).count();
        if payloads > 1 || (payloads == 1 && bodies > 0) {
            self.say(format!("{} has more than one thing for the whole body", schema.name));
        }
    }

    fn member(&mut self, schema: &Schema, member: &'static Member) {
        let place = format!("{}.{}", schema.name, member.name);
        let patterns = [member.checks.pattern, member.each.pattern, member.keys.pattern];
        for pattern in patterns.into_iter().flatten() {
            if let Err(error) = usable(pattern) {
                self.say(format!("{place}: {error}"));
            }
        }
        if let Location::Header(name) = member.location
            && HeaderName::from_bytes(name.as_bytes()).is_err()
        {
            self.say(format!("{place}: {name} is no header's name"));
        }
        self.inside(&member.ty);
    }

    fn inside(&mut self, ty: &Type) {
        match ty {
            Type::Structure(schema) | Type::Events(schema) => self.schema(schema()),
            Type::List(item) | Type::Map(item) => self.inside(item),
            _ => {}
        }
    }
}

fn tongue(spec: &ServiceSpec, found: &mut Findings) {
    match spec.tongue {
        Tongue::Json { .. } if spec.target_prefix.is_empty() => found.say("no target prefix".to_owned()),
        Tongue::Query if spec.version.is_empty() || spec.xml_namespace.is_empty() => {
            found.say("no version or no XML namespace".to_owned());
        }
        _ => {}
    }
}

fn names(spec: &ServiceSpec, found: &mut Findings) {
    let mut operations = BTreeSet::new();
    let mut routes = BTreeMap::new();
    for operation in spec.operations {
        if !operations.insert(operation.name) {
            found.say(format!("{} stands there twice", operation.name));
        }
        let route = (operation.http.method, operation.http.uri);
        if let (Tongue::RestJson, Some(other)) = (spec.tongue, routes.insert(route, operation.name)) {
            found.say(format!("{other} and {} have the same path", operation.name));
        }
    }
    let mut codes = BTreeSet::new();
    for error in spec.errors.iter().filter(|error| !codes.insert(error.code)) {
        found.say(format!("the error {} stands there twice", error.code));
    }
}

fn errors(spec: &ServiceSpec, operation: &OperationSpec, found: &mut Findings) {
    for code in operation.errors.iter().filter(|code| spec.error(code).is_none()) {
        found.say(format!("{} names {code}, which is not in the table of errors", operation.name));
    }
}

/// Each label of the path is a required scalar member, and each member with that location is in the path.
fn bindings(operation: &OperationSpec, input: &Schema, found: &mut Findings) {
    let template = Template::parse(operation.http.uri);
    let labels: BTreeSet<&str> = template.labels().collect();
    for label in &labels {
        let bound = input.member(label).is_some_and(|member| member.location == Location::Label && member.required);
        if !bound {
            found.say(format!("{}: no required member is bound to {{{label}}}", operation.name));
        }
    }
    for member in input.members.iter().filter(|member| member.location == Location::Label) {
        if !labels.contains(member.name) {
            found.say(format!("{}: {} is not in the path", operation.name, member.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ALL, REST};
    use crate::{ErrorSpec, Http, Operation};

    crate::shape! {
        struct Bad {
            name: Option<String> = "Name" [label, pattern("(")],
            twice: Option<String> = "Name" [header("no header")],
            payload: Option<crate::Payload> = "Payload" [payload],
            body: Option<crate::Payload> = "Body" [payload],
        }
    }

    crate::op! {
        BadThing(Bad) -> crate::Nothing {
            http: GET 200 "/bad/{Other}", permit: "" on crate::Resource::Any, errors: ["NobodyKnows"]
        }
    }

    #[test]
    fn sound_contracts_have_no_problems() {
        for spec in ALL {
            assert_eq!(problems(spec), Vec::<String>::new(), "{spec:?}");
        }
    }

    #[test]
    fn each_problem_is_told() {
        let error = ErrorSpec { code: "Twice", status: 400, message_key: "message", kind: "", wire_code: "" };
        let errors: &'static [ErrorSpec] = Box::leak(Box::new([error, error]));
        let same_path = OperationSpec { http: Http { ..BadThing::SPEC.http }, name: "SamePath", ..BadThing::SPEC };
        let operations: Vec<&'static OperationSpec> = vec![&BadThing::SPEC, Box::leak(Box::new(same_path))];
        let spec = ServiceSpec { operations: operations.leak(), errors, ..REST };
        let told = problems(&spec).join("\n");
        for part in [
            "BadThing and SamePath have the same path",
            "the error Twice stands there twice",
            "BadThing names NobodyKnows",
            "no required member is bound to {Other}",
            "Name is not in the path",
            "Bad.Name: the pattern ( can't be used",
            "Bad.Name stands there twice",
            "no header is no header's name",
            "Bad has more than one thing for the whole body",
        ] {
            assert!(told.contains(part), "{part} is missing in:\n{told}");
        }
    }
}
