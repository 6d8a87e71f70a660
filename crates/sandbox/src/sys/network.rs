//! The loopback interface of the network namespace that the caller is in.

#![expect(unsafe_code, reason = "interface ioctls have no safe wrapper")]

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::check;

/// Switches `lo` on; the kernel then gives it 127.0.0.1 and ::1.
pub(crate) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut request = named("lo");
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    change(socket, libc::SIOCSIFFLAGS, &request)
}

/// Gives `lo` one more address, reachable as such only (a /32).
pub(crate) fn add_loopback_address(socket: BorrowedFd<'_>, address: Ipv4Addr) -> io::Result<()> {
    let mut request = named("lo:1");
    request.ifr_ifru.ifru_addr = socket_address(address);
    change(socket, libc::SIOCSIFADDR, &request)?;
    request.ifr_ifru.ifru_netmask = socket_address(Ipv4Addr::BROADCAST);
    change(socket, libc::SIOCSIFNETMASK, &request)
}

fn change(socket: BorrowedFd<'_>, what: libc::c_ulong, request: &libc::ifreq) -> io::Result<()> {
    // SAFETY: both requests read one `ifreq` from the pointer and write nothing that we keep.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), what as _, std::ptr::from_ref(request)) }.into())?;
    Ok(())
}

fn named(name: &str) -> libc::ifreq {
    // SAFETY: `ifreq` is integers, arrays and a union of such; all zeros is a value of it.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

fn socket_address(address: Ipv4Addr) -> libc::sockaddr {
    // SAFETY: `sockaddr` is integers and an array of them; all zeros is a value of it.
    let mut out: libc::sockaddr = unsafe { std::mem::zeroed() };
    out.sa_family = libc::AF_INET as libc::sa_family_t;
    // `sockaddr_in`: two bytes of port, then the address in network order.
    for (to, from) in out.sa_data[2..6].iter_mut().zip(address.octets()) {
        *to = from as libc::c_char;
    }
    out
}
