//! The function: its record and its rules. Pure, but for [`functions`], which keeps the records and shows them.
//!
//! Kept: everything that UpdateFunctionConfiguration can set and that means something on this host. Refused with
//! AWS's words, or with plain ones where AWS has none: file systems, tenancy, durable functions, capacity providers,
//! accelerators.

pub mod alias;
pub mod describe;
pub mod environment;
pub(crate) mod fault;
pub mod functions;
pub(crate) mod image;
pub mod layers;
pub mod name;
pub mod record;
pub mod runtime;
pub mod settings;
pub mod state;
pub(crate) mod step;
pub mod tags;
pub mod version;

pub use alias::AliasRecord;
pub use functions::{Change, Functions, OnChange, Resolved};
pub use name::{FunctionName, LATEST, session_name};
pub use record::{Code, Config, FunctionRecord, Image, ImageConfig, Layer, Logging, Settings, Vpc};
pub use runtime::{BLOCKED, CREATABLE, Interpreters, not_available};
pub use state::Status;
pub(crate) use step::{Found, Step};
