//! AWS's tongues, as interpreters of shape tables. Knows no service, no tokio, no storage.
//!
//! A service's contract is data: [`shape!`] declares structures, [`op!`] operations, [`ServiceSpec`] the service.
//! Each tongue has one interpreter, which walks these tables. The way of a request: [`Router::recognize`],
//! [`understand`], a handler, [`encode_output`] or [`encode_fault`]. Clients go the other way: [`encode_request`],
//! [`decode_output`].

mod codec;
pub mod contract;
pub mod decode;
pub mod describe;
pub mod encode;
pub mod envelope;
pub mod eventstream;
mod faults;
pub mod field;
mod json;
pub mod message;
pub mod operation;
mod query;
mod rest_json;
pub mod route;
pub mod schema;
pub mod service;
pub mod shape;
pub mod sigv4;
pub mod streaming;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod validate;

pub use codec::json_blame::json_problem;
pub use decode::{decode, decode_output, understand};
pub use describe::describe;
pub use encode::{encode_answer, encode_output, encode_request};
pub use envelope::encode_fault;
pub use field::{Field, Malformed, Payload};
pub use message::{Body, Request, Response};
pub use operation::{ErrorSpec, Http, Operation, OperationSpec, Permission, Resource, ServiceSpec, Tongue};
pub use route::{Recognized, Router, Unrecognized};
pub use schema::{Checks, Location, Member, Schema, TimeFormat, Type};
pub use service::{Context, Permitted, Service};
pub use shape::{Nothing, Shape};
pub use streaming::{ByteStream, EventStream, Output, Streaming, events, read_event};
pub use validate::validate;

/// What the macros need; not for use by hand.
#[doc(hidden)]
pub mod private {
    pub use base::{Fields, Value};
}
