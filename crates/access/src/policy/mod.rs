//! The policy language: documents read strictly, compiled once, and asked from memory.
//!
//! Knows no service and no store. What is not done here yet is decided towards the safe side and said where it is:
//! conditions and policy variables in [`compiled`].

pub mod compiled;
pub mod document;
pub mod json;
pub mod parse;
pub mod pattern;
pub mod principal;

#[cfg(test)]
mod tests;

pub use compiled::{Compiled, Trust, Verdict};
pub use document::{Effect, Policy, Statement};
pub use parse::{Malformed, identity_policy, trust_policy};
pub use principal::{Match, Principals};
