//! Control groups: the limits of a slot, what it has used, and how it is frozen. One driver per kind of host.

mod v1;

use std::fmt::Debug;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::helper::pause;
use crate::{Error, Result};

/// The control groups of one host.
pub(crate) trait Driver: Debug + Send + Sync {
    /// A new group, or the one of that name.
    fn group(&self, name: &str) -> Result<Arc<dyn Group>>;
    /// Groups that exist.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Removes what holds the groups; there must be none.
    fn remove(&self) -> io::Result<()>;
}

/// The control groups of one slot.
pub(crate) trait Group: Debug + Send + Sync {
    /// Files into which a process writes `0` to enter with all of its future children.
    fn entries(&self) -> io::Result<Vec<OwnedFd>>;
    /// A file into which [`THAW`] is written to thaw, by those who no longer see the path.
    fn thaw_file(&self) -> io::Result<OwnedFd>;
    fn set_memory(&self, bytes: u64) -> io::Result<()>;
    /// Cores; `None` is unlimited.
    fn set_cpu(&self, cores: Option<f64>) -> io::Result<()>;
    fn set_processes(&self, count: u64) -> io::Result<()>;
    /// Begins to freeze; [`Group::is_frozen`] tells when all stand still.
    fn freeze(&self) -> io::Result<()>;
    fn thaw(&self) -> io::Result<()>;
    fn is_frozen(&self) -> io::Result<bool>;
    /// Process ids that are in it.
    fn members(&self) -> io::Result<Vec<i32>>;
    /// How often the kernel has killed in it because its memory was used up.
    fn out_of_memory_kills(&self) -> io::Result<u64>;
    fn reading(&self) -> io::Result<Reading>;
    /// It must be empty.
    fn remove(&self) -> io::Result<()>;
}

/// What the kernel has counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) cpu: Duration,
    /// Anonymous and shared memory.
    pub(crate) memory_bytes: u64,
    pub(crate) processes: u64,
    pub(crate) throttled_periods: u64,
    pub(crate) throttled: Duration,
}

/// What thaws, written into [`Group::thaw_file`].
pub(crate) const THAW: &[u8] = b"THAWED";

/// The driver for this host and this state directory.
pub(crate) fn driver(state_dir: &Path) -> Result<Arc<dyn Driver>> {
    let name = parent_name(state_dir).map_err(|source| error(state_dir, source))?;
    Ok(Arc::new(v1::V1::find(&name)?))
}

/// The controllers that are missing here.
pub(crate) fn missing() -> io::Result<Vec<&'static str>> {
    v1::missing()
}

/// Whether limits hold memory and swap together.
pub(crate) fn counts_swap() -> io::Result<bool> {
    v1::counts_swap()
}

/// Two sandboxes on one host tell their groups apart by their state directories, whatever path leads there.
fn parent_name(state_dir: &Path) -> io::Result<String> {
    let directory = std::fs::metadata(state_dir)?;
    Ok(format!("lambdad-{:x}-{:x}", directory.dev(), directory.ino()))
}

const KILL_ROUNDS: u32 = 1_000;
const KILL_PAUSE_MS: u32 = 2;

/// Kills and removes whatever a dead predecessor left. Blocks for as long as that takes, 2 s per group at the most.
pub(crate) fn remove_leftovers(driver: &dyn Driver) -> io::Result<()> {
    for name in driver.names()? {
        let group = driver.group(&name).map_err(io::Error::other)?;
        kill_members(group.as_ref())?;
        group.remove()?;
    }
    driver.remove()
}

/// Signals, then thaws: a frozen process dies only when it is thawed.
fn kill_members(group: &dyn Group) -> io::Result<()> {
    for _ in 0..KILL_ROUNDS {
        let members = group.members()?;
        if members.is_empty() {
            return Ok(());
        }
        for pid in members.into_iter().filter_map(Pid::from_raw) {
            match rustix::process::kill_process(pid, Signal::KILL) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        group.thaw()?;
        pause(KILL_PAUSE_MS)?;
    }
    Err(io::Error::other("processes outlive SIGKILL"))
}

pub(crate) fn error(path: &Path, source: io::Error) -> Error {
    Error::ControlGroup { path: path.to_owned(), source }
}
