//! Who asks: the identity that a signature, a session or a service stands for.

use std::sync::Arc;

use crate::scope::Account;

/// The kinds of identity that AWS knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The account itself; everything that no explicit deny forbids is allowed.
    Root,
    User {
        name: String,
    },
    AssumedRole {
        role_arn: String,
        role_id: String,
        session: String,
    },
    /// An AWS service acting on its own, such as `lambda.amazonaws.com`.
    Service(String),
    /// Nobody signed (a function URL with auth type NONE, a health check).
    Anonymous,
}

/// One authenticated caller. Cheap to clone: it travels with the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Arc<Identity>);

/// What is known of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: Account,
    pub principal: Principal,
    /// What GetCallerIdentity answers as `Arn`.
    pub arn: String,
    /// What GetCallerIdentity answers as `UserId`.
    pub user_id: String,
    /// The access key that signed, if one did.
    pub access_key: Option<String>,
    /// Inline session policies that narrow what the principal may do.
    pub session_policies: Vec<String>,
    /// True under `--auth open`: no permission is asked of this caller.
    pub unchecked: bool,
}

impl Caller {
    pub fn new(identity: Identity) -> Self {
        Self(Arc::new(identity))
    }

    /// The account's root identity.
    pub fn root(account: Account) -> Self {
        Self::new(Identity {
            arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_string(),
            principal: Principal::Root,
            access_key: None,
            session_policies: Vec::new(),
            unchecked: false,
            account,
        })
    }

    /// A service of AWS, acting for itself in `account`.
    pub fn service(account: Account, name: &str) -> Self {
        Self::new(Identity {
            arn: name.to_owned(),
            user_id: name.to_owned(),
            principal: Principal::Service(name.to_owned()),
            access_key: None,
            session_policies: Vec::new(),
            unchecked: false,
            account,
        })
    }
}

impl std::ops::Deref for Caller {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}
