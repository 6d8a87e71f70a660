//! A way from the host into a slot's network.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::message::Ask;
use crate::sandbox::Inner;
use crate::{Error, LINK_LOCAL, Result};

/// Makes sockets that lie in a slot's network. It keeps the network, but nothing in it, alive.
#[derive(Debug)]
pub struct WayIn {
    sandbox: Arc<Inner>,
    /// `None` without isolation.
    namespace: Option<OwnedFd>,
}

impl WayIn {
    pub(crate) fn new(sandbox: Arc<Inner>, namespace: Option<OwnedFd>) -> Self {
        Self { sandbox, namespace }
    }

    /// The address under which programs inside listen to the host.
    pub fn address(&self) -> Ipv4Addr {
        if self.namespace.is_some() { LINK_LOCAL } else { Ipv4Addr::LOCALHOST }
    }

    /// A TCP socket in this network, non-blocking, not connected yet.
    pub async fn socket(&self) -> Result<OwnedFd> {
        let Some(namespace) = &self.namespace else { return outside() };
        let made = self.sandbox.ask(Ask::Socket, &[namespace.as_fd()]).await?;
        let made = made.map_err(|failure| Error::Network { source: failure.source(), step: failure.step })?;
        made.into_iter().next().ok_or(Error::HelperGone)
    }
}

fn outside() -> Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
        .map_err(|error| Error::Network { step: "make a socket".to_owned(), source: error.into() })
}
