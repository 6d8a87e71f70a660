//! The layer: numbered versions of an archive that functions see at `/opt`. Its records and its rules; pure, but for
//! [`layers`], which keeps the records.
//!
//! A number is never used twice, not even when all versions of a layer are deleted: the layer's own record remembers
//! the last one. A version that is deleted is hidden at once, and goes with its archive when no function holds it.
//! Organizations are not known here: a statement that asks for one grants nothing.

pub mod describe;
mod fault;
pub mod layers;
pub mod name;
pub mod policy;
pub mod record;

pub(crate) use fault::{no_policy, no_such_version, not_there};
pub use layers::Layers;
pub use name::LayerName;
pub use policy::Policy;
pub use record::{LayerRecord, LayerVersionRecord};
