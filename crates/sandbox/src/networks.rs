//! The networks of slots: made ahead by the helper, so that making one is not on a start's way.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use base::Tasks;
use parking_lot::Mutex;

use crate::gateway::{self, NameServers, Plan};
use crate::helper::Client;
use crate::message::{Ask, Failure};
use crate::netlink::filter::{self, Lifetime};
use crate::netlink::{Socket, route};
use crate::sandbox::Inner;
use crate::{Cidr, Error, Nat, Network, Result, SlotSpec};

/// So many are kept ready. Making one takes about as long as the rest of a start, and starts come in groups.
const READY: usize = 8;

/// Makes what slots have as their network, and keeps some ready.
#[derive(Debug)]
pub(crate) struct Networks {
    way: Way,
    tasks: Tasks,
    ready: Mutex<Ready>,
}

#[derive(Debug, Default)]
struct Ready {
    made: Vec<SlotNetwork>,
    is_filling: bool,
    is_closed: bool,
}

#[derive(Debug)]
enum Way {
    None,
    Nat(Box<WayOut>),
    Host(Arc<Shared>),
}

#[derive(Debug)]
struct WayOut {
    plan: Plan,
    numbers: Numbers,
    name_servers: NameServers,
    /// What holds it, should the helper end before us.
    gateway: Mutex<Vec<OwnedFd>>,
}

/// The network of one slot. Nothing may use it any more when it is dropped.
#[derive(Debug)]
pub(crate) struct SlotNetwork {
    namespace: OwnedFd,
    _number: Option<Number>,
    _private: Option<Private>,
}

impl AsFd for SlotNetwork {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.namespace.as_fd()
    }
}

impl Networks {
    /// Makes the way out, as far as it is one of all slots together.
    pub(crate) async fn open(wanted: &Network, state_dir: &Path, client: &Client, tasks: &Tasks) -> Result<Self> {
        let name = name(state_dir).map_err(|source| Error::StateDirectory { path: state_dir.to_owned(), source })?;
        let way = match wanted {
            Network::None => Way::None,
            Network::Nat(nat) => {
                let nat = nat.clone();
                let (plan, name_servers) = tasks.blocking(move || plan(name, nat)).await?;
                let numbers = Numbers::new(plan.range);
                let gateway = client.ask(Ask::Gateway(plan.clone()), &[]).await?.map_err(network)?;
                Way::Nat(Box::new(WayOut { plan, numbers, name_servers, gateway: Mutex::new(gateway) }))
            }
            Network::Host => Way::Host(Arc::new(tasks.blocking(move || Shared::open(name)).await?)),
        };
        Ok(Self { way, tasks: tasks.clone(), ready: Mutex::default() })
    }

    /// What stands in `/etc/resolv.conf` inside.
    pub(crate) fn resolv_conf(&self) -> String {
        let servers = match &self.way {
            // No name server is reachable; asking an absent one at once fails is better than waiting for the default.
            Way::None => return "options timeout:1 attempts:1\n".to_owned(),
            Way::Nat(way) => &way.name_servers.servers,
            #[expect(clippy::disallowed_methods, reason = "as the host has it now")]
            Way::Host(_) => return std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default(),
        };
        servers.iter().map(|server| format!("nameserver {server}\n")).collect()
    }

    /// The host's name servers that are used and those that are not.
    pub(crate) fn name_servers(&self) -> Option<&NameServers> {
        match &self.way {
            Way::Nat(way) => Some(&way.name_servers),
            Way::None | Way::Host(_) => None,
        }
    }

    /// One for `uid`, with the listeners of `spec`.
    pub(crate) async fn take(
        self: &Arc<Self>,
        sandbox: &Arc<Inner>,
        uid: u32,
        spec: &SlotSpec,
    ) -> Result<(SlotNetwork, Vec<TcpListener>)> {
        let taken = match (&self.way, spec.way_out) {
            (Way::Host(shared), true) => return shared.network(uid, &spec.listen),
            (Way::None, _) | (Way::Nat(_), true) => self.take_ready(sandbox).await?,
            (Way::Nat(_) | Way::Host(_), false) => closed(sandbox).await?,
        };
        let listeners = sandbox.ask(Ask::Listen { listen: spec.listen.clone() }, &[taken.as_fd()]).await?;
        let listeners = listeners.map_err(network)?.into_iter().map(TcpListener::from).map(non_blocking).collect();
        Ok((taken, self::listeners(listeners)?))
    }

