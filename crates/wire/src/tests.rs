//! What goes out comes back, in every tongue and in both directions; and no bytes make a decoder panic.

use base::{Fault, Fields, Value};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::testing::{self, ALL, JSON, QUERY, REST, sorted};
use crate::{OperationSpec, Request, Router, ServiceSpec};
use crate::{decode, decode_output, encode_fault, encode_output, encode_request, understand};

const REQUEST_ID: &str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef";

type Case = (&'static ServiceSpec, &'static OperationSpec, Fields);

/// An operation of any service, and an input or an output that its table allows.
fn cases(output: bool) -> impl Strategy<Value = Case> {
    let all = ALL.iter().flat_map(|spec| spec.operations.iter().map(move |operation| (*spec, *operation)));
    let done: Vec<_> = all.filter(|(_, operation)| operation.is_done()).collect();
    proptest::sample::select(done).prop_flat_map(move |(spec, operation)| {
        let shapes = operation.shapes.expect("is done");
        let schema = if output { shapes.output } else { shapes.input };
        testing::fields(schema()).prop_map(move |fields| (spec, operation, fields))
    })
}

proptest! {
    #[test]
    fn a_request_is_recognized_and_comes_back((spec, operation, input) in cases(false)) {
        let mut request = encode_request(spec, operation, input.clone()).expect("labels are there");
        let scope = format!("AWS4-HMAC-SHA256 Credential=AK/20251123/us-east-1/{}/aws4_request, x", spec.signing_name);
        request.headers.insert("authorization", HeaderValue::from_str(&scope).expect("ASCII"));
        let found = Router::new(ALL).recognize(&request).expect("known");
        prop_assert_eq!((found.service.name, found.operation.name), (spec.name, operation.name));
        let read = decode(spec, operation, &found.labels, &request).expect("well formed");
        prop_assert_eq!(sorted(read), sorted(input));
    }

    #[test]
    fn an_answer_comes_back((spec, operation, mut output) in cases(true)) {
        let answer = encode_output(spec, operation, output.clone(), REQUEST_ID);
        prop_assert_eq!(answer.headers.get("x-amzn-requestid").expect("always there"), REQUEST_ID);
        let read = decode_output(spec, operation, &answer).expect("well formed");
        // The status is always told; an output that leaves it out has the operation's own.
        for name in ["Status", "StatusCode"] {
            if let Some(status) = read.get(name) {
                output.set(name, status.clone());
            }
        }
        prop_assert_eq!(sorted(read), sorted(output));
    }

    #[test]
    fn a_fault_comes_back(message in "[ -~]{0,40}", code in "ResourceNotFoundException|NoSuchEntityException|Own") {
        for spec in [&REST, &JSON, &QUERY] {
            let answer = encode_fault(Some(spec), &Fault::new(code.clone(), message.clone()), REQUEST_ID);
            let heard = decode_output(spec, spec.operations[0], &answer).expect_err("a fault");
            prop_assert_eq!((heard.code.as_ref(), &heard.message), (code.as_str(), &message));
        }
    }

    #[test]
    fn hostile_requests_are_answered(request in requests()) {
        answer(&request);
    }

    #[test]
    fn hostile_bodies_are_answered(
        (spec, operation, input) in cases(false),
        cuts in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut request = encode_request(spec, operation, input).expect("labels are there");
        let mut body = request.body.to_vec();
        if !body.is_empty() {
            for (at, byte) in cuts {
                let at = at.index(body.len());
                body[at] = byte;
            }
            body.truncate(end.index(body.len()) + 1);
        }
        request.body = body.into();
        answer(&request);
    }

    #[test]
    fn hostile_answers_are_faults(
        (spec, operation, output) in cases(true),
        status in 100..600_u16,
        cuts in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut response = encode_output(spec, operation, output, REQUEST_ID);
        let mut body = response.body.to_vec();
        for (at, byte) in cuts.into_iter().filter(|_| !body.is_empty()).collect::<Vec<_>>() {
            let at = at.index(body.len());
            body[at] = byte;
        }
        response.body = body.into();
        response.status = status;
        let _ = decode_output(spec, operation, &response);
    }
}

/// The whole way of a request; whatever happens, there is an answer with a status and a request id.
fn answer(request: &Request) {
    let answer = match Router::new(ALL).recognize(request) {
        Err(unrecognized) => encode_fault(unrecognized.service, &unrecognized.fault, REQUEST_ID),
        Ok(found) => match understand(found.service, found.operation, &found.labels, request) {
            Err(fault) => encode_fault(Some(found.service), &fault, REQUEST_ID),
            Ok(_) => return,
        },
    };
    assert!((400..600).contains(&answer.status), "{answer:?}");
    assert!(!answer.body.is_empty() && answer.headers.contains_key("x-amzn-requestid"), "{answer:?}");
}

