//! Runs programs that nobody trusts: own namespaces, root, uid, control groups, seccomp filter, network and `/tmp`.
//!
//! The words: a [`Slot`] is what outlives processes (uid, control groups, network, `/tmp`); a *tree* is everything that
//! runs in a slot between a start and a kill; a [`Process`] is one that we started in a tree. Knows nothing of Lambda,
//! AWS, HTTP or the store. The only room with `unsafe`, all of it in the folder `sys`.

mod error;
mod process;
mod sandbox;
mod slot;
mod spec;

pub use error::{Error, Result};
pub use process::{Process, Started};
pub use sandbox::Sandbox;
pub use slot::Slot;
pub use spec::{
    Bind, Command, Config, Exit, ExitStatus, Finding, Findings, Isolation, LINK_LOCAL, Output, SlotSpec, Spec,
    USER_NAME, Usage,
};

/// The hidden first argument with which a binary becomes the spawn helper.
pub const HELPER_ARGUMENT: &str = "__sandbox-helper";

/// Becomes the spawn helper, and never returns, if the first argument says so. A binary's `main` calls this before it
/// does anything else: no thread may exist yet.
pub fn run_helper_if_asked() {}
