//! Blobs: bytes under their SHA-256. The same bytes are kept once; what was put is durable.

mod disk;
mod id;
mod pins;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Random, Tasks};
use bytes::Bytes;

pub use id::BlobId;
use pins::{Pin, Pins};

use crate::engine::memory::Disk;
use crate::engine::sqlite::DiskGuard;
use crate::error::{Error, Result};
use disk::Dir;

/// Bodies up to this size lie in the row that names them.
pub const INLINE_BYTES: usize = 65_536;

/// The blobs of a store. Clones are the same blobs.
#[derive(Clone, Debug)]
pub struct Blobs(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    place: Place,
    pins: Pins,
    tasks: Tasks,
    /// Shared by those who delete, held alone by a backup: nothing is deleted while blobs are copied.
    deleting: Arc<tokio::sync::RwLock<()>>,
}

#[derive(Clone, Debug)]
enum Place {
    Dir(Arc<Dir>),
    Memory(Disk),
}

/// A blob that was put. While this value lives, no sweep and no [`Blobs::delete`] removes it: keep it until the row
/// that names the blob is committed.
#[derive(Clone, Debug)]
pub struct Stored {
    pub id: BlobId,
    pub len: u64,
    _pin: Arc<Pin>,
}

/// Bytes as a row keeps them: themselves, or the name of a blob.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Body {
    Inline(Bytes),
    Blob { id: BlobId, len: u64 },
}

impl Body {
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Blob { len, .. } => *len,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Blobs {
    pub(crate) async fn in_dir(dir: &Path, clock: Clock, random: Random, guard: Arc<DiskGuard>) -> Result<Self> {
        let dir = dir.to_owned();
        let opened = Tasks::new().blocking(move || Dir::open(dir, clock, random, guard)).await?;
        Ok(Self::at(Place::Dir(Arc::new(opened))))
    }

    pub(crate) fn in_memory(disk: &Disk) -> Self {
        Self::at(Place::Memory(disk.clone()))
    }

    fn at(place: Place) -> Self {
        Self(Arc::new(Inside { place, pins: Pins::default(), tasks: Tasks::new(), deleting: Arc::default() }))
    }

    /// Durable when it answers `Ok`.
    pub async fn put(&self, bytes: impl Into<Bytes>) -> Result<Stored> {
        let bytes = bytes.into();
        let limit = bytes.len() as u64;
        self.put_from(std::io::Cursor::new(bytes), limit).await
    }

    /// Streams `from` to its end; [`Error::TooLarge`] if that is more than `limit` bytes.
    pub async fn put_from(&self, from: impl Read + Send + 'static, limit: u64) -> Result<Stored> {
        let this = self.clone();
        self.0.tasks.blocking(move || this.put_now(from, limit)).await
    }

    fn put_now(&self, from: impl Read, limit: u64) -> Result<Stored> {
        let keep = |id: BlobId| Arc::new(self.0.pins.pin(id));
        let (id, len, pin) = match &self.0.place {
            Place::Dir(dir) => dir.put(from, limit, keep)?,
            Place::Memory(disk) => disk.put_blob(from, limit, keep)?,
        };
        Ok(Stored { id, len, _pin: pin })
    }

    /// `None` if there is no such blob; [`Error::Corrupt`] if its bytes are not those that it is named by.
    pub async fn get(&self, id: BlobId) -> Result<Option<Bytes>> {
        let bytes = match &self.0.place {
            Place::Memory(disk) => disk.blob(&id),
            Place::Dir(dir) => {
                let dir = dir.clone();
                self.0.tasks.blocking(move || dir.read(&id)).await?
            }
        };
        match bytes {
            Some(bytes) if BlobId::of(&bytes) != id => Err(Error::corrupt(format!("blob {id}"), "other bytes")),
            bytes => Ok(bytes),
        }
    }

    /// The blob as a file open for reading, to be streamed or handed to another process; its bytes are not checked.
    pub async fn file(&self, id: BlobId) -> Result<Option<std::fs::File>> {
        let place = self.0.place.clone();
        self.0
            .tasks
            .blocking(move || match place {
                Place::Dir(dir) => dir.file(&id),
                Place::Memory(disk) => disk.blob(&id).map(|bytes| disk::in_memory_file(&bytes)).transpose(),
            })
            .await
    }

    /// Keeps up to [`INLINE_BYTES`] in the body itself, more as a blob; hold the second value until the row with the
    /// body is committed.
    pub async fn keep(&self, bytes: Bytes) -> Result<(Body, Option<Stored>)> {
        if bytes.len() <= INLINE_BYTES {
            return Ok((Body::Inline(bytes), None));
        }
        let stored = self.put(bytes).await?;
        Ok((Body::Blob { id: stored.id, len: stored.len }, Some(stored)))
    }

    /// The bytes of a body; [`Error::Corrupt`] if its blob is gone.
    pub async fn body(&self, body: &Body) -> Result<Bytes> {
        match body {
            Body::Inline(bytes) => Ok(bytes.clone()),
            Body::Blob { id, .. } => {
                let bytes = self.get(*id).await?;
                bytes.ok_or_else(|| Error::corrupt(format!("blob {id}"), "it is named by a row and is gone"))
            }
        }
    }

    /// Deletes a blob that no row names: the caller has looked. False if it is pinned (somebody has just put the same
    /// bytes) or is not there.
    pub async fn delete(&self, id: BlobId) -> Result<bool> {
        let _deleting = self.0.deleting.clone().read_owned().await;
        let this = self.clone();
        self.0.tasks.blocking(move || this.delete_now(&id)).await
    }

    fn delete_now(&self, id: &BlobId) -> Result<bool> {
        self.0.pins.unless_pinned(id, || match &self.0.place {
            Place::Dir(dir) => dir.delete(id),
            Place::Memory(disk) => Ok(disk.delete_blob(id)),
        })
    }

    /// Deletes every blob that `live` does not name, that is not pinned, and that was last put longer than `grace`
    /// ago: `grace` covers those who put and then commit. How many there were.
    pub async fn sweep(&self, live: impl Fn(&BlobId) -> bool + Send + 'static, grace: Duration) -> Result<usize> {
        let _deleting = self.0.deleting.clone().read_owned().await;
        let this = self.clone();
        self.0.tasks.blocking(move || this.sweep_now(&live, grace)).await
    }

    fn sweep_now(&self, live: &dyn Fn(&BlobId) -> bool, grace: Duration) -> Result<usize> {
        let old = match &self.0.place {
            Place::Dir(dir) => dir.put_before(grace)?,
            Place::Memory(disk) => disk.blob_ids(),
        };
        let mut count = 0;
        for id in old.iter().filter(|id| !live(id)) {
            count += usize::from(self.delete_now(id)?);
        }
        Ok(count)
    }

    /// While the answer lives, nothing is deleted.
    pub(crate) async fn keep_all(&self) -> tokio::sync::OwnedRwLockWriteGuard<()> {
        self.0.deleting.clone().write_owned().await
    }

    pub(crate) async fn copy_to(&self, to: &Path) -> Result<()> {
        let to: PathBuf = to.to_owned();
        match &self.0.place {
            Place::Memory(_) => Err(Error::Unsupported { engine: "memory", what: "backup" }),
            Place::Dir(dir) => {
                let dir = dir.clone();
                self.0.tasks.blocking(move || dir.copy_to(&to)).await
            }
        }
    }
}
