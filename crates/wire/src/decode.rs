//! Decoding: bytes become Fields by the table, in whichever tongue the service speaks.

use base::{Fault, Fields};

use crate::codec::Unreadable;
use crate::message::{Request, Response};
use crate::operation::{OperationSpec, ServiceSpec, Shapes, Tongue};
use crate::{envelope, json, query, rest_json, validate};

/// Reads a request's input and checks it against the table: all that stands between bytes and a handler's shape.
pub fn understand(
    spec: &ServiceSpec,
    operation: &OperationSpec,
    labels: &[(&'static str, String)],
    request: &Request,
) -> Result<Fields, Fault> {
    let fields = decode(spec, operation, labels, request)?;
    validate::validate((shapes(operation)?.input)(), &fields, spec.validation_code)?;
    Ok(fields)
}

/// Reads a request's input. Types are strict; whether the values satisfy their checks is asked by
/// [`validate`](validate::validate).
///
/// # Errors
/// `SerializationException` (or what the service has instead) if the bytes are not what the table promises;
/// `UnknownOperationException` if the operation is known by name only.
pub fn decode(
    spec: &ServiceSpec,
    operation: &OperationSpec,
    labels: &[(&'static str, String)],
    request: &Request,
) -> Result<Fields, Fault> {
    let schema = (shapes(operation)?.input)();
    let read = match spec.tongue {
        Tongue::RestJson => rest_json::read_request(schema, labels, request),
        Tongue::Json { .. } => json::read(schema, &request.body),
        Tongue::Query => query::read_request(schema, request),
    };
    read.map_err(|problem| refusal(spec, &problem))
}

/// Reads an answer: the output, or the fault that it carries. For clients.
pub fn decode_output(spec: &ServiceSpec, operation: &OperationSpec, response: &Response) -> Result<Fields, Fault> {
    if !(200..300).contains(&response.status) {
        return Err(envelope::decode_fault(spec, response));
    }
    let schema = (shapes(operation)?.output)();
    let read = match spec.tongue {
        Tongue::RestJson => rest_json::read_response(schema, response),
        Tongue::Json { .. } => json::read(schema, &response.body),
        Tongue::Query => query::read_response(operation, schema, response),
    };
    read.map_err(|problem| Fault::internal(format!("{} answered what can't be read: {problem}", spec.name)))
}

pub(crate) fn shapes(operation: &OperationSpec) -> Result<Shapes, Fault> {
    let name = operation.name;
    operation.shapes.ok_or_else(|| Fault::new("UnknownOperationException", format!("{name} is not supported.")))
}

const REQUEST_CONTENT: &str = "InvalidRequestContentException";

/// A contract that lists `InvalidRequestContentException` (Lambda's) answers with it; the others have AWS's general
/// `SerializationException`.
fn refusal(spec: &ServiceSpec, problem: &Unreadable) -> Fault {
    if spec.tongue == Tongue::RestJson && spec.error(REQUEST_CONTENT).is_some() {
        return Fault::new(REQUEST_CONTENT, format!("Could not parse request body into json: {problem}"));
    }
    Fault::new("SerializationException", problem.to_string())
}
