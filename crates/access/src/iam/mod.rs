//! IAM: who exists in an account, and what each may do.
//!
//! Kept: users with access keys, roles, inline and managed policies, permissions boundaries, tags. Left out so far:
//! groups, login profiles, MFA, federation, server certificates, and whatever else [`api`] names as known only.
//! IAM is global: its ARNs have no region, and every region sees the same.
//!
//! Principals named in trust policies are kept as written. AWS replaces the ARN of a user by its id, so that a user
//! of the same name who comes later isn't trusted; here it is.

pub mod api;
pub mod ops;
pub mod paging;
pub mod permit;
mod render;

pub use ops::service;
pub use permit::Evaluator;
