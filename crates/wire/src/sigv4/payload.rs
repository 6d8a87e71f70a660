//! What stands for the body in a signature: its hash, or a word that says how the body is protected instead.

use base::Fault;

use super::claim::{Claim, single_header};
use super::verify::Rules;
use super::{canonical, words};
use crate::message::Request;

pub(super) const HEADER: &str = "x-amz-content-sha256";
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// How a body comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// Whole; its hash, computed here, is signed.
    Hashed(String),
    /// Whole, and not covered by the signature.
    Unsigned,
    /// In chunks.
    Streaming(Streaming),
}

/// A body in chunks: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Streaming {
    /// Each chunk, and the trailer if there is one, has a signature.
    pub(super) signed: bool,
    pub(super) trailer: bool,
}

const STREAMING: [(&str, Streaming); 3] = [
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Streaming { signed: true, trailer: false }),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Streaming { signed: true, trailer: true }),
    ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", Streaming { signed: false, trailer: true }),
];

impl Payload {
    /// Only S3 knows bodies that aren't hashed; for all others the body is hashed whatever the header says.
    pub(super) fn of(request: &Request, claim: &Claim, rules: Rules) -> Result<Self, Fault> {
        let said = single_header(request, HEADER)?.or_else(|| presigned_default(request, claim, rules));
        match (said.as_deref(), rules) {
            (Some(UNSIGNED), Rules::S3) => return Ok(Self::Unsigned),
            (Some(word), Rules::S3) => {
                if let Some((_, streaming)) = STREAMING.iter().find(|(name, _)| *name == word) {
                    return Ok(Self::Streaming(*streaming));
                }
            }
            _ => {}
        }
        let computed = canonical::sha256(&request.body);
        match (said, rules) {
            (Some(said), Rules::S3) if said != computed => Err(words::content_hash()),
            (Some(said), Rules::General) if said != computed => {
                Err(words::mismatch("x-amz-content-sha256 is not the body's hash"))
            }
            _ => Ok(Self::Hashed(computed)),
        }
    }

    /// What the canonical request ends with.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Hashed(hash) => hash,
            Self::Unsigned => UNSIGNED,
            Self::Streaming(streaming) => streaming.word(),
        }
    }
}

impl Streaming {
    fn word(self) -> &'static str {
        STREAMING.iter().find(|(_, known)| *known == self).map_or(UNSIGNED, |(name, _)| name)
    }
}

/// S3's presigned requests don't cover the body unless they say so.
fn presigned_default(request: &Request, claim: &Claim, rules: Rules) -> Option<String> {
    if !claim.presigned || rules != Rules::S3 {
        return None;
    }
    let said = canonical::pairs(&request.query).find(|(name, _)| name == b"X-Amz-Content-Sha256".as_slice());
    Some(said.map_or_else(|| UNSIGNED.to_owned(), |(_, value)| String::from_utf8_lossy(&value).into_owned()))
}
