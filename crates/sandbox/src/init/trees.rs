//! Pieces of the host's tree of mounts, taken before the root changes and put in place after.
//!
//! Taken as detached mounts (open_tree), so that a path of the environment is resolved inside of the environment only: a
//! symbolic link in a function's code leads nowhere else. Kernels before 5.12 lack what that needs; there the pieces are
//! parked in a directory of the new root.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};

use crate::sys::{self, Attr};

/// Where pieces are parked, relative to the new root.
const PARKED: &str = ".parked";

/// A piece that is in no place yet.
#[derive(Debug)]
pub(super) struct Piece {
    held: Held,
    target: PathBuf,
    is_directory: bool,
    read_only: bool,
}

#[derive(Debug)]
enum Held {
    Detached(OwnedFd),
    /// The name in [`PARKED`].
    Parked(String),
}

/// Takes `source`, with what is mounted in it, for `target`. `new_root` is a mount of ours, not the root yet.
pub(super) fn take(source: &Path, target: &Path, read_only: bool, new_root: &Path, number: usize) -> io::Result<Piece> {
    let is_directory = fs::metadata(source)?.is_dir();
    let held = match detach(source, read_only) {
        Ok(tree) => Held::Detached(tree),
        Err(error) if error.raw_os_error() == Some(Errno::NOSYS.raw_os_error()) => {
            park(source, is_directory, new_root, number)?
        }
        Err(error) => return Err(error),
    };
    Ok(Piece { held, target: target.to_owned(), is_directory, read_only })
}

fn detach(source: &Path, read_only: bool) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = rustix::mount::open_tree(CWD, source, flags)?;
    sys::set_mount_attr(tree.as_fd(), Attr { read_only })?;
    Ok(tree)
}

fn park(source: &Path, is_directory: bool, new_root: &Path, number: usize) -> io::Result<Held> {
    let name = number.to_string();
    let at = new_root.join(PARKED).join(&name);
    make_point(&at, is_directory)?;
    rustix::mount::mount_bind(source, &at)?;
    Ok(Held::Parked(name))
}

impl Piece {
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Puts it in place; the root is the new one.
    pub(super) fn attach(self) -> io::Result<()> {
        make_point(&self.target, self.is_directory)?;
        match self.held {
            Held::Detached(tree) => {
                let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS;
                Ok(rustix::mount::move_mount(&tree, "", CWD, &self.target, flags)?)
            }
            Held::Parked(name) => unpark(&Path::new("/").join(PARKED).join(name), &self.target, self.read_only),
        }
    }
}

fn unpark(parked: &Path, target: &Path, read_only: bool) -> io::Result<()> {
    rustix::mount::mount_bind(parked, target)?;
    let mut flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::BIND;
    if read_only {
        flags |= MountFlags::RDONLY;
    }
    rustix::mount::mount_remount(target, flags, "")?;
    Ok(rustix::mount::unmount(parked, UnmountFlags::DETACH)?)
}

/// Something to mount over, if there is nothing yet.
fn make_point(path: &Path, is_directory: bool) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if is_directory {
        return fs::create_dir_all(path);
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create(path).map(|_| ())
}

/// Removes what parked pieces were in, if any was.
pub(super) fn clear_parking() -> io::Result<()> {
    match fs::remove_dir_all(Path::new("/").join(PARKED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
