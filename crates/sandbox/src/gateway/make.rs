//! Makes the gateway, and each environment's way into it. In the helper, which goes from network to network.

#![expect(clippy::disallowed_methods, reason = "settings of the kernel's networks")]

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use super::forwarding::{self, State};
use super::{Plan, rules};
use crate::Cidr;
use crate::message::{Failure, Step};
use crate::netlink::Socket;
use crate::netlink::filter::Lifetime;
use crate::netlink::route::{self, End};

/// The gateway's own index of its link to the host; those to environments come after.
const UP_INDEX: u32 = 2;
const FIRST_INDEX: u32 = 10;
/// An environment's own index of its one link beside loopback.
const OUT_INDEX: u32 = 2;
const EVERYWHERE: Cidr = match Cidr::new(std::net::Ipv4Addr::UNSPECIFIED, 0) {
    Some(block) => block,
    None => panic!("a prefix of 0 is short enough"),
};

/// Lives as long as somebody holds its descriptors.
#[derive(Debug)]
pub(crate) struct Gateway {
    plan: Plan,
    namespace: OwnedFd,
    routes: Socket,
    /// The owner of the host's table.
    owner: Socket,
}

impl Gateway {
    /// `make_namespace` makes an empty network, calls back inside of it, and returns to the host's.
    pub(crate) fn make(
        plan: Plan,
        make_namespace: impl FnOnce(&dyn Fn() -> Result<Socket, Failure>) -> Result<(OwnedFd, Socket), Failure>,
    ) -> Result<Self, Failure> {
        let (namespace, routes) = make_namespace(&|| furnish(&plan))?;
        let here = Socket::route().step("talk to the kernel about links")?;
        // What a killed predecessor leaves ends by itself, but a little later.
        route::remove_link(&here, &plan.name).step("remove the link that was left")?;
        connect(&plan, &here, &routes, &namespace)?;
        let owner = Socket::filter().step("talk to the kernel about packet filters")?;
        let forwarding = State::look().step("look whether the host forwards")?;
        let table = rules::of_host(&plan, forwarding != State::On).install(&owner, Lifetime::Socket);
        table.step("install the host's packet filter (nf_tables)")?;
        forwarding::switch_on().step("let the host forward (net.ipv4.ip_forward)")?;
        Ok(Self { plan, namespace, routes, owner })
    }

    /// What holds it, to be held by the host too.
    pub(crate) fn descriptors(&self) -> io::Result<Vec<OwnedFd>> {
        let all = [self.namespace.as_fd(), self.owner.as_fd(), self.routes.as_fd()];
        all.into_iter().map(|fd| fd.try_clone_to_owned()).collect()
    }

    /// One that another helper has made, from its descriptors.
    pub(crate) fn adopt(plan: Plan, descriptors: Vec<OwnedFd>) -> io::Result<Self> {
        let [namespace, owner, routes] =
            <[OwnedFd; 3]>::try_from(descriptors).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Self { plan, namespace, routes: Socket::from_fd(routes), owner: Socket::from_fd(owner) })
    }

    /// For an environment whose network the caller is in.
    pub(crate) fn lead_out(&self, number: u32) -> Result<(), Failure> {
        let address = self.plan.range.nth(number).ok_or(io::ErrorKind::InvalidInput).map_err(io::Error::from);
        let address = address.step("number an address")?;
        let index = FIRST_INDEX + number;
        without_ipv6("default").step("switch IPv6 off for new links")?;
        let inside = Socket::route().step("talk to the kernel about links")?;
        let (ours, theirs) = (End { name: "eth0", index: OUT_INDEX }, End { name: &format!("e{number}"), index });
        route::make_pair(&inside, &ours, &theirs, self.namespace.as_fd()).step("make a pair of links")?;
        route::add_address(&inside, OUT_INDEX, address).step("give eth0 its address")?;
        route::add_route(&inside, EVERYWHERE, OUT_INDEX, Some(address)).step("lead everything to eth0")?;
        route::switch_on(&self.routes, index).step("switch the gateway's end on")?;
        route::add_route(&self.routes, Cidr::one(address), index, None).step("lead the gateway to an environment")
    }

    /// All of it goes.
    pub(crate) fn end(self) -> io::Result<()> {
        let removed = route::remove_link(&Socket::route()?, &self.plan.name);
        let name = self.plan.name.clone();
        drop(self);
        removed.and_then(|_| forwarding::switch_off(&name))
    }
}

/// In the gateway's own network.
fn furnish(plan: &Plan) -> Result<Socket, Failure> {
    for (setting, value) in [("ip_forward", "1"), ("conf/all/rp_filter", "1"), ("conf/all/send_redirects", "0")] {
        let step = format!("set {setting} in the gateway");
        std::fs::write(Path::new("/proc/sys/net/ipv4").join(setting), value).step(&step)?;
    }
    without_ipv6("all").and_then(|()| without_ipv6("default")).step("switch IPv6 off in the gateway")?;
    let filters = Socket::filter().step("talk to the kernel about packet filters")?;
    let table = rules::of_gateway(plan).install(&filters, Lifetime::Namespace);
    table.step("install the gateway's packet filter (nf_tables)")?;
    Socket::route().step("talk to the kernel about links")
}

/// Between the host's network, where the caller is, and the gateway's.
fn connect(plan: &Plan, here: &Socket, there: &Socket, namespace: &OwnedFd) -> Result<(), Failure> {
    let (ours, theirs) = (End { name: &plan.name, index: 0 }, End { name: rules::UP, index: UP_INDEX });
    route::make_pair(here, &ours, &theirs, namespace.as_fd()).step("make the link to the host")?;
    let index = rustix::net::netdevice::name_to_index(here, &plan.name).step("find the link to the host")?;
    without_ipv6(&plan.name).step("switch IPv6 off on the link to the host")?;
    route::add_address(here, index, plan.host()).step("give the link to the host its address")?;
    route::add_route(here, plan.range, index, None).step("lead the host to the gateway")?;
    route::switch_on(there, UP_INDEX).step("switch the gateway's link on")?;
    route::add_address(there, UP_INDEX, plan.gateway()).step("give the gateway its address")?;
    route::add_route(there, EVERYWHERE, UP_INDEX, Some(plan.gateway())).step("lead the gateway to the host")
}

/// A kernel without IPv6 has nothing to switch off.
fn without_ipv6(link: &str) -> io::Result<()> {
    match std::fs::write(format!("/proc/sys/net/ipv6/conf/{link}/disable_ipv6"), "1") {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
