//! Error answers: a Fault in its service's envelope, and back.

use std::collections::BTreeMap;

use base::{Fault, Value};
use http::{HeaderName, HeaderValue};

use crate::codec::xml_read::Element;
use crate::codec::{json_read, json_write, xml_write};
use crate::faults::{Face, from_wire};
use crate::message::Response;
use crate::operation::{ServiceSpec, Tongue};

/// What an XML answer without a service's namespace carries.
const NO_NAMESPACE: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// The answer to a request that failed. Without a service (nobody recognized it) the body is JSON.
///
/// A member of the fault whose name has a hyphen is a header (`Retry-After`). JSON keys stand in ASCII order, as AWS
/// writes them: `{"Reason":…,"Type":…,"message":…}`.
pub fn encode_fault(spec: Option<&ServiceSpec>, fault: &Fault, request_id: &str) -> Response {
    let face = Face::of(spec, fault);
    let response = match spec.map(|spec| (spec, spec.tongue)) {
        Some((spec, Tongue::Query)) => xml(spec, &face, fault, request_id),
        Some((_, Tongue::Json { version })) => json(&face, fault, Some(version)),
        Some((_, Tongue::RestJson)) | None => json(&face, fault, None),
    };
    headers(response, fault).with("x-amzn-requestid", request_id)
}

fn json(face: &Face<'_>, fault: &Fault, version: Option<&str>) -> Response {
    let mut body: BTreeMap<&str, &str> = BTreeMap::new();
    if !face.kind.is_empty() && version.is_none() {
        body.insert("Type", face.kind);
    }
    if version.is_some() {
        body.insert("__type", face.code);
    }
    body.insert(face.message_key, &fault.message);
    for (name, value) in fault.members.iter().filter(|(name, _)| !is_header(name)) {
        match value {
            Some(value) => body.insert(name, value),
            None => body.remove(name),
        };
    }
    let kind =
        version.map_or_else(|| "application/json".to_owned(), |version| format!("application/x-amz-json-{version}"));
    let response =
        Response::new(face.status, object(&body)).with("content-type", &kind).with("x-amzn-errortype", face.code);
    // Clients that once spoke query look for the old code.
    if version.is_some() && face.wire_code != face.code {
        return response.with("x-amzn-query-error", &format!("{};{}", face.wire_code, blamed(face)));
    }
    response
}

fn object(entries: &BTreeMap<&str, &str>) -> String {
    let pairs: Vec<String> =
        entries.iter().map(|(key, value)| json_write::quote(key) + ":" + &json_write::quote(value)).collect();
    format!("{{{}}}", pairs.join(","))
}

fn xml(spec: &ServiceSpec, face: &Face<'_>, fault: &Fault, request_id: &str) -> Response {
    let namespace = if spec.xml_namespace.is_empty() { NO_NAMESPACE } else { spec.xml_namespace };
    let mut out = xml_write::Writer::default();
    out.open("ErrorResponse", &format!(" xmlns=\"{namespace}\""));
    out.open("Error", "");
    out.leaf("Type", blamed(face));
    out.leaf("Code", face.wire_code);
    out.leaf("Message", &fault.message);
    for (name, value) in fault.members.iter().filter(|(name, _)| !is_header(name) && *name != "Type") {
        if let Some(value) = value {
            out.leaf(name, value);
        }
    }
    out.close("Error");
    out.leaf("RequestId", request_id);
    out.close("ErrorResponse");
    Response::new(face.status, out.finish()).with("content-type", "text/xml")
}

fn blamed(face: &Face<'_>) -> &'static str {
    match face.kind {
        "Service" | "Receiver" => "Receiver",
        "" if face.status >= 500 => "Receiver",
        _ => "Sender",
    }
}

fn is_header(name: &str) -> bool {
    name.contains('-')
}

fn headers(mut response: Response, fault: &Fault) -> Response {
    for (name, value) in fault.members.iter().filter(|(name, _)| is_header(name)) {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Some(Ok(value))) = (name, value.as_deref().map(HeaderValue::from_str)) {
            response.headers.insert(name, value);
        }
    }
    response
}

/// The fault that an error answer carries; for clients.
pub(crate) fn decode_fault(spec: &ServiceSpec, response: &Response) -> Fault {
    let fault = match spec.tongue {
        Tongue::Query => fault_of_xml(spec, response),
        Tongue::RestJson | Tongue::Json { .. } => Some(fault_of_json(spec, response)),
    };
    fault.unwrap_or_else(|| {
        let cause = format!("status {} with a body that is no envelope", response.status);
        if response.status == 503 { Fault::unavailable(cause) } else { Fault::internal(cause) }
    })
}

fn fault_of_xml(spec: &ServiceSpec, response: &Response) -> Option<Fault> {
    let document = Element::read(&response.body).ok()?;
    let error = document.child("Error")?;
    let text = |name| error.child(name).map(|child| child.text.clone());
    Some(Fault::new(from_wire(spec, &text("Code")?), text("Message").unwrap_or_default()))
}

fn fault_of_json(spec: &ServiceSpec, response: &Response) -> Fault {
    let body = match json_read::document(&response.body) {
        Ok(Value::Map(body)) => body,
        _ => base::Fields::new(),
    };
    let header = response.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let code = header.or_else(|| body.text("__type")).or_else(|| body.text("code")).unwrap_or(Fault::INTERNAL);
    let message = body.text("message").or_else(|| body.text("Message")).unwrap_or_default();
    let mut fault = Fault::new(from_wire(spec, bare(code)), message);
    for name in ["Type", "Reason"] {
        if let Some(value) = body.text(name) {
            fault = fault.with(name, value);
        }
    }
    fault
}

