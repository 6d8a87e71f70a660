//! From a registry to a tree: each layer to the disk and checked, then all of them to the unpacker.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base::Tasks;
use sha2::{Digest, Sha256};
use store::BlobId;

use super::manifest::Wanted;
use super::registry::{Registry, from_door};
use super::{Error, Reference, Start};
use crate::api::Architecture;
use crate::code::archive::{Limits, Refusal};
use crate::code::unpacker::{self, Piece, Unpacker};

/// What an image's directory has: the root of its environments, and how it is started.
pub const ROOT: &str = "root";
const START: &str = "start.json";
/// Gone when the image is whole.
const LAYERS: &str = "layers";

/// An image to be pulled, by its digest.
#[derive(Clone, Debug)]
pub struct Request {
    pub image: Reference,
    pub architecture: Architecture,
}

/// Makes the directory `into` of the image; not durable yet.
pub async fn lay_out(
    registry: &Registry,
    unpacker: &dyn Unpacker,
    tasks: &Tasks,
    Request { image, architecture }: &Request,
    into: &Path,
) -> Result<(), Error> {
    let found = registry.find(image, *architecture).await?;
    let layers = into.join(LAYERS);
    let (made, within) = (into.to_owned(), layers.clone());
    tasks.blocking(move || make(&made, &within)).await.map_err(internal)?;
    let mut pieces = Vec::new();
    for (number, (wanted, packing)) in found.manifest.layers()?.into_iter().enumerate() {
        let file = download(registry, tasks, image, wanted, layers.join(number.to_string())).await?;
        pieces.push(Piece::Layer { file, packing });
    }
    pieces.push(Piece::Furniture);
    unpacker.unpack(pieces, &into.join(ROOT), Limits::IMAGE).await?;
    let (start, kept) = (found.start, into.join(START));
    let finish = move || write_start(&start, &kept).and_then(|()| std::fs::remove_dir_all(layers));
    tasks.blocking(finish).await.map_err(internal)
}

/// Environments go through the first, and nobody but us into the second.
fn make(into: &Path, layers: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().mode(0o711).create(into)?;
    std::fs::DirBuilder::new().mode(0o700).create(layers)
}

/// Readable by all: the unpacker opens it anew, as another user. It lies where only we get to.
async fn download(
    registry: &Registry,
    tasks: &Tasks,
    image: &Reference,
    wanted: Wanted,
    at: PathBuf,
) -> Result<File, Error> {
    let mut answer = registry.blob(image, wanted).await?;
    let open = move || File::options().read(true).write(true).create_new(true).mode(0o644).open(at);
    let mut file = tasks.blocking(open).await.map_err(internal)?;
    let (mut hash, mut length) = (Sha256::new(), 0_u64);
    while let Some(chunk) = answer.body.chunk().await.map_err(from_door)? {
        length += chunk.len() as u64;
        if length > wanted.size {
            return Err(Error::Bad(format!("a layer is longer than the {} bytes that were told", wanted.size)));
        }
        let write = move || {
            hash.update(&chunk);
            file.write_all(&chunk).map(|()| (file, hash))
        };
        (file, hash) = tasks.blocking(write).await.map_err(internal)?;
    }
    if BlobId(hash.finalize().into()) != wanted.digest {
        return Err(Error::Bad(format!("a layer is not what sha256:{} says", wanted.digest)));
    }
    file.rewind().map_err(internal)?;
    Ok(file)
}

fn write_start(start: &Start, at: &Path) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(start).map_err(std::io::Error::other)?;
    File::options().write(true).create_new(true).open(at)?.write_all(&bytes)
}

/// How the image in the directory `image` is started.
pub fn read_start(image: &Path) -> std::io::Result<Start> {
    let file = File::options().read(true).open(image.join(START))?;
    serde_json::from_reader(std::io::BufReader::new(file)).map_err(std::io::Error::other)
}

fn internal(error: std::io::Error) -> Error {
    Error::Internal(error.to_string())
}

impl From<unpacker::Error> for Error {
    fn from(error: unpacker::Error) -> Self {
        match error {
            unpacker::Error::Refused(Refusal::TooLarge { limit }) => Self::TooLarge { limit },
            unpacker::Error::Refused(refusal) => Self::Bad(refusal.to_string()),
            unpacker::Error::Failed(cause) => Self::Internal(cause),
        }
    }
}
