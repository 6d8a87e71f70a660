//! Makes a tree ours that an unpacker has made, after its death: the owner, the modes, and a last look at what is there.
//!
//! Nothing that the unpacker has said counts here: it may have been taken over by what it unpacked.

use std::ffi::CStr;
use std::path::Path;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Stat, Uid};

use super::Error;
use super::inside::blame;
use crate::code::archive::{Limits, Refusal};

/// Who reads a tree is not who owns it, and nobody writes it.
const MODE: u32 = 0o755;
/// Entries that nobody asked for: an image's furniture.
const OURS: usize = 64;
/// Below the tree; each level is an open descriptor here. Archives end at 128, and image layers have long paths.
const DEPTH: usize = 512;

/// Files, links and directories only; all owned by the user that we are; no set-uid, no writing by others.
pub(super) fn adopt(tree: &Path, limits: Limits) -> Result<(), Error> {
    let owner = (rustix::process::geteuid(), rustix::process::getegid());
    let failed = |error: rustix::io::Errno| blame("make ours", tree, &error.into());
    let root = rustix::fs::openat(CWD, tree, DIRECTORY, Mode::empty()).map_err(failed)?;
    let mut adoption = Adoption { owner, left: limits.nodes.saturating_add(OURS), above: Vec::new() };
    adoption.take_directory(&root).map_err(failed)?;
    adoption.above.push(Dir::read_from(&root).map_err(failed)?);
    while adoption.step().map_err(|stopped| match stopped {
        Stopped::Kernel(errno) => failed(errno),
        Stopped::Refused(why) => Error::Refused(Refusal::Bad(why.to_owned())),
    })? {}
    Ok(())
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

struct Adoption {
    owner: (Uid, Gid),
    left: usize,
    /// The directories on the way to where we are.
    above: Vec<Dir>,
}

enum Stopped {
    Kernel(rustix::io::Errno),
    Refused(&'static str),
}

impl From<rustix::io::Errno> for Stopped {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Kernel(errno)
    }
}

impl Adoption {
    /// One entry, depth first. False when all are done.
    fn step(&mut self) -> Result<bool, Stopped> {
        let owner = self.owner;
        let Some(directory) = self.above.last_mut() else { return Ok(false) };
        let Some(entry) = directory.next().transpose()? else {
            self.above.pop();
            return Ok(true);
        };
        let name = entry.file_name();
        if name == c"." || name == c".." {
            return Ok(true);
        }
        self.left = self.left.checked_sub(1).ok_or(Stopped::Refused("more entries than are allowed"))?;
        let parent = directory.fd()?;
        let found = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => {
                let inner = rustix::fs::openat(parent, name, DIRECTORY, Mode::empty())?;
                self.enter(&inner)?;
            }
            FileType::RegularFile => {
                chown(parent, name, owner)?;
                if permissions(&found) & !MODE != 0 {
                    rustix::fs::chmodat(
                        parent,
                        name,
                        Mode::from_raw_mode(permissions(&found) & MODE),
                        AtFlags::empty(),
                    )?;
                }
            }
            FileType::Symlink => chown(parent, name, owner)?,
            _ => return Err(Stopped::Refused("something that is neither file nor link nor directory")),
        }
        Ok(true)
    }

    fn enter(&mut self, inner: &OwnedFd) -> Result<(), Stopped> {
        if self.above.len() >= DEPTH {
            return Err(Stopped::Refused("directories that are too deep"));
        }
        self.take_directory(inner)?;
        self.above.push(Dir::read_from(inner)?);
        Ok(())
    }

    fn take_directory(&self, directory: &OwnedFd) -> rustix::io::Result<()> {
        rustix::fs::fchown(directory, Some(self.owner.0), Some(self.owner.1))?;
        let mode = permissions(&rustix::fs::fstat(directory)?);
        if mode & !MODE != 0 {
            rustix::fs::fchmod(directory, Mode::from_raw_mode(mode & MODE))?;
        }
        Ok(())
    }
}

fn chown(parent: BorrowedFd<'_>, name: &CStr, (uid, gid): (Uid, Gid)) -> rustix::io::Result<()> {
    rustix::fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
}

fn permissions(found: &Stat) -> u32 {
    found.st_mode & 0o7777
}
