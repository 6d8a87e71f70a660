//! Who may come in, and by which door: IAM and STS.
pub mod credentials;
pub mod iam;
pub mod policy;
pub mod sts;
