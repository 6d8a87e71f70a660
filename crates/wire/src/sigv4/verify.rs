//! The way of a signature: what is claimed, whether its scope and time are right, whose key it is, and whether that key
//! made it.

use std::time::Duration;

use base::limits::sigv4::{SIGNING_KEYS, SKEW_SECONDS};
use base::{Caller, Clock, Fault, Timestamp};
use bytes::Bytes;
use subtle::ConstantTimeEq as _;

use super::canonical::{self, Cover};
use super::claim::Claim;
use super::key::{Fingerprint, KeyCache, Secret, SigningKey};
use super::payload::Payload;
use super::{TERMINATOR, chunked, stamp, words};
use crate::message::Request;

/// Where access keys are looked up.
pub trait Keys: Send + Sync {
    /// # Errors
    /// `UnrecognizedClientException` for a key that isn't there, isn't active, or isn't that session token's;
    /// `ExpiredTokenException` for a session that is over. The verifier passes them on as they are.
    fn find(&self, access_key: &str, session_token: Option<&str>) -> Result<Credential, Fault>;
}

/// An access key that is good now.
#[derive(Clone, Debug)]
pub struct Credential {
    pub secret: Secret,
    pub caller: Caller,
}

/// In which ways S3's signatures differ from everybody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// The path is normalised and encoded twice; the body's hash is always signed.
    General,
    /// The path is encoded once and kept as it is; bodies may be unsigned, or come in signed chunks.
    S3,
}

impl Rules {
    /// By signing name.
    pub fn of(service: &str) -> Self {
        match service {
            "s3" | "s3-object-lambda" | "s3-outposts" | "s3express" => Self::S3,
            _ => Self::General,
        }
    }
}

/// What a signature may be scoped to. An empty list accepts every well-formed name.
#[derive(Clone, Copy, Debug)]
pub struct Accept<'a> {
    /// Signing names.
    pub services: &'a [&'a str],
    pub regions: &'a [&'a str],
    pub rules: Rules,
}

impl<'a> Accept<'a> {
    /// One service, in any region, by that service's rules.
    pub fn service(signing_name: &'a &'a str) -> Self {
        Self { services: std::slice::from_ref(signing_name), regions: &[], rules: Rules::of(signing_name) }
    }
}

/// A request whose signature holds.
#[derive(Clone, Debug)]
pub struct Signed {
    pub caller: Caller,
    pub access_key: String,
    pub region: String,
    /// The signing name.
    pub service: String,
    /// The body without its chunks' frames, if it came in chunks; else the request's body is the body.
    pub body: Option<Bytes>,
}

/// Verifies signatures. One for the whole program: it keeps the signing keys that it derived.
#[derive(Debug)]
pub struct Verifier {
    clock: Clock,
    keys: KeyCache,
}

impl Verifier {
    pub fn new(clock: Clock) -> Self {
        Self { clock, keys: KeyCache::new(SIGNING_KEYS) }
    }

    /// Who signed `request`, if it arrived as it was signed.
    ///
    /// # Errors
    /// `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `InvalidSignatureException`, what `keys`
    /// refuses with, and for S3's bodies `XAmzContentSHA256Mismatch`, `IncompleteBody`, `InvalidRequest`, `BadDigest`.
    /// Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html>.
    pub fn verify(&self, request: &Request, accept: &Accept<'_>, keys: &dyn Keys) -> Result<Signed, Fault> {
        let claim = Claim::of(request)?;
        headers_are_covered(request, &claim)?;
        scope_is_accepted(&claim, accept)?;
        time_is_right(&claim, self.clock.now())?;
        // The key is looked up before the body is hashed: strangers don't cost us a pass over 70 MB.
        let credential = keys.find(&claim.access_key, claim.session_token.as_deref())?;
        let payload = Payload::of(request, &claim, accept.rules)?;
        let key = self.prove(request, &claim, accept.rules, &payload, &credential.secret)?;
        let body = match payload {
            Payload::Streaming(streaming) => Some(chunked::decode(request, &claim, streaming, &key)?),
            Payload::Hashed(_) | Payload::Unsigned => None,
        };
        let Claim { access_key, scope, .. } = claim;
        Ok(Signed { caller: credential.caller, access_key, region: scope.region, service: scope.service, body })
    }