    /// A helper that has taken another's place learns of the way out from us.
    pub(crate) async fn hand_over(&self, client: &Client) -> Result<()> {
        let Way::Nat(way) = &self.way else { return Ok(()) };
        let copies: io::Result<Vec<OwnedFd>> = way.gateway.lock().iter().map(OwnedFd::try_clone).collect();
        let copies = copies.map_err(|source| Error::Io { what: "the gateway's descriptors", source })?;
        let fds: Vec<BorrowedFd<'_>> = copies.iter().map(AsFd::as_fd).collect();
        client.ask(Ask::Adopt(way.plan.clone()), &fds).await?.map(drop).map_err(network)
    }

    /// A ready one, or one made now; more are made behind the caller's back.
    async fn take_ready(self: &Arc<Self>, sandbox: &Arc<Inner>) -> Result<SlotNetwork> {
        let ready = self.ready.lock().made.pop();
        let taken = match ready {
            Some(network) => network,
            None => self.make(sandbox).await?,
        };
        self.fill(sandbox);
        Ok(taken)
    }

    async fn make(&self, sandbox: &Inner) -> Result<SlotNetwork> {
        let number = match &self.way {
            Way::Nat(way) => Some(way.numbers.take()?),
            Way::None | Way::Host(_) => None,
        };
        let way_out = number.as_ref().map(|number| number.value);
        let made = sandbox.ask(Ask::Network { way_out }, &[]).await?.map_err(network)?;
        let namespace = made.into_iter().next().ok_or(Error::HelperGone)?;
        Ok(SlotNetwork { namespace, _number: number, _private: None })
    }

    /// One task at a time: the helper does one thing after the other.
    fn fill(self: &Arc<Self>, sandbox: &Arc<Inner>) {
        {
            let mut ready = self.ready.lock();
            if ready.is_closed || ready.is_filling || ready.made.len() >= READY {
                return;
            }
            ready.is_filling = true;
        }
        let (networks, sandbox) = (self.clone(), sandbox.clone());
        self.tasks.spawn_until_closing("sandbox networks ahead", async move { networks.refill(&sandbox).await });
    }

    /// Until there are enough, however many are taken meanwhile.
    async fn refill(&self, sandbox: &Inner) {
        loop {
            let made = self.make(sandbox).await;
            let mut ready = self.ready.lock();
            match made {
                Ok(network) if !ready.is_closed => ready.made.push(network),
                Ok(_) => {}
                Err(error) => {
                    // Whoever needs one next hears the error, and begins anew.
                    tracing::warn!(%error, "no network could be made ahead");
                    ready.is_filling = false;
                    return;
                }
            }
            ready.is_filling = !ready.is_closed && ready.made.len() < READY;
            if !ready.is_filling {
                return;
            }
        }
    }

    /// What holds the gateway: its namespace, and the owner of the host's table.
    #[cfg(test)]
    pub(crate) fn gateway(&self) -> Vec<OwnedFd> {
        let Way::Nat(way) = &self.way else { return Vec::new() };
        way.gateway.lock().iter().map(|fd| fd.try_clone().expect("a copy")).collect()
    }

    /// Those made from now on are made anew.
    pub(crate) fn forget_ready(&self) {
        self.ready.lock().made.clear();
    }

    /// Gives back what is ready, and keeps none from now on. The way out stays until the helper ends.
    pub(crate) fn close(&self) {
        if let Way::Nat(way) = &self.way {
            way.gateway.lock().clear();
        }
        *self.ready.lock() = Ready { is_closed: true, ..Ready::default() };
    }
}

/// One name for each state directory, as its control groups have.
fn name(state_dir: &Path) -> io::Result<String> {
    let found = std::fs::metadata(state_dir)?;
    Ok(Plan::name(found.dev(), found.ino()))
}

fn plan(name: String, nat: Nat) -> Result<(Plan, NameServers)> {
    let failed = |source| Error::Network { step: "look at the host's networks".to_owned(), source };
    let socket = Socket::route().map_err(failed)?;
    let own = route::addresses(&socket).map_err(failed)?;
    let name_servers = match nat.name_servers.as_slice() {
        [] => gateway::find_name_servers(&own),
        given => NameServers { servers: given.to_vec(), left_out: Vec::new() },
    };
    let mut known = route::networks(&socket).map_err(failed)?;
    known.extend(own.iter().chain(&name_servers.servers).copied().map(Cidr::one));
    let range = gateway::choose_range(nat.range, &known)?;
    let servers = name_servers.servers.clone();
    let plan = Plan { name, range, allow: nat.allow, deny: nat.deny, rate: nat.rate, name_servers: servers };
    Ok((plan, name_servers))
}

/// Numbers of addresses. One that is free again is not given at once: packets for its last owner may be on their way.
#[derive(Clone, Debug)]
struct Numbers {
    range: Cidr,
    state: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    numbers: BTreeSet<u32>,
    last: u32,
}

#[derive(Debug)]
struct Number {
    value: u32,
    state: Arc<Mutex<Used>>,
}