fn requests() -> impl Strategy<Value = Request> {
    let header = (
        "authorization|x-amz-target|content-type|host|x-amz-size|x-amz-day|x-amz-sizes|[a-z]{1,9}",
        "AWS4-HMAC-SHA256 Credential=a/b/c/(things|people|records|x)/d|Records_20140328\\.(DoEverything|X)|\
         application/x-www-form-urlencoded|[ -~]{0,30}",
    );
    let path = "(/2015-03-31)?(/(things|raw|checked|structured|parts|[!-~]{0,9}|%[0-9a-f]{2}){0,4}){0,5}";
    let query = "((find=Thing|flag=|since=|keys=|Action=DoEverything|[!-~]{0,9})&?){0,5}";
    let method = proptest::sample::select(vec!["GET", "PUT", "POST", "DELETE", "BREW"]);
    (method, path, query, vec(header, 0..6), body()).prop_map(|(method, path, query, headers, body)| {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a token");
                (name, HeaderValue::from_str(value).expect("visible"))
            })
            .collect();
        Request { method: Method::from_bytes(method.as_bytes()).expect("a token"), path, query, headers, body }
    })
}

fn body() -> impl Strategy<Value = Bytes> {
    let json = "(\\{|\\}|\\[|\\]|,|:|\"(Text|Blob|Small|Large|Moment|Map|Inner|Inners|Document|[ -~]{0,3})\"|\
                null|true|-?[0-9]{1,25}|1e999|\\\\u[0-9a-f]{4}| ){0,40}";
    let form = "(Action=DoEverything&)?((Text|Small|Map|Inner|Inners|Name|member|entry|key|value|[0-9]{1,12}|\
                [!-~]|\\.|=|&|%[0-9a-f]{2}){0,8}&){0,8}";
    prop_oneof![json.prop_map(Bytes::from), form.prop_map(Bytes::from), vec(any::<u8>(), 0..80).prop_map(Bytes::from),]
}

