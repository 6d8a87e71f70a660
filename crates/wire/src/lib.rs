//! AWS's tongues, as interpreters of shape tables. Knows no service, no tokio, no storage.
//!
//! A service's contract is data: [`shape!`] declares structures, [`op!`] operations, [`ServiceSpec`] the service.
//! Each tongue has one interpreter, which walks these tables.

pub mod field;
pub mod message;
pub mod operation;
pub mod schema;
pub mod service;
pub mod shape;
pub mod sigv4;

pub use field::{Field, Malformed, Payload};
pub use message::{Request, Response};
pub use operation::{ErrorSpec, Http, Operation, OperationSpec, Permission, Resource, ServiceSpec, Tongue};
pub use schema::{Checks, Location, Member, Schema, TimeFormat, Type};
pub use service::{Context, Permitted, Service};
pub use shape::{Nothing, Shape};

/// What the macros need; not for use by hand.
#[doc(hidden)]
pub mod private {
    pub use base::{Fields, Value};
}
