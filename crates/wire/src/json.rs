//! The tongue of `X-Amz-Target`: one path, every member in a JSON body.

use base::Fields;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::codec::json_read::Carried;
use crate::codec::{Unreadable, json_read, json_write};
use crate::message::{Request, Response};
use crate::operation::{OperationSpec, ServiceSpec};
use crate::schema::Schema;

pub(crate) fn read(schema: &Schema, body: &[u8]) -> Result<Fields, Unreadable> {
    json_read::structure(body, schema, Carried::All)
}

/// An operation without an output answers an empty body.
pub(crate) fn write_response(version: &str, schema: &Schema, output: &Fields) -> Response {
    let body = if schema.is_nothing() { Vec::new() } else { json_write::structure(output, schema, Carried::All) };
    Response::new(200, body).with("content-type", &content_type(version))
}

pub(crate) fn write_request(
    spec: &ServiceSpec,
    operation: &OperationSpec,
    version: &str,
    schema: &Schema,
    input: &Fields,
) -> Request {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        let value = HeaderValue::from_str(&value).expect("names of a contract are ASCII");
        headers.insert(HeaderName::from_static(name), value);
    };
    set("content-type", content_type(version));
    set("x-amz-target", format!("{}.{}", spec.target_prefix, operation.name));
    let body = json_write::structure(input, schema, Carried::All).into();
    Request { method: Method::POST, path: "/".to_owned(), query: String::new(), headers, body }
}

fn content_type(version: &str) -> String {
    format!("application/x-amz-json-{version}")
}
