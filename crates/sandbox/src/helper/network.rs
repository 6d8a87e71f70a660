//! Networks for environments: loopback, a way out if there is one, and the listeners that the host accepts from.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use crate::LINK_LOCAL;
use crate::gateway::{Gateway, Plan};
use crate::message::{Failure, Step};
use crate::sys::{self, SingleThread};

/// An empty network between those of environments and the host's.
pub(super) fn make_gateway(thread: &SingleThread, plan: Plan) -> Result<Gateway, Failure> {
    Gateway::make(plan, |furnish| {
        in_a_new_one(thread, || {
            let routes = furnish()?;
            Ok((here()?, routes))
        })
    })
}

/// The namespace. With the gateway and a number comes a way out.
pub(super) fn make(thread: &SingleThread, way_out: Option<(&Gateway, u32)>) -> Result<OwnedFd, Failure> {
    in_a_new_one(thread, || {
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
            .step("make a socket")?;
        sys::loopback_up(socket.as_fd()).step("switch lo on")?;
        sys::add_loopback_address(socket.as_fd(), LINK_LOCAL).step("give lo its link-local address")?;
        if let Some((gateway, number)) = way_out {
            gateway.lead_out(number)?;
        }
        here()
    })
}

/// Listeners inside of `namespace`, in order. A socket stays in the network where it was made.
pub(super) fn listen(
    thread: &SingleThread,
    namespace: BorrowedFd<'_>,
    addresses: &[SocketAddr],
) -> Result<Vec<OwnedFd>, Failure> {
    let enter = || enter(namespace).step("enter the network");
    let bind =
        |address: &SocketAddr| TcpListener::bind(address).map(OwnedFd::from).step(&format!("listen on {address}"));
    elsewhere(thread, enter, || addresses.iter().map(bind).collect())
}

/// A socket in the network that was handed over, not connected yet.
pub(super) fn socket(thread: &SingleThread, network: &[OwnedFd]) -> Result<OwnedFd, Failure> {
    let there = network.first().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidData));
    let there = there.step("be handed a network")?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let make = || rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).step("make a socket");
    elsewhere(thread, || enter(there.as_fd()).step("enter the network"), make)
}

fn in_a_new_one<T>(thread: &SingleThread, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    elsewhere(thread, || thread.unshare(UnshareFlags::NEWNET).step("unshare the network namespace"), work)
}

/// Goes, works there, and returns to the host's network.
fn elsewhere<T>(
    _thread: &SingleThread,
    go: impl FnOnce() -> Result<(), Failure>,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let home = here()?;
    go()?;
    let done = work();
    if let Err(error) = enter(home.as_fd()) {
        // Every later tree would start in the wrong network: better none at all.
        panic!("cannot return to the host's network namespace: {error}");
    }
    done
}

fn enter(namespace: BorrowedFd<'_>) -> rustix::io::Result<()> {
    rustix::thread::move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
}

fn here() -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::open("/proc/self/ns/net", flags, Mode::empty()).step("open the network namespace")
}
