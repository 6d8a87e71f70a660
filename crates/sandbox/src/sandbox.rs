//! The handle of the room.

use std::time::Duration;

use base::{Clock, Tasks};

use crate::{Config, Error, Findings, Output, Result, Slot, SlotSpec, Spec};

/// Makes slots. Clones are the same sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox {}

impl Sandbox {
    /// Locks the state directory, cleans what a killed predecessor left there, starts the spawn helper. Works without
    /// root too; then only [`crate::Isolation::Off`] does.
    pub async fn open(_config: Config, _tasks: Tasks, _clock: Clock) -> Result<Self> {
        Err(Error::HelperGone)
    }

    /// A new slot, empty.
    pub async fn slot(&self, _spec: SlotSpec) -> Result<Slot> {
        Err(Error::HelperGone)
    }

    /// Runs one command to its end in a slot of its own. Output beyond `output_bytes` of each pipe is thrown away; the
    /// tree is killed after `timeout`.
    pub async fn run(&self, _slot: SlotSpec, _spec: Spec, _output_bytes: usize, _timeout: Duration) -> Result<Output> {
        Err(Error::HelperGone)
    }

    /// What this host can isolate, each lack with its fix. Changes nothing on the host.
    pub async fn probe(_config: &Config, _tasks: &Tasks) -> Findings {
        Findings::default()
    }

    /// Ends the helper and everything that still runs. Slots must have been destroyed or dropped.
    pub async fn close(&self) {}
}
