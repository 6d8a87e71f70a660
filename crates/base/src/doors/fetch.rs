//! The door `fetch`: outgoing HTTP, for those few who need it.
//!
//! Loopback, link-local and private addresses are refused unless the operator allows them: whoever may name a URL must
//! not reach what only this host does. A redirection is an answer like any other; who follows it asks again.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

/// A request to a host outside.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub method: &'static str,
    /// Absolute, http or https.
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

/// Its answer; the body comes as it is asked for.
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Box<dyn Body>,
}

/// Hostile like everything that comes from outside: whoever reads it has a limit.
#[async_trait]
pub trait Body: Send + Sync {
    /// `None` at its end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Error>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{host} is not fetched from: {why}")]
    Refused { host: String, why: String },
    #[error("cannot reach {host}: {cause}")]
    Unreachable { host: String, cause: String },
    #[error("the answer broke off: {0}")]
    Broken(String),
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// Fetches. One request, one answer; waits for neither for ever.
#[async_trait]
pub trait Fetch: Send + Sync {
    async fn fetch(&self, request: Outgoing) -> Result<Answer, Error>;
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The whole body, of `limit` bytes at most.
    pub async fn read(mut self, limit: usize) -> Result<Bytes, Error> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.body.chunk().await? {
            if all.len() + chunk.len() > limit {
                return Err(Error::TooLong(limit));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("headers", &self.headers).finish_non_exhaustive()
    }
}
