//! Control groups: the limits of a slot, what it has used, and how it is frozen. One driver per kind of host.
//!
//! The kind is not chosen but found: a controller is with version 1 or with version 2, never with both.

mod bandwidth;
mod bare;
mod core;
mod doors;
mod files;
mod hybrid;
mod places;
mod v1;
mod v2;

use std::fmt::Debug;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

pub(crate) use doors::{DoorPlan, Doors};

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
    fn doors(&self) -> io::Result<Doors>;
    fn set_memory(&self, bytes: u64) -> io::Result<()>;
    /// Cores; `None` is unlimited.
    fn set_cpu(&self, cores: Option<f64>) -> io::Result<()>;
    fn set_processes(&self, count: u64) -> io::Result<()>;
    /// Begins to freeze; [`Group::is_frozen`] tells when all stand still.
    fn freeze(&self) -> io::Result<()>;
    fn thaw(&self) -> io::Result<()>;
    fn is_frozen(&self) -> io::Result<bool>;
    fn is_empty(&self) -> io::Result<bool>;
    /// Process ids that are in it.
    fn members(&self) -> io::Result<Vec<i32>>;
    /// Kills everything in it at once, where the kernel can.
    fn kill(&self) -> io::Result<()>;
    /// What runs in it from now on is this process and its descendants; for those who cannot know otherwise.
    fn follow(&self, _init: BorrowedFd<'_>) {}
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

/// Where the groups of a sandbox are. Found by the host and told to the helper, which sits in another group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Plan {
    V1(v1::V1),
    V2(v2::V2),
    Hybrid(hybrid::Hybrid),
    /// An ordinary user's, who was given none.
    Bare(bare::Bare),
}

impl Plan {
    /// For this host and this state directory; with version 2, room is made where ours will be.
    pub(crate) fn settle(state_dir: &Path) -> Result<Self> {
        let failed = |source| error(state_dir, source);
        let name = parent_name(state_dir).map_err(failed)?;
        if v2::has_controllers().map_err(failed)? {
            return Ok(Self::V2(v2::V2::settle(&name)?));
        }
        let limits = v1::V1::find(&name)?;
        Ok(match hybrid::site().map_err(failed)? {
            Some(site) => Self::Hybrid(hybrid::Hybrid::new(limits, &site, &name)),
            None => Self::V1(limits),
        })
    }

    /// For an ordinary user: what he was given of version 2, or nothing.
    pub(crate) fn settle_as_user(state_dir: &Path) -> Result<Self> {
        let failed = |source| error(state_dir, source);
        let name = parent_name(state_dir).map_err(failed)?;
        if !v2::has_controllers().map_err(failed)? || v2::site().is_err() {
            return Ok(Self::Bare(bare::Bare));
        }
        Ok(Self::V2(v2::V2::settle(&name)?))
    }

    /// Whether the limits of a slot hold for all of its processes together.
    pub(crate) fn limits(&self) -> bool {
        !matches!(self, Self::Bare(_))
    }

    pub(crate) fn driver(&self) -> Arc<dyn Driver> {
        match self.clone() {
            Self::V1(driver) => Arc::new(driver),
            Self::V2(driver) => Arc::new(driver),
            Self::Hybrid(driver) => Arc::new(driver),
            Self::Bare(driver) => Arc::new(driver),
        }
    }
}

/// What this host has, in words, or what it lacks. Makes nothing.
pub(crate) fn survey() -> Result<String, String> {
    let words = |error: io::Error| error.to_string();
    if v2::has_controllers().map_err(words)? {
        let site = v2::site().map_err(|error| error.to_string())?;
        return Ok(format!("version 2: cpu, memory, pids, in {}", site.path.display()));
    }
    let missing = v1::missing().map_err(words)?;
    if !missing.is_empty() {
        return Err(format!("neither version 2 with cpu, memory, pids nor version 1's {}", missing.join(", ")));
    }
    Ok(match hybrid::site().map_err(words)? {
        Some(_) => "version 1: memory, cpu, cpuacct, pids; version 2 freezes and kills".to_owned(),
        None => "version 1: memory, cpu, cpuacct, pids, freezer".to_owned(),
    })
}

/// The same for an ordinary user: what he was given.
pub(crate) fn survey_as_user() -> Result<String, String> {
    if !v2::has_controllers().map_err(|error| error.to_string())? {
        return Err("no control groups of version 2".to_owned());
    }
    let site = v2::site().map_err(|_| "no control group is delegated to this user".to_owned())?;
    Ok(format!("version 2: cpu, memory, pids, in {}", site.path.display()))
}

/// Whether limits hold swap too.
pub(crate) fn counts_swap() -> io::Result<bool> {
    if v2::has_controllers()? { v2::counts_swap() } else { v1::counts_swap() }
}

const PREFIX: &str = "lambdad-";

/// Two sandboxes on one host tell their groups apart by their state directories, whatever path leads there.
fn parent_name(state_dir: &Path) -> io::Result<String> {
    let directory = std::fs::metadata(state_dir)?;
    Ok(format!("{PREFIX}{:x}-{:x}", directory.dev(), directory.ino()))
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
        if group.is_empty()? {
            return Ok(());
        }
        group.kill()?;
        let members = group.members()?;
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
