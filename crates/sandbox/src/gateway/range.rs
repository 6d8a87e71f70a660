//! Which addresses environments have: some that mean nothing to the host.

use std::net::Ipv4Addr;

use crate::{Cidr, Error, Result};

/// Fewer addresses are not worth the trouble, and more than a /8 nobody has.
const PREFIXES: std::ops::RangeInclusive<u8> = 8..=24;

/// `asked`, if it is fit; else the first of ours that overlaps with nothing the host knows a way to.
pub(crate) fn choose(asked: Option<Cidr>, known: &[Cidr]) -> Result<Cidr> {
    // A default route is a way to everything, and means nothing.
    let known: Vec<Cidr> = known.iter().copied().filter(|network| network.prefix() > 0).collect();
    let overlap = |range: Cidr| known.iter().copied().find(|network| network.overlaps(range));
    match asked {
        Some(range) if !PREFIXES.contains(&range.prefix()) => Err(Error::NetworkRange { range, problem: wrong_size() }),
        Some(range) => match overlap(range) {
            Some(taken) => Err(Error::NetworkRange { range, problem: format!("the host knows a way to {taken}") }),
            None => Ok(range),
        },
        None => candidates().find(|range| overlap(*range).is_none()).ok_or_else(|| Error::NetworkRange {
            range: first_candidate(),
            problem: "it and all others that are tried overlap with networks of the host".to_owned(),
        }),
    }
}

fn wrong_size() -> String {
    format!("it must have a prefix from /{} to /{}", PREFIXES.start(), PREFIXES.end())
}

/// Sixteen bits of `10.0.0.0/8` in places where few have theirs, then of the others that are private.
fn candidates() -> impl Iterator<Item = Cidr> {
    let ten = (213..=254).chain(150..213).map(|second| Ipv4Addr::new(10, second, 0, 0));
    let others = (16..=31).rev().map(|second| Ipv4Addr::new(172, second, 0, 0));
    ten.chain(others).filter_map(|address| Cidr::new(address, 16))
}

fn first_candidate() -> Cidr {
    candidates().next().expect("there are some")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(text: &str) -> Cidr {
        text.parse().expect("a block")
    }

    #[test]
    fn an_unused_range_is_taken_and_a_default_route_uses_none() {
        assert_eq!(choose(None, &[block("0.0.0.0/0"), block("192.168.0.0/24")]).expect("free"), block("10.213.0.0/16"));
        assert_eq!(choose(None, &[block("10.213.7.1/32")]).expect("free"), block("10.214.0.0/16"));
    }

    #[test]
    fn a_host_that_routes_all_of_ten_is_given_another() {
        assert_eq!(choose(None, &[block("10.0.0.0/8")]).expect("free"), block("172.31.0.0/16"));
        assert!(choose(None, &[block("10.0.0.0/8"), block("172.16.0.0/12")]).is_err());
    }

    #[test]
    fn a_range_that_was_asked_for_is_taken_or_refused() {
        let asked = Some(block("192.168.64.0/20"));
        assert_eq!(choose(asked, &[]).expect("free"), block("192.168.64.0/20"));
        assert!(matches!(choose(asked, &[block("192.168.65.1/32")]), Err(Error::NetworkRange { .. })));
        assert!(choose(Some(block("192.168.64.0/25")), &[]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_chosen_overlaps_with_nothing(networks in proptest::collection::vec((any::<u32>(), 8u8..=32), 0..20)) {
            let known: Vec<Cidr> = networks.into_iter()
                .filter_map(|(bits, prefix)| Cidr::new(Ipv4Addr::from_bits(bits % (1 << 24) + (10 << 24)), prefix))
                .collect();
            if let Ok(range) = choose(None, &known) {
                prop_assert!(known.iter().all(|network| !network.overlaps(range)));
            }
        }
    }
}