impl Numbers {
    fn new(range: Cidr) -> Self {
        Self { range, state: Arc::default() }
    }

    /// The next free one after the last that was given.
    fn take(&self) -> Result<Number> {
        // The last address of a range means all of them to some.
        let end = u32::try_from(self.range.size() - 1).unwrap_or(u32::MAX);
        let mut used = self.state.lock();
        let next = used.last.saturating_add(1).max(gateway::FIRST);
        let free =
            (next..end).chain(gateway::FIRST..next).find(|number| *number < end && !used.numbers.contains(number));
        let value = free.ok_or_else(|| Error::NoFreeAddress { count: u64::from(end - gateway::FIRST) })?;
        used.numbers.insert(value);
        used.last = value;
        Ok(Number { value, state: self.state.clone() })
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        self.state.lock().numbers.remove(&self.value);
    }
}

/// The host's own network, with a table that keeps listeners private.
#[derive(Debug)]
struct Shared {
    name: String,
    /// The table's owner.
    owner: Mutex<Socket>,
    addresses: Numbers,
}

/// A listener's address, and the one uid that reaches it.
#[derive(Debug)]
struct Private {
    address: Ipv4Addr,
    uid: u32,
    shared: Arc<Shared>,
    _number: Number,
}

impl Shared {
    fn open(name: String) -> Result<Self> {
        let failed = |source| Error::Network { step: "install the packet filter (nf_tables)".to_owned(), source };
        let owner = Socket::filter().map_err(failed)?;
        gateway::of_private_listeners(&name).install(&owner, Lifetime::Socket).map_err(failed)?;
        let addresses = Numbers::new(gateway::PRIVATE_LISTENERS);
        Ok(Self { name, owner: Mutex::new(owner), addresses })
    }

    fn network(self: &Arc<Self>, uid: u32, listen: &[SocketAddr]) -> Result<(SlotNetwork, Vec<TcpListener>)> {
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
        let namespace = rustix::fs::open("/proc/thread-self/ns/net", flags, rustix::fs::Mode::empty());
        let failed = |source| Error::Network { step: "open the network namespace".to_owned(), source };
        let namespace = namespace.map_err(io::Error::from).map_err(failed)?;
        let number = self.addresses.take()?;
        let address = gateway::PRIVATE_LISTENERS.nth(number.value).ok_or(Error::NoFreeAddress { count: 0 })?;
        self.change(address, uid, true)
            .map_err(|source| Error::Network { step: "keep a listener private".to_owned(), source })?;
        let private = Private { address, uid, shared: self.clone(), _number: number };
        let bound = listen.iter().map(|asked| TcpListener::bind((address, asked.port())).and_then(non_blocking));
        let listeners = listeners(bound.collect())?;
        Ok((SlotNetwork { namespace, _number: None, _private: Some(private) }, listeners))
    }

    fn change(&self, address: Ipv4Addr, uid: u32, is_added: bool) -> io::Result<()> {
        filter::change_pair(&self.owner.lock(), (&self.name, gateway::PAIRS), (address, uid), is_added)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Err(error) = self.shared.change(self.address, self.uid, false) {
            tracing::error!(%error, "a listener's address cannot be taken out of the packet filter");
        }
    }
}

/// Without isolation there is no network of its own: free ports of the host's loopback.
pub(crate) fn outside(count: usize) -> Result<Vec<TcpListener>> {
    let listen = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(non_blocking);
    listeners((0..count).map(listen).collect())
}

fn non_blocking(listener: TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A network that leads nowhere.
async fn closed(sandbox: &Inner) -> Result<SlotNetwork> {
    let made = sandbox.ask(Ask::Network { way_out: None }, &[]).await?.map_err(network)?;
    let namespace = made.into_iter().next().ok_or(Error::HelperGone)?;
    Ok(SlotNetwork { namespace, _number: None, _private: None })
}

fn listeners(made: io::Result<Vec<TcpListener>>) -> Result<Vec<TcpListener>> {
    made.map_err(|source| Error::Network { step: "set up a listener".to_owned(), source })
}

fn network(failure: Failure) -> Error {
    let source = failure.source();
    Error::Network { step: failure.step, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_once_and_not_again_at_once() {
        let numbers = Numbers::new("10.0.0.0/24".parse().expect("a block"));
        let first = numbers.take().expect("free");
        assert_eq!(first.value, gateway::FIRST);
        drop(first);
        let kept: Vec<Number> = (0..251).map(|_| numbers.take().expect("free")).collect();
        assert_eq!((kept[0].value, kept[249].value, kept[250].value), (5, 254, 4));
        assert!(matches!(numbers.take(), Err(Error::NoFreeAddress { count: 251 })));
    }
}
