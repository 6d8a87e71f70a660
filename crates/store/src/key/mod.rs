//! Keys: tuples of plain values whose bytes sort as the tuples do.
//!
//! [`Key`] is what comes back from the store; [`KeyOf`] is whatever can stand for it in a call (`("acct", "name")` for
//! a `(String, String)`), and [`PrefixOf`] is its first elements. A wrong arity or type does not compile.

mod codec;
mod tuple;

pub use codec::{KeyError, Reader};

/// Can be written as (a part of) a key, in order.
pub trait Encode {
    fn encode(&self, out: &mut Vec<u8>);

    fn to_key(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        self.encode(&mut out);
        out
    }
}

/// A whole key or an element of one. `a < b` exactly when the bytes of `a` sort before those of `b`.
pub trait Key: Encode + Clone + Send + Sync + 'static {
    fn decode(from: &mut Reader<'_>) -> Result<Self, KeyError>;

    /// Reads a key that fills `bytes` entirely.
    fn from_key(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        let key = Self::decode(&mut reader)?;
        reader.end()?;
        Ok(key)
    }
}

/// Stands for a `K`, borrowed or owned.
pub trait KeyOf<K>: Encode {}

/// Stands for the first elements of a `K`; `()` for none of them.
pub trait PrefixOf<K>: Encode {}

impl<K: Key> KeyOf<K> for &K {}
impl<K: Key> PrefixOf<K> for () {}

/// The first byte of every key: which layer it belongs to.
pub(crate) mod layer {
    pub(crate) const TABLE: u8 = b't';
    pub(crate) const LOG: u8 = b'l';
    pub(crate) const SERIES: u8 = b's';
    pub(crate) const QUEUE: u8 = b'q';
    pub(crate) const TIMER: u8 = b'i';
    pub(crate) const LEASE: u8 = b'e';
    pub(crate) const OUTBOX: u8 = b'o';
}

/// A layer's key: its letter, then `name`.
pub(crate) fn in_layer(layer: u8, name: &impl Encode) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    key.push(layer);
    name.encode(&mut key);
    key
}

/// The least key that is greater than every key that begins with `prefix`; `None` if there is none.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// The least key that is greater than `key`.
pub fn after_key(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}
