//! What every group of version 2 has, with controllers or without: entering, freezing, killing, and whether it is empty.

use std::io;
use std::path::PathBuf;

use rustix::fs::{CWD, Mode, OFlags};

use super::files::{self, field, none_if_absent, open, read_pids, write, write_if_there};
use super::{Doors, error};
use crate::Result;

/// What thaws.
const THAW: &str = "0";

#[derive(Clone, Debug)]
pub(super) struct Core {
    path: PathBuf,
}

impl Core {
    /// The group at `path`, made if there is none.
    pub(super) fn make(path: PathBuf) -> Result<Self> {
        files::make(&path).map_err(|source| error(&path, source))?;
        Ok(Self { path })
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Entered by being born in it: to be moved into a group of version 2 takes the kernel as long as in version 1.
    pub(super) fn doors(&self) -> io::Result<Doors> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let born_in = rustix::fs::openat(CWD, &self.path, flags, Mode::empty())?;
        let thaw = Some((open(&self.file("cgroup.freeze"))?, THAW.to_owned()));
        Ok(Doors { born_in: Some(born_in), tasks: Vec::new(), thaw })
    }

    pub(super) fn freeze(&self) -> io::Result<()> {
        write(&self.file("cgroup.freeze"), 1)
    }

    pub(super) fn thaw(&self) -> io::Result<()> {
        write(&self.file("cgroup.freeze"), THAW)
    }

    pub(super) fn is_frozen(&self) -> io::Result<bool> {
        Ok(field(&self.file("cgroup.events"), "frozen")? == 1)
    }

    /// Processes that are dying count; a zombie that nobody has buried yet does not show in `members` and counts here.
    pub(super) fn is_empty(&self) -> io::Result<bool> {
        let populated = none_if_absent(field(&self.file("cgroup.events"), "populated"))?;
        Ok(populated.unwrap_or(0) == 0)
    }

    pub(super) fn members(&self) -> io::Result<Vec<i32>> {
        read_pids(&self.file("cgroup.procs"))
    }

    /// Everything in it, frozen or not, whatever it forks meanwhile. Kernels before 5.14 have no such file, and then its
    /// members are killed one by one.
    pub(super) fn kill(&self) -> io::Result<()> {
        write_if_there(&self.file("cgroup.kill"), 1)
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        files::remove(&self.path)
    }
}
