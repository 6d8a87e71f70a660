//! Users and roles: their records, and what is compiled of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::Record;

use super::name_key;
use crate::policy::{Compiled, identity_policy, trust_policy};

/// Tags in the order in which they were added.
pub type Tags = Vec<(String, String)>;

/// What a user or role is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Inline policies: documents as they were written, by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies, in the order in which they were attached.
    pub attached: Vec<String>,
    /// ARN of the managed policy that limits all of the above.
    pub boundary: Option<String>,
}

/// What users and roles have in common.
pub trait Entity: Record<Key = (String, String)> + Clone + PartialEq {
    /// `user` or `role`.
    const KIND: &'static str;
    /// Non-white characters of all inline policies together.
    const INLINE_CHARS: usize;

    fn account(&self) -> &str;
    fn path(&self) -> &str;
    fn name(&self) -> &str;
    fn id(&self) -> &str;
    fn grants(&self) -> &Grants;
    fn grants_mut(&mut self) -> &mut Grants;
    fn tags(&self) -> &Tags;
    fn tags_mut(&mut self) -> &mut Tags;

    fn trust(&self) -> Option<&str> {
        None
    }

    fn arn(&self) -> String {
        format!("arn:aws:iam::{}:{}{}{}", self.account(), Self::KIND, self.path(), self.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub account: String,
    pub name: String,
    pub path: String,
    pub id: String,
    pub created_ms: i64,
    pub tags: Tags,
    pub grants: Grants,
    /// Ids of the user's access keys.
    pub keys: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub account: String,
    pub name: String,
    pub path: String,
    pub id: String,
    pub created_ms: i64,
    pub description: Option<String>,
    pub max_session_seconds: i32,
    /// The document that says who may assume the role.
    pub trust: String,
    pub tags: Tags,
    pub grants: Grants,
}

macro_rules! entity {
    ($($entity:ident: $table:literal, $kind:literal, $inline:expr, { $($more:item)* })*) => {$(
        impl Record for $entity {
            const TABLE: &'static str = $table;
            type Key = (String, String);

            fn key(&self) -> Self::Key {
                (self.account.clone(), name_key(&self.name))
            }
        }

        impl Entity for $entity {
            const KIND: &'static str = $kind;
            const INLINE_CHARS: usize = $inline;

            fn account(&self) -> &str {
                &self.account
            }
            fn path(&self) -> &str {
                &self.path
            }
            fn name(&self) -> &str {
                &self.name
            }
            fn id(&self) -> &str {
                &self.id
            }
            fn grants(&self) -> &Grants {
                &self.grants
            }
            fn grants_mut(&mut self) -> &mut Grants {
                &mut self.grants
            }
            fn tags(&self) -> &Tags {
                &self.tags
            }
            fn tags_mut(&mut self) -> &mut Tags {
                &mut self.tags
            }
            $($more)*
        }
    )*};
}

entity! {
    User: "user", "user", base::limits::iam::USER_INLINE_CHARS, {}
    Role: "role", "role", base::limits::iam::ROLE_INLINE_CHARS, {
        fn trust(&self) -> Option<&str> {
            Some(&self.trust)
        }
    }
}

/// A user or role in memory, ready to be asked.
#[derive(Debug)]
pub struct Holder<E> {
    pub record: E,
    pub inline: Box<[Compiled]>,
    /// The ARN, which is looked at more often than it changes.
    arn: String,
    trust: Compiled,
}

impl<E: Entity> Holder<E> {
    pub fn new(record: E) -> Self {
        let inline = record.grants().inline.values().map(|text| compiled(identity_policy(text))).collect();
        let trust = record.trust().map_or_else(Compiled::silent, |text| compiled(trust_policy(text)));
        Self { inline, trust, arn: record.arn(), record }
    }

    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Who may assume it; nobody, if it is a user.
    pub fn trust(&self) -> &Compiled {
        &self.trust
    }
}

/// A stored document was read before it was stored. One that can't be read any more (a later version of this program
/// wrote it) may hold a denial that we would miss: it denies everything.
pub(super) fn compiled(read: Result<crate::policy::Policy, crate::policy::Malformed>) -> Compiled {
    match read {
        Ok(policy) => Compiled::new(&policy),
        Err(error) => {
            tracing::error!(%error, "a stored policy can't be read; it denies everything");
            Compiled::denial()
        }
    }
}
