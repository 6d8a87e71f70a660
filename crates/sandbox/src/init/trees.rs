//! Pieces of the host's tree of mounts, taken before the root changes and put in place after.
//!
//! Taken as detached mounts, so that a path of the environment is resolved inside of the environment only: a symbolic
//! link in a function's code leads nowhere else.

#![expect(clippy::disallowed_methods, reason = "the files of a new root are this room's to write")]

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags};

use crate::sys::{self, Attr};

/// A piece that is in no place yet.
#[derive(Debug)]
pub(super) struct Piece {
    tree: OwnedFd,
    target: PathBuf,
    is_directory: bool,
}

impl Piece {
    /// Takes `source`, with what is mounted in it, for `target`.
    pub(super) fn take(source: &Path, target: &Path, read_only: bool) -> io::Result<Self> {
        Self::take_as(source, target, Attr { read_only, devices: false })
    }

    pub(super) fn take_as(source: &Path, target: &Path, attr: Attr) -> io::Result<Self> {
        let is_directory = fs::metadata(source)?.is_dir();
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let tree = rustix::mount::open_tree(CWD, source, flags)?;
        sys::set_mount_attr(tree.as_fd(), attr)?;
        Ok(Self { tree, target: target.to_owned(), is_directory })
    }

    /// Of the tree's own pids; those of other users (the init) are hidden. Made while the host's is still seen: in a user
    /// namespace the kernel shows no more of it than that one does.
    pub(super) fn proc() -> io::Result<Self> {
        let context = rustix::mount::fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
        rustix::mount::fsconfig_set_string(context.as_fd(), "hidepid", "2")?;
        rustix::mount::fsconfig_create(context.as_fd())?;
        let attributes =
            MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        let tree = rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
        Ok(Self { tree, target: PathBuf::from("/proc"), is_directory: true })
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Puts it in place; the root is the new one.
    pub(super) fn attach(&self) -> io::Result<()> {
        make_point(&self.target, self.is_directory)?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS;
        Ok(rustix::mount::move_mount(&self.tree, "", CWD, &self.target, flags)?)
    }
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
