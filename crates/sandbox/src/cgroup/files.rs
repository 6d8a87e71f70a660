//! Control groups are directories of small files: how those are read, written and removed.

#![expect(clippy::disallowed_methods, reason = "control groups are files, and this room is their door")]

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Removal is refused for a moment after the last process has gone.
const REMOVE_ROUNDS: u32 = 200;
const REMOVE_PAUSE_MS: u32 = 2;

/// With the groups above it; one that is there already is as good.
pub(super) fn make(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Nothing happens if it is not there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for _ in 0..REMOVE_ROUNDS {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => super::pause(REMOVE_PAUSE_MS)?,
            other => return none_if_absent(other).map(|_| ()),
        }
    }
    fs::remove_dir(path)
}

/// The names of the directories in `path`; none if it is not there.
pub(super) fn directories(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in none_if_absent(fs::read_dir(path))?.into_iter().flatten() {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

pub(super) fn none_if_absent<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().write(true).open(path)?.into())
}

/// Never makes the file: one that the kernel does not have is an error.
pub(super) fn write(path: &Path, value: impl ToString) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(value.to_string().as_bytes())
}

pub(super) fn write_if_there(path: &Path, value: impl ToString) -> io::Result<()> {
    none_if_absent(write(path, value)).map(|_| ())
}

pub(super) fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

pub(super) fn read_number(path: &Path) -> io::Result<u64> {
    let text = read(path)?;
    text.trim().parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("not a number: {text:?}")))
}

/// Process ids, a line each; none if the file is not there.
pub(super) fn read_pids(path: &Path) -> io::Result<Vec<i32>> {
    let text = none_if_absent(read(path))?.unwrap_or_default();
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// The number after `name` in a file of `name number` lines.
pub(super) fn field(path: &Path, name: &str) -> io::Result<u64> {
    find(&read(path)?, name)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{} has no {name}", path.display())))
}

pub(super) fn find(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_not_a_longer_name() {
        assert_eq!(find("rss_huge 5\nrss 7\n", "rss"), Some(7));
        assert_eq!(find("oom_kill_disable 0\noom_kill 3\n", "oom_kill"), Some(3));
    }

    #[test]
    fn what_the_kernel_lacks_is_not_made() {
        let directory = tempfile::tempdir().expect("made");
        let path = directory.path().join("memory.max");
        assert!(write(&path, 1).is_err());
        write_if_there(&path, 1).expect("nothing to do");
        assert!(!path.exists());
    }
}
