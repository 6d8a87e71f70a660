//! Bodies in `aws-chunked` frames: each chunk's signature follows from the one before, the first from the request's.
//!
//! ```text
//! <size in hex>[;chunk-signature=<64 hex>]\r\n <bytes> \r\n   any number of times
//! 0[;chunk-signature=<64 hex>]\r\n
//! <name>:<value>\r\n                                           trailers, if the request announced them
//! x-amz-trailer-signature:<64 hex>\r\n                         if they are signed
//! \r\n
//! ```

use base::Fault;
use base::limits::sigv4::{CHUNK_HEAD_BYTES, TRAILER_LINES};
use bytes::{Bytes, BytesMut};

use super::claim::{Claim, single_header};
use super::key::SigningKey;
use super::payload::Streaming;
use super::{canonical, checksum, stamp, verify, words};
use crate::message::Request;

const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// The body without its frames, if every signature and checksum holds.
///
/// # Errors
/// `InvalidSignatureException` at the first chunk that isn't as it was signed; `IncompleteBody` if the frames are
/// malformed or hold another number of bytes than `x-amz-decoded-content-length`; `InvalidRequest` and `BadDigest` for
/// trailers.
pub(super) fn decode(request: &Request, claim: &Claim, streaming: Streaming, key: &SigningKey) -> Result<Bytes, Fault> {
    let mut chain = Chain {
        key: streaming.signed.then_some(key),
        context: format!("{}\n{}", stamp::basic(claim.at), claim.scope),
        previous: claim.signature.clone(),
    };
    let mut frames = Frames { rest: &request.body };
    let mut body = BytesMut::with_capacity(request.body.len());
    loop {
        let (signature, chunk) = frames.chunk()?;
        chain.chunk(signature, chunk)?;
        if chunk.is_empty() {
            break;
        }
        body.extend_from_slice(chunk);
    }
    let trailers = frames.trailers()?;
    length_is_right(request, body.len())?;
    if streaming.trailer {
        check_trailers(request, &trailers, &mut chain, &body)?;
    } else if !trailers.is_empty() {
        return Err(words::trailer("The request has a trailer that it did not announce."));
    }
    Ok(body.freeze())
}

fn length_is_right(request: &Request, decoded: usize) -> Result<(), Fault> {
    let said = single_header(request, "x-amz-decoded-content-length")?;
    match said.as_deref().map(str::parse::<usize>) {
        Some(Ok(said)) if said == decoded => Ok(()),
        _ => Err(words::decoded_length()),
    }
}

/// The signatures, each of which signs the one before.
struct Chain<'a> {
    /// `None` if chunks aren't signed.
    key: Option<&'a SigningKey>,
    /// The moment and the scope, as every string to sign has them.
    context: String,
    previous: String,
}

impl Chain<'_> {
    fn chunk(&mut self, signature: Option<&str>, chunk: &[u8]) -> Result<(), Fault> {
        let nothing = canonical::sha256(b"");
        self.link("AWS4-HMAC-SHA256-PAYLOAD", signature, |previous, context| {
            format!("{context}\n{previous}\n{nothing}\n{}", canonical::sha256(chunk))
        })
    }

    fn trailer(&mut self, signature: Option<&str>, lines: &str) -> Result<(), Fault> {
        self.link("AWS4-HMAC-SHA256-TRAILER", signature, |previous, context| {
            format!("{context}\n{previous}\n{}", canonical::sha256(lines.as_bytes()))
        })
    }

    /// The text to sign isn't made where nothing is signed: hashing a body costs.
    fn link(
        &mut self,
        kind: &str,
        signature: Option<&str>,
        text: impl FnOnce(&str, &str) -> String,
    ) -> Result<(), Fault> {
        match (self.key, signature) {
            (None, None) => Ok(()),
            (Some(key), Some(signature)) => {
                let computed = key.sign(&format!("{kind}\n{}", text(&self.previous, &self.context)));
                if !verify::same(&computed, signature) {
                    return Err(words::mismatch("a chunk's signature differs"));
                }
                self.previous = computed;
                Ok(())
            }
            _ => Err(words::mismatch("a chunk is signed, or not, against what the request says")),
        }
    }
}

/// A chunk's signature, if it has one, and its bytes.
type Chunk<'a> = (Option<&'a str>, &'a [u8]);

/// What is left of the body.
struct Frames<'a> {
    rest: &'a [u8],
}

impl<'a> Frames<'a> {
    fn chunk(&mut self) -> Result<Chunk<'a>, Fault> {
        let head = self.line()?;
        let (size, extension) = head.split_once(';').map_or((head, None), |(size, rest)| (size, Some(rest)));
        let size = chunk_size(size).ok_or_else(|| words::body_ends("a chunk's size is no number"))?;
        let signature = match extension {
            Some(text) => {
                Some(text.strip_prefix("chunk-signature=").ok_or_else(|| words::body_ends("unknown chunk extension"))?)
            }
            None => None,
        };
        if size == 0 {
            return Ok((signature, &[]));
        }
        let (chunk, rest) = self.rest.split_at_checked(size).ok_or_else(|| words::body_ends("inside a chunk"))?;
        self.rest = rest.strip_prefix(b"\r\n").ok_or_else(|| words::body_ends("a chunk is longer than it says"))?;
        Ok((signature, chunk))
    }

    fn line(&mut self) -> Result<&'a str, Fault> {
        let window = &self.rest[..self.rest.len().min(CHUNK_HEAD_BYTES)];
        let end = window.windows(2).position(|pair| pair == b"\r\n").ok_or_else(|| words::body_ends("no line end"))?;
        let line = std::str::from_utf8(&self.rest[..end]).map_err(|_| words::body_ends("a line isn't text"))?;
        self.rest = &self.rest[end + 2..];
        Ok(line)
    }

    /// The lines behind the last chunk, up to the empty one; nothing may follow it.
    fn trailers(&mut self) -> Result<Vec<(&'a str, &'a str)>, Fault> {
        let mut trailers = Vec::new();
        while !self.rest.is_empty() {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if trailers.len() == TRAILER_LINES {
                return Err(words::body_ends("too many trailers"));
            }
            trailers.push(line.split_once(':').ok_or_else(|| words::body_ends("a trailer without a colon"))?);
        }
        if self.rest.is_empty() { Ok(trailers) } else { Err(words::body_ends("bytes behind the end")) }
    }
}

fn chunk_size(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits { usize::from_str_radix(text, 16).ok() } else { None }
}

/// The trailers are those that `x-amz-trailer` announced, signed where chunks are, and their checksums hold.
fn check_trailers(
    request: &Request,
    trailers: &[(&str, &str)],
    chain: &mut Chain<'_>,
    body: &[u8],
) -> Result<(), Fault> {
    let announced = single_header(request, "x-amz-trailer")?.unwrap_or_default().to_lowercase();
    let mut came = Vec::new();
    let mut lines = String::new();
    let mut signature = None;
    for (name, value) in trailers {
        let (name, value) = (name.trim().to_lowercase(), value.trim());
        if name == TRAILER_SIGNATURE {
            signature = Some(value);
            continue;
        }
        lines.push_str(&format!("{name}:{value}\n"));
        came.push((name, value));
    }
    chain.trailer(signature, &lines)?;
    let names = announced.split(',').map(str::trim).filter(|name| !name.is_empty());
    if !names.eq(came.iter().map(|(name, _)| name.as_str())) {
        return Err(words::trailer("The trailers are not those that x-amz-trailer announces."));
    }
    came.iter().try_for_each(|(name, value)| checksum::verify(name, value, body))
}
