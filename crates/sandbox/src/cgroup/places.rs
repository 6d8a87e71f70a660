//! Where control groups are mounted, and where in them this process is.

#![expect(clippy::disallowed_methods, reason = "where control groups are stands in files of /proc")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Places {
    mountinfo: String,
    own: String,
}

impl Places {
    pub(super) fn read() -> io::Result<Self> {
        let mountinfo = fs::read_to_string("/proc/self/mountinfo")?;
        Ok(Self { mountinfo, own: fs::read_to_string("/proc/self/cgroup")? })
    }

    /// The directory of this process's own group under a controller of version 1.
    pub(super) fn v1(&self, controller: &str) -> Option<PathBuf> {
        let (mount, below) = self.find("cgroup", |options| has(options, controller), |named| has(named, controller))?;
        Some(mount.join(below))
    }

    /// The mount of version 2, and from there the way to this process's own group (empty at the top).
    pub(super) fn v2(&self) -> Option<(PathBuf, PathBuf)> {
        self.find("cgroup2", |_| true, str::is_empty)
    }

    fn find(
        &self,
        kind: &str,
        wanted: impl Fn(&str) -> bool,
        named: impl Fn(&str) -> bool,
    ) -> Option<(PathBuf, PathBuf)> {
        let (root, mount) = self.mountinfo.lines().find_map(|line| mounted(line, kind, &wanted))?;
        let own = self.own.lines().find_map(|line| own_group(line, &named))?;
        let below = Path::new(own).strip_prefix(root).ok()?;
        Some((PathBuf::from(mount), below.to_owned()))
    }
}

fn has(list: &str, controller: &str) -> bool {
    list.split(',').any(|name| name == controller)
}

/// The root and the mount point of a mountinfo line, if it is of that kind and its options are wanted.
fn mounted<'a>(line: &'a str, kind: &str, wanted: impl Fn(&str) -> bool) -> Option<(&'a str, &'a str)> {
    let (left, right) = line.split_once(" - ")?;
    let mut right = right.split(' ');
    let is_kind = right.next()? == kind;
    let options = right.nth(1)?;
    let mut left = left.split(' ').skip(3);
    let place = (left.next()?, left.next()?);
    (is_kind && wanted(options)).then_some(place)
}

/// The path of a `/proc/self/cgroup` line (`number:controllers:path`), if its controllers are those.
fn own_group(line: &str, named: impl Fn(&str) -> bool) -> Option<&str> {
    let mut parts = line.splitn(3, ':').skip(1);
    let controllers = parts.next()?;
    let path = parts.next()?;
    named(controllers).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hybrid() -> Places {
        Places {
            mountinfo: "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
                        35 31 0:32 /box /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
                .to_owned(),
            own: "4:memory:/box/inner\n1:cpu,cpuacct:/\n0::/one/two\n".to_owned(),
        }
    }

    #[test]
    fn a_controller_is_found_where_it_is_mounted_and_we_are() {
        let found = hybrid();
        assert_eq!(found.v1("memory"), Some(PathBuf::from("/sys/fs/cgroup/memory/inner")));
        assert_eq!(found.v1("cpuacct"), Some(PathBuf::from("/sys/fs/cgroup/cpu,cpuacct/")));
        assert_eq!(found.v1("pids"), None);
    }

    #[test]
    fn version_2_is_found_beside_version_1_and_alone() {
        assert_eq!(hybrid().v2(), Some((PathBuf::from("/sys/fs/cgroup/unified"), PathBuf::from("one/two"))));
        let unified = Places {
            mountinfo: "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n".to_owned(),
            own: "0::/\n".to_owned(),
        };
        assert_eq!(unified.v2(), Some((PathBuf::from("/sys/fs/cgroup"), PathBuf::new())));
        assert_eq!(unified.v1("memory"), None);
    }
}
