//! Whom environments ask for names: the host's servers, as far as they can be reached from inside.

#![expect(clippy::disallowed_methods, reason = "the host's resolv.conf is read here")]

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

/// Where the host says whom it asks.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// And where systemd-resolved says whom it asks itself: what stands in the first is then its own stub on loopback.
const UPSTREAMS: &str = "/run/systemd/resolve/resolv.conf";
/// The C library asks no more.
const MOST: usize = 3;

/// Those that can be used, and those that cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) servers: Vec<Ipv4Addr>,
    /// On the host itself, which environments do not reach, or only by IPv6.
    pub(crate) left_out: Vec<String>,
}

/// `own` are the host's addresses.
pub(crate) fn find(own: &[Ipv4Addr]) -> Found {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let found = choose(&read(RESOLV_CONF), own);
    if !found.servers.is_empty() {
        return found;
    }
    let upstreams = choose(&read(UPSTREAMS), own);
    if upstreams.servers.is_empty() { found } else { upstreams }
}

fn choose(text: &str, own: &[Ipv4Addr]) -> Found {
    let mut found = Found::default();
    for name in text.lines().filter_map(server) {
        match name.parse() {
            Ok(IpAddr::V4(address)) if reachable(address, own) => found.servers.push(address),
            _ => found.left_out.push(name.to_owned()),
        }
    }
    found.servers.truncate(MOST);
    found
}

fn server(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    (words.next() == Some("nameserver")).then(|| words.next()).flatten()
}

fn reachable(address: Ipv4Addr, own: &[Ipv4Addr]) -> bool {
    !(address.is_loopback() || address.is_unspecified() || own.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, servers: &[&str], left_out: &[&str]) {
        let own = [Ipv4Addr::new(192, 168, 1, 5)];
        let found = choose(text, &own);
        let shown: Vec<String> = found.servers.iter().map(Ipv4Addr::to_string).collect();
        assert_eq!(
            (shown, found.left_out.iter().map(String::as_str).collect::<Vec<_>>()),
            (servers.iter().map(|s| (*s).to_owned()).collect(), left_out.to_vec())
        );
    }

    #[test]
    fn servers_elsewhere_are_used() {
        check("# by hand\nsearch lan\nnameserver 9.9.9.9\nnameserver  10.0.0.2 \n", &["9.9.9.9", "10.0.0.2"], &[]);
    }

    #[test]
    fn a_stub_on_the_host_is_left_out() {
        check("nameserver 127.0.0.53\noptions edns0", &[], &["127.0.0.53"]);
        check("nameserver 192.168.1.5\nnameserver 192.168.1.1", &["192.168.1.1"], &["192.168.1.5"]);
    }

    #[test]
    fn what_is_reached_by_ipv6_alone_is_left_out() {
        check("nameserver 2620:fe::fe\nnameserver fe80::1%eth0", &[], &["2620:fe::fe", "fe80::1%eth0"]);
    }

    #[test]
    fn no_more_than_the_c_library_asks() {
        let text = "nameserver 1.0.0.1\n".repeat(5);
        assert_eq!(choose(&text, &[]).servers.len(), MOST);
    }
}
