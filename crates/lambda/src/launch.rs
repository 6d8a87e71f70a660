//! From a function's record to what its environments are made of.

use std::sync::Arc;

use base::Fault;

use crate::environment::{Interpreter, Launch};
use crate::function::{FunctionRecord, Functions};

/// Finds the interpreters of this host.
pub trait Interpreters: Send + Sync + std::fmt::Debug {
    /// How `runtime` is started here, or what is missing, in words for the person who asked.
    fn find(&self, runtime: &str) -> Result<Arc<Interpreter>, String>;
}
