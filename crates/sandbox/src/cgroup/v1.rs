//! Control groups, version 1: a tree of directories for each controller.
//!
//! A process enters by writing `0` to each `tasks` file itself. To be moved by another (`cgroup.procs`) takes the kernel
//! 6-15 ms after a while of idleness.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bandwidth::Bandwidth;
use super::files::{self, field, find, open, read, read_number, read_pids, write, write_if_there};
use super::places::Places;
use super::{Doors, Driver, Group, Reading, error};
use crate::{Error, Result};

const CONTROLLERS: [&str; 5] = ["memory", "cpu", "cpuacct", "pids", "freezer"];

/// What thaws.
const THAW: &str = "THAWED";

/// A directory of ours under each controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Paths {
    memory: PathBuf,
    cpu: PathBuf,
    cpuacct: PathBuf,
    pids: PathBuf,
    freezer: PathBuf,
}

impl Paths {
    fn map(&self, change: impl Fn(&Path) -> PathBuf) -> Self {
        Self {
            memory: change(&self.memory),
            cpu: change(&self.cpu),
            cpuacct: change(&self.cpuacct),
            pids: change(&self.pids),
            freezer: change(&self.freezer),
        }
    }

    /// Controllers may share a directory (`cpu,cpuacct`): each is named once.
    fn distinct(&self) -> BTreeSet<&Path> {
        [&self.memory, &self.cpu, &self.cpuacct, &self.pids, &self.freezer].map(PathBuf::as_path).into()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct V1 {
    parent: Paths,
}

impl V1 {
    pub(super) fn find(name: &str) -> Result<Self> {
        let found = Places::read().map_err(|source| error(Path::new("/proc/self/mountinfo"), source))?;
        let at = |controller: &str| {
            found.v1(controller).map(|path| path.join(name)).ok_or_else(|| Error::Unable {
                missing: format!("the control group controller `{controller}` (version 1)"),
                fix: "mount it under /sys/fs/cgroup, or enable it on the kernel's command line".to_owned(),
            })
        };
        let parent = Paths {
            memory: at("memory")?,
            cpu: at("cpu")?,
            cpuacct: at("cpuacct")?,
            pids: at("pids")?,
            freezer: at("freezer")?,
        };
        Ok(Self { parent })
    }
}

impl Driver for V1 {
    fn group(&self, name: &str) -> Result<Arc<dyn Group>> {
        let paths = self.parent.map(|path| path.join(name));
        for path in paths.distinct() {
            files::make(path).map_err(|source| error(path, source))?;
        }
        Ok(Arc::new(V1Group { paths }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = BTreeSet::new();
        for path in self.parent.distinct() {
            names.extend(files::directories(path)?);
        }
        Ok(names.into_iter().collect())
    }

    fn remove(&self) -> io::Result<()> {
        self.parent.distinct().into_iter().try_for_each(files::remove)
    }
}

#[derive(Debug)]
struct V1Group {
    paths: Paths,
}

impl Group for V1Group {
    fn doors(&self) -> io::Result<Doors> {
        let tasks: io::Result<_> = self.paths.distinct().into_iter().map(|path| open(&path.join("tasks"))).collect();
        let thaw = Some((open(&self.paths.freezer.join("freezer.state"))?, THAW.to_owned()));
        Ok(Doors { born_in: None, tasks: tasks?, thaw })
    }

    /// Memory with swap (where the kernel counts it) may never be less than memory: which one is written first depends
    /// on the direction.
    fn set_memory(&self, bytes: u64) -> io::Result<()> {
        let memory = self.paths.memory.join("memory.limit_in_bytes");
        let with_swap = self.paths.memory.join("memory.memsw.limit_in_bytes");
        if !with_swap.exists() {
            return write(&memory, bytes);
        }
        if read_number(&with_swap)? < bytes {
            write(&with_swap, bytes)?;
            return write(&memory, bytes);
        }
        write(&memory, bytes)?;
        write(&with_swap, bytes)
    }

    fn set_cpu(&self, cores: Option<f64>) -> io::Result<()> {
        let burst = self.paths.cpu.join("cpu.cfs_burst_us");
        let quota = self.paths.cpu.join("cpu.cfs_quota_us");
        // A burst may never exceed the quota.
        write_if_there(&burst, 0)?;
        write(&quota, -1)?;
        let Some(cores) = cores else { return Ok(()) };
        let Bandwidth { period_us, quota_us } = Bandwidth::of(cores);
        write(&self.paths.cpu.join("cpu.cfs_period_us"), period_us)?;
        write(&quota, quota_us)?;
        write_if_there(&burst, quota_us)
    }

    fn set_processes(&self, count: u64) -> io::Result<()> {
        write(&self.paths.pids.join("pids.max"), count)
    }

    fn freeze(&self) -> io::Result<()> {
        write(&self.paths.freezer.join("freezer.state"), "FROZEN")
    }

    fn thaw(&self) -> io::Result<()> {
        write(&self.paths.freezer.join("freezer.state"), THAW)
    }

    fn is_frozen(&self) -> io::Result<bool> {
        Ok(read(&self.paths.freezer.join("freezer.state"))?.trim() == "FROZEN")
    }

    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.members()?.is_empty())
    }

    fn members(&self) -> io::Result<Vec<i32>> {
        let mut members = BTreeSet::new();
        for path in self.paths.distinct() {
            members.extend(read_pids(&path.join("cgroup.procs"))?);
        }
        Ok(members.into_iter().collect())
    }

    /// Version 1 cannot: its members are killed one by one.
    fn kill(&self) -> io::Result<()> {
        Ok(())
    }

    fn out_of_memory_kills(&self) -> io::Result<u64> {
        field(&self.paths.memory.join("memory.oom_control"), "oom_kill")
    }

    fn reading(&self) -> io::Result<Reading> {
        let memory = read(&self.paths.memory.join("memory.stat"))?;
        let cpu = self.paths.cpu.join("cpu.stat");
        Ok(Reading {
            cpu: Duration::from_nanos(read_number(&self.paths.cpuacct.join("cpuacct.usage"))?),
            memory_bytes: find(&memory, "rss").unwrap_or(0) + find(&memory, "shmem").unwrap_or(0),
            processes: read_number(&self.paths.pids.join("pids.current"))?,
            throttled_periods: field(&cpu, "nr_throttled")?,
            throttled: Duration::from_nanos(field(&cpu, "throttled_time")?),
        })
    }

    fn remove(&self) -> io::Result<()> {
        self.paths.distinct().into_iter().try_for_each(files::remove)
    }
}

pub(super) fn missing() -> io::Result<Vec<&'static str>> {
    let found = Places::read()?;
    Ok(CONTROLLERS.into_iter().filter(|controller| found.v1(controller).is_none()).collect())
}

pub(super) fn counts_swap() -> io::Result<bool> {
    let memory = Places::read()?.v1("memory");
    Ok(memory.is_some_and(|path| path.join("memory.memsw.limit_in_bytes").exists()))
}