    /// The key that made the claim's signature.
    fn prove(
        &self,
        request: &Request,
        claim: &Claim,
        rules: Rules,
        payload: &Payload,
        secret: &Secret,
    ) -> Result<SigningKey, Fault> {
        let cover = Cover { rules, signed_headers: &claim.signed_headers, payload: payload.word() };
        let text = canonical::string_to_sign(claim.at, &claim.scope, &canonical::request(request, &cover));
        let fingerprint = Fingerprint::of(&claim.access_key, secret, &claim.scope);
        let cached = self.keys.get(&fingerprint);
        let fresh = cached.is_none();
        let key = cached.unwrap_or_else(|| SigningKey::derive(secret, &claim.scope));
        if !same(&key.sign(&text), &claim.signature) {
            return Err(words::mismatch("the request's signature differs"));
        }
        if fresh {
            self.keys.put(fingerprint, key.clone());
        }
        Ok(key)
    }
}

/// Compares signatures in constant time.
pub(super) fn same(computed: &str, presented: &str) -> bool {
    computed.as_bytes().ct_eq(presented.as_bytes()).into()
}

/// The list is in canonical form, names only headers that came, and leaves out none that must be signed: `host`, and
/// every `x-amz-` header but the session token, which some services' clients add after signing and which is checked
/// against the key.
fn headers_are_covered(request: &Request, claim: &Claim) -> Result<(), Fault> {
    let names = &claim.signed_headers;
    if !names.is_sorted_by(|one, next| one < next)
        || names.iter().any(|name| name.bytes().any(|b| b.is_ascii_uppercase()))
    {
        return Err(words::mismatch("SignedHeaders is not lowercase, sorted and without repetition"));
    }
    let is_signed = |name: &str| names.binary_search_by(|signed| signed.as_str().cmp(name)).is_ok();
    if !is_signed("host") {
        return Err(words::host_unsigned());
    }
    if names.iter().any(|name| !request.headers.contains_key(name.as_str())) {
        return Err(words::mismatch("a signed header is absent"));
    }
    let must = |name: &str| name.starts_with("x-amz-") && name != "x-amz-security-token";
    match request.headers.keys().find(|name| must(name.as_str()) && !is_signed(name.as_str())) {
        Some(name) => Err(words::header_unsigned(name.as_str())),
        None => Ok(()),
    }
}

fn scope_is_accepted(claim: &Claim, accept: &Accept<'_>) -> Result<(), Fault> {
    let mut complaints = Vec::new();
    let day = &stamp::basic(claim.at)[..8];
    if claim.scope.date != day {
        complaints.push(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', \
             from '{}'.",
            claim.scope.date,
            stamp::basic(claim.at)
        ));
    }
    if !is_listed(&claim.scope.region, accept.regions) {
        complaints.push("Credential should be scoped to a valid region.".to_owned());
    }
    if !is_listed(&claim.scope.service, accept.services) {
        complaints.push(match accept.services.first() {
            Some(service) => format!("Credential should be scoped to correct service: '{service}'."),
            None => "Credential should be scoped to correct service.".to_owned(),
        });
    }
    if claim.terminator != TERMINATOR {
        complaints.push(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
            claim.terminator
        ));
    }
    if complaints.is_empty() { Ok(()) } else { Err(words::scope(&complaints)) }
}

/// Regions and services become parts of keys and ARNs, so that even where all are accepted a name must be one.
fn is_listed(name: &str, list: &[&str]) -> bool {
    let formed = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if list.is_empty() { formed } else { list.contains(&name) }
}

/// Five minutes either side; a presigned request lasts as long as it says.
fn time_is_right(claim: &Claim, now: Timestamp) -> Result<(), Fault> {
    let skew = Duration::from_secs(SKEW_SECONDS);
    let lifetime = claim.expires.map_or(skew, Duration::from_secs);
    let earliest = now.checked_sub(lifetime).unwrap_or(Timestamp::MIN);
    let latest = now.checked_add(skew).unwrap_or(Timestamp::MAX);
    if claim.at < earliest {
        return Err(words::expired(claim.at, earliest, now, &spelled(lifetime)));
    }
    if claim.at > latest {
        return Err(words::not_yet(claim.at, latest, now, &spelled(skew)));
    }
    Ok(())
}

fn spelled(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} min.", seconds / 60),
        seconds => format!("{seconds} sec."),
    }
}
