//! Which request is recognized as what.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::testing::{ALL, REST};
use crate::{Request, Router};

struct Given {
    method: Method,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

fn given(method: Method, target: &'static str) -> Given {
    Given { method, target, headers: &[], body: "" }
}

fn request(given: &Given) -> Request {
    let (path, query) = given.target.split_once('?').unwrap_or((given.target, ""));
    let header =
        |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    Request {
        method: given.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: given.headers.iter().map(header).collect::<HeaderMap>(),
        body: Bytes::from_static(given.body.as_bytes()),
    }
}

#[track_caller]
fn found(given: Given, operation: &str, labels: &[(&str, &str)]) {
    let found = Router::new(ALL).recognize(&request(&given)).expect("recognized");
    assert_eq!(found.operation.name, operation);
    let found: Vec<_> = found.labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(found, labels);
}

#[track_caller]
fn unknown(given: Given, service: Option<&str>, code: &str) {
    let unrecognized = Router::new(ALL).recognize(&request(&given)).expect_err("not recognized");
    assert_eq!(unrecognized.service.map(|spec| spec.name), service);
    assert_eq!(unrecognized.fault.code, code);
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
const SIGNED_PEOPLE: (&str, &str) =
    ("authorization", "AWS4-HMAC-SHA256 Credential=AK/20251123/us-east-1/people/aws4_request, SignedHeaders=host");
const SIGNED_THINGS: (&str, &str) =
    ("authorization", "AWS4-HMAC-SHA256 Credential=AK/20251123/us-east-1/things/aws4_request,SignedHeaders=host");
const SIGNED_OTHER: (&str, &str) =
    ("authorization", "AWS4-HMAC-SHA256 Credential=AK/20251123/us-east-1/s3/aws4_request");

#[test]
fn a_path_is_cut_at_its_own_slashes_only() {
    let arn = "arn:aws:x:us-east-1:1:thing/a/b";
    found(
        given(Method::PUT, "/2015-03-31/things/arn%3Aaws%3Ax%3Aus-east-1%3A1%3Athing%2Fa%2Fb/parts/7"),
        "PutThing",
        &[("Name", arn), ("Number", "7")],
    );
    found(given(Method::POST, "/2015-03-31/raw/a%2Fb/c//d/"), "InvokeThing", &[("Path", "a/b/c//d/")]);
    found(given(Method::PUT, "/2015-03-31/structured/a+b%2B%20"), "PutStructured", &[("Name", "a+b+ ")]);
}

#[test]
fn a_slash_at_the_end_is_ignored() {
    found(given(Method::GET, "/2015-03-31/things/"), "ListThings", &[]);
    unknown(given(Method::GET, "/2015-03-31/things//"), None, "UnknownOperationException");
}

#[test]
fn the_query_tells_routes_apart() {
    found(given(Method::GET, "/2015-03-31/things?find=Thing&Name=a"), "FindThing", &[]);
    found(given(Method::GET, "/2015-03-31/things?find=Other"), "ListThings", &[]);
    found(given(Method::GET, "/2015-03-31/things"), "ListThings", &[]);
}

#[test]
fn another_method_or_path_is_an_unknown_operation_of_the_service() {
    unknown(given(Method::PATCH, "/2015-03-31/things"), Some("things"), "UnknownOperationException");
    unknown(given(Method::GET, "/2015-03-31/nowhere"), None, "UnknownOperationException");
    unknown(given(Method::GET, "/2015-03-31/things/%ff"), None, "UnknownOperationException");
    unknown(given(Method::POST, "/2015-03-31/raw/"), None, "UnknownOperationException");
    let signed = Given { headers: &[SIGNED_THINGS], ..given(Method::GET, "/2015-03-31/nowhere") };
    unknown(signed, Some("things"), "UnknownOperationException");
}

#[test]
fn sisters_share_a_signing_name() {
    let signed = Given { headers: &[SIGNED_THINGS], ..given(Method::GET, "/2025-03-07/web") };
    found(signed, "ListWeb", &[]);
}

#[test]
fn a_signature_for_another_service_is_not_taken_for_ours() {
    let signed = Given { headers: &[SIGNED_OTHER], ..given(Method::GET, "/2015-03-31/things") };
    unknown(signed, None, "UnknownOperationException");
    let presigned = "/2015-03-31/things?X-Amz-Credential=AK%2F20251123%2Fus-east-1%2Fs3%2Faws4_request";
    unknown(given(Method::GET, presigned), None, "UnknownOperationException");
}

#[test]
fn a_target_names_service_and_operation() {
    let to = |headers| Given { headers, ..given(Method::POST, "/") };
    found(to(&[("x-amz-target", "Records_20140328.DoEverything")]), "DoEverything", &[]);
    unknown(to(&[("x-amz-target", "Records_20140328.X")]), Some("records"), "UnknownOperationException");
    unknown(to(&[("x-amz-target", "Nobody.X")]), None, "UnknownOperationException");
    unknown(to(&[("x-amz-target", "")]), None, "UnknownOperationException");
}

#[test]
fn an_action_is_found_in_body_and_query() {
    let form = |body| Given { headers: &[FORM], body, ..given(Method::POST, "/") };
    found(form("Action=DoEverything&Version=2010-05-08"), "DoEverything", &[]);
    found(given(Method::GET, "/?Action=DoEverything&Version=2010-05-08"), "DoEverything", &[]);
    found(form("Version=2010-05-08&Action=DoNothing"), "DoNothing", &[]);
    let signed = |body| Given { headers: &[FORM, SIGNED_PEOPLE], ..form(body) };
    found(signed("Action=DoNothing"), "DoNothing", &[]);
    unknown(signed("Action=Nope&Version=2010-05-08"), Some("people"), "InvalidAction");
    unknown(form("Action=DoNothing&Version=1999-01-01"), Some("people"), "InvalidAction");
}

#[test]
fn an_unknown_action_is_told_in_awss_words() {
    let given = Given { headers: &[FORM], body: "Action=Nope&Version=2010-05-08", ..given(Method::POST, "/") };
    let unrecognized = Router::new(ALL).recognize(&request(&given)).expect_err("not recognized");
    assert_eq!(unrecognized.fault.message, "Could not find operation Nope for version 2010-05-08");
}

#[test]
fn a_host_names_the_service() {
    let to = |headers| Given { headers, ..given(Method::GET, "/nowhere") };
    unknown(to(&[("host", "things.us-east-1.amazonaws.com:443")]), Some("things"), "UnknownOperationException");
    unknown(to(&[("host", "localhost:4566")]), None, "UnknownOperationException");
}

#[test]
fn a_router_knows_its_services() {
    assert_eq!(Router::new(ALL).service("things").map(|spec| spec.name), Some(REST.name));
    assert!(Router::new(ALL).service("nobody").is_none());
}
