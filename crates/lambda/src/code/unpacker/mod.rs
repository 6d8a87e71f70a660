//! Unpacking away from the house: what reads the bytes of an archive or of an image's layer may be taken over by them.
//!
//! [`Sandboxed`] gives each tree to a process of our own binary in a slot of the sandbox ([`inside`] is what it does
//! there): it sees the archive and the empty directory, and no more. When it is dead, [`adopt`] makes the tree ours.

mod adopt;
mod furniture;
mod inside;
mod layer;
mod sandboxed;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base::Tasks;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use inside::run_unpacker_if_asked;
pub use sandboxed::{Program, Sandboxed};

use super::archive::{Limits, Refusal};
use super::unpack;

/// What a tree is made of; pieces are laid over each other in their order.
#[derive(Debug)]
pub enum Piece {
    /// A zip archive, into an empty tree.
    Archive(Bytes),
    /// A layer of a container image. Its bytes are what its digest says.
    Layer { file: File, packing: Packing },
    /// What a root must have, so that an environment's own things can be mounted in it.
    Furniture,
}

/// How a layer's tar is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    Zstd,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The pieces' fault. A piece that kills its unpacker is refused too.
    #[error("{0}")]
    Refused(Refusal),
    /// Ours: the disk is full, say.
    #[error("{0}")]
    Failed(String),
}

/// Makes trees.
#[async_trait]
pub trait Unpacker: Send + Sync + Debug {
    /// Makes the directory `into` of the pieces: everything in it is ours, nobody else can write it. It isn't durable
    /// yet; on an error a part may be there.
    async fn unpack(&self, pieces: Vec<Piece>, into: &Path, limits: Limits) -> Result<(), Error>;
}

/// Unpacks archives, and only those, in this very process: for tests and simulations, whose archives are their own.
#[derive(Clone, Debug)]
pub struct InProcess(pub Tasks);

#[async_trait]
impl Unpacker for InProcess {
    async fn unpack(&self, pieces: Vec<Piece>, into: &Path, limits: Limits) -> Result<(), Error> {
        let into: PathBuf = into.to_owned();
        let unpack = move || match pieces.as_slice() {
            [Piece::Archive(bytes)] => unpack::unpack(bytes, &into, limits).map_err(Error::from),
            _ => Err(Error::Failed("only one archive is unpacked here".to_owned())),
        };
        self.0.blocking(unpack).await
    }
}

impl From<unpack::Error> for Error {
    fn from(error: unpack::Error) -> Self {
        match error {
            unpack::Error::Refused(refusal) => Self::Refused(refusal),
            other @ unpack::Error::Io { .. } => Self::Failed(other.to_string()),
        }
    }
}

impl Error {
    fn bad(cause: impl std::fmt::Display) -> Self {
        Self::Refused(Refusal::Bad(cause.to_string()))
    }
}

/// What an unpacker says of one piece.
#[derive(Debug, Serialize, Deserialize)]
enum Report {
    /// What is left of the limits after it.
    Done(Left),
    Refused(Refusal),
    Failed(String),
}

/// What may still come out of the pieces of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Left {
    bytes: u64,
    nodes: usize,
}