/// `namespace#Code:http://…` without what stands around the code.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{JSON, QUERY, REST};

    struct Expect {
        status: u16,
        error_type: Option<&'static str>,
        body: &'static str,
    }

    #[track_caller]
    fn check(spec: Option<&ServiceSpec>, fault: &Fault, expect: &Expect) {
        let answer = encode_fault(spec, fault, "id");
        let kind = answer.headers.get("x-amzn-errortype").map(|value| value.to_str().expect("text"));
        assert_eq!((answer.status, kind), (expect.status, expect.error_type));
        assert_eq!(answer.body, expect.body);
        assert_eq!(answer.headers["x-amzn-requestid"], "id");
    }

    #[test]
    fn rest_json() {
        let throttled = Fault::new("TooManyRequestsException", "Rate Exceeded.")
            .with("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded")
            .with("Retry-After", "1");
        check(
            Some(&REST),
            &throttled,
            &Expect {
                status: 429,
                error_type: Some("TooManyRequestsException"),
                body: r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#,
            },
        );
        assert_eq!(encode_fault(Some(&REST), &throttled, "id").headers["retry-after"], "1");
        let missing = Fault::new("ResourceNotFoundException", "no");
        let body = r#"{"Message":"no","Type":"User"}"#;
        check(Some(&REST), &missing, &Expect { status: 404, error_type: Some("ResourceNotFoundException"), body });
        let body = r#"{"Message":"no"}"#;
        let missing = missing.without("Type");
        check(Some(&REST), &missing, &Expect { status: 404, error_type: Some("ResourceNotFoundException"), body });
        let invalid = Fault::new(Fault::VALIDATION, "1 validation error");
        let body = r#"{"message":"1 validation error"}"#;
        check(Some(&REST), &invalid, &Expect { status: 400, error_type: Some("ValidationException"), body });
    }

    #[test]
    fn each_service_has_its_own_names() {
        let internal = Fault::internal("disk on fire");
        let body = r#"{"Message":"An internal error occurred.","Type":"Service"}"#;
        check(Some(&REST), &internal, &Expect { status: 500, error_type: Some("ServiceException"), body });
        let body = r#"{"__type":"InternalFailure","message":"An internal error occurred."}"#;
        check(Some(&JSON), &internal, &Expect { status: 500, error_type: Some("InternalFailure"), body });
        let body = r#"{"__type":"InvalidParameterException","message":"no"}"#;
        let invalid = Fault::new(Fault::VALIDATION, "no");
        check(Some(&JSON), &invalid, &Expect { status: 400, error_type: Some("InvalidParameterException"), body });
        let denied = Fault::new(Fault::ACCESS_DENIED, "no");
        let body = r#"{"Message":"no"}"#;
        check(Some(&REST), &denied, &Expect { status: 403, error_type: Some("AccessDeniedException"), body });
    }

    #[test]
    fn unavailable_is_503_everywhere() {
        for spec in [None, Some(&REST), Some(&JSON), Some(&QUERY)] {
            assert_eq!(encode_fault(spec, &Fault::unavailable("full"), "id").status, 503);
        }
    }

    #[test]
    fn query() {
        let body = "<ErrorResponse xmlns=\"https://people.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
                    <Code>NoSuchEntity</Code><Message>a &lt; b</Message></Error><RequestId>id</RequestId></ErrorResponse>";
        let missing = Fault::new("NoSuchEntityException", "a < b");
        check(Some(&QUERY), &missing, &Expect { status: 404, error_type: None, body });
        let fault = encode_fault(Some(&QUERY), &Fault::new("InvalidSignatureException", ""), "id");
        assert_eq!(fault.status, 403);
        assert!(String::from_utf8_lossy(&fault.body).contains("<Code>SignatureDoesNotMatch</Code>"));
        let fault = encode_fault(Some(&QUERY), &Fault::internal(""), "id");
        let body = String::from_utf8_lossy(&fault.body).into_owned();
        assert!(body.contains("<Type>Receiver</Type><Code>ServiceFailure</Code>"), "{body}");
    }

    #[test]
    fn old_codes_of_a_service_that_once_spoke_query() {
        let answer = encode_fault(Some(&JSON), &Fault::new("QueueDoesNotExist", "no"), "id");
        assert_eq!(answer.headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender");
    }

    #[test]
    fn nobodys_fault_has_a_body() {
        let body = r#"{"message":"what?"}"#;
        let fault = Fault::new("UnknownOperationException", "what?");
        check(None, &fault, &Expect { status: 404, error_type: Some("UnknownOperationException"), body });
    }

    #[test]
    fn an_operation_that_nobody_knows_is_404_by_its_path_and_400_by_its_name() {
        let fault = Fault::new("UnknownOperationException", "what?");
        for (spec, status) in [(&REST, 404), (&JSON, 400), (&QUERY, 400)] {
            assert_eq!(encode_fault(Some(spec), &fault, "id").status, status, "{}", spec.name);
        }
    }

    #[test]
    fn a_code_is_read_without_its_surroundings() {
        assert_eq!(bare("com.amazonaws.logs#NotFound"), "NotFound");
        assert_eq!(bare("NotFound:http://internal.amazon.com/coral/"), "NotFound");
    }
}
