//! STS: credentials for a while.
//!
//! Kept: GetCallerIdentity, AssumeRole, GetSessionToken. Nothing is stored: a session's token carries it
//! ([`crate::credentials::session`]). Left out so far: federation and web identities, and what needs conditions on
//! sessions: their tags, transitive keys, provided contexts and source identity are permitted as AWS does and then
//! have no effect. There are no MFA devices, so a token code never fits.

pub mod api;
pub mod ops;
pub mod trust;

pub use ops::service;
