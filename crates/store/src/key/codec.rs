//! The elements of keys as bytes that sort as the values do.
//!
//! Integers are big-endian, signed ones with the sign flipped. Text and byte strings are escaped (`00` becomes
//! `00 FF`) and end with `00 01`, so that one sorts before every longer one that begins with it.

use base::{Account, Region};
use bytes::Bytes;

use super::{Encode, Key, KeyOf};

const ESCAPE: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xff;
const END: u8 = 0x01;

/// Why bytes are no key of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the key ends within an element")]
    Short,
    #[error("{0} bytes follow the last element")]
    Long(usize),
    #[error("a text is not UTF-8")]
    NotText,
    #[error("byte {0:#04x} follows an escape")]
    Escape(u8),
    #[error("{0} is no value of this element")]
    Value(String),
}

/// Reads elements from the front of a key.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `N` bytes as they are.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], KeyError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(KeyError::Short)?;
        self.0 = rest;
        Ok(*head)
    }

    /// The next byte string, without its escapes.
    pub fn string(&mut self) -> Result<Vec<u8>, KeyError> {
        let mut out = Vec::new();
        loop {
            let [byte] = self.take()?;
            if byte != ESCAPE {
                out.push(byte);
                continue;
            }
            match self.take()? {
                [END] => return Ok(out),
                [ESCAPED_ZERO] => out.push(0),
                [other] => return Err(KeyError::Escape(other)),
            }
        }
    }

    pub fn text(&mut self) -> Result<String, KeyError> {
        String::from_utf8(self.string()?).map_err(|_| KeyError::NotText)
    }

    pub fn end(&self) -> Result<(), KeyError> {
        if self.0.is_empty() { Ok(()) } else { Err(KeyError::Long(self.0.len())) }
    }
}

fn encode_string(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == ESCAPE {
            out.push(ESCAPED_ZERO);
        }
    }
    out.extend([ESCAPE, END]);
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, out: &mut Vec<u8>) {
        (**self).encode(out);
    }
}

impl Encode for str {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_string(self.as_bytes(), out);
    }
}

impl Encode for [u8] {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_string(self, out);
    }
}

impl KeyOf<String> for &str {}
impl KeyOf<Bytes> for &[u8] {}

macro_rules! element {
    ($($type:ty: |$value:ident, $out:ident| $encode:expr, |$reader:ident| $decode:expr;)*) => {$(
        impl Encode for $type {
            fn encode(&self, $out: &mut Vec<u8>) {
                let $value = self;
                $encode;
            }
        }
        impl Key for $type {
            fn decode($reader: &mut Reader<'_>) -> Result<Self, KeyError> {
                $decode
            }
        }
        impl KeyOf<$type> for $type {}
    )*};
}

element! {
    String: |text, out| encode_string(text.as_bytes(), out), |from| from.text();
    Bytes: |bytes, out| encode_string(bytes, out), |from| from.string().map(Bytes::from);
    u8: |n, out| out.push(*n), |from| from.take().map(|[n]| n);
    u32: |n, out| out.extend(n.to_be_bytes()), |from| from.take().map(u32::from_be_bytes);
    u64: |n, out| out.extend(n.to_be_bytes()), |from| from.take().map(u64::from_be_bytes);
    i64: |n, out| out.extend((*n ^ i64::MIN).to_be_bytes()),
        |from| from.take().map(|bytes| i64::from_be_bytes(bytes) ^ i64::MIN);
    bool: |yes, out| out.push(u8::from(*yes)), |from| match from.take()? {
        [0] => Ok(false),
        [1] => Ok(true),
        [other] => Err(KeyError::Value(other.to_string())),
    };
    Account: |account, out| encode_string(account.as_str().as_bytes(), out), |from| {
        let text = from.text()?;
        Self::parse(&text).ok_or(KeyError::Value(text))
    };
    Region: |region, out| encode_string(region.as_str().as_bytes(), out), |from| from.text().map(|text| Self::new(&text));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Sample = (Bytes, String, i64, (u64, bool));

    fn sample() -> impl Strategy<Value = Sample> {
        // Few distinct bytes, so that one string is often the beginning of another and escapes are frequent.
        let byte = prop_oneof![Just(0u8), Just(1), Just(0xfe), Just(0xff), any::<u8>()];
        let bytes = prop::collection::vec(byte, 0..4).prop_map(Bytes::from);
        (bytes, "[\0\u{1}ab]{0,3}", prop_oneof![-2i64..3, any::<i64>()], (any::<u64>(), any::<bool>()))
    }

    proptest! {
        #[test]
        fn a_key_comes_back(key in sample()) {
            prop_assert_eq!(Sample::from_key(&key.to_key()), Ok(key));
        }

        #[test]
        fn bytes_sort_as_the_values_do(a in sample(), b in sample()) {
            prop_assert_eq!(a.to_key().cmp(&b.to_key()), a.cmp(&b));
        }

        #[test]
        fn a_prefix_covers_exactly_the_keys_that_begin_with_it(a in sample(), b in sample()) {
            let prefix = (&a.0[..], a.1.as_str()).to_key();
            let end = super::super::after_prefix(&prefix).expect("a string's end is not all FF");
            let key = b.to_key();
            let covered = key >= prefix && key < end;
            prop_assert_eq!(covered, (&a.0, &a.1) == (&b.0, &b.1));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Sample::from_key(&bytes);
        }
    }

    #[test]
    fn what_follows_a_key_is_an_error() {
        assert_eq!(u64::from_key(&[0; 9]), Err(KeyError::Long(1)));
        assert_eq!(u64::from_key(&[0; 7]), Err(KeyError::Short));
    }

    #[test]
    fn nothing_lies_after_a_prefix_of_ff() {
        assert_eq!(super::super::after_prefix(&[0xff, 0xff]), None);
        assert_eq!(super::super::after_prefix(&[1, 0xff]), Some(vec![2]));
    }
}
