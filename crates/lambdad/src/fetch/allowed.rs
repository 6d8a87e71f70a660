//! Which addresses may be connected to: all that are the whole world's, and those that the operator names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The operator's word.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    hosts: Vec<String>,
    networks: Vec<(IpAddr, u8)>,
    /// Also spoken to in plain HTTP.
    insecure: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a host, HOST:PORT, nor a network such as 10.0.0.0/8")]
pub struct BadRule(String);

impl Allowed {
    /// `rules` are hosts, `HOST:PORT`, or networks; `insecure` are hosts or `HOST:PORT`.
    pub fn parse(rules: &[String], insecure: &[String]) -> Result<Self, BadRule> {
        let mut allowed = Self { insecure: insecure.to_vec(), ..Self::default() };
        for rule in rules {
            match rule.split_once('/') {
                Some((address, bits)) => {
                    let network = address.parse::<IpAddr>().ok().zip(bits.parse::<u8>().ok());
                    let network = network.filter(|(address, bits)| *bits <= width(*address));
                    allowed.networks.push(network.ok_or_else(|| BadRule(rule.clone()))?);
                }
                None => allowed.hosts.push(rule.clone()),
            }
        }
        match allowed.hosts.iter().chain(&allowed.insecure).find(|host| !is_host(host)) {
            Some(host) => Err(BadRule(host.clone())),
            None => Ok(allowed),
        }
    }

    pub(super) fn may_connect(&self, host: &str, address: SocketAddr) -> bool {
        let ip = address.ip();
        is_public(ip)
            || names(&self.hosts, host, address.port())
            || names(&self.insecure, host, address.port())
            || self.networks.iter().any(|(network, bits)| is_within(ip, *network, *bits))
    }

    pub(super) fn may_be_plain(&self, host: &str, address: SocketAddr) -> bool {
        address.ip().is_loopback() || names(&self.insecure, host, address.port())
    }
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
}

/// By the host alone, or with its port.
fn names(rules: &[String], host: &str, port: u16) -> bool {
    let same = |rule: &String| {
        let plain = rule.trim_matches(['[', ']']);
        plain.eq_ignore_ascii_case(host)
            || rule.eq_ignore_ascii_case(&format!("{host}:{port}"))
            || rule.eq_ignore_ascii_case(&format!("[{host}]:{port}"))
    };
    rules.iter().any(same)
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let number = |address: IpAddr| match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    address.is_ipv4() == network.is_ipv4() && number(address) & mask == number(network) & mask
}

/// Source: IANA's registries of special-purpose addresses.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public_v4(v4),
            // What is handed out to the world begins with these three bits; 2001:db8 is for examples.
            None => v6.segments()[0] & 0xe000 == 0x2000 && v6.segments()[..2] != [0x2001, 0xdb8],
        },
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let special: [([u8; 4], u8); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    !special.iter().any(|(network, bits)| is_within(IpAddr::V4(v4), IpAddr::V4(Ipv4Addr::from(*network)), *bits))
}

/// The address of version 4 that one of version 6 leads to: mapped, translated (NAT64), or 6to4.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b) {
        (0, 0) if [c, d, e] == [0; 3] && (f == 0xffff || f == 0) => Some(v4(g, h)),
        (0x64, 0xff9b) => Some(v4(g, h)),
        (0x2002, _) => Some(v4(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(rules: &[&str], insecure: &[&str], host: &str, address: &str) -> bool {
        let owned = |list: &[&str]| list.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>();
        let allowed = Allowed::parse(&owned(rules), &owned(insecure)).expect("rules");
        allowed.may_connect(host, SocketAddr::new(address.parse().expect("an address"), 5000))
    }

    #[test]
    fn the_world_is_reached_and_nothing_that_is_ours_alone() {
        for public in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
            assert!(may(&[], &[], "h", public), "{public}");
        }
        for own in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!may(&[], &[], "h", own), "{own}");
        }
    }

    #[test]
    fn the_operator_allows_hosts_and_networks() {
        assert!(may(&["registry.local"], &[], "registry.local", "10.0.0.1"));
        assert!(may(&["registry.local:5000"], &[], "Registry.local", "10.0.0.1"));
        assert!(!may(&["registry.local:5001"], &[], "registry.local", "10.0.0.1"));
        assert!(!may(&["registry.local"], &[], "other.local", "10.0.0.1"));
        assert!(may(&["10.0.0.0/8"], &[], "h", "10.255.0.1"));
        assert!(!may(&["10.0.0.0/8"], &[], "h", "172.16.0.1"));
        assert!(may(&["0.0.0.0/0"], &[], "h", "127.0.0.1"));
        assert!(!may(&["0.0.0.0/0"], &[], "h", "::1"));
        assert!(may(&["fd00::/8"], &[], "h", "fd12::1"));
        assert!(may(&[], &["h:5000"], "h", "127.0.0.1"));
        assert!(may(&["[::1]:5000"], &[], "::1", "::1"));
    }

    #[test]
    fn a_rule_that_means_nothing_is_refused() {
        for rule in ["", "10.0.0.0/33", "10.0.0/8", "http://h", "a b"] {
            assert_eq!(Allowed::parse(&[rule.to_owned()], &[]).map(drop), Err(BadRule(rule.to_owned())), "{rule}");
        }
    }
}
