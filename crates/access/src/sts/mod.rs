//! STS
pub mod api;
