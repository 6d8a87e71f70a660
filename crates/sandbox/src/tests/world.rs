//! A world of namespaces for the tests of the way out: a host of the test's own, and an internet behind it. Nothing in
//! it has a link to the machine's network.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::process::Stdio;
use std::sync::Arc;

use rustix::thread::LinkNameSpaceType;

use crate::Cidr;
use crate::netlink::Socket;
use crate::netlink::route::{self, End};

/// The host, as the internet sees it; and a second address of it, which only it knows.
pub(super) const HOST: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
pub(super) const HOST_TOO: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
/// Servers of the internet.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
pub(super) const PRIVATE_SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 7);
pub(super) const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
pub(super) const PORT: u16 = 8080;

/// A network namespace, as long as it is held.
#[derive(Debug)]
pub(super) struct Namespace(File);

impl Namespace {
    fn new() -> Self {
        let mut child = std::process::Command::new("unshare")
            .args(["--net", "sh", "-c", "echo there; read wait"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "there\n");
        let namespace = File::open(format!("/proc/{}/ns/net", child.id())).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
        Self(namespace)
    }

    pub(super) fn of(fd: impl AsFd) -> Self {
        Self(File::from(fd.as_fd().try_clone_to_owned().unwrap()))
    }

    /// Does `work` there, in a thread of its own.
    pub(super) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let enter_and_work = || {
                rustix::thread::move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                work()
            };
            scope.spawn(enter_and_work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) internet: Namespace,
    pub(super) host: Namespace,
}

impl World {
    fn make() -> Self {
        let world = Self { internet: Namespace::new(), host: Namespace::new() };
        let internet = world.internet.within(|| {
            loopback_up();
            Socket::route().unwrap()
        });
        world.host.within(|| {
            loopback_up();
            let socket = Socket::route().unwrap();
            let (near, far) = (End { name: "uplink", index: 5 }, End { name: "downlink", index: 5 });
            route::make_pair(&socket, &near, &far, world.internet.0.as_fd()).unwrap();
            for address in [HOST, HOST_TOO] {
                route::add_address(&socket, 5, address).unwrap();
            }
            route::add_route(&socket, "0.0.0.0/0".parse().unwrap(), 5, Some(HOST)).unwrap();
        });
        route::switch_on(&internet, 5).unwrap();
        for address in [SERVER, PRIVATE_SERVER, METADATA] {
            route::add_address(&internet, 5, address).unwrap();
        }
        route::add_route(&internet, Cidr::one(HOST), 5, Some(SERVER)).unwrap();
        world.internet.within(|| tell_who_asks((Ipv4Addr::UNSPECIFIED, PORT).into()));
        world
    }

    /// The links, tables and forwarding of the host: in a world that was left as it was found, `expected_of_host`.
    pub(super) fn of_host(&self) -> (Vec<String>, Vec<String>, String) {
        self.host.within(|| {
            let links = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
            let mut links: Vec<String> = links
                .lines()
                .skip(2)
                .filter_map(|line| line.split(':').next())
                .map(|name| name.trim().to_owned())
                .collect();
            links.sort();
            let tables = crate::netlink::filter::tables(&Socket::filter().unwrap()).unwrap();
            let forwarding = std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
            (links, tables, forwarding.trim().to_owned())
        })
    }
}

/// A host to which nothing has happened.
pub(super) fn untouched() -> (Vec<String>, Vec<String>, String) {
    (vec!["lo".to_owned(), "uplink".to_owned()], Vec::new(), "0".to_owned())
}

fn loopback_up() {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    crate::sys::loopback_up(socket.as_fd()).unwrap();
}

/// A server in the caller's network that says to everybody which address it sees, until the test ends.
pub(super) fn tell_who_asks(at: SocketAddr) {
    let listener = TcpListener::bind(at).unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, peer)) = listener.accept() {
            let _gone = stream.write_all(peer.ip().to_string().as_bytes());
        }
    });
}

/// The same by UDP, for every datagram; one that is larger than the answer is swallowed.
pub(super) fn tell_who_sends(at: SocketAddr) {
    let socket = UdpSocket::bind(at).unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 2048];
        while let Ok((_, peer)) = socket.recv_from(&mut bytes) {
            let _gone = socket.send_to(peer.ip().to_string().as_bytes(), peer);
        }
    });
}

/// Runs a test on a host of its own; skips it loudly where none can be made.
pub(super) fn on_a_host<F: Future<Output = ()>>(test: impl FnOnce(Arc<World>) -> F + Send) {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root makes network namespaces");
        return;
    }
    let world = Arc::new(World::make());
    world.clone().host.within(move || {
        // One thread, and those that it starts: all of them are in the host's network.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test(world));
    });
}
