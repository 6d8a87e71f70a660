//! Copying and re-housing the calling process. Only a process with one thread may, and a token proves that.

#![expect(unsafe_code, reason = "clone3 and unshare have no safe wrapper: they are sound for single-threaded callers")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::thread::UnshareFlags;

use super::check;

/// Proof that this process has one thread: then a copy of it is as good as the original (no lock is held by a thread
/// that the copy lacks), and namespaces changed for the thread are changed for the process.
#[derive(Debug)]
pub(crate) struct SingleThread(());

/// Of linux/sched.h; the C library's constant is too narrow.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Where the caller finds itself after [`SingleThread::clone_process`].
#[derive(Debug)]
pub(crate) enum Cloned {
    Child,
    Parent { pid: i32, pidfd: OwnedFd },
}

impl SingleThread {
    /// An error if there are more threads. The holder must not start any.
    pub(crate) fn prove() -> io::Result<Self> {
        match std::fs::read_dir("/proc/self/task")?.count() {
            1 => Ok(Self(())),
            threads => Err(io::Error::other(format!("the helper must have one thread, it has {threads}"))),
        }
    }

    /// As fork, into new namespaces (`CLONE_NEW*`), and into the control group of version 2 whose directory is given. The
    /// parent hears SIGCHLD at the child's end.
    pub(crate) fn clone_process(&self, namespaces: libc::c_int, group: Option<BorrowedFd<'_>>) -> io::Result<Cloned> {
        let mut pidfd: libc::c_int = -1;
        let into = if group.is_some() { CLONE_INTO_CGROUP } else { 0 };
        let mut args = libc::clone_args {
            flags: (namespaces as u64 & 0xffff_ffff) | libc::CLONE_PIDFD as u64 | into,
            pidfd: (&raw mut pidfd) as u64,
            child_tid: 0,
            parent_tid: 0,
            exit_signal: libc::SIGCHLD as u64,
            stack: 0,
            stack_size: 0,
            tls: 0,
            set_tid: 0,
            set_tid_size: 0,
            cgroup: group.map_or(0, |group| group.as_raw_fd() as u64),
        };
        // SAFETY: `args`, `pidfd` and the borrowed `group` live across the call and the size is theirs. Neither CLONE_VM nor CLONE_FILES nor
        // a stack is asked for, so the child is a copy that shares no memory; with one thread (`self`) its locks and
        // its heap are consistent.
        let pid = check(unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of_val(&args)) })?;
        if pid == 0 {
            return Ok(Cloned::Child);
        }
        // SAFETY: the kernel has just made this descriptor for us, nobody else knows it.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        Ok(Cloned::Parent { pid: pid as i32, pidfd })
    }

    /// Moves this process into new namespaces.
    pub(crate) fn unshare(&self, namespaces: UnshareFlags) -> io::Result<()> {
        assert!(!namespaces.contains(UnshareFlags::FILES), "descriptors are never unshared");
        // SAFETY: unsharing is unsafe for the descriptor table only (I/O safety), which the assertion excludes.
        Ok(unsafe { rustix::thread::unshare_unsafe(namespaces) }?)
    }
}
