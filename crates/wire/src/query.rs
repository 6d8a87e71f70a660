//! The query tongue: a form asks, XML answers.

use base::Fields;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};

use crate::codec::xml_read::Element;
use crate::codec::{Unreadable, form, xml_write};
use crate::message::{Request, Response};
use crate::operation::{OperationSpec, ServiceSpec};
use crate::schema::Schema;

/// Members stand in the form, or in the query string of a GET.
pub(crate) fn read_request(schema: &Schema, request: &Request) -> Result<Fields, Unreadable> {
    let body = request.form();
    let form = if body.is_empty() { request.query.as_bytes() } else { body };
    form::Tree::read(form)?.structure(schema)
}

/// `<XResponse><XResult>…</XResult><ResponseMetadata>…`; an operation without an output has no result element.
pub(crate) fn write_response(
    spec: &ServiceSpec,
    operation: &OperationSpec,
    schema: &Schema,
    output: &Fields,
    request_id: &str,
) -> Response {
    let response = format!("{}Response", operation.name);
    let mut out = xml_write::Writer::default();
    out.open(&response, &format!(" xmlns=\"{}\"", spec.xml_namespace));
    if !schema.is_nothing() {
        let result = format!("{}Result", operation.name);
        out.open(&result, "");
        out.structure(output, schema);
        out.close(&result);
    }
    out.open("ResponseMetadata", "");
    out.leaf("RequestId", request_id);
    out.close("ResponseMetadata");
    out.close(&response);
    Response::new(200, out.finish()).with("content-type", "text/xml")
}

pub(crate) fn write_request(spec: &ServiceSpec, operation: &OperationSpec, schema: &Schema, input: &Fields) -> Request {
    let mut out = form::Writer::default();
    out.pair("Action", operation.name);
    out.pair("Version", spec.version);
    out.structure("", input, schema);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"));
    let body = out.finish().into();
    Request { method: Method::POST, path: "/".to_owned(), query: String::new(), headers, body }
}

pub(crate) fn read_response(
    operation: &OperationSpec,
    schema: &Schema,
    response: &Response,
) -> Result<Fields, Unreadable> {
    if schema.members.is_empty() {
        return Ok(Fields::new());
    }
    let document = Element::read(&response.body)?;
    let result = format!("{}Result", operation.name);
    match document.child(&result) {
        Some(result) => result.structure(schema),
        None => Err(Unreadable::Syntax { words: format!("no element {result}") }),
    }
}
