//! Container images as the code of functions: named, found in a registry, pulled, and laid out for environments.
//!
//! [`reference`] reads a name, [`registry`] speaks the distribution protocol over the door `fetch`, [`manifest`] reads
//! what comes, [`pull`] brings layers to the unpacker. What a tag means is settled once, when a function is created or
//! updated: from then on only digests are asked for. Everything that comes is checked against its digest.

mod challenge;
mod logins;
pub mod manifest;
mod pull;
pub mod reference;
pub mod registry;
#[cfg(test)]
mod tests;

pub use logins::Logins;
pub use manifest::Start;
pub use pull::{ROOT, Request, lay_out, read_start};
pub use reference::Reference;
pub use registry::Registry;

/// Why an image can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the registry refuses access: {0}")]
    Denied(String),
    #[error("the registry has no {0}")]
    Missing(String),
    /// Nothing that we could run: a manifest, configuration or layer of another kind, or another architecture.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// Not what its digest says, or no image at all.
    #[error("not valid: {0}")]
    Bad(String),
    #[error("more than {limit} bytes")]
    TooLarge { limit: u64 },
    /// The registry's fault, or the network's.
    #[error("cannot be fetched: {0}")]
    Unreachable(String),
    /// Ours.
    #[error("{0}")]
    Internal(String),
}
