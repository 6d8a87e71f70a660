//! Encoding: Fields become bytes by the table, in whichever tongue the service speaks.

use base::{Fault, Fields};

use crate::decode::shapes;
use crate::message::{Body, Request, Response};
use crate::operation::{OperationSpec, ServiceSpec, Tongue};
use crate::streaming::Output;
use crate::{envelope, json, query, rest_json};

/// The answer to a request that succeeded. Members that are absent are left out; keys stand in the table's order.
pub fn encode_output(spec: &ServiceSpec, operation: &OperationSpec, output: Fields, request_id: &str) -> Response {
    let schema = match shapes(operation) {
        Ok(shapes) => (shapes.output)(),
        Err(fault) => return envelope::encode_fault(Some(spec), &fault, request_id),
    };
    let response = match spec.tongue {
        Tongue::RestJson => rest_json::write_response(operation, schema, output),
        Tongue::Json { version } => json::write_response(version, schema, &output),
        Tongue::Query => query::write_response(spec, operation, schema, &output, request_id),
    };
    response.with("x-amzn-requestid", request_id)
}

/// As [`encode_output`], for an answer that may be a stream.
pub fn encode_answer(
    spec: &ServiceSpec,
    operation: &OperationSpec,
    output: Output,
    request_id: &str,
) -> Response<Body> {
    let Output { fields, headers, stream } = output;
    let mut response = Response::<Body>::from(encode_output(spec, operation, fields, request_id));
    for (name, value) in headers {
        response = response.with(name, &value);
    }
    if let Some(stream) = stream {
        response.body = Body::Stream(stream);
    }
    response
}

/// The request that asks for an operation, unsigned and without a host. For clients.
///
/// # Errors
/// If a label is absent or a header's value can't be sent.
pub fn encode_request(spec: &ServiceSpec, operation: &OperationSpec, input: Fields) -> Result<Request, Fault> {
    let schema = (shapes(operation)?.input)();
    match spec.tongue {
        Tongue::RestJson => rest_json::write_request(operation, schema, input),
        Tongue::Json { version } => Ok(json::write_request(spec, operation, version, schema, &input)),
        Tongue::Query => Ok(query::write_request(spec, operation, schema, &input)),
    }
}
