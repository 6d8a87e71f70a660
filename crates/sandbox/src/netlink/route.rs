//! Links, addresses and routes (rtnetlink).

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::Socket;
use super::message::{ACKNOWLEDGE, CREATE, DUMP, EXCLUSIVE, Message, attributes, number_at};
use crate::Cidr;

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;

const INET: u8 = 2;
const UP: u32 = 0x1;
/// No neighbour is ever asked for its address.
const NO_ARP: u32 = 0x80;

/// `struct ifinfomsg`, `struct ifaddrmsg`, `struct rtmsg`: bytes before their attributes.
const ADDRESS_FIXED: usize = 8;
const ROUTE_FIXED: usize = 12;

/// One end of a pair of links.
pub(crate) struct End<'a> {
    pub(crate) name: &'a str,
    /// 0 lets the kernel choose.
    pub(crate) index: u32,
}

/// Both ends at once: ours in the socket's namespace, up, and theirs in `there`, for [`switch_on`]. They ask for no
/// neighbours and have one hardware address, so that each takes what the other sends.
pub(crate) fn make_pair(socket: &Socket, ours: &End<'_>, theirs: &End<'_>, there: BorrowedFd<'_>) -> io::Result<()> {
    const NAME: u16 = 3;
    const ADDRESS: u16 = 1;
    const INFO: u16 = 18;
    const INFO_KIND: u16 = 1;
    const INFO_DATA: u16 = 2;
    const PEER: u16 = 1;
    const NAMESPACE: u16 = 28;
    /// Locally administered; nobody else is on this link.
    const HARDWARE: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
    let namespace = there.as_raw_fd().cast_unsigned();
    let message = Message::new(NEW_LINK, ACKNOWLEDGE | CREATE | EXCLUSIVE, &link(ours.index, UP | NO_ARP))
        .string(NAME, ours.name)
        .put(ADDRESS, &HARDWARE)
        .nest(INFO, |info| {
            info.string(INFO_KIND, "veth").nest(INFO_DATA, |data| {
                data.nest_after(PEER, &link(theirs.index, NO_ARP), |peer| {
                    peer.string(NAME, theirs.name).put(ADDRESS, &HARDWARE).number(NAMESPACE, namespace)
                })
            })
        });
    socket.tell([message])
}

/// The kernel switches no end on whose other end is not there yet.
pub(crate) fn switch_on(socket: &Socket, index: u32) -> io::Result<()> {
    socket.tell([Message::new(NEW_LINK, ACKNOWLEDGE, &link(index, UP))])
}

/// `struct ifinfomsg` of a link that is to have `flags`.
fn link(index: u32, flags: u32) -> [u8; 16] {
    let mut fixed = [0; 16];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..16].copy_from_slice(&flags.to_ne_bytes());
    fixed
}

/// Both ends go. True if there was one of that name.
pub(crate) fn remove_link(socket: &Socket, name: &str) -> io::Result<bool> {
    const NAME: u16 = 3;
    match socket.tell([Message::new(DELETE_LINK, ACKNOWLEDGE, &[0; 16]).string(NAME, name)]) {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(crate) fn add_address(socket: &Socket, link: u32, address: Ipv4Addr) -> io::Result<()> {
    const ADDRESS: u16 = 1;
    const LOCAL: u16 = 2;
    let mut fixed = [INET, 32, 0, 0, 0, 0, 0, 0];
    fixed[4..8].copy_from_slice(&link.to_ne_bytes());
    let message = Message::new(NEW_ADDRESS, ACKNOWLEDGE | CREATE | EXCLUSIVE, &fixed)
        .put(LOCAL, &address.octets())
        .put(ADDRESS, &address.octets());
    socket.tell([message])
}

const DESTINATION: u16 = 1;
const OUTPUT_LINK: u16 = 4;
const PREFERRED_SOURCE: u16 = 7;
const MAIN_TABLE: u8 = 254;

/// What goes to `to` leaves by `link`, where it needs no neighbour.
pub(crate) fn add_route(socket: &Socket, to: Cidr, link: u32, source: Option<Ipv4Addr>) -> io::Result<()> {
    const STATIC: u8 = 4;
    const SCOPE_LINK: u8 = 253;
    const UNICAST: u8 = 1;
    let fixed = [INET, to.prefix(), 0, 0, MAIN_TABLE, STATIC, SCOPE_LINK, UNICAST, 0, 0, 0, 0];
    let message = Message::new(NEW_ROUTE, ACKNOWLEDGE | CREATE | EXCLUSIVE, &fixed)
        .put(DESTINATION, &to.address().octets())
        .number(OUTPUT_LINK, link);
    socket.tell([match source {
        Some(source) => message.put(PREFERRED_SOURCE, &source.octets()),
        None => message,
    }])
}

/// Every network that the namespace knows a way to, its own addresses among them; without default routes.
pub(crate) fn networks(socket: &Socket) -> io::Result<Vec<Cidr>> {
    let read = |body: &[u8]| {
        let destination = attributes(body, ROUTE_FIXED).into_iter().find(|(kind, _)| *kind == DESTINATION)?.1;
        Cidr::new(octets(destination)?, *body.get(1)?)
    };
    let mut fixed = [0; ROUTE_FIXED];
    fixed[0] = INET;
    socket.list(Message::new(GET_ROUTE, DUMP, &fixed), read)
}

/// Every address of the namespace.
pub(crate) fn addresses(socket: &Socket) -> io::Result<Vec<Ipv4Addr>> {
    const LOCAL: u16 = 2;
    let read = |body: &[u8]| octets(attributes(body, ADDRESS_FIXED).into_iter().find(|(kind, _)| *kind == LOCAL)?.1);
    let mut fixed = [0; ADDRESS_FIXED];
    fixed[0] = INET;
    socket.list(Message::new(GET_ADDRESS, DUMP, &fixed), read)
}

fn octets(bytes: &[u8]) -> Option<Ipv4Addr> {
    number_at(bytes, 0).map(|number| Ipv4Addr::from(number.to_ne_bytes()))
}
