//! Signing: for the command line, for calls to other endpoints, and for tests.

use base::Timestamp;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderName, HeaderValue};

use super::canonical::{self, Cover, encoded};
use super::claim::CredentialScope;
use super::key::{Secret, SigningKey};
use super::verify::Rules;
use super::{ALGORITHM, payload, stamp};
use crate::message::Request;

/// What a caller signs with.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub access_key: String,
    pub secret: Secret,
    pub session_token: Option<String>,
}

/// Why a request can't be signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the request has no Host header")]
    NoHost,
    #[error("{name} can't stand in a header")]
    NotAHeader { name: &'static str },
    #[error("a presigned request lasts 1 to 604800 seconds, not {seconds}")]
    Lifetime { seconds: u64 },
}

/// Headers that proxies change or that say nothing of the request; they stay unsigned, as AWS's own clients leave them.
const UNSIGNED: [&str; 12] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// Signs with an `Authorization` header, over all headers that stay as they are on their way. Sets `X-Amz-Date`,
/// `X-Amz-Content-Sha256` and, with a session, `X-Amz-Security-Token`; a signature that was there is replaced.
///
/// The path must be percent-encoded, as it will be sent; `service` is the signing name.
///
/// # Errors
/// Without a `Host` header, or with credentials that can't stand in one.
pub fn sign(
    request: &mut Request,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let hash = canonical::sha256(&request.body);
    set(request, "x-amz-date", &stamp::basic(now))?;
    set(request, payload::HEADER, &hash)?;
    match &credentials.session_token {
        Some(token) => set(request, "x-amz-security-token", token)?,
        None => drop(request.headers.remove("x-amz-security-token")),
    }
    let signed_headers = names(request, |name| !UNSIGNED.contains(&name))?;
    let cover = Cover { rules: Rules::of(service), signed_headers: &signed_headers, payload: &hash };
    let (scope, signature) = signature(request, &cover, credentials, (region, service), now);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
        credentials.access_key,
        signed_headers.join(";")
    );
    set(request, AUTHORIZATION.as_str(), &authorization)
}

/// The query of `request` with a signature in it, good for `seconds` from `now`. Covers `Host` and the `x-amz-` headers;
/// S3's cover no body, all others the body that `request` has.
///
/// # Errors
/// Without a `Host` header, or if `seconds` isn't within 1..=604800.
pub fn presign(
    request: &Request,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: Timestamp,
    seconds: u64,
) -> Result<String, Error> {
    if !base::limits::sigv4::PRESIGNED_SECONDS.contains(&seconds) {
        return Err(Error::Lifetime { seconds });
    }
    let rules = Rules::of(service);
    let signed_headers = names(request, |name| name == HOST.as_str() || name.starts_with("x-amz-"))?;
    let unsigned = Request {
        query: presigned_query(request, credentials, &signed_headers, (&scope(region, service, now), now, seconds)),
        ..request.clone()
    };
    let payload = match rules {
        Rules::S3 => payload::UNSIGNED.to_owned(),
        Rules::General => canonical::sha256(&request.body),
    };
    let cover = Cover { rules, signed_headers: &signed_headers, payload: &payload };
    let (_, signature) = signature(&unsigned, &cover, credentials, (region, service), now);
    Ok(format!("{}&X-Amz-Signature={signature}", unsigned.query))
}

fn presigned_query(
    request: &Request,
    credentials: &Credentials,
    signed_headers: &[String],
    (scope, now, seconds): (&CredentialScope, Timestamp, u64),
) -> String {
    let mut query = request.query.clone();
    let mut add = |name: &str, value: &str| {
        let between = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{between}{name}={}", encoded(value.as_bytes())));
    };
    add("X-Amz-Algorithm", ALGORITHM);
    add("X-Amz-Credential", &format!("{}/{scope}", credentials.access_key));
    add("X-Amz-Date", &stamp::basic(now));
    add("X-Amz-Expires", &seconds.to_string());
    add("X-Amz-SignedHeaders", &signed_headers.join(";"));
    if let Some(token) = &credentials.session_token {
        add("X-Amz-Security-Token", token);
    }
    query
}

fn scope(region: &str, service: &str, now: Timestamp) -> CredentialScope {
    let mut date = stamp::basic(now);
    date.truncate("YYYYMMDD".len());
    CredentialScope { date, region: region.to_owned(), service: service.to_owned() }
}

fn signature(
    request: &Request,
    cover: &Cover<'_>,
    credentials: &Credentials,
    (region, service): (&str, &str),
    now: Timestamp,
) -> (CredentialScope, String) {
    let scope = scope(region, service, now);
    let text = canonical::string_to_sign(now, &scope, &canonical::request(request, cover));
    let signature = SigningKey::derive(&credentials.secret, &scope).sign(&text);
    (scope, signature)
}

/// The names of the headers to sign, sorted.
fn names(request: &Request, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
    if !request.headers.contains_key(HOST) {
        return Err(Error::NoHost);
    }
    let mut names: Vec<_> =
        request.headers.keys().map(HeaderName::as_str).filter(|name| wanted(name)).map(str::to_owned).collect();
    names.sort_unstable();
    Ok(names)
}

fn set(request: &mut Request, name: &'static str, value: &str) -> Result<(), Error> {
    let value = HeaderValue::from_str(value).map_err(|_| Error::NotAHeader { name })?;
    request.headers.insert(HeaderName::from_static(name), value);
    Ok(())
}
