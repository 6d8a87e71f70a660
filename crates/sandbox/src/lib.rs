//! Runs programs that nobody trusts: own namespaces, root, uid, control groups, seccomp filter, network and `/tmp`.
//!
//! The words: a [`Slot`] is what outlives processes (uid, control groups, network, `/tmp`); a *tree* is everything that
//! runs in a slot between a start and a kill; a [`Process`] is one that we started in a tree. Three parties: the *host*
//! is the program that uses this crate; the *helper* is a small process from which trees are copied; an *init* is the
//! first process of a tree, makes its root and starts its processes. Knows nothing of Lambda, AWS, HTTP or the store.
//! The only room with `unsafe`, all of it in the folder `sys`.
//!
//! The way of a start: `slot` asks the `helper` for a copy (`helper::Helper::boot`), which becomes the `init`: it makes
//! the root (`init::root`), then starts the program (`init::child`), the steps of both in the order in which they must
//! stand. What a dead host leaves, it leaves to the kernel: namespaces, mounts, loop devices and images have no name and
//! end with their last user; only control groups have, and the helper, or the next `open`, removes them.
//!
//! # Decisions
//! - **No user namespace as root.** Each slot has a uid of its own, set before its program starts, and no capability, no
//!   set-uid, no way to a namespace. A user namespace would add a mapping (every bind would need one too, or its files
//!   belong to nobody) and give the program capabilities in it, which is what most kernel escapes begin with. We give up
//!   a second wall behind the uid. An ordinary user's slots live in one, since there is no other way (`helper::user`,
//!   `identity`): what uids mean in it is written by the host, and the rest is as root's.
//! - **Processes are started by the tree's init, not by the helper,** over a socket that only the host and the init have:
//!   no secret passes through the helper, starts go on side by side, an exit status needs no bookkeeping, and a tree ends
//!   with the host, whoever else was killed. It costs a small process per tree, outside of the slot's limits.
//! - **Without names.** The image of `/tmp` is an unlinked file, its loop device clears itself, its mount is in no place.
//! - **A filter of refusals,** ending at the newest call that somebody has read about: see `seccomp::table`.
//! - **A second wall behind the mounts,** where the kernel has landlock (`init::landlock`): raised once per tree, by its
//!   init, so that joined processes share it.
//! - **Kernel 5.12 at least** (mount_setattr); control groups of version 2, of version 1, or of both (`cgroup`): what the
//!   host has decides. `probe` says what is lacking.

mod cgroup;
mod channel;
mod cidr;
mod error;
mod gateway;
mod helper;
mod high_water;
mod identity;
mod init;
mod janitor;
mod message;
mod netlink;

mod networks;
mod probe;
mod process;
mod run;
mod sandbox;
mod seccomp;
mod slot;
mod spec;
mod sys;
#[cfg(test)]
mod tests;
mod tmp;
mod tree;
mod uids;
mod way_in;

pub use cidr::{Cidr, NotCidr};
pub use error::{Error, Result};
pub use helper::run_helper_if_asked;
pub use process::{Process, Started};
pub use sandbox::Sandbox;
pub use slot::Slot;
pub use spec::{
    Bind, Command, Config, Exit, ExitStatus, Finding, Findings, IMAGE_DIRECTORIES, IMAGE_FILES, Isolation, LINK_LOCAL,
    Nat, Network, Output, SlotSpec, Spec, USER_NAME, Usage, WORKING_DIRECTORY,
};
pub use sys::inherited;
pub use way_in::WayIn;

/// The hidden first argument with which a binary becomes the spawn helper.
pub const HELPER_ARGUMENT: &str = "__sandbox-helper";
