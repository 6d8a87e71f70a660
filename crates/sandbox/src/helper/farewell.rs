//! What the helper does when the host is gone: sees every tree out, then removes their control groups.

use std::io;

use rustix::process::WaitOptions;

use crate::cgroup::{self, Driver};

/// How long trees get to end by themselves; then whatever is in their control groups is killed.
const PATIENCE_MS: u32 = 3_000;
const STEP_MS: u32 = 5;

pub(super) fn clean(groups: Option<&dyn Driver>) -> io::Result<()> {
    let mut waited = 0;
    while children_live()? && waited < PATIENCE_MS {
        pause(STEP_MS)?;
        waited += STEP_MS;
    }
    groups.map_or(Ok(()), cgroup::remove_leftovers)
}

/// Children are never zombies here (SIGCHLD is ignored), so the last one's end shows as ECHILD.
fn children_live() -> io::Result<bool> {
    match rustix::process::wait(WaitOptions::NOHANG) {
        Ok(_) => Ok(true),
        Err(rustix::io::Errno::CHILD) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The helper has no clock of the house: it is another process, and waits for the kernel only.
pub(crate) fn pause(millis: u32) -> io::Result<()> {
    let timeout = rustix::event::Timespec { tv_sec: 0, tv_nsec: i64::from(millis) * 1_000_000 };
    rustix::event::poll(&mut [], Some(&timeout))?;
    Ok(())
}
