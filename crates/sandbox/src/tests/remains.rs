//! What is there on the host because of one sandbox: looked at before and after, it must be the same.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::*;

/// Everything that a sandbox of this state directory and these uids has on the host now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remains {
    pub(super) groups: Vec<String>,
    pub(super) loops: Vec<String>,
    pub(super) mounts: Vec<String>,
    pub(super) processes: Vec<i32>,
    pub(super) files: Vec<String>,
}

impl Remains {
    pub(super) fn of(state_dir: &Path, uids: std::ops::Range<u32>) -> Self {
        Self {
            groups: groups(state_dir, &uids),
            loops: loops(state_dir),
            mounts: mounts(state_dir),
            processes: processes(|pid| status_uid(pid).is_some_and(|uid| uids.contains(&uid))),
            files: names(state_dir).into_iter().filter(|name| !expected(name)).collect(),
        }
    }
}

/// Kept on purpose: the lock, the place of new roots, the templates.
fn expected(name: &str) -> bool {
    name == "lock" || name == "root" || name.ends_with(".ext4")
}

fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Directories of the sandbox's groups and of the slots in them, whichever controller they are under.
fn groups(state_dir: &Path, uids: &std::ops::Range<u32>) -> Vec<String> {
    let parent = fs::metadata(state_dir).map(|it| format!("lambdad-{:x}-{:x}", it.dev(), it.ino()));
    let ours = |name: &str| {
        let uid = name.strip_prefix("slot-").and_then(|uid| uid.parse().ok());
        parent.as_ref().is_ok_and(|parent| parent == name) || uid.is_some_and(|uid| uids.contains(&uid))
    };
    let mut found = Vec::new();
    let mut waiting = vec![std::path::PathBuf::from("/sys/fs/cgroup")];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if ours(&entry.file_name().to_string_lossy()) {
                    found.push(entry.path().display().to_string());
                }
                waiting.push(entry.path());
            }
        }
    }
    found
}

fn loops(state_dir: &Path) -> Vec<String> {
    let behind = |name: &String| {
        let file = fs::read_to_string(format!("/sys/block/{name}/loop/backing_file")).unwrap_or_default();
        file.starts_with(&state_dir.display().to_string())
    };
    names(Path::new("/sys/block")).into_iter().filter(behind).collect()
}

fn mounts(state_dir: &Path) -> Vec<String> {
    let all = fs::read_to_string("/proc/self/mountinfo").unwrap();
    all.lines().filter(|line| line.contains(&state_dir.display().to_string())).map(str::to_owned).collect()
}

fn processes(wanted: impl Fn(i32) -> bool) -> Vec<i32> {
    names(Path::new("/proc")).iter().filter_map(|name| name.parse().ok()).filter(|pid| wanted(*pid)).collect()
}

fn status_field(pid: i32, name: &str) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn status_uid(pid: i32) -> Option<u32> {
    status_field(pid, "Uid:")
}

/// The process, its children, theirs, and so on.
pub(super) fn family(eldest: i32) -> Vec<i32> {
    let parents: Vec<(i32, i32)> =
        processes(|_| true).into_iter().filter_map(|pid| Some((pid, status_field(pid, "PPid:")? as i32))).collect();
    let mut family = vec![eldest];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    family
}

/// Neither gone nor a zombie that nobody has buried yet.
pub(super) fn lives(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// Waits until `look` finds nothing; what it still finds after a while.
pub(super) async fn until_nothing<T: PartialEq + std::fmt::Debug + Default>(look: impl Fn() -> T) -> T {
    for _ in 0..400 {
        if look() == T::default() {
            break;
        }
        Clock::wall().sleep(Duration::from_millis(20)).await;
    }
    look()
}

pub(super) fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
