//! What a request says of its signature: by whom, when, over which headers. Nothing of it is believed yet.

use std::fmt;

use base::{Fault, Timestamp};
use http::header::{AUTHORIZATION, DATE};

use super::{ALGORITHM, TERMINATOR, canonical, stamp, words};
use crate::message::Request;

/// The day, region and service that a signing key is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialScope {
    /// `20150830`.
    pub date: String,
    pub region: String,
    /// The signing name, such as `lambda`.
    pub service: String,
}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}

/// A signature as it was presented. Unverified: fit for choosing a service, never for trusting a caller.
#[derive(Clone, Debug)]
pub struct Claim {
    pub access_key: String,
    pub scope: CredentialScope,
    pub session_token: Option<String>,
    /// In the query rather than in the `Authorization` header.
    pub presigned: bool,
    pub(super) terminator: String,
    pub(super) at: Timestamp,
    /// Seconds from `at`; only a presigned request has them.
    pub(super) expires: Option<u64>,
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: String,
}

/// The four things that each form must bring.
#[derive(Default)]
struct Parts {
    credential: Option<String>,
    signed_headers: Option<String>,
    signature: Option<String>,
    date: Option<String>,
}

impl Claim {
    /// Reads the header's form or the query's.
    ///
    /// # Errors
    /// `MissingAuthenticationTokenException` if there is neither, `IncompleteSignatureException` if there are both, if a
    /// part is missing or malformed, or if the algorithm isn't `AWS4-HMAC-SHA256`.
    pub fn of(request: &Request) -> Result<Self, Fault> {
        let query = Query::of(request)?;
        match (request.headers.contains_key(AUTHORIZATION), query) {
            (true, Some(_)) => Err(words::two_mechanisms()),
            (true, None) => from_header(request),
            (false, Some(query)) => from_query(request, query),
            (false, None) => Err(words::missing()),
        }
    }

    fn new(parts: Parts, at: Timestamp) -> Result<Self, Fault> {
        let credential = parts.credential.unwrap_or_default();
        let elements: Vec<_> = credential.split('/').collect();
        let [access_key, date, region, service, terminator] = elements[..] else {
            return Err(words::five_elements(&credential));
        };
        Ok(Self {
            access_key: access_key.to_owned(),
            scope: CredentialScope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() },
            terminator: terminator.to_owned(),
            session_token: None,
            presigned: false,
            at,
            expires: None,
            signed_headers: parts.signed_headers.unwrap_or_default().split(';').map(str::to_owned).collect(),
            signature: parts.signature.unwrap_or_default(),
        })
    }
}

fn from_header(request: &Request) -> Result<Claim, Fault> {
    let mut values = request.headers.get_all(AUTHORIZATION).iter();
    let header = values.next().map(|value| value.as_bytes()).unwrap_or_default();
    if values.next().is_some() {
        return Err(words::repeated("Authorization"));
    }
    let text = String::from_utf8_lossy(header);
    let text = text.trim();
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if scheme != ALGORITHM && scheme.starts_with("AWS4-") {
        return Err(words::unsupported_algorithm(scheme));
    }
    let mut parts = if scheme == ALGORITHM { header_parts(rest, header)? } else { Parts::default() };
    let (date, at) = header_date(request);
    parts.date = date;
    header_is_whole(&parts, header)?;
    let at = at.ok_or_else(|| words::date_format(parts.date.as_deref().unwrap_or_default()))?;
    let session_token = single_header(request, "x-amz-security-token")?;
    Ok(Claim { session_token, ..Claim::new(parts, at)? })
}

fn header_parts(rest: &str, header: &[u8]) -> Result<Parts, Fault> {
    let mut parts = Parts::default();
    for pair in rest.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| words::not_a_pair(header))?;
        let slot = match name {
            "Credential" => &mut parts.credential,
            "SignedHeaders" => &mut parts.signed_headers,
            "Signature" => &mut parts.signature,
            _ => continue,
        };
        if slot.replace(value.to_owned()).is_some() {
            return Err(words::repeated(name));
        }
    }
    Ok(parts)
}

fn header_is_whole(parts: &Parts, header: &[u8]) -> Result<(), Fault> {
    let requirements = [
        (&parts.credential, "'Credential' parameter"),
        (&parts.signature, "'Signature' parameter"),
        (&parts.signed_headers, "'SignedHeaders' parameter"),
        (&parts.date, "existence of either a 'X-Amz-Date' or a 'Date' header"),
    ];
    let absent: Vec<_> = requirements.iter().filter(|(part, _)| part.is_none()).map(|(_, what)| *what).collect();
    if absent.is_empty() { Ok(()) } else { Err(words::header_requires(&absent, header)) }
}

