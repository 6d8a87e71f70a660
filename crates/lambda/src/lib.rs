//! The heart: functions, admission, the pool of environments, the runtime protocols, outcomes.

mod admit;
pub mod api;
pub mod code;
pub mod control;
pub mod credentials;
pub mod data_plane;
pub mod environment;
mod freezer;
pub mod function;
pub mod image;
pub mod invoke;
pub mod launch;
pub mod layer;
mod ops;
pub mod pool;
mod quota;
pub mod runtime_api;
pub mod telemetry;

#[cfg(test)]
mod tests;

pub use api::SPEC;
pub use control::{Control, Deps};
pub use data_plane::{DataPlane, Doors};
pub use function::Interpreters;
pub use launch::{Runtimes, Wanted};
pub use pool::Keeping;
pub use quota::Quotas;
