//! Control groups, version 1: a tree of directories for each controller.
//!
//! A process enters by writing `0` to each `tasks` file itself. To be moved by another (`cgroup.procs`) takes the kernel
//! 6-15 ms after a while of idleness.

#![expect(clippy::disallowed_methods, reason = "control groups are files, and this room is their door")]

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Driver, Group, Reading, THAW, error};
use crate::{Error, Result};

const CONTROLLERS: [&str; 5] = ["memory", "cpu", "cpuacct", "pids", "freezer"];

/// As Lambda's: short, so that a small share of a core still answers quickly.
const CPU_PERIOD_US: f64 = 20_000.0;
/// The kernel takes no less.
const CPU_QUOTA_MIN_US: f64 = 1_000.0;
const CPU_PERIOD_MAX_US: f64 = 1_000_000.0;

/// Removal is refused for a moment after the last process has gone.
const REMOVE_ROUNDS: u32 = 200;
const REMOVE_PAUSE_MS: u32 = 2;

/// A directory of ours under each controller.
#[derive(Clone, Debug)]
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

#[derive(Debug)]
pub(super) struct V1 {
    parent: Paths,
}

impl V1 {
    pub(super) fn find(name: &str) -> Result<Self> {
        let found = Hierarchies::read().map_err(|source| error(Path::new("/proc/self/mountinfo"), source))?;
        let at = |controller: &str| {
            found.path(controller).map(|path| path.join(name)).ok_or_else(|| Error::Unable {
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
            fs::create_dir_all(path).map_err(|source| error(path, source))?;
        }
        Ok(Arc::new(V1Group { paths }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = BTreeSet::new();
        for path in self.parent.distinct() {
            for entry in none_if_absent(fs::read_dir(path))?.into_iter().flatten() {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    names.insert(entry.file_name().to_string_lossy().into_owned());
                }
            }
        }
        Ok(names.into_iter().collect())
    }

    fn remove(&self) -> io::Result<()> {
        self.parent.distinct().into_iter().try_for_each(remove)
    }
}

#[derive(Debug)]
struct V1Group {
    paths: Paths,
}

impl Group for V1Group {
    fn entries(&self) -> io::Result<Vec<OwnedFd>> {
        self.paths.distinct().into_iter().map(|path| open(&path.join("tasks"))).collect()
    }

    fn thaw_file(&self) -> io::Result<OwnedFd> {
        open(&self.paths.freezer.join("freezer.state"))
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
        if burst.exists() {
            // A burst may never exceed the quota.
            write(&burst, 0)?;
        }
        let Some(cores) = cores else { return write(&quota, -1) };
        let period = (CPU_QUOTA_MIN_US / cores).clamp(CPU_PERIOD_US, CPU_PERIOD_MAX_US);
        let micros = (period * cores).max(CPU_QUOTA_MIN_US) as u64;
        write(&quota, -1)?;
        write(&self.paths.cpu.join("cpu.cfs_period_us"), period as u64)?;
        write(&quota, micros)?;
        if burst.exists() {
            write(&burst, micros)?;
        }
        Ok(())
    }

    fn set_processes(&self, count: u64) -> io::Result<()> {
        write(&self.paths.pids.join("pids.max"), count)
    }

    fn freeze(&self) -> io::Result<()> {
        write(&self.paths.freezer.join("freezer.state"), "FROZEN")
    }

    fn thaw(&self) -> io::Result<()> {
        fs::write(self.paths.freezer.join("freezer.state"), THAW)
    }

    fn is_frozen(&self) -> io::Result<bool> {
        Ok(fs::read_to_string(self.paths.freezer.join("freezer.state"))?.trim() == "FROZEN")
    }

    fn members(&self) -> io::Result<Vec<i32>> {
        let mut members = BTreeSet::new();
        for path in self.paths.distinct() {
            let text = none_if_absent(fs::read_to_string(path.join("cgroup.procs")))?.unwrap_or_default();
            members.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
        }
        Ok(members.into_iter().collect())
    }

    fn out_of_memory_kills(&self) -> io::Result<u64> {
        field(&self.paths.memory.join("memory.oom_control"), "oom_kill")
    }

    fn reading(&self) -> io::Result<Reading> {
        let memory = fs::read_to_string(self.paths.memory.join("memory.stat"))?;
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
        self.paths.distinct().into_iter().try_for_each(remove)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    for _ in 0..REMOVE_ROUNDS {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => super::pause(REMOVE_PAUSE_MS)?,
            other => return none_if_absent(other).map(|_| ()),
        }
    }
    fs::remove_dir(path)
}

fn none_if_absent<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().write(true).open(path)?.into())
}

fn write(path: &Path, value: impl ToString) -> io::Result<()> {
    fs::write(path, value.to_string())
}

fn read_number(path: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    text.trim().parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("not a number: {text:?}")))
}

