//! Hosts with both versions: limits and counters are version 1's, and a group of version 2 without controllers freezes,
//! kills and tells whether anything is left, which it does better.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Access;
use serde::{Deserialize, Serialize};

use super::core::Core;
use super::places::Places;
use super::v1::V1;
use super::{Doors, Driver, Group, Reading, files};
use crate::Result;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hybrid {
    limits: V1,
    /// In version 2.
    parent: PathBuf,
}

/// Where a group of version 2 can be made beside those of version 1; `None` on hosts without.
pub(super) fn site() -> io::Result<Option<PathBuf>> {
    let Some((mount, below)) = Places::read()?.v2() else { return Ok(None) };
    let own = mount.join(below);
    let able = rustix::fs::access(&own, Access::WRITE_OK).is_ok() && own.join("cgroup.procs").exists();
    Ok(able.then_some(own))
}

impl Hybrid {
    pub(super) fn new(limits: V1, site: &Path, name: &str) -> Self {
        Self { limits, parent: site.join(name) }
    }
}

impl Driver for Hybrid {
    fn group(&self, name: &str) -> Result<Arc<dyn Group>> {
        let limits = self.limits.group(name)?;
        Ok(Arc::new(HybridGroup { limits, core: Core::make(self.parent.join(name))? }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.limits.names()?;
        names.extend(files::directories(&self.parent)?);
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn remove(&self) -> io::Result<()> {
        self.limits.remove()?;
        files::remove(&self.parent)
    }
}

#[derive(Debug)]
struct HybridGroup {
    limits: Arc<dyn Group>,
    core: Core,
}

impl Group for HybridGroup {
    fn doors(&self) -> io::Result<Doors> {
        Ok(Doors { tasks: self.limits.doors()?.tasks, ..self.core.doors()? })
    }

    fn set_memory(&self, bytes: u64) -> io::Result<()> {
        self.limits.set_memory(bytes)
    }

    fn set_cpu(&self, cores: Option<f64>) -> io::Result<()> {
        self.limits.set_cpu(cores)
    }

    fn set_processes(&self, count: u64) -> io::Result<()> {
        self.limits.set_processes(count)
    }

    fn freeze(&self) -> io::Result<()> {
        self.core.freeze()
    }

    fn thaw(&self) -> io::Result<()> {
        self.core.thaw()
    }

    fn is_frozen(&self) -> io::Result<bool> {
        self.core.is_frozen()
    }

    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.core.is_empty()? && self.limits.is_empty()?)
    }

    fn members(&self) -> io::Result<Vec<i32>> {
        let mut members = self.limits.members()?;
        members.extend(self.core.members()?);
        members.sort_unstable();
        members.dedup();
        Ok(members)
    }

    fn kill(&self) -> io::Result<()> {
        self.core.kill()
    }

    fn out_of_memory_kills(&self) -> io::Result<u64> {
        self.limits.out_of_memory_kills()
    }

    fn reading(&self) -> io::Result<Reading> {
        self.limits.reading()
    }

    fn remove(&self) -> io::Result<()> {
        self.core.remove()?;
        self.limits.remove()
    }
}
