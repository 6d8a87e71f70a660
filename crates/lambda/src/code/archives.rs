//! Where archives are kept: in a row of their own beside the record of the function or layer version, written by the
//! same commit.
//!
//! A small archive lies in its row, so that creating a function costs one commit; a large one is a blob, which the row
//! names. A row belongs to one record and goes with it: who makes a function of the same bytes has another.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::blob::Stored;
use store::{Batch, Blobs, Body, Space, Table};

/// Account, region, whose it is (a function's name, or `layer:` and a layer's), and the id of the code.
pub type ArchiveKey = (String, String, String, String);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    account: String,
    region: String,
    function: String,
    id: String,
    body: Body,
}

impl store::Record for Kept {
    const TABLE: &'static str = "function-code";
    type Key = ArchiveKey;

    fn key(&self) -> ArchiveKey {
        (self.account.clone(), self.region.clone(), self.function.clone(), self.id.clone())
    }
}

/// An archive on its way into a commit. Holds its blob, if it has one, until it is dropped.
#[derive(Debug)]
pub struct Incoming {
    body: Body,
    _stored: Option<Stored>,
}

/// The archives of all functions and layers.
#[derive(Clone, Debug)]
pub struct Archives {
    table: Table<Kept>,
    blobs: Blobs,
}

impl Archives {
    pub fn new(space: &Space, blobs: Blobs) -> Self {
        Self { table: space.table(), blobs }
    }

    /// Durable for itself if it is large; the rest comes with the commit.
    pub async fn take(&self, bytes: Bytes) -> Result<Incoming, store::Error> {
        let (body, stored) = self.blobs.keep(bytes).await?;
        Ok(Incoming { body, _stored: stored })
    }

    /// `None` if there is none, or not any more.
    pub async fn load(&self, key: &ArchiveKey) -> Result<Option<Bytes>, store::Error> {
        match self.table.get(key).await? {
            Some(kept) => self.blobs.body(&kept.record.body).await.map(Some),
            None => Ok(None),
        }
    }

    /// How many there are; for tests.
    #[cfg(test)]
    pub(crate) async fn count(&self) -> usize {
        self.table.list((), None, usize::MAX).await.expect("the memory store can be read").len()
    }
}

/// The row comes with the batch.
pub(crate) fn put(batch: &mut Batch, key: ArchiveKey, archive: &Incoming) {
    let (account, region, function, id) = key;
    batch.put(&Kept { account, region, function, id, body: archive.body.clone() });
}

/// The row goes with the batch; a blob that nothing names any more goes with the next sweep.
pub(crate) fn delete(batch: &mut Batch, key: &ArchiveKey) {
    batch.delete::<Kept>(key);
}
