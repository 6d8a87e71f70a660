//! One process that we started in a slot.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::sync::watch;

use crate::tree::Tree;
use crate::{Exit, Result};

/// A handle of a started process. Clones are the same process; dropping them all does not end it.
#[derive(Clone, Debug)]
pub struct Process {
    pub(crate) id: u32,
    pub(crate) pid: u32,
    pub(crate) exit: watch::Receiver<Option<Exit>>,
    pub(crate) tree: Arc<Tree>,
}

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
        self.pid
    }

    /// Returns when the process has ended; at once if it has already. Any number may wait; dropping the wait is safe.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        ended.ok().and_then(|exit| *exit).unwrap_or(Tree::LOST)
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Sends SIGTERM to this process alone. Nothing happens if it has ended.
    pub async fn terminate(&self) -> Result<()> {
        self.tree.signal(self.id, libc::SIGTERM).await
    }

    /// Sends SIGKILL to this process alone. Nothing happens if it has ended.
    pub async fn kill(&self) -> Result<()> {
        self.tree.signal(self.id, libc::SIGKILL).await
    }
}
