//! Who exists: users, roles, keys and managed policies, as tables that are kept in memory.
//!
//! Every question is answered from views; every change is committed to the space `meta` with the revision that it was
//! made from, so that two changes at once, on one node or on two, never undo each other.

pub mod access_key;
pub mod aws_managed;
pub mod change;
pub mod entity;
pub mod faults;
pub mod managed;
pub mod server_secret;

use std::sync::Arc;

use base::{Arn, Clock, Random};
use store::engine::Revision;
use store::{Space, Store, View};

pub use access_key::AccessKey;
pub use aws_managed::AwsManaged;
pub use entity::{Entity, Grants, Holder, Role, Tags, User};
pub use managed::{Known, ManagedPolicy};

use crate::policy::Compiled;

/// The users, roles, keys and policies of all accounts. Clones are the same directory.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(crate) space: Space,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    users: View<User, Holder<User>>,
    roles: View<Role, Holder<Role>>,
    policies: View<ManagedPolicy, Known>,
    keys: View<AccessKey>,
}

/// A managed policy: the account's own, or one of AWS's.
#[derive(Clone, Debug)]
pub enum Managed {
    Own(Arc<Known>),
    Aws(&'static AwsManaged),
}

impl Managed {
    pub fn compiled(&self) -> &Compiled {
        match self {
            Self::Own(known) => &known.compiled,
            Self::Aws(policy) => &policy.compiled,
        }
    }
}

/// Names are unique without regard to case, and kept as they were given.
pub fn name_key(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl Directory {
    pub async fn open(store: &Store) -> store::Result<Self> {
        let space = store.space("meta")?;
        Ok(Self {
            users: space.view_of(Holder::new).await?,
            roles: space.view_of(Holder::new).await?,
            policies: space.view_of(Known::new).await?,
            keys: space.view().await?,
            clock: store.clock().clone(),
            random: store.random().clone(),
            space,
        })
    }

    pub fn user(&self, account: &str, name: &str) -> Option<Arc<Holder<User>>> {
        self.users.get((account, name_key(name).as_str()))
    }

    pub fn role(&self, account: &str, name: &str) -> Option<Arc<Holder<Role>>> {
        self.roles.get((account, name_key(name).as_str()))
    }

    /// The role with exactly this ARN, path and case included.
    pub fn role_at(&self, arn: &str) -> Option<Arc<Holder<Role>>> {
        let parsed = Arn::parse(arn).filter(|arn| arn.service == "iam")?;
        let name = parsed.resource.strip_prefix("role/")?.rsplit('/').next()?;
        self.role(&parsed.account, name).filter(|role| role.arn() == arn)
    }

    /// The policy with exactly this ARN, if `account` may use it: its own or AWS's.
    pub fn policy(&self, account: &str, arn: &str) -> Option<Managed> {
        if let Some(policy) = aws_managed::find(arn) {
            return Some(Managed::Aws(policy));
        }
        self.own_policy(account, arn).map(|(known, _)| Managed::Own(known))
    }

    /// A policy of the account's own, with the revision that a change expects.
    pub fn own_policy(&self, account: &str, arn: &str) -> Option<(Arc<Known>, Revision)> {
        let name = arn.rsplit('/').next()?;
        let entry = self.policies.entry((account, name_key(name).as_str()))?;
        (entry.value.record.arn() == arn).then_some((entry.value, entry.revision))
    }

    pub fn key(&self, access_key: &str) -> Option<Arc<AccessKey>> {
        self.keys.get((access_key,))
    }

    /// Up to `limit` users whose name is greater than `after`, in order of their names.
    pub fn users(&self, account: &str, after: Option<&str>, limit: usize) -> Vec<Arc<Holder<User>>> {
        self.users.list((account,), position(account, after).as_ref(), limit)
    }

    pub fn roles(&self, account: &str, after: Option<&str>, limit: usize) -> Vec<Arc<Holder<Role>>> {
        self.roles.list((account,), position(account, after).as_ref(), limit)
    }

    pub fn policies(&self, account: &str, after: Option<&str>, limit: usize) -> Vec<Arc<Known>> {
        self.policies.list((account,), position(account, after).as_ref(), limit)
    }
}

fn position(account: &str, after: Option<&str>) -> Option<(String, String)> {
    after.map(|after| (account.to_owned(), name_key(after)))
}
