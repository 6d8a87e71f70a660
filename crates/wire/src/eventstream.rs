//! AWS's event stream encoding: messages one after the other in one body, each with headers, a payload and checksums.
//!
//! ```text
//! total length u32 | length of headers u32 | CRC-32 of both | headers | payload | CRC-32 of all before it
//! a header: length of name u8 | name | type u8 | value; a text (type 7) is length u16 | UTF-8
//! ```
//! Big-endian. <https://smithy.io/2.0/aws/amazon-eventstream.html>. We write texts only, and skip other types.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Both lengths and their checksum.
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;
/// AWS's own limits: 128 KiB of headers, 24 MiB of payload.
const HEADER_BYTES: usize = 128 << 10;
const MESSAGE_BYTES: usize = (24 << 20) + HEADER_BYTES + PRELUDE + CHECKSUM;
const TEXT: u8 = 7;

/// One message. Headers are texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub headers: Vec<(String, String)>,
    pub payload: Bytes,
}

/// Bytes that are no event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a message of {0} bytes")]
    Length(usize),
    #[error("a checksum is wrong")]
    Checksum,
    #[error("a header can't be read")]
    Header,
}

impl Message {
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { headers: Vec::new(), payload: payload.into() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The message's bytes. A name is at most 255 bytes, a value 32 KiB, as AWS has it: what is over it is cut.
    pub fn encode(&self) -> Bytes {
        let mut headers = BytesMut::new();
        for (name, value) in &self.headers {
            let (name, value) = (cut(name, 255), cut(value, 0x7fff));
            headers.put_u8(name.len() as u8);
            headers.put_slice(name.as_bytes());
            headers.put_u8(TEXT);
            headers.put_u16(value.len() as u16);
            headers.put_slice(value.as_bytes());
        }
        let total = PRELUDE + headers.len() + self.payload.len() + CHECKSUM;
        let mut out = BytesMut::with_capacity(total);
        out.put_u32(total as u32);
        out.put_u32(headers.len() as u32);
        out.put_u32(crc32fast::hash(&out));
        out.put_slice(&headers);
        out.put_slice(&self.payload);
        out.put_u32(crc32fast::hash(&out));
        out.freeze()
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Messages out of bytes that arrive in pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    unread: BytesMut,
}

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// True between two messages: a stream that ends elsewhere was cut off.
    pub fn is_empty(&self) -> bool {
        self.unread.is_empty()
    }

    /// The next whole message; `None` until it is there.
    ///
    /// # Errors
    /// If the bytes are no event stream. What follows can't be read then.
    pub fn next_message(&mut self) -> Result<Option<Message>, Malformed> {
        let Some(mut prelude) = self.unread.get(..PRELUDE) else { return Ok(None) };
        let checksum = crc32fast::hash(&prelude[..PRELUDE - CHECKSUM]);
        let (total, headers) = (prelude.get_u32() as usize, prelude.get_u32() as usize);
        if prelude.get_u32() != checksum {
            return Err(Malformed::Checksum);
        }
        let fits = total <= MESSAGE_BYTES && headers <= HEADER_BYTES && PRELUDE + headers + CHECKSUM <= total;
        if !fits {
            return Err(Malformed::Length(total));
        }
        if self.unread.len() < total {
            return Ok(None);
        }
        let mut message = self.unread.split_to(total).freeze();
        let mut end = message.split_off(total - CHECKSUM);
        if crc32fast::hash(&message) != end.get_u32() {
            return Err(Malformed::Checksum);
        }
        let payload = message.split_off(PRELUDE + headers);
        message.advance(PRELUDE);
        Ok(Some(Message { headers: read_headers(message)?, payload }))
    }
}

fn read_headers(mut bytes: Bytes) -> Result<Vec<(String, String)>, Malformed> {
    let mut headers = Vec::new();
    while bytes.has_remaining() {
        let length = usize::from(bytes.get_u8());
        let name = text(take(&mut bytes, length)?)?;
        let kind = take(&mut bytes, 1)?.get_u8();
        let length = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            6 | TEXT => usize::from(take(&mut bytes, 2)?.get_u16()),
            9 => 16,
            _ => return Err(Malformed::Header),
        };
        let value = take(&mut bytes, length)?;
        if kind == TEXT {
            headers.push((name, text(value)?));
        }
    }
    Ok(headers)
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, Malformed> {
    if bytes.len() < length { Err(Malformed::Header) } else { Ok(bytes.split_to(length)) }
}

fn text(bytes: Bytes) -> Result<String, Malformed> {
    String::from_utf8(bytes.into()).map_err(|_| Malformed::Header)
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message as Theirs};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn messages() -> impl Strategy<Value = Message> {
        let headers = vec(("[:a-z-]{1,20}", ".{0,40}"), 0..5);
        (headers, vec(any::<u8>(), 0..300)).prop_map(|(headers, payload)| Message { headers, payload: payload.into() })
    }

    fn theirs(message: &Message) -> Theirs {
        let new = Theirs::new(message.payload.clone());
        message.headers.iter().fold(new, |built, (name, value)| {
            built.add_header(Header::new(name.clone(), HeaderValue::String(value.clone().into())))
        })
    }

    fn read_all(decoder: &mut Decoder) -> Vec<Message> {
        std::iter::from_fn(|| decoder.next_message().expect("well formed")).collect()
    }

    proptest! {
        #[test]
        fn awss_own_crate_writes_the_same_bytes(message in messages()) {
            let mut written = Vec::new();
            write_message_to(&theirs(&message), &mut written).expect("well formed");
            prop_assert_eq!(message.encode(), written);
        }

        #[test]
        fn awss_own_crate_reads_what_we_write(message in messages()) {
            let read = read_message_from(message.encode()).expect("well formed");
            prop_assert_eq!(read, theirs(&message));
        }

        #[test]
        fn messages_come_back_however_they_are_cut(sent in vec(messages(), 0..5), piece in 1_usize..64) {
            let bytes: Vec<u8> = sent.iter().flat_map(Message::encode).collect();
            let mut decoder = Decoder::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(piece) {
                decoder.push(piece);
                read.extend(read_all(&mut decoder));
            }
            prop_assert!(decoder.is_empty());
            prop_assert_eq!(read, sent);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_message() {}
        }

        #[test]
        fn a_changed_byte_is_noticed(message in messages(), at in any::<prop::sample::Index>(), flip in 1_u8..) {
            let mut bytes = message.encode().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            prop_assert!(decoder.next_message().is_err());
        }
    }

    #[test]
    fn headers_that_are_no_text_are_skipped() {
        let message = Theirs::new("x")
            .add_header(Header::new("a", HeaderValue::Bool(true)))
            .add_header(Header::new("b", HeaderValue::Int64(7)))
            .add_header(Header::new("c", HeaderValue::ByteArray(Bytes::from_static(b"bytes"))))
            .add_header(Header::new(":event-type", HeaderValue::String("End".into())));
        let mut written = Vec::new();
        write_message_to(&message, &mut written).expect("well formed");
        let mut decoder = Decoder::default();
        decoder.push(&written);
        let read = decoder.next_message().expect("well formed").expect("whole");
        assert_eq!(read, Message::new("x").with(":event-type", "End"));
    }
}
