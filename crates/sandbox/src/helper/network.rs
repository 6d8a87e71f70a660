//! A network with nothing in it but loopback, and the listeners that the host accepts from.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::LINK_LOCAL;
use crate::message::{Failure, Step};
use crate::sys::{self, SingleThread};

/// The namespace, then the listeners in order. A socket stays in the network where it was made.
pub(super) fn make(thread: &SingleThread, listen: &[SocketAddr]) -> Result<Vec<OwnedFd>, Failure> {
    let home = here()?;
    thread.unshare(UnshareFlags::NEWNET).step("unshare the network namespace")?;
    let made = furnish(listen);
    if let Err(error) = rustix::thread::move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network)) {
        // Every later tree would start in the wrong network: better none at all.
        panic!("cannot return to the host's network namespace: {error}");
    }
    made
}

fn furnish(listen: &[SocketAddr]) -> Result<Vec<OwnedFd>, Failure> {
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
        .step("make a socket")?;
    sys::loopback_up(socket.as_fd()).step("switch lo on")?;
    sys::add_loopback_address(socket.as_fd(), LINK_LOCAL).step("give lo its link-local address")?;
    let mut made = vec![here()?];
    for address in listen {
        let listener = TcpListener::bind(address).step(&format!("listen on {address}"))?;
        made.push(listener.into());
    }
    Ok(made)
}

fn here() -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::open("/proc/self/ns/net", flags, Mode::empty()).step("open the network namespace")
}
