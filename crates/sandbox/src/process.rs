//! One process that we started in a slot.

use std::os::fd::OwnedFd;

use crate::{Exit, Result};

/// A handle of a started process. Clones are the same process; dropping them all does not end it.
#[derive(Clone, Debug)]
pub struct Process {}

/// A process and its output. Dropping a pipe makes the process see a closed pipe.
#[derive(Debug)]
pub struct Started {
    pub process: Process,
    /// Non-blocking read ends.
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
}

impl Process {
    /// The process id inside of its tree (outside, for [`crate::Isolation::Off`]).
    pub fn pid(&self) -> u32 {
        0
    }

    /// Returns when the process has ended; at once if it has already. Any number may wait; dropping the wait is safe.
    pub async fn wait(&self) -> Exit {
        std::future::pending().await
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        None
    }

    /// Sends SIGTERM to this process alone. Nothing happens if it has ended.
    pub async fn terminate(&self) -> Result<()> {
        Ok(())
    }
}
