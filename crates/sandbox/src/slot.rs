//! What outlives processes: uid, control groups, network, `/tmp`.

use std::net::TcpListener;
use std::path::Path;

use crate::{Command, Error, Result, Spec, Started, Usage};

/// Dropping it kills what runs in it and gives everything back, in the background.
#[derive(Debug)]
pub struct Slot {}

impl Slot {
    /// The uid and gid of everything that runs in it; unique among live slots.
    pub fn uid(&self) -> u32 {
        0
    }

    /// The listeners of [`crate::SlotSpec::listen`], in that order, non-blocking; empty from the second call on. They
    /// stay bound over kills.
    pub fn take_listeners(&self) -> Vec<TcpListener> {
        Vec::new()
    }

    /// Makes `path` (a socket or a file of the host, to be bound in) belong to the slot's uid.
    pub fn give(&self, _path: &Path) -> Result<()> {
        Ok(())
    }

    /// Makes the root and starts the first process of a tree. [`Error::AlreadyRunning`] if a process that we started
    /// in this slot is alive; what else is left of an earlier tree is killed.
    pub async fn start(&self, _spec: Spec) -> Result<Started> {
        Err(Error::NotRunning)
    }

    /// Starts one more process in the running tree: same root, same pids, same network.
    pub async fn join(&self, _command: Command) -> Result<Started> {
        Err(Error::NotRunning)
    }

    /// Nothing in the slot gets cpu until [`Slot::thaw`]. Returns when all of it stands still.
    pub async fn freeze(&self) -> Result<()> {
        Ok(())
    }

    pub async fn thaw(&self) -> Result<()> {
        Ok(())
    }

    /// Kills the whole tree, frozen or not; returns when it is verified to be gone. `/tmp` and listeners stay.
    pub async fn kill(&self) -> Result<()> {
        Ok(())
    }

    /// Cores from now on; `None` is unlimited (INIT).
    pub async fn set_cpu(&self, _cores: Option<f64>) -> Result<()> {
        Ok(())
    }

    pub async fn usage(&self) -> Result<Usage> {
        Ok(Usage::default())
    }

    /// Kills the tree and gives everything back, verified.
    pub async fn destroy(self) -> Result<()> {
        Ok(())
    }
}
