//! The errors that every service shares: their codes in each tongue, their status, and the key of their message.

use base::Fault;

use crate::operation::{ErrorSpec, ServiceSpec, Tongue};

/// A code that no contract lists.
struct Common {
    code: &'static str,
    status: u16,
    message_key: &'static str,
    /// The code in the query tongue, where it has another.
    query: &'static str,
}

/// A path that leads nowhere is 404; a name in a form or a header that nobody has is 400.
const UNKNOWN_OPERATION: &str = "UnknownOperationException";

const fn common(code: &'static str, status: u16, message_key: &'static str, query: &'static str) -> Common {
    Common { code, status, message_key, query }
}

/// Codes and status: the common errors of AWS's API references; keys: the oracle's 1.5.
const COMMON: &[Common] = &[
    common("ValidationException", 400, "message", "ValidationError"),
    common("ValidationError", 400, "message", "ValidationError"),
    common("SerializationException", 400, "Message", "MalformedInput"),
    common(UNKNOWN_OPERATION, 404, "message", "InvalidAction"),
    common("InvalidAction", 400, "message", "InvalidAction"),
    common("AccessDeniedException", 403, "Message", "AccessDenied"),
    common("MissingAuthenticationTokenException", 403, "message", "MissingAuthenticationToken"),
    common("UnrecognizedClientException", 403, "message", "InvalidClientTokenId"),
    common("InvalidClientTokenId", 403, "message", "InvalidClientTokenId"),
    common("InvalidSignatureException", 403, "message", "SignatureDoesNotMatch"),
    common("SignatureDoesNotMatch", 403, "message", "SignatureDoesNotMatch"),
    common("ExpiredTokenException", 403, "message", "ExpiredToken"),
    common("IncompleteSignatureException", 400, "message", "IncompleteSignature"),
    common("XAmzContentSHA256Mismatch", 400, "message", "XAmzContentSHA256Mismatch"),
    common("IncompleteBody", 400, "message", "IncompleteBody"),
    common("InvalidRequest", 400, "message", "InvalidRequest"),
    common("BadDigest", 400, "message", "BadDigest"),
    common("OptInRequired", 403, "message", "OptInRequired"),
    common("RequestTimeout", 408, "message", "RequestTimeout"),
    common("RequestExpired", 400, "message", "RequestExpired"),
    common("ThrottlingException", 400, "message", "Throttling"),
    common("RequestEntityTooLargeException", 413, "Message", "RequestEntityTooLarge"),
    common("RequestHeaderFieldsTooLargeException", 431, "message", "RequestHeaderFieldsTooLarge"),
    common("MethodNotAllowedException", 405, "message", "MethodNotAllowed"),
    common("InternalFailure", 500, "message", "InternalFailure"),
    common("ServiceUnavailable", 503, "message", "ServiceUnavailable"),
    common("ServiceUnavailableException", 503, "message", "ServiceUnavailable"),
];

/// How a fault stands on the wire of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Face<'a> {
    /// The shape's name, as `x-amzn-ErrorType` and `__type` give it.
    pub(crate) code: &'a str,
    /// The code in XML, and in `x-amzn-query-error`.
    pub(crate) wire_code: &'a str,
    pub(crate) status: u16,
    pub(crate) message_key: &'static str,
    /// `Type` of the body; empty if it has none.
    pub(crate) kind: &'static str,
}

impl Face<'_> {
    pub(crate) fn of<'a>(spec: Option<&'a ServiceSpec>, fault: &'a Fault) -> Face<'a> {
        let code = spec.map_or_else(|| fault.code.as_ref(), |spec| own_code(spec, &fault.code));
        let listed = spec.and_then(|spec| spec.error(code));
        let common = COMMON.iter().find(|common| common.code == code);
        let status = match (listed, common) {
            // Some contracts list it with 500; a client that is told 503 tries again.
            _ if fault.code == Fault::UNAVAILABLE => 503,
            (Some(error), _) => error.status,
            (None, Some(_)) if code == UNKNOWN_OPERATION && names_its_operations(spec) => 400,
            (None, Some(common)) => common.status,
            (None, None) => unlisted(spec, &fault.code),
        };
        let (wire_code, message_key, kind) = match (listed, common) {
            (Some(error), _) => (wire_code(error), error.message_key, error.kind),
            (None, Some(common)) => (query_code(spec, common), common.message_key, ""),
            (None, None) => (code, "message", ""),
        };
        Face { code, wire_code, status, message_key, kind }
    }
}

fn names_its_operations(spec: Option<&ServiceSpec>) -> bool {
    spec.is_some_and(|spec| spec.tongue != Tongue::RestJson)
}

fn wire_code(error: &ErrorSpec) -> &'static str {
    if error.wire_code.is_empty() { error.code } else { error.wire_code }
}

fn query_code(spec: Option<&ServiceSpec>, common: &Common) -> &'static str {
    let query = spec.is_some_and(|spec| spec.tongue == Tongue::Query);
    if query { common.query } else { common.code }
}

/// The service's own code for what every service calls otherwise. A code that its contract lists is meant as it is.
fn own_code<'a>(spec: &'a ServiceSpec, code: &'a str) -> &'a str {
    match code {
        listed if spec.error(listed).is_some() => listed,
        Fault::VALIDATION => spec.validation_code,
        Fault::ACCESS_DENIED => spec.access_denied_code,
        Fault::INTERNAL => spec.internal_code,
        Fault::UNAVAILABLE => spec.error("ServiceUnavailableException").map_or(code, |error| error.code),
        other => other,
    }
}

/// The three codes that a service names itself need not stand in its table.
fn unlisted(spec: Option<&ServiceSpec>, neutral: &str) -> u16 {
    match neutral {
        Fault::ACCESS_DENIED => 403,
        Fault::INTERNAL => 500,
        Fault::VALIDATION => 400,
        _ => {
            let service = spec.map(|spec| spec.name);
            tracing::warn!(service, code = neutral, "a fault's code stands in no table");
            400
        }
    }
}

/// The neutral code for one that came over the wire, for clients.
pub(crate) fn from_wire(spec: &ServiceSpec, wire: &str) -> String {
    let listed = spec.errors.iter().find(|error| error.wire_code == wire).map(|error| error.code);
    let query = spec.tongue == Tongue::Query;
    let common = || COMMON.iter().find(|common| query && common.query == wire).map(|common| common.code);
    listed.or_else(common).unwrap_or(wire).to_owned()
}
