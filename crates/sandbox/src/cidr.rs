//! A block of IPv4 addresses.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Such as `10.0.0.0/8`; an address alone is a block of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cidr {
    address: Ipv4Addr,
    prefix: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no block of IPv4 addresses such as 10.0.0.0/8")]
pub struct NotCidr(String);

impl Cidr {
    /// What stands behind the prefix is cut off. `None` if the prefix is longer than 32.
    pub const fn new(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        if prefix > 32 {
            return None;
        }
        Some(Self { address: Ipv4Addr::from_bits(address.to_bits() & mask(prefix)), prefix })
    }

    pub const fn one(address: Ipv4Addr) -> Self {
        Self { address, prefix: 32 }
    }

    /// The first one.
    pub const fn address(self) -> Ipv4Addr {
        self.address
    }

    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    pub const fn mask(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(mask(self.prefix))
    }

    /// How many addresses.
    pub const fn size(self) -> u64 {
        1 << (32 - self.prefix)
    }

    pub const fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.address.to_bits()
    }

    pub const fn overlaps(self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    /// The one with this number, from 0 on; `None` beyond the end.
    pub fn nth(self, number: u32) -> Option<Ipv4Addr> {
        (u64::from(number) < self.size()).then(|| Ipv4Addr::from_bits(self.address.to_bits() + number))
    }
}

const fn mask(prefix: u8) -> u32 {
    // Shifting by the whole width is not defined.
    if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) }
}

impl FromStr for Cidr {
    type Err = NotCidr;

    fn from_str(text: &str) -> Result<Self, NotCidr> {
        let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
        let parsed = address.parse().ok().zip(prefix.parse().ok());
        parsed.and_then(|(address, prefix)| Self::new(address, prefix)).ok_or_else(|| NotCidr(text.to_owned()))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blocks() -> impl Strategy<Value = Cidr> {
        (any::<u32>(), 0u8..=32).prop_map(|(bits, prefix)| Cidr::new(Ipv4Addr::from_bits(bits), prefix).expect("short"))
    }

    proptest! {
        #[test]
        fn a_block_comes_back_from_its_text(block in blocks()) {
            prop_assert_eq!(block.to_string().parse(), Ok(block));
        }

        #[test]
        fn two_blocks_overlap_when_one_has_an_end_of_the_other(one in blocks(), other in blocks()) {
            let last = |block: Cidr| block.nth((block.size() - 1) as u32).expect("the last");
            let shared = [one.address(), last(one)].into_iter().any(|address| other.contains(address))
                || [other.address(), last(other)].into_iter().any(|address| one.contains(address));
            prop_assert_eq!(one.overlaps(other), shared);
            prop_assert_eq!(one.nth(0), Some(one.address()));
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::1/128", "10.0.0.0/", "localhost"] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        assert_eq!("10.1.2.3/8".parse::<Cidr>().expect("cut").to_string(), "10.0.0.0/8");
    }
}
