//! The bytes of a netlink message: a header, a fixed part, and attributes in attributes.

/// The kernel acts on it, and says so.
pub(crate) const REQUEST: u16 = 0x1;
pub(crate) const ACKNOWLEDGE: u16 = 0x4;
/// What exists already is an error.
pub(crate) const EXCLUSIVE: u16 = 0x200;
pub(crate) const CREATE: u16 = 0x400;
pub(crate) const APPEND: u16 = 0x800;
/// All of a kind.
pub(crate) const DUMP: u16 = 0x300;

const NESTED: u16 = 0x8000;
const HEADER_BYTES: usize = 16;
const ALIGNMENT: usize = 4;

/// One message, as it is sent. Numbers are in the machine's order unless a name says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// `fixed` is the part that stands before the attributes, in the form that `kind` has.
    pub(crate) fn new(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((flags | REQUEST).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(fixed);
        Self(bytes).aligned()
    }

    /// An attribute.
    pub(crate) fn put(mut self, kind: u16, payload: &[u8]) -> Self {
        let length = u16::try_from(payload.len() + 4).expect("attributes here have less than 64 KiB");
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(payload);
        self.aligned()
    }

    pub(crate) fn number(self, kind: u16, value: u32) -> Self {
        self.put(kind, &value.to_ne_bytes())
    }

    /// As the network has it, and netfilter.
    pub(crate) fn big_endian(self, kind: u16, value: u32) -> Self {
        self.put(kind, &value.to_be_bytes())
    }

    pub(crate) fn string(self, kind: u16, value: &str) -> Self {
        let bytes: Vec<u8> = value.bytes().chain([0]).collect();
        self.put(kind, &bytes)
    }

    /// An attribute made of attributes.
    pub(crate) fn nest(self, kind: u16, inside: impl FnOnce(Self) -> Self) -> Self {
        self.nest_after(kind, &[], inside)
    }

    /// The same, with a fixed part before them.
    pub(crate) fn nest_after(mut self, kind: u16, fixed: &[u8], inside: impl FnOnce(Self) -> Self) -> Self {
        let start = self.0.len();
        self.0.extend([0; 2]);
        self.0.extend((kind | NESTED).to_ne_bytes());
        self.0.extend(fixed);
        let mut whole = inside(self.aligned());
        let length = u16::try_from(whole.0.len() - start).expect("attributes here have less than 64 KiB");
        whole.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        whole
    }

    /// The finished bytes, under this number.
    pub(super) fn numbered(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).expect("messages here have less than 64 KiB");
        self.0[0..4].copy_from_slice(&length.to_ne_bytes());
        self.0[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.0
    }

    /// Whether the kernel will say that it has acted on it.
    pub(super) fn is_acknowledged(&self) -> bool {
        u16::from_ne_bytes([self.0[6], self.0[7]]) & ACKNOWLEDGE != 0
    }

    fn aligned(mut self) -> Self {
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
        self
    }
}

/// A message that came from the kernel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received<'a> {
    pub(crate) kind: u16,
    pub(crate) sequence: u32,
    /// The fixed part and the attributes.
    pub(crate) body: &'a [u8],
}

/// Cuts what was read into messages; what is cut off is left out.
pub(crate) fn split(mut bytes: &[u8]) -> Vec<Received<'_>> {
    let mut found = Vec::new();
    while let Some((message, rest)) = cut(bytes) {
        found.push(message);
        bytes = rest;
    }
    found
}

fn cut(bytes: &[u8]) -> Option<(Received<'_>, &[u8])> {
    let length = number_at(bytes, 0)? as usize;
    let kind = u16::from_ne_bytes([*bytes.get(4)?, *bytes.get(5)?]);
    let body = bytes.get(HEADER_BYTES..length)?;
    let rest = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    Some((Received { kind, sequence: number_at(bytes, 8)?, body }, rest))
}

/// The attributes that begin at `offset` of a body, by kind.
pub(crate) fn attributes(body: &[u8], offset: usize) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    let mut bytes = body.get(offset..).unwrap_or_default();
    while let [a, b, c, d, ..] = *bytes {
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let Some(payload) = bytes.get(4..length) else { break };
        found.push((u16::from_ne_bytes([c, d]) & !NESTED, payload));
        bytes = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    }
    found
}

pub(crate) fn number_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_in_comes_out(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut message = Message::new(7, 0, &[1, 2, 3, 4]);
            for (kind, payload) in (1..).zip(&payloads) {
                message = message.put(kind, payload);
            }
            let bytes = message.numbered(9);
            let received = split(&bytes);
            prop_assert_eq!(received.len(), 1);
            prop_assert_eq!((received[0].kind, received[0].sequence), (7, 9));
            let expected: Vec<(u16, &[u8])> = (1..).zip(payloads.iter().map(Vec::as_slice)).collect();
            prop_assert_eq!(attributes(received[0].body, 4), expected);
        }

        #[test]
        fn hostile_bytes_are_read_without_harm(bytes: Vec<u8>, offset in 0usize..64) {
            for received in split(&bytes) {
                attributes(received.body, offset);
            }
            attributes(&bytes, offset);
        }
    }

    #[test]
    fn a_nest_holds_its_attributes() {
        let bytes = Message::new(1, 0, &[]).nest(5, |nest| nest.string(6, "lo").number(7, 8)).numbered(1);
        let whole = attributes(split(&bytes)[0].body, 0);
        assert_eq!(attributes(whole[0].1, 0), [(6, b"lo\0".as_slice()), (7, &8u32.to_ne_bytes())]);
    }
}
