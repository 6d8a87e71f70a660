//! The last steps of a process before its program takes over: signals, descriptors, filter, exec.

#![expect(unsafe_code, reason = "signals, raw descriptor numbers, seccomp and exec have no safe wrapper")]

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::check;
use crate::spec::ExitStatus;

/// One instruction of a classic BPF program (`struct sock_filter`).
pub(crate) use libc::sock_filter as SockFilter;

/// Children of this process leave no zombies.
pub(crate) fn ignore_children() {
    // SAFETY: SIG_IGN is no handler, so no code of ours ever runs in signal context.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// All signals at their default and none blocked, as a new program expects them.
pub(crate) fn reset_signals() {
    // `struct sigaction` of the kernel, by which all zeros is the default. The C library's own function refuses the
    // numbers that it keeps for its threads, and some parents leave those ignored.
    let default = [0u64; 4];
    let mask_bytes = size_of::<u64>();
    for number in 1..=64 {
        let no_answer: *mut u64 = std::ptr::null_mut();
        // SAFETY: the kernel reads one `sigaction`, at most 32 bytes, from an array of that size, and installs no
        // handler; SIGKILL and SIGSTOP are refused and stay as they are.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, number, default.as_ptr(), no_answer, mask_bytes) };
    }
    // SAFETY: an all-zero `sigset_t` is overwritten by sigemptyset before it is read, and lives across the calls.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Blocks SIGCHLD, and gives a non-blocking descriptor that is readable when one has come.
pub(crate) fn child_signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by sigemptyset before use and lives across the calls; SIGCHLD's default is set
    // so that children are kept until they are waited for.
    let fd = unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        let mut children: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut children);
        libc::sigaddset(&raw mut children, libc::SIGCHLD);
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const children, std::ptr::null_mut()).into())?;
        check(libc::signalfd(-1, &raw const children, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC).into())?
    };
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Another name of a descriptor that our starter gave us at `number`; `EBADF` if it gave none. To open it anew by its path in
/// `/proc` would ask landlock, which knows no file that the root does not show.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: lives for this one call, which copies whatever is open at the number, or fails if nothing is.
    let given = unsafe { BorrowedFd::borrow_raw(number) };
    given.try_clone_to_owned()
}

/// A child that has ended.
pub(crate) struct Dead {
    pub(crate) pid: i32,
    pub(crate) status: ExitStatus,
    /// What it had of memory at its highest, mapped files included.
    pub(crate) peak_bytes: u64,
}

/// One child that has ended, if there is one.
pub(crate) fn bury() -> io::Result<Option<Dead>> {
    let mut status = 0;
    // SAFETY: plain numbers, for which all zeros is a value; the kernel overwrites both before they are read.
    let (pid, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage), usage)
    };
    match check(pid.into()) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(Dead { pid, status: exit_status(status), peak_bytes: usage.ru_maxrss.unsigned_abs() << 10 })),
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        Err(error) => Err(error),
    }
}

fn exit_status(status: i32) -> ExitStatus {
    if libc::WIFEXITED(status) {
        ExitStatus::Code(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        ExitStatus::Signal(libc::WTERMSIG(status))
    } else {
        // Neither stops nor continuations are asked for.
        ExitStatus::Code(-1)
    }
}

/// Every descriptor from `first` on ends at the next exec.
pub(crate) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: sets a flag of descriptors; none is closed, so no owner is wronged.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) })?;
    Ok(())
}

/// Makes `number` another name of `fd` that survives exec. What was at `number` is closed, whoever owned it: for a
/// process that is about to exec and uses no other descriptor any more.
pub(crate) fn place(fd: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    // SAFETY: the caller has moved the descriptors that it still needs above all numbers placed (see `init::child`).
    check(unsafe { libc::dup2(fd.as_raw_fd(), number) }.into())?;
    Ok(())
}

/// From here on every system call of this process and its descendants goes through `program`. Needs no_new_privs.
pub(crate) fn install_filter(program: &[SockFilter]) -> io::Result<()> {
    let length = libc::c_ushort::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: `program` points at `len` instructions that live across the call; the kernel reads and checks them.
    check(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) })?;
    Ok(())
}

/// Becomes the program at `path`; returns only if that failed.
pub(crate) fn execute(path: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
    let arguments = pointers(argv);
    let environment = pointers(env);
    // SAFETY: the path ends with a NUL; both lists end with a null pointer and point at NUL-terminated strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| CStr::as_ptr(s)).chain([std::ptr::null()]).collect()
}

/// Closes every descriptor but 0, 1, 2 and `kept`: for a copy of the helper that goes its own way and never returns to
/// the code that owns the others.
pub(crate) fn close_all_but<'a>(kept: impl Iterator<Item = BorrowedFd<'a>>) -> io::Result<()> {
    let mut kept: Vec<u32> = kept.map(|fd| fd.as_raw_fd().cast_unsigned()).filter(|number| *number > 2).collect();
    kept.sort_unstable();
    kept.dedup();
    let mut first = 3;
    for number in kept.into_iter().chain([u32::MAX]) {
        if first < number {
            // SAFETY: the owners of these numbers are on the part of the stack that this copy never returns to, so
            // none of them will use or close what is closed here.
            check(unsafe { libc::syscall(libc::SYS_close_range, first, number - 1, 0) })?;
        }
        first = number.saturating_add(1);
    }
    Ok(())
}

/// Takes all that waits in a [`child_signals`] descriptor.
pub(crate) fn drain(signals: BorrowedFd<'_>) -> io::Result<()> {
    let mut taken = [0; 128 * 8];
    loop {
        match rustix::io::read(signals, &mut taken) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
