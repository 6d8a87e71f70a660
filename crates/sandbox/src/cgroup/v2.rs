//! Control groups, version 2: one tree for all controllers.
//!
//! A group that hands controllers on to its children may hold no process itself, except at the very top. So ours are
//! made in the nearest group above us that holds none, or holds us alone: then we move into a leaf beside them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Access;
use serde::{Deserialize, Serialize};

use super::bandwidth::Bandwidth;
use super::core::Core;
use super::files::{self, field, find, none_if_absent, read, read_number, read_pids, write, write_if_there};
use super::places::Places;
use super::{Doors, Driver, Group, Reading, error};
use crate::{Error, Result};

const CONTROLLERS: [&str; 3] = ["cpu", "memory", "pids"];

/// What the group of the host's own process is called after ours, where it had to make room.
const LEAF: &str = "-host";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct V2 {
    parent: PathBuf,
}

/// A group in which ours can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) path: PathBuf,
    /// Who must leave it first.
    leaving: Vec<i32>,
}

impl V2 {
    /// Makes room for ours.
    pub(super) fn settle(name: &str) -> Result<Self> {
        let site = site()?;
        let failed = |source| error(&site.path, source);
        make_room(&site, name).map_err(failed)?;
        hand_on(&site.path).map_err(failed)?;
        Ok(Self { parent: site.path.join(name) })
    }
}

/// Where ours would be made, without making anything.
pub(super) fn site() -> Result<Site> {
    let places = Places::read().map_err(|source| error(Path::new("/proc/self/mountinfo"), source))?;
    let (mount, below) = places.v2().ok_or_else(|| unable("control groups of version 2 are not mounted"))?;
    let own_pid = rustix::process::getpid().as_raw_nonzero().get();
    let above = mount.join(below);
    let all = above.ancestors().filter(|path| path.starts_with(&mount) && !is_leaf_of_ours(path));
    let mut why = String::new();
    for path in all {
        match look(path, path == mount, own_pid) {
            Ok(site) => return Ok(site),
            Err(error) => why.push_str(&format!(" {}: {error};", path.display())),
        }
    }
    Err(unable(&format!("no control group of version 2 is ours to divide:{}", why.trim_end_matches(';'))))
}

/// Whether the hierarchy has all the controllers, whoever may use them.
pub(super) fn has_controllers() -> io::Result<bool> {
    let Some((mount, _)) = Places::read()?.v2() else { return Ok(false) };
    let listed = none_if_absent(read(&mount.join("cgroup.controllers")))?.unwrap_or_default();
    Ok(lacking(&listed).is_empty())
}

/// It does unless it was booted not to.
pub(super) fn counts_swap() -> io::Result<bool> {
    Ok(!read(Path::new("/proc/cmdline"))?.split_whitespace().any(|option| option == "swapaccount=0"))
}

fn unable(missing: &str) -> Error {
    let fix = "run it as a service with Delegate=yes (as a user: systemd-run --user --scope -p Delegate=yes lambdad \
               serve)";
    Error::Unable { missing: missing.to_owned(), fix: fix.to_owned() }
}

fn is_leaf_of_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with(super::PREFIX) && name.ends_with(LEAF)
    })
}

fn lacking(listed: &str) -> Vec<&'static str> {
    CONTROLLERS.into_iter().filter(|controller| !listed.split_whitespace().any(|one| one == *controller)).collect()
}

fn look(path: &Path, is_mount: bool, own_pid: i32) -> io::Result<Site> {
    let refuse = |why: String| Err(io::Error::other(why));
    let lacking = lacking(&read(&path.join("cgroup.controllers"))?);
    if !lacking.is_empty() {
        return refuse(format!("it lacks {}", lacking.join(", ")));
    }
    for name in ["", "cgroup.subtree_control", "cgroup.procs"] {
        rustix::fs::access(path.join(name), Access::WRITE_OK)?;
    }
    let members = read_pids(&path.join("cgroup.procs"))?;
    // The very top may have both; everything else has this file.
    let is_top = !path.join("cgroup.events").exists();
    let is_ours = members.iter().all(|pid| *pid == own_pid);
    // What a container shows as the top is all the container's own.
    match (is_top, is_ours || is_mount) {
        (true, _) => Ok(Site { path: path.to_owned(), leaving: Vec::new() }),
        (false, true) => Ok(Site { path: path.to_owned(), leaving: members }),
        (false, false) => refuse("other processes are in it".to_owned()),
    }
}

/// The leaf stays when we are gone, empty: nobody can remove the group that it is in.
fn make_room(site: &Site, name: &str) -> io::Result<()> {
    if site.leaving.is_empty() {
        return Ok(());
    }
    let leaf = site.path.join(format!("{name}{LEAF}"));
    files::make(&leaf)?;
    let entry = leaf.join("cgroup.procs");
    for pid in &site.leaving {
        match write(&entry, pid) {
            // It has ended meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            other => other?,
        }
    }
    Ok(())
}

