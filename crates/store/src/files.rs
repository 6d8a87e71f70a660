//! Files that are there wholly or not at all, after a power cut too.
#![expect(clippy::disallowed_methods, reason = "the store is one of the rooms that touch the disk")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, IoContext, Result};

/// Makes `dir` and its parents, each of them durable in its parent.
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = parent_of(dir) {
        make_dir(parent)?;
    }
    match std::fs::create_dir(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::io(format!("making {}", dir.display()), error));
        }
        _ => {}
    }
    sync_parent(dir)
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).doing(|| format!("syncing {}", dir.display()))
}

pub(crate) fn sync_parent(path: &Path) -> Result<()> {
    parent_of(path).map_or(Ok(()), sync_dir)
}

fn parent_of(path: &Path) -> Option<&Path> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Some(Path::new(".")),
        parent => parent,
    }
}

/// Writes a small file: it has the old content or the new one.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let fresh = path.with_extension("new");
    let write = || {
        let mut file = File::create(&fresh)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    write().doing(|| format!("writing {}", path.display()))?;
    sync_parent(path)
}

/// `None` if there is no such file.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("reading {}", path.display()), error)),
    }
}

/// Copies a file that does not change, durably.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let copy = || {
        std::fs::copy(from, to)?;
        File::open(to)?.sync_all()
    };
    copy().doing(|| format!("copying {} to {}", from.display(), to.display()))
}

/// The paths in `dir`, in order of their names; none if there is no such directory.
pub(crate) fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.doing(|| format!("listing {}", dir.display()))?,
    };
    let paths: std::io::Result<Vec<_>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.doing(|| format!("listing {}", dir.display()))?;
    paths.sort();
    Ok(paths)
}

/// A directory that is built beside its place, and gets its name when it is complete.
#[derive(Debug)]
pub(crate) struct Staged {
    dir: PathBuf,
    to: PathBuf,
}

impl Staged {
    /// [`Error::NotEmpty`] if there is something at `to` already.
    pub(crate) fn new(to: &Path) -> Result<Self> {
        if !list(to)?.is_empty() {
            return Err(Error::NotEmpty { dir: to.to_owned() });
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let dir = to.with_file_name(name);
        remove_dir(&dir)?;
        make_dir(&dir)?;
        Ok(Self { dir, to: to.to_owned() })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn publish(self) -> Result<()> {
        sync_dir(&self.dir)?;
        std::fs::rename(&self.dir, &self.to).doing(|| format!("naming {}", self.to.display()))?;
        sync_parent(&self.to)
    }
}

fn remove_dir(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("removing {}", dir.display()), error))
        }
        _ => Ok(()),
    }
}

/// Nothing if there is no such file.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("removing {}", path.display()), error))
        }
        _ => Ok(()),
    }
}

/// Whether this error says that the disk is full.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staged_directory_appears_when_it_is_published() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("backup");
        let staged = Staged::new(&to).unwrap();
        replace(&staged.dir().join("FORMAT"), b"1\n").unwrap();
        assert!(!to.exists());
        staged.publish().unwrap();
        assert_eq!(read_text(&to.join("FORMAT")).unwrap().as_deref(), Some("1\n"));
        assert!(matches!(Staged::new(&to), Err(Error::NotEmpty { .. })));
    }
}
