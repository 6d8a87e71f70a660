//! AWS's words for what is wrong with a signature, and the codes under which the tongues say it.

use std::borrow::Cow;

use base::{Fault, Timestamp};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

use super::stamp;
use crate::operation::ErrorSpec;

const INVALID: &str = "InvalidSignatureException";
const INCOMPLETE: &str = "IncompleteSignatureException";
const MISSING: &str = "MissingAuthenticationTokenException";

/// The errors that any signed operation may answer, `UnrecognizedClientException` and `ExpiredTokenException` of
/// [`super::Keys`] included. `wire_code` is the name in the query and XML tongues.
pub const ERRORS: &[ErrorSpec] = &[
    error(MISSING, 403, "MissingAuthenticationToken"),
    error(INCOMPLETE, 400, "IncompleteSignature"),
    error(INVALID, 403, "SignatureDoesNotMatch"),
    error("UnrecognizedClientException", 403, "InvalidClientTokenId"),
    error("ExpiredTokenException", 403, "ExpiredToken"),
    error("XAmzContentSHA256Mismatch", 400, "XAmzContentSHA256Mismatch"),
    error("IncompleteBody", 400, "IncompleteBody"),
    error("InvalidRequest", 400, "InvalidRequest"),
    error("BadDigest", 400, "BadDigest"),
];

const fn error(code: &'static str, status: u16, wire_code: &'static str) -> ErrorSpec {
    ErrorSpec { code, status, message_key: "message", kind: "", wire_code }
}

/// The name of `code` in the query and XML tongues; a code that isn't one of ours stays as it is.
pub fn query_code(code: &str) -> &str {
    ERRORS.iter().find(|error| error.code == code).map_or(code, |error| error.wire_code)
}

pub(super) fn missing() -> Fault {
    Fault::new(MISSING, "Missing Authentication Token")
}

pub(super) fn mismatch(cause: impl Into<Cow<'static, str>>) -> Fault {
    let message = "The request signature we calculated does not match the signature you provided. Check your AWS \
                   Secret Access Key and signing method. Consult the service documentation for details.";
    Fault::new(INVALID, message).caused_by(cause.into())
}

/// `requirements` are sentences, each without its full stop's space; the header is named by its hash, since it may hold
/// another scheme's password.
pub(super) fn header_requires(requirements: &[&str], header: &[u8]) -> Fault {
    let sentences: Vec<_> = requirements.iter().map(|it| format!("Authorization header requires {it}.")).collect();
    let message = format!(
        "{} (Hashed with SHA-256 and encoded with Base64) Authorization={}",
        sentences.join(" "),
        hashed(header)
    );
    Fault::new(INCOMPLETE, message)
}

pub(super) fn not_a_pair(header: &[u8]) -> Fault {
    let message = format!(
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with \
         Base64): '{}'.",
        hashed(header)
    );
    Fault::new(INCOMPLETE, message)
}

fn hashed(header: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(header))
}

pub(super) fn repeated(what: &str) -> Fault {
    Fault::new(INCOMPLETE, format!("'{what}' must appear only once."))
}

pub(super) fn query_requires(names: &[&str]) -> Fault {
    let sentences: Vec<_> =
        names.iter().map(|name| format!("AWS query-string parameters must include '{name}'.")).collect();
    Fault::new(INCOMPLETE, format!("{} Re-examine the query-string parameters.", sentences.join(" ")))
}

pub(super) fn two_mechanisms() -> Fault {
    let message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
                   parameter or the Authorization header should be specified";
    Fault::new(INCOMPLETE, message)
}

pub(super) fn unsupported_algorithm(name: &str) -> Fault {
    Fault::new(INCOMPLETE, format!("Unsupported AWS 'algorithm': '{name}'."))
}

pub(super) fn five_elements(credential: &str) -> Fault {
    let message = format!(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
         '{credential}'"
    );
    Fault::new(INCOMPLETE, message)
}

pub(super) fn date_format(date: &str) -> Fault {
    let message =
        format!("Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601");
    Fault::new(INCOMPLETE, message)
}

pub(super) fn expires(message: &'static str) -> Fault {
    Fault::new(INCOMPLETE, message)
}

/// The credential's scope isn't one that is accepted: `complaints` are whole sentences.
pub(super) fn scope(complaints: &[String]) -> Fault {
    Fault::new(INVALID, complaints.join(" "))
}

pub(super) fn host_unsigned() -> Fault {
    Fault::new(INVALID, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
}

pub(super) fn header_unsigned(name: &str) -> Fault {
    Fault::new(INVALID, format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."))
}

pub(super) fn expired(at: Timestamp, limit: Timestamp, now: Timestamp, span: &str) -> Fault {
    let [at, limit, now] = [at, limit, now].map(stamp::basic);
    Fault::new(INVALID, format!("Signature expired: {at} is now earlier than {limit} ({now} - {span})"))
}

pub(super) fn not_yet(at: Timestamp, limit: Timestamp, now: Timestamp, span: &str) -> Fault {
    let [at, limit, now] = [at, limit, now].map(stamp::basic);
    Fault::new(INVALID, format!("Signature not yet current: {at} is still later than {limit} ({now} + {span})"))
}

pub(super) fn content_hash() -> Fault {
    let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    Fault::new("XAmzContentSHA256Mismatch", message)
}

pub(super) fn body_ends(cause: &'static str) -> Fault {
    Fault::new("IncompleteBody", "The request body terminated unexpectedly").caused_by(cause)
}

pub(super) fn decoded_length() -> Fault {
    let message = "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header.";
    Fault::new("IncompleteBody", message)
}

pub(super) fn trailer(message: impl Into<String>) -> Fault {
    Fault::new("InvalidRequest", message)
}

pub(super) fn checksum(algorithm: &str) -> Fault {
    Fault::new("BadDigest", format!("The {algorithm} you specified did not match the calculated checksum."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_tongue_has_names_of_its_own() {
        assert_eq!(query_code("InvalidSignatureException"), "SignatureDoesNotMatch");
        assert_eq!(query_code("UnrecognizedClientException"), "InvalidClientTokenId");
        assert_eq!(query_code("NoSuchEntity"), "NoSuchEntity");
    }

    #[test]
    fn a_password_in_the_header_is_not_repeated() {
        assert!(!header_requires(&["'Credential' parameter"], b"Basic c2VjcmV0").message.contains("c2VjcmV0"));
    }
}
