//! Talks to the kernel's network by netlink: links, addresses and routes, and the tables of nftables.
//!
//! Ours, and not a crate: the helper has one thread and no reactor, what we say is a dozen messages, and rules that the
//! kernel takes back when their maker ends need a socket that stays open, which the program `nft` does not offer.

pub(crate) mod filter;
mod message;
pub(crate) mod route;

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::sockopt::Timeout;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

use self::message::{Message, Received, split};

/// The kernel answers at once or never.
const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_BYTES: usize = 64 * 1024;
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// A line to the kernel about the network namespace in which it was made, wherever its owner is now.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: OwnedFd,
    sequence: Cell<u32>,
}

impl Socket {
    /// For links, addresses and routes.
    pub(crate) fn route() -> io::Result<Self> {
        // Its number is 0, which stands for the first of a family.
        Self::open(None)
    }

    /// For nftables.
    pub(crate) fn filter() -> io::Result<Self> {
        Self::open(Some(NETFILTER))
    }

    /// One that somebody else has opened, and perhaps left answers on.
    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        // Numbers of a process's own, so that nobody takes another's answer for his.
        let first = rustix::process::getpid().as_raw_nonzero().get().cast_unsigned() << 12;
        Self { fd, sequence: Cell::new(first) }
    }

    fn open(protocol: Option<rustix::net::Protocol>) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let fd = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol)?;
        rustix::net::bind(&fd, &SocketAddrNetlink::new(0, 0))?;
        rustix::net::sockopt::set_socket_timeout(&fd, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self::from_fd(fd))
    }

    /// Sends all in one piece; returns when the kernel has acted on every one that asks for an acknowledgement.
    pub(crate) fn tell(&self, messages: impl IntoIterator<Item = Message>) -> io::Result<()> {
        let (mut bytes, mut waiting, first) = (Vec::new(), 0, self.sequence.get());
        for message in messages {
            waiting += u32::from(message.is_acknowledged());
            bytes.extend(message.numbered(self.next()));
        }
        self.send(&bytes)?;
        while waiting > 0 {
            for received in split(&self.receive()?) {
                if received.sequence.wrapping_sub(first) < self.sequence.get().wrapping_sub(first) {
                    waiting -= acknowledgement(&received)?;
                }
            }
        }
        Ok(())
    }

    /// All of a kind: what `read` makes of the bodies of the messages that answer.
    pub(crate) fn list<T>(&self, message: Message, read: impl Fn(&[u8]) -> Option<T>) -> io::Result<Vec<T>> {
        let sequence = self.next();
        self.send(&message.numbered(sequence))?;
        let mut found = Vec::new();
        loop {
            for received in split(&self.receive()?) {
                match received.kind {
                    _ if received.sequence != sequence => {}
                    DONE => return Ok(found),
                    ERROR => _ = acknowledgement(&received)?,
                    _ => found.extend(read(received.body)),
                }
            }
        }
    }

    fn next(&self) -> u32 {
        let sequence = self.sequence.get();
        self.sequence.set(sequence.wrapping_add(1));
        sequence
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        rustix::net::sendto(&self.fd, bytes, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        Ok(())
    }

    fn receive(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; ANSWER_BYTES];
        let got = rustix::io::retry_on_intr(|| rustix::net::recv(&self.fd, &mut *bytes, RecvFlags::empty()))?;
        bytes.truncate(got.0);
        Ok(bytes)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// One if it says that all is well, an error if it says so, else none.
fn acknowledgement(received: &Received<'_>) -> io::Result<u32> {
    match (received.kind, message::number_at(received.body, 0)) {
        (ERROR, Some(0)) => Ok(1),
        (ERROR, Some(errno)) => Err(io::Error::from_raw_os_error(errno.cast_signed().wrapping_neg())),
        _ => Ok(0),
    }
}
