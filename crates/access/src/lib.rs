//! Who may come in, and by which door: IAM and STS.
pub mod policy;
