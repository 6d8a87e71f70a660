//! Descriptors that tokio wakes us for.

#![expect(unsafe_code, reason = "tokio asks for a promise about descriptors that only their owner can give")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Takes the descriptor over for as long as it is watched.
pub(crate) fn watch(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` always answers with the same descriptor and keeps it open until it is dropped, and the
    // `AsyncFd` that takes it deregisters before it drops it.
    Ok(unsafe { AsyncFd::register_with_interest(fd, interest) }?)
}