fn json_request(target: &'static str, body: &str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-target", HeaderValue::from_static(target));
    Request {
        method: Method::POST,
        path: "/".to_owned(),
        query: String::new(),
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn read_json(body: &str) -> Result<Fields, Fault> {
    let request = json_request("Records_20140328.DoEverything", body);
    let found = Router::new(ALL).recognize(&request).expect("known");
    decode(found.service, found.operation, &found.labels, &request)
}

#[track_caller]
fn refused(body: &str, message: &str) {
    let fault = read_json(body).expect_err("refused");
    assert_eq!((fault.code.as_ref(), fault.message.as_str()), ("SerializationException", message), "{body}");
}

#[test]
fn json_types_are_strict() {
    refused(r#"{"Text":23}"#, "NUMBER_VALUE cannot be converted to String");
    refused(r#"{"Text":2.5}"#, "DECIMAL_VALUE cannot be converted to String");
    refused(r#"{"Text":true}"#, "TRUE_VALUE cannot be converted to String");
    refused(r#"{"Text":[]}"#, "Start of list found where not expected");
    refused(r#"{"Text":{}}"#, "Start of structure or map found where not expected");
    refused(r#"{"Small":"1"}"#, "STRING_VALUE cannot be converted to Integer");
    refused(r#"{"Small":2147483648}"#, "NUMBER_VALUE cannot be converted to Integer");
    refused(r#"{"Small":1.5}"#, "DECIMAL_VALUE cannot be converted to Integer");
    refused(r#"{"Truth":"true"}"#, "STRING_VALUE cannot be converted to Boolean");
    refused(r#"{"Blob":"a"}"#, "STRING_VALUE cannot be converted to Blob");
    refused(r#"{"Texts":"a"}"#, "Expected list or null");
    refused(r#"{"Inner":"a"}"#, "Unexpected value type in payload");
    refused("[]", "Start of list found where not expected");
    refused("3", "Unexpected value type in payload");
}

#[test]
fn null_is_absent_and_the_unknown_is_skipped() {
    for body in
        ["", "null", "{}", r#"{"Text":null}"#, r#"{"Unknown":{"a":[1,{"b":null}]}}"#, r#"{"Text":"a","Text":null}"#]
    {
        assert_eq!(read_json(body).expect("well formed"), Fields::new(), "{body}");
    }
    assert_eq!(read_json(r#"{"Text":"a","Text":"b"}"#).expect("well formed").text("Text"), Some("b"));
}

#[test]
fn whole_numbers_may_have_a_point() {
    let read = read_json(r#"{"Small":3.0,"Large":1e3}"#).expect("well formed");
    assert_eq!((read.get("Small"), read.get("Large")), (Some(&Value::Integer(3)), Some(&Value::Integer(1000))));
}

#[test]
fn depth_and_number_of_values_are_limited() {
    let deep = format!(r#"{{"Document":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read_json(&deep).expect_err("too deep").code, "SerializationException");
    let skipped = format!(r#"{{"Unknown":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let _ = read_json(&skipped);
    let wide = format!(r#"{{"Document":[{}1]}}"#, "1,".repeat(base::limits::wire::VALUES));
    assert_eq!(read_json(&wide).expect_err("too wide").message, "The request has more than 500000 values");
}

#[test]
fn a_map_of_many_keys_is_read_in_linear_time() {
    let entries: Vec<String> = (0..200_000).map(|number| format!(r#""{number}":"""#)).collect();
    let read = read_json(&format!(r#"{{"Map":{{{}}}}}"#, entries.join(","))).expect("well formed");
    assert_eq!(read.get("Map").and_then(Value::as_map).map(Fields::len), Some(200_000));
}

#[test]
fn malformed_json_has_the_services_words() {
    let message = read_json("{a").expect_err("malformed").message;
    assert!(message.starts_with("Unexpected character ('a' (code 97)): was expecting double-quote"), "{message}");
    let mut request = json_request("", "<");
    request.headers.clear();
    request.method = Method::PUT;
    request.path = "/2015-03-31/things/a/parts/1".to_owned();
    let found = Router::new(ALL).recognize(&request).expect("known");
    let fault = decode(found.service, found.operation, &found.labels, &request).expect_err("malformed");
    assert_eq!(fault.code, "InvalidRequestContentException");
    let words = "Could not parse request body into json: Unexpected character ('<' (code 60)): expected a valid value";
    assert!(fault.message.starts_with(words), "{}", fault.message);
}

#[test]
fn a_payload_is_moved_not_copied() {
    let body = Bytes::from_static(b"\x00 not json");
    let input: Fields =
        [("Path".into(), "a/b c".into()), ("Payload".into(), Value::Blob(body.clone()))].into_iter().collect();
    let operation = REST.operation("InvokeThing").expect("known");
    let request = encode_request(&REST, operation, input).expect("labels are there");
    assert_eq!(request.path, "/2015-03-31/raw/a/b%20c");
    assert_eq!(request.body.as_ptr(), body.as_ptr());
    let labels = [("Path", "a/b c".to_owned())];
    let read = decode(&REST, operation, &labels, &request).expect("well formed");
    assert!(matches!(read.get("Payload"), Some(Value::Blob(read)) if read.as_ptr() == body.as_ptr()));
}

#[test]
fn an_operation_that_is_known_by_name_says_so() {
    let operation = REST.operation("UndoneThing").expect("known");
    let fault = decode(&REST, operation, &[], &json_request("", "")).expect_err("not done");
    assert_eq!(fault.code, "UnknownOperationException");
    assert_eq!(encode_output(&REST, operation, Fields::new(), REQUEST_ID).status, 404);
}

#[test]
fn a_json_answer_keeps_the_tables_order() {
    let output =
        Fields::new().with("Texts", Value::List(vec!["b".into()])).with("Text", "a\"").with("Large", Value::Integer(7));
    let answer = encode_output(&JSON, JSON.operations[0], output, REQUEST_ID);
    assert_eq!(answer.body, r#"{"Text":"a\"","Large":7,"Texts":["b"]}"#);
    assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
    assert!(encode_output(&JSON, JSON.operations[1], Fields::new(), REQUEST_ID).body.is_empty());
}

#[test]
fn an_xml_answer_has_its_envelope() {
    let output = Fields::new().with("Text", "<&>").with("Texts", Value::List(vec!["b".into()]));
    let answer = encode_output(&QUERY, QUERY.operations[0], output, REQUEST_ID);
    let expect = format!(
        "<DoEverythingResponse xmlns=\"https://people.amazonaws.com/doc/2010-05-08/\"><DoEverythingResult>\
         <Text>&lt;&amp;&gt;</Text><Texts><member>b</member></Texts></DoEverythingResult>\
         <ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></DoEverythingResponse>"
    );
    assert_eq!(answer.body, expect);
}

#[test]
fn a_payload_that_is_not_there_has_no_type() {
    let operation = REST.operation("InvokeThing").expect("known");
    for (payload, kind) in [(&b""[..], None), (b"1", Some("application/json"))] {
        let mut output = Fields::new();
        output.set("Payload", Value::Blob(Bytes::copy_from_slice(payload)));
        let answer = encode_output(&REST, operation, output, REQUEST_ID);
        assert_eq!(answer.headers.get("content-type").map(|kind| kind.to_str().expect("text")), kind);
    }
}

#[test]
fn a_204_has_no_body() {
    let answer = encode_output(&REST, REST.operation("DeleteThing").expect("known"), Fields::new(), REQUEST_ID);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
}
