//! What can go wrong, one variant per step, each saying what to do.

use std::io;
use std::path::PathBuf;

use crate::Cidr;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot use the state directory {path}: {source}; choose one that this user may write")]
    StateDirectory { path: PathBuf, source: io::Error },
    #[error("the state directory {path} is in use by another running sandbox; stop it or choose another directory")]
    StateLocked { path: PathBuf },
    #[error("cannot start the spawn helper {program}: {source}; a binary must call sandbox::run_helper_if_asked first")]
    HelperStart { program: PathBuf, source: io::Error },
    #[error("the spawn helper has ended; restart the program (a look at its standard error may tell why)")]
    HelperGone,
    #[error("full isolation is not possible: {missing}; {fix}")]
    Unable { missing: String, fix: String },
    #[error("cannot set up the control group {path}: {source}")]
    ControlGroup { path: PathBuf, source: io::Error },
    #[error("cannot make the template of /tmp ({step}): {source}; install e2fsprogs (mkfs.ext4)")]
    TmpTemplate { step: &'static str, source: io::Error },
    #[error("cannot make an image for /tmp ({step}): {source}; is the disk of the state directory full?")]
    TmpImage { step: &'static str, source: io::Error },
    #[error("cannot get a loop device ({step}): {source}; load the kernel module `loop`, allow /dev/loop-control")]
    LoopDevice { step: &'static str, source: io::Error },
    #[error("all {count} uids of the configured range are in use; enlarge the range or run fewer environments")]
    NoFreeUid { count: u32 },
    #[error("cannot make the network ({step}): {source}")]
    Network { step: String, source: io::Error },
    #[error("environments cannot have the addresses {range}: {problem}; choose another range")]
    NetworkRange { range: Cidr, problem: String },
    #[error("all {count} addresses of the range are in use; choose a larger range or run fewer environments")]
    NoFreeAddress { count: u64 },
    #[error("cannot make the root of the environment ({step}): {source}")]
    Root { step: String, source: io::Error },
    #[error("cannot start {program} ({step}): {source}")]
    Start { program: String, step: String, source: io::Error },
    #[error("the request to start a process has {bytes} bytes, the limit is {limit}; shorten argv or environment")]
    RequestTooLarge { bytes: usize, limit: usize },
    #[error("the slot already has a running tree; kill it first, or join it")]
    AlreadyRunning,
    #[error("the slot has no running tree; start one first")]
    NotRunning,
    #[error("the tree of processes ended while it was being set up")]
    TreeGone,
    #[error("the tree of processes did not end within {seconds} s of being killed: {left} are left")]
    WillNotDie { seconds: u64, left: usize },
    #[error("the slot did not freeze within {millis} ms: a process is in an uninterruptible wait")]
    WillNotFreeze { millis: u64 },
    #[error("cannot read or write {what}: {source}")]
    Io { what: &'static str, source: io::Error },
}

pub type Result<T, E = Error> = std::result::Result<T, E>;
