//! Who may come in, and by which door: IAM and STS, and the keys and permissions that every request is asked for.
//!
//! [`Access`] is the entry. `policy` is the policy language, `directory` who exists, `credentials` how somebody proves
//! who he is; `iam` and `sts` are the services on top, and meet in these alone.

pub mod access;
pub mod credentials;
pub mod directory;
pub mod iam;
pub mod policy;
pub mod sts;

#[cfg(test)]
mod tests;

pub use access::{Access, Config};
pub use credentials::{Credential, RootKey, Secret};
