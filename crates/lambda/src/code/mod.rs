//! The code of functions and layers: zip archives, checked to the byte, kept, and unpacked for environments to mount.
//!
//! An archive is hostile: [`archive`] decides what it holds before anything is written, [`unpack`] writes it, away from
//! this process ([`unpacker`]), [`archives`] keeps it as it came, [`trees`] keeps what was unpacked for as long as a
//! function or an environment needs it, [`merge`] lays layers over each other, and [`links`] hands the archive out again.

pub mod archive;
pub mod archives;
mod entry;
pub mod links;
mod merge;
mod symlink;
pub mod trees;
mod unpack;
pub mod unpacker;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use archive::{Checked, Refusal, check};
pub use archives::{ArchiveKey, Archives, Incoming};
pub use links::Links;
pub(crate) use trees::merged_id;
pub use trees::{CodeTree, Trees};
