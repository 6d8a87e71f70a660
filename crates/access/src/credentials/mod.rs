//! Keys and sessions: what proves who somebody is, and how it is made. Nothing here reads the store.

pub mod ids;
pub mod keyring;
pub mod root;
pub mod session;

pub use keyring::Keyring;
pub use root::RootKey;
pub use session::{Session, Who};

use std::fmt;

use base::Caller;

/// A secret access key: never shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for signing, and for telling it to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A key that is good now: the secret that signs with it, and whom it stands for.
#[derive(Clone, Debug)]
pub struct Found {
    pub secret: Secret,
    pub caller: Caller,
}