fn hand_on(path: &Path) -> io::Result<()> {
    let file = path.join("cgroup.subtree_control");
    if lacking(&read(&file)?).is_empty() {
        return Ok(());
    }
    write(&file, CONTROLLERS.map(|controller| format!("+{controller}")).join(" "))
}

impl Driver for V2 {
    fn group(&self, name: &str) -> Result<Arc<dyn Group>> {
        files::make(&self.parent).and_then(|()| hand_on(&self.parent)).map_err(|source| error(&self.parent, source))?;
        Ok(Arc::new(V2Group { core: Core::make(self.parent.join(name))? }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        files::directories(&self.parent)
    }

    fn remove(&self) -> io::Result<()> {
        files::remove(&self.parent)
    }
}

#[derive(Debug)]
struct V2Group {
    core: Core,
}

impl Group for V2Group {
    fn doors(&self) -> io::Result<Doors> {
        self.core.doors()
    }

    /// Without swap, as Lambda's. `memory.oom.group` stays off: a program may outlive a child that took too much, as it
    /// does there.
    fn set_memory(&self, bytes: u64) -> io::Result<()> {
        write_if_there(&self.core.file("memory.swap.max"), 0)?;
        write(&self.core.file("memory.max"), bytes)
    }

    fn set_cpu(&self, cores: Option<f64>) -> io::Result<()> {
        let (burst, most) = (self.core.file("cpu.max.burst"), self.core.file("cpu.max"));
        // A burst may never exceed the quota.
        write_if_there(&burst, 0)?;
        let Some(cores) = cores else { return write(&most, "max") };
        let Bandwidth { period_us, quota_us } = Bandwidth::of(cores);
        write(&most, format!("{quota_us} {period_us}"))?;
        write_if_there(&burst, quota_us)
    }

    fn set_processes(&self, count: u64) -> io::Result<()> {
        write(&self.core.file("pids.max"), count)
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
        self.core.is_empty()
    }

    fn members(&self) -> io::Result<Vec<i32>> {
        self.core.members()
    }

    fn kill(&self) -> io::Result<()> {
        self.core.kill()
    }

    fn out_of_memory_kills(&self) -> io::Result<u64> {
        field(&self.core.file("memory.events"), "oom_kill")
    }

    /// `memory.peak` would count the page cache.
    fn reading(&self) -> io::Result<Reading> {
        let memory = read(&self.core.file("memory.stat"))?;
        let cpu = read(&self.core.file("cpu.stat"))?;
        let micros = |name| Duration::from_micros(find(&cpu, name).unwrap_or(0));
        Ok(Reading {
            cpu: micros("usage_usec"),
            memory_bytes: find(&memory, "anon").unwrap_or(0) + find(&memory, "shmem").unwrap_or(0),
            processes: read_number(&self.core.file("pids.current"))?,
            throttled_periods: find(&cpu, "nr_throttled").unwrap_or(0),
            throttled: micros("throttled_usec"),
        })
    }

    fn remove(&self) -> io::Result<()> {
        self.core.remove()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the files of a kernel that is not there")]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    /// A directory with the files that the kernel would make in a group; those that it may lack only if `is_new`.
    fn kernel(path: &Path, is_new: bool) {
        fs::create_dir_all(path).expect("made");
        let always = ["cgroup.procs", "cgroup.freeze", "memory.max", "cpu.max", "pids.max"];
        let newer = ["memory.swap.max", "cpu.max.burst", "cgroup.kill"];
        for name in always.into_iter().chain(newer.into_iter().filter(|_| is_new)) {
            fs::write(path.join(name), "").expect("written");
        }
    }

    fn group(is_new: bool) -> (TempDir, Arc<dyn Group>) {
        let directory = tempfile::tempdir().expect("made");
        kernel(&directory.path().join("slot"), is_new);
        fs::write(directory.path().join("cgroup.subtree_control"), "cpu memory pids").expect("written");
        let group = V2 { parent: directory.path().to_owned() }.group("slot").expect("there");
        (directory, group)
    }

    fn said(directory: &TempDir, name: &str) -> String {
        fs::read_to_string(directory.path().join("slot").join(name)).expect("there")
    }

    fn numbers(text: &str) -> Vec<u64> {
        text.split(' ').map(|number| number.parse().expect("a number")).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_what_the_kernel_wants(bytes in 1u64..1 << 40, cores in 0.01..32.0f64, count: u64) {
            let (directory, group) = group(true);
            group.set_memory(bytes).expect("memory");
            group.set_processes(count).expect("processes");
            group.set_cpu(Some(cores)).expect("cpu");
            prop_assert_eq!(said(&directory, "memory.max"), bytes.to_string());
            prop_assert_eq!(said(&directory, "memory.swap.max"), "0");
            prop_assert_eq!(said(&directory, "pids.max"), count.to_string());
            let share = numbers(&said(&directory, "cpu.max"));
            prop_assert_eq!(share.len(), 2);
            prop_assert!(share[0] >= 1_000 && (1_000..=1_000_000).contains(&share[1]), "{:?}", share);
            prop_assert_eq!(numbers(&said(&directory, "cpu.max.burst")), vec![share[0]]);
            group.set_cpu(None).expect("cpu");
            prop_assert_eq!(said(&directory, "cpu.max"), "max");
            prop_assert_eq!(said(&directory, "cpu.max.burst"), "0");
        }
    }

    #[test]
    fn an_older_kernel_is_asked_for_nothing_that_it_lacks() {
        let (directory, group) = group(false);
        group.set_memory(1 << 20).expect("memory");
        group.set_cpu(Some(0.5)).expect("cpu");
        group.kill().expect("nothing to write into");
        assert_eq!(said(&directory, "cpu.max"), "10000 20000");
        assert_eq!(fs::read_dir(directory.path().join("slot")).expect("there").count(), 5, "no file is made");
    }

    #[test]
    fn freezing_and_killing_are_a_word_each() {
        let (directory, group) = group(true);
        group.freeze().expect("written");
        assert_eq!(said(&directory, "cgroup.freeze"), "1");
        group.thaw().expect("written");
        assert_eq!(said(&directory, "cgroup.freeze"), "0");
        group.kill().expect("written");
        assert_eq!(said(&directory, "cgroup.kill"), "1");
        let events = directory.path().join("slot/cgroup.events");
        fs::write(&events, "populated 1\nfrozen 1\n").expect("written");
        assert!(group.is_frozen().expect("read") && !group.is_empty().expect("read"));
        fs::write(&events, "populated 0\nfrozen 0\n").expect("written");
        assert!(!group.is_frozen().expect("read") && group.is_empty().expect("read"));
    }

    #[test]
    fn counters_are_read_by_their_names() {
        let (directory, group) = group(true);
        let write =
            |name: &str, text: &str| fs::write(directory.path().join("slot").join(name), text).expect("written");
        write("memory.stat", "anon 1000\nfile 5000\nshmem 200\nanon_thp 7\n");
        write("cpu.stat", "usage_usec 2500000\nnr_periods 9\nnr_throttled 3\nthrottled_usec 40\n");
        write("pids.current", "4\n");
        write("memory.events", "low 0\noom 2\noom_kill 1\noom_group_kill 0\n");
        let reading = group.reading().expect("read");
        assert_eq!((reading.memory_bytes, reading.processes, reading.throttled_periods), (1200, 4, 3));
        assert_eq!((reading.cpu, reading.throttled), (Duration::from_millis(2500), Duration::from_micros(40)));
        assert_eq!(group.out_of_memory_kills().expect("read"), 1);
    }

    const US: i32 = 70;

    /// A group with these controllers, members, and not at the top unless `is_top`.
    fn place(controllers: &str, members: &str, is_top: bool) -> TempDir {
        let directory = tempfile::tempdir().expect("made");
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("written");
        write("cgroup.controllers", controllers);
        write("cgroup.subtree_control", "memory");
        write("cgroup.procs", members);
        if !is_top {
            write("cgroup.events", "populated 1\n");
        }
        directory
    }

    #[test]
    fn a_group_is_divided_if_it_may_be() {
        let all = "cpuset cpu io memory pids\n";
        let cases = [
            ("the very top", place(all, "1\n2\n70\n", true), false, Some(vec![])),
            ("ours alone", place(all, "70\n", false), false, Some(vec![70])),
            ("nobody's", place(all, "", false), false, Some(vec![])),
            ("shared with a shell", place(all, "69\n70\n", false), false, None),
            ("a container's top", place(all, "1\n70\n", false), true, Some(vec![1, 70])),
            ("without cpu", place("memory pids\n", "70\n", false), false, None),
        ];
        for (name, directory, is_mount, expected) in cases {
            let found = look(directory.path(), is_mount, US);
            assert_eq!(found.ok().map(|site| site.leaving), expected, "{name}");
        }
    }

    #[test]
    fn who_is_in_the_way_moves_into_a_leaf_and_controllers_are_handed_on() {
        let directory = place("cpu memory pids\n", "70\n", false);
        let leaf = directory.path().join("lambdad-1-2-host");
        fs::create_dir(&leaf).expect("made");
        fs::write(leaf.join("cgroup.procs"), "").expect("written");
        let site = look(directory.path(), false, US).expect("ours");
        make_room(&site, "lambdad-1-2").expect("room");
        assert_eq!(fs::read_to_string(leaf.join("cgroup.procs")).expect("there"), "70");
        assert!(is_leaf_of_ours(&leaf) && !is_leaf_of_ours(directory.path()));
        hand_on(directory.path()).expect("handed on");
        let handed = fs::read_to_string(directory.path().join("cgroup.subtree_control")).expect("there");
        assert_eq!(handed, "+cpu +memory +pids");
    }
}
