//! AWS Lambda: functions, the environments that run them, and the way of an invocation.

pub mod api;
pub mod code;
pub mod control;
pub mod function;
mod ops;

pub use api::LAMBDA;
pub use control::{Control, Deps};
