//! IAM: users, roles, keys and policies.
pub mod api;
