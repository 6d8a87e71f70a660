//! Attributes of whole mount trees.

#![expect(unsafe_code, reason = "mount_setattr has no safe wrapper")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;

/// What to set on every mount of a tree; nothing is cleared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attr {
    pub(crate) read_only: bool,
    /// Whether device files may be opened.
    pub(crate) devices: bool,
}

/// `struct mount_attr` of linux/mount.h.
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Sets nosuid, and what `attr` says, on the tree that the descriptor stands for, recursively.
pub(crate) fn set_mount_attr(tree: BorrowedFd<'_>, attr: Attr) -> io::Result<()> {
    let read_only = if attr.read_only { libc::MOUNT_ATTR_RDONLY } else { 0 };
    let no_devices = if attr.devices { 0 } else { libc::MOUNT_ATTR_NODEV };
    let set = libc::MOUNT_ATTR_NOSUID | no_devices | read_only;
    let attr = MountAttr { set, clear: 0, propagation: libc::MS_PRIVATE, user_namespace: 0 };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: the path is a NUL-terminated literal, `attr` lives across the call and its size is given.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    };
    check(answer).map(|_| ())
}
