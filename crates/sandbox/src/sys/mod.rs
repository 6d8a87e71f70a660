//! The system calls that no safe crate wraps. All `unsafe` of the workspace is in this folder; each function is safe
//! to call from outside of it.

#[cfg(any(test, feature = "helper-before-main"))]
mod before_main;
mod clone;
mod loop_control;
mod mount_attr;
mod network;
mod process;
mod watch;

pub(crate) use clone::{Cloned, SingleThread};
pub(crate) use loop_control::{configure_loop, free_loop};
pub(crate) use mount_attr::{Attr, set_mount_attr};
pub(crate) use network::{add_loopback_address, loopback_up};
pub use process::inherited;
pub(crate) use process::{
    Dead, SockFilter, bury, child_signals, close_all_but, close_on_exec_from, drain, execute, ignore_children,
    install_filter, place, reset_signals,
};

pub(crate) use watch::watch;

use std::io;

/// The error of a system call that answered with -1.
fn check(answer: libc::c_long) -> io::Result<libc::c_long> {
    if answer == -1 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}
