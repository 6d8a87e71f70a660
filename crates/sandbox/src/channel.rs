//! Messages with descriptors over a Unix socket that keeps their borders (SOCK_SEQPACKET).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::sys;

/// Longer messages are refused by the kernel's default send buffer (208 KiB).
pub(crate) const MESSAGE_BYTES: usize = 160 * 1024;
/// Reports and answers are short.
pub(crate) const REPORT_BYTES: usize = 4096;
/// Descriptors of one message; the kernel's own limit is 253.
const MESSAGE_FDS: usize = 128;

/// The two ends of a new channel, both blocking.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

pub(crate) fn encode<M: Serialize>(message: &M) -> io::Result<Vec<u8>> {
    rmp_serde::to_vec(message).map_err(io::Error::other)
}

pub(crate) fn decode<M: DeserializeOwned>(bytes: &[u8]) -> io::Result<M> {
    rmp_serde::from_slice(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Sends one message; waits unless the socket is non-blocking.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MESSAGE_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("more than {MESSAGE_FDS} descriptors")));
    }
    retry(|| rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)).map(|_| ())
}

/// One message, of at most `limit` bytes, with its descriptors; `None` when the other end is gone.
pub(crate) fn receive(socket: BorrowedFd<'_>, limit: usize) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; limit];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MESSAGE_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let got = match retry(|| rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags)) {
        // It died before it had read all that we sent.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        got => got?,
    };
    if got.flags.contains(ReturnFlags::TRUNC) || got.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message was cut off"));
    }
    if got.bytes == 0 {
        return Ok(None);
    }
    bytes.truncate(got.bytes);
    Ok(Some((bytes, descriptors(&mut control))))
}

fn descriptors(control: &mut RecvAncillaryBuffer<'_>) -> Vec<OwnedFd> {
    let rights = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    rights.flatten().collect()
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

/// An end for use from tokio.
#[derive(Debug)]
pub(crate) struct Channel(AsyncFd<OwnedFd>);

impl Channel {
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Self(sys::watch(socket, Interest::READABLE | Interest::WRITABLE)?))
    }

    pub(crate) async fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        self.0.async_io(Interest::WRITABLE, |socket| send(socket.as_fd(), bytes, fds)).await
    }

    pub(crate) async fn receive(&self, limit: usize) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
        self.0.async_io(Interest::READABLE, |socket| receive(socket.as_fd(), limit)).await
    }

    /// The other end sees that nothing more comes.
    pub(crate) fn shut(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&self.0, rustix::net::Shutdown::Both)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_gone_is_no_error() {
        let (ours, theirs) = pair().unwrap();
        drop(theirs);
        assert!(receive(ours.as_fd(), REPORT_BYTES).unwrap().is_none());
    }

    #[test]
    fn an_end_that_is_gone_and_left_something_unread_is_no_error() {
        let (ours, theirs) = pair().unwrap();
        send(ours.as_fd(), b"never read", &[]).unwrap();
        drop(theirs);
        assert!(receive(ours.as_fd(), REPORT_BYTES).unwrap().is_none());
    }
}
