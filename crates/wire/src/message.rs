//! A request and an answer as they stand on the wire, whole.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::streaming::ByteStream;

/// A request whose body has arrived. Path and query are as sent: percent-encoded.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub path: String,
    /// Without the question mark; empty if there is none.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// A header's text; `None` if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body if it is a form, else nothing.
    pub(crate) fn form(&self) -> &[u8] {
        let kind = self.header("content-type").unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") { &self.body } else { b"" }
    }
}

/// An answer, which is whole unless told otherwise.
#[derive(Clone, Debug)]
pub struct Response<B = Bytes> {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: B,
}

/// The body of an answer that goes out.
pub enum Body {
    Whole(Bytes),
    Stream(ByteStream),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl From<Response> for Response<Body> {
    fn from(response: Response) -> Self {
        Self { status: response.status, headers: response.headers, body: Body::Whole(response.body) }
    }
}

impl Response {
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
    }
}

impl<B> Response<B> {
    /// Sets a header; a value that can't be one is left out (it comes from a function and is hostile).
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}
