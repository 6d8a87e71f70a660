//! Whether the host passes packets on. Off on most; switched on while somebody of us needs it, and then for us alone.
//!
//! Who routes for others says so himself (`net.ipv4.ip_forward=1`), and then it is neither limited nor switched off. That
//! it was off is noted where a reboot forgets it, by network namespace, so that the last of several sandboxes, or the
//! first one after a crash, puts it back.

#![expect(clippy::disallowed_methods, reason = "a setting of the kernel, and the note about it")]

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::PREFIX;
use crate::netlink::Socket;
use crate::netlink::filter::tables;

pub(super) const SETTING: &str = "/proc/sys/net/ipv4/ip_forward";
const NOTES: &str = "/run/lambdad";

/// How it is on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    On,
    /// On, because one of us has switched it on.
    OnForUs,
    Off,
}

impl State {
    pub(super) fn look() -> io::Result<Self> {
        let is_on = fs::read_to_string(SETTING)?.trim() != "0";
        Ok(match (is_on, note()?.exists()) {
            (true, true) => Self::OnForUs,
            (true, false) => Self::On,
            (false, _) => Self::Off,
        })
    }
}

/// The walls of whoever asks for it must stand.
pub(super) fn switch_on() -> io::Result<()> {
    if State::look()? != State::Off {
        return Ok(());
    }
    fs::create_dir_all(NOTES)?;
    fs::write(note()?, "")?;
    fs::write(SETTING, "1")
}

/// As it was, if nobody of us is left but the one with this name.
pub(super) fn switch_off(last: &str) -> io::Result<()> {
    let others = |name: &String| name.starts_with(PREFIX) && name != last;
    if State::look()? == State::On || tables(&Socket::filter()?)?.iter().any(others) {
        return Ok(());
    }
    fs::write(SETTING, "0")?;
    match fs::remove_file(note()?) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn note() -> io::Result<PathBuf> {
    let namespace = fs::metadata("/proc/thread-self/ns/net")?.ino();
    Ok(PathBuf::from(NOTES).join(format!("forwarding-was-off-{namespace}")))
}