/// `X-Amz-Date` if there is one, else `Date`: as it came, and the moment that it names.
fn header_date(request: &Request) -> (Option<String>, Option<Timestamp>) {
    if let Some(date) = joined_header(request, "x-amz-date") {
        let at = stamp::parse_basic(&date);
        return (Some(date), at);
    }
    let date = joined_header(request, DATE.as_str());
    let at = date.as_deref().and_then(stamp::parse_date);
    (date, at)
}

/// A header that came twice is joined, so that it is the right form of nothing.
fn joined_header(request: &Request, name: &str) -> Option<String> {
    let values: Vec<_> =
        request.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(",").trim().to_owned())
}

/// # Errors
/// If the header came more than once.
pub(super) fn single_header(request: &Request, name: &str) -> Result<Option<String>, Fault> {
    match request.headers.get_all(name).iter().count() {
        0 | 1 => Ok(joined_header(request, name)),
        _ => Err(words::repeated(name)),
    }
}

/// The signature's parameters of a presigned request.
#[derive(Default)]
struct Query {
    algorithm: Option<String>,
    parts: Parts,
    expires: Option<String>,
    token: Option<String>,
}

impl Query {
    /// `None` if the query isn't a presigned request's.
    fn of(request: &Request) -> Result<Option<Self>, Fault> {
        if !request.query.contains("X-Amz-") {
            return Ok(None);
        }
        let mut query = Self::default();
        for (name, value) in canonical::pairs(&request.query) {
            let Ok(name) = std::str::from_utf8(&name) else { continue };
            let Some(slot) = query.slot(name) else { continue };
            if slot.replace(String::from_utf8_lossy(&value).into_owned()).is_some() {
                return Err(words::repeated(name));
            }
        }
        let presigned =
            query.algorithm.is_some() || query.parts.signature.is_some() || query.parts.credential.is_some();
        Ok(presigned.then_some(query))
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "X-Amz-Algorithm" => &mut self.algorithm,
            "X-Amz-Credential" => &mut self.parts.credential,
            "X-Amz-Signature" => &mut self.parts.signature,
            "X-Amz-SignedHeaders" => &mut self.parts.signed_headers,
            "X-Amz-Date" => &mut self.parts.date,
            "X-Amz-Expires" => &mut self.expires,
            "X-Amz-Security-Token" => &mut self.token,
            _ => return None,
        })
    }

    fn is_whole(&self) -> Result<(), Fault> {
        let requirements = [
            (&self.algorithm, "X-Amz-Algorithm"),
            (&self.parts.credential, "X-Amz-Credential"),
            (&self.parts.signature, "X-Amz-Signature"),
            (&self.parts.signed_headers, "X-Amz-SignedHeaders"),
            (&self.parts.date, "X-Amz-Date"),
        ];
        let absent: Vec<_> = requirements.iter().filter(|(part, _)| part.is_none()).map(|(_, name)| *name).collect();
        if absent.is_empty() { Ok(()) } else { Err(words::query_requires(&absent)) }
    }
}

fn from_query(request: &Request, query: Query) -> Result<Claim, Fault> {
    query.is_whole()?;
    if let Some(algorithm) = query.algorithm.as_deref().filter(|name| *name != ALGORITHM) {
        return Err(words::unsupported_algorithm(algorithm));
    }
    let expires = query.expires.as_deref().map(lifetime).transpose()?;
    let date = query.parts.date.as_deref().unwrap_or_default();
    let at = stamp::parse_basic(date).ok_or_else(|| words::date_format(date))?;
    let session_token = match (query.token, single_header(request, "x-amz-security-token")?) {
        (Some(_), Some(_)) => return Err(words::repeated("X-Amz-Security-Token")),
        (in_query, in_header) => in_query.or(in_header),
    };
    Ok(Claim { session_token, expires, presigned: true, ..Claim::new(query.parts, at)? })
}

/// One second to a week: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
fn lifetime(text: &str) -> Result<u64, Fault> {
    let range = base::limits::sigv4::PRESIGNED_SECONDS;
    if text.starts_with('-') {
        return Err(words::expires("X-Amz-Expires must be non-negative"));
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(seconds) if digits && range.contains(&seconds) => Ok(seconds),
        Ok(0) if digits => Err(words::expires("X-Amz-Expires must be at least 1 second")),
        _ if digits => Err(words::expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             604800 seconds",
        )),
        _ => Err(words::expires("X-Amz-Expires should be a number")),
    }
}
