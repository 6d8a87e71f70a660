//! The verifier from outside: AWS's published suite, AWS's own signer as oracle, S3's examples, and what is refused.

mod chunks;
mod oracle;
mod refusals;
mod suite;

use base::{Account, Caller, Clock, Fault, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Accept, Credential, Credentials, Keys, Rules, Secret, Signed, Verifier};
use crate::message::Request;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// One access key. A session token, if it has one, must come with it.
pub(super) struct OneKey {
    access_key: &'static str,
    secret: String,
    token: Option<String>,
}

impl OneKey {
    pub(super) fn example() -> Self {
        Self { access_key: "AKIDEXAMPLE", secret: SECRET.to_owned(), token: None }
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            access_key: self.access_key.to_owned(),
            secret: Secret::new(&self.secret),
            session_token: self.token.clone(),
        }
    }
}

impl Keys for OneKey {
    fn find(&self, access_key: &str, session_token: Option<&str>) -> Result<Credential, Fault> {
        if access_key != self.access_key || session_token != self.token.as_deref() {
            return Err(Fault::new(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ));
        }
        Ok(Credential { secret: Secret::new(&self.secret), caller: Caller::root(Account::default_account()) })
    }
}

pub(super) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header's value"));
    }
    Request {
        method: Method::from_bytes(method.as_bytes()).expect("a method"),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: Bytes::copy_from_slice(body),
    }
}

pub(super) fn at(stamp: &str) -> Timestamp {
    super::stamp::parse_basic(stamp).expect("a stamp")
}

/// A verifier whose clock stands (but for a test's own moments) at `stamp`.
pub(super) fn verifier(stamp: &str) -> Verifier {
    Verifier::new(Clock::simulated(at(stamp)))
}

/// Accepts `service` in any region.
pub(super) fn accept(rules: Rules) -> Accept<'static> {
    Accept { services: &["service"], regions: &[], rules }
}

/// Verified as if it were 12:36 on the suite's day.
pub(super) fn verify(request: &Request, keys: &dyn Keys) -> Result<Signed, Fault> {
    verifier("20150830T123600Z").verify(request, &accept(Rules::General), keys)
}
