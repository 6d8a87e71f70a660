//! What can go wrong in the store.

use std::path::PathBuf;
use std::sync::Arc;

use base::Fault;
use bytes::Bytes;

use crate::engine::{Expect, Revision};
use crate::space::SpaceName;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Cloned to every caller whose batch shared the transaction that failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A precondition did not hold; nothing of the batch was done.
    #[error("in {space}, key {key:?}: expected {expected:?}, found {found:?}")]
    Conflict { space: SpaceName, key: Bytes, expected: Expect, found: Option<Revision> },
    /// The disk is full. Reads go on; writes are taken again when there is room.
    #[error("the disk below {dir} is full: writes are refused until there is room", dir = dir.display())]
    ReadOnly { dir: PathBuf },
    /// Written by a later version of this program.
    #[error("{path} has format {found}, which a later version of this program wrote; this one knows {known} at most", path = path.display())]
    NewerFormat { path: PathBuf, found: u32, known: u32 },
    /// Something stored can't be read back.
    #[error("{what} is corrupt: {detail}")]
    Corrupt { what: String, detail: String },
    /// A record that can't be made into bytes; nothing of the batch was done.
    #[error("a record of {table} has no encoding")]
    Encode { table: &'static str, source: Arc<rmp_serde::encode::Error> },
    #[error("{what} of {size} bytes is over the limit of {limit}")]
    TooLarge { what: &'static str, size: usize, limit: usize },
    #[error("{name:?} is no name for a space: 1 to 64 of a-z, 0-9 and -")]
    SpaceName { name: String },
    /// Another process has this directory open.
    #[error("{dir} is in use by another process", dir = dir.display())]
    InUse { dir: PathBuf },
    /// A restore or a backup would overwrite something.
    #[error("{dir} is not empty", dir = dir.display())]
    NotEmpty { dir: PathBuf },
    /// Whether the write was done is not known: look, or write again with a precondition.
    #[error("{what}: {source}")]
    Io { what: String, source: Arc<std::io::Error> },
    /// Whether the write was done is not known: look, or write again with a precondition.
    #[error("{what}: {source}")]
    Database { what: String, source: Arc<rusqlite::Error> },
    /// The engine has been closed or has crashed; whether the write was done is not known.
    #[error("the store is closed")]
    Closed,
    #[error("the {engine} engine has no {what}")]
    Unsupported { engine: &'static str, what: &'static str },
}

impl Error {
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    pub(crate) fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { what: what.into(), source: Arc::new(source) }
    }

    pub(crate) fn corrupt(what: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::Corrupt { what: what.into(), detail: detail.to_string() }
    }
}

/// Adds what was being done to an error of the operating system.
pub(crate) trait IoContext<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::io(what(), source))
    }
}

impl From<Error> for Fault {
    /// A full disk is "not now"; everything else that nobody handled is our own failure.
    fn from(error: Error) -> Self {
        match error {
            Error::ReadOnly { .. } => Self::unavailable(error),
            other => Self::internal(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_unavailable_and_the_rest_is_internal() {
        let full = Error::ReadOnly { dir: PathBuf::from("/data") };
        assert_eq!(Fault::from(full).code, Fault::UNAVAILABLE);
        assert_eq!(Fault::from(Error::Closed).code, Fault::INTERNAL);
    }
}
