//! The way out of environments, for `Network::Nat`.
//!
//! ```text
//! environment           gateway (a network namespace)             the host's network
//!   eth0 10.213.0.4 ----- e4 ┐
//!                            ├ "filter": who may go where,  up ---- lambdad…  "lambdad-…": nothing to the host itself;
//!   eth0 10.213.0.5 ----- e5 ┘  how many flows, how fast             masquerade; forwarding for us alone
//! ```
//!
//! A namespace between the two, since it makes whatever the kernel forgets fall to the safe side: the ends of all
//! environments lie in it, so that a host with a thousand of them has one link more and not a thousand (each of which
//! udev and the like would look at), and when it goes, the way goes with its rules. It has no name; it lives as long as
//! the helper or the host holds it. The table in the host's own network belongs to a socket that both hold: neither a
//! crash leaves it nor can anybody flush it while it is needed.
//!
//! IPv4 alone, as Lambda's environments have it: a host that forwards IPv6 stops listening to its routers.

mod forwarding;
mod make;
mod name_servers;
mod probe;
mod range;
mod rules;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

pub(crate) use make::Gateway;
pub(crate) use name_servers::{Found as NameServers, find as find_name_servers};
pub(crate) use probe::probe;
pub(crate) use range::choose as choose_range;
pub(crate) use rules::{PAIRS, PRIVATE_LISTENERS, of_private_listeners};

use crate::Cidr;

/// All that the helper needs to make it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Of the link and of the table in the host's network: at most 15 bytes.
    pub(crate) name: String,
    /// Environments have the addresses from [`FIRST`] on.
    pub(crate) range: Cidr,
    pub(crate) allow: Vec<Cidr>,
    pub(crate) deny: Vec<Cidr>,
    /// Bytes per second of each environment, either way.
    pub(crate) rate: Option<u64>,
    /// Reached at port 53, wherever they are.
    pub(crate) name_servers: Vec<Ipv4Addr>,
}

/// The number in the range of the first address of an environment; before it are the host's and the gateway's.
pub(crate) const FIRST: u32 = 4;
/// What the names of all our links and tables begin with.
const PREFIX: &str = "lambdad";

impl Plan {
    /// Of the state directory's own, so that two sandboxes of a host are apart and a later one finds what was left.
    pub(crate) fn name(device: u64, inode: u64) -> String {
        format!("{PREFIX}{:08x}", (device.wrapping_mul(0x9e37_79b9) ^ inode) & 0xffff_ffff)
    }

    fn host(&self) -> Ipv4Addr {
        self.range.nth(1).expect("a range has at least 256 addresses")
    }

    fn gateway(&self) -> Ipv4Addr {
        self.range.nth(2).expect("a range has at least 256 addresses")
    }
}
