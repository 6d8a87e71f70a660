//! What the helper of an ordinary user makes first: a user namespace, in which it may do what root may elsewhere, and a
//! place for the slots' `/tmp`s, since there is no loop device to be had.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags};
use rustix::thread::UnshareFlags;

use crate::message::{Failure, Step};
use crate::sys::SingleThread;

/// In the state directory; it has content for the helper and its trees only.
const TMPS: &str = "tmps";

/// Until the host has said what uids mean in it, nobody is anybody there.
pub(super) fn leave(thread: &SingleThread) -> Result<(), Failure> {
    thread.unshare(UnshareFlags::NEWUSER).step("unshare the user namespace")
}

/// A network of our own too: from that of the host we could go, but not come back to it.
pub(super) fn settle(thread: &SingleThread) -> Result<(), Failure> {
    thread.unshare(UnshareFlags::NEWNET).step("unshare the network namespace")
}

pub(super) fn make_place(state_dir: &Path) -> Result<(), Failure> {
    let place = state_dir.join(TMPS);
    fs::create_dir_all(&place).step("make the place of the /tmps")?;
    mount(&place, "size=1m,mode=700").step("mount the place of the /tmps")
}

fn mount(at: &Path, options: &str) -> std::io::Result<()> {
    let options = std::ffi::CString::new(options)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    Ok(rustix::mount::mount("tmpfs", at, "tmpfs", flags, options.as_c_str())?)
}

/// The `/tmp` of the slot of that number: memory, and no more of it than asked for.
pub(super) fn make_tmp(state_dir: &Path, number: u32, bytes: u64) -> Result<(), Failure> {
    let path = tmp(state_dir, number);
    fs::create_dir(&path).step("make the place of a /tmp")?;
    mount(&path, &format!("size={bytes},mode=1777")).step("mount a /tmp")
}

pub(super) fn drop_tmp(state_dir: &Path, number: u32) -> Result<(), Failure> {
    let path = tmp(state_dir, number);
    rustix::mount::unmount(&path, UnmountFlags::DETACH).step("unmount a /tmp")?;
    fs::remove_dir(&path).step("remove the place of a /tmp")
}

pub(crate) fn tmp(state_dir: &Path, number: u32) -> PathBuf {
    state_dir.join(TMPS).join(number.to_string())
}