/// The number after `name` in a file of `name number` lines.
fn field(path: &Path, name: &str) -> io::Result<u64> {
    find(&fs::read_to_string(path)?, name)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{} has no {name}", path.display())))
}

fn find(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

pub(super) fn missing() -> io::Result<Vec<&'static str>> {
    let found = Hierarchies::read()?;
    Ok(CONTROLLERS.into_iter().filter(|controller| found.path(controller).is_none()).collect())
}

pub(super) fn counts_swap() -> io::Result<bool> {
    let memory = Hierarchies::read()?.path("memory");
    Ok(memory.is_some_and(|path| path.join("memory.memsw.limit_in_bytes").exists()))
}

/// Where each controller is mounted, and where in it this process is.
#[derive(Debug)]
struct Hierarchies {
    mountinfo: String,
    own: String,
}

impl Hierarchies {
    fn read() -> io::Result<Self> {
        let mountinfo = fs::read_to_string("/proc/self/mountinfo")?;
        Ok(Self { mountinfo, own: fs::read_to_string("/proc/self/cgroup")? })
    }

    /// The directory of this process's own group under `controller`.
    fn path(&self, controller: &str) -> Option<PathBuf> {
        let (root, mount) = self.mountinfo.lines().find_map(|line| mounted(line, controller))?;
        let own = self.own.lines().find_map(|line| own_group(line, controller))?;
        let below = Path::new(own).strip_prefix(root).ok()?;
        Some(Path::new(mount).join(below))
    }
}

/// The root and the mount point of a mountinfo line, if it is that controller's.
fn mounted<'a>(line: &'a str, controller: &str) -> Option<(&'a str, &'a str)> {
    let (left, right) = line.split_once(" - ")?;
    let mut right = right.split(' ');
    let is_v1 = right.next()? == "cgroup";
    let options = right.nth(1)?;
    let mut left = left.split(' ').skip(3);
    let place = (left.next()?, left.next()?);
    (is_v1 && options.split(',').any(|option| option == controller)).then_some(place)
}

/// The path of a `/proc/self/cgroup` line (`number:controllers:path`), if it is that controller's.
fn own_group<'a>(line: &'a str, controller: &str) -> Option<&'a str> {
    let mut parts = line.splitn(3, ':').skip(1);
    let controllers = parts.next()?;
    let path = parts.next()?;
    controllers.split(',').any(|name| name == controller).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hierarchies() -> Hierarchies {
        Hierarchies {
            mountinfo: "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
                        35 31 0:32 /box /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
                .to_owned(),
            own: "4:memory:/box/inner\n1:cpu,cpuacct:/\n0::/\n".to_owned(),
        }
    }

    #[test]
    fn a_controller_is_found_where_it_is_mounted_and_we_are() {
        let found = hierarchies();
        assert_eq!(found.path("memory"), Some(PathBuf::from("/sys/fs/cgroup/memory/inner")));
        assert_eq!(found.path("cpuacct"), Some(PathBuf::from("/sys/fs/cgroup/cpu,cpuacct/")));
        assert_eq!(found.path("pids"), None);
    }

    #[test]
    fn a_field_is_not_a_longer_name() {
        assert_eq!(find("rss_huge 5\nrss 7\n", "rss"), Some(7));
        assert_eq!(find("oom_kill_disable 0\noom_kill 3\n", "oom_kill"), Some(3));
    }
}
