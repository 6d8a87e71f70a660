//! Typed records in order of their keys.

use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::Batch;
use crate::engine::{Committed, Expect, Range, Revision, Row, Write};
use crate::error::{Error, Result};
use crate::key::{Encode, Key, KeyOf, PrefixOf, in_layer, layer};
use crate::space::Space;
use crate::value;
use crate::wake::Wake;

/// What a table holds. Members may be added with `#[serde(default)]`; their names are stored and never change.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Stands in every key: short, unique in the house, never used again for something else.
    const TABLE: &'static str;
    type Key: Key;

    fn key(&self) -> Self::Key;
}

/// A record and the revision at which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<R> {
    pub record: R,
    pub revision: Revision,
}

impl<R> std::ops::Deref for Versioned<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}

/// The records of one type in one space.
#[derive(Clone, Debug)]
pub struct Table<R> {
    space: Space,
    of: PhantomData<fn() -> R>,
}

pub(crate) fn table_prefix<R: Record>() -> Vec<u8> {
    in_layer(layer::TABLE, &R::TABLE)
}

pub(crate) fn record_key<R: Record>(key: &impl Encode) -> Bytes {
    let mut bytes = table_prefix::<R>();
    key.encode(&mut bytes);
    Bytes::from(bytes)
}

impl<R: Record> Table<R> {
    pub(crate) fn new(space: Space) -> Self {
        Self { space, of: PhantomData }
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    pub async fn get(&self, key: impl KeyOf<R::Key>) -> Result<Option<Versioned<R>>> {
        let key = record_key::<R>(&key);
        self.space.get(&key).await?.as_ref().map(read).transpose()
    }

    /// Up to `limit` records whose key begins with `prefix` and is greater than `after`, in order of their keys.
    pub async fn list(
        &self,
        prefix: impl PrefixOf<R::Key>,
        after: Option<&R::Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<R>>> {
        let range = Range::prefix(&record_key::<R>(&prefix)).limit(limit);
        let range = match after {
            Some(after) => range.after(&record_key::<R>(after)),
            None => range,
        };
        self.read(range).await
    }

    /// As [`Table::list`] from the last to the first, with keys less than `before`.
    pub async fn list_back(
        &self,
        prefix: impl PrefixOf<R::Key>,
        before: Option<&R::Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<R>>> {
        let range = Range::prefix(&record_key::<R>(&prefix)).limit(limit).reverse();
        let range = match before {
            Some(before) => range.before(&record_key::<R>(before)),
            None => range,
        };
        self.read(range).await
    }

    async fn read(&self, range: Range) -> Result<Vec<Versioned<R>>> {
        self.space.range(range).await?.iter().map(read).collect()
    }

    /// Puts the record, whatever was there.
    pub async fn put(&self, record: &R) -> Result<Revision> {
        self.one(|batch| batch.put(record)).await
    }

    /// [`Error::Conflict`] if there is one with this key.
    pub async fn insert(&self, record: &R) -> Result<Revision> {
        self.one(|batch| batch.insert(record)).await
    }

    /// [`Error::Conflict`] unless the record is still as it was at `revision`.
    pub async fn update(&self, record: &R, revision: Revision) -> Result<Revision> {
        self.one(|batch| batch.update(record, revision)).await
    }

    /// Deletes the record if there is one.
    pub async fn delete(&self, key: impl KeyOf<R::Key>) -> Result<Revision> {
        self.one(|batch| batch.delete::<R>(key)).await
    }

    /// Told when a record of this table was put or deleted.
    pub async fn wake(&self) -> Result<Wake> {
        self.space.wake(&table_prefix::<R>()).await
    }

    async fn one(&self, add: impl FnOnce(&mut Batch) -> &mut Batch) -> Result<Revision> {
        let mut batch = self.space.batch();
        add(&mut batch);
        batch.commit().await.map(|Committed { revision, .. }| revision)
    }
}

fn read<R: Record>(row: &Row) -> Result<Versioned<R>> {
    Ok(Versioned { record: value::decode(R::TABLE, &row.value)?, revision: row.revision })
}

/// What a commit does to records.
impl Batch {
    /// Puts the record, whatever was there.
    pub fn put<R: Record>(&mut self, record: &R) -> &mut Self {
        let key = record_key::<R>(&record.key());
        self.encoded(value::encode(R::TABLE, record), |value| Write::Put { key, value, due: None })
    }

    /// The commit fails if there is one with this key.
    pub fn insert<R: Record>(&mut self, record: &R) -> &mut Self {
        self.expect(record_key::<R>(&record.key()), Expect::Absent).put(record)
    }

    /// The commit fails unless the record is still as it was at `revision`.
    pub fn update<R: Record>(&mut self, record: &R, revision: Revision) -> &mut Self {
        self.expect(record_key::<R>(&record.key()), Expect::At(revision)).put(record)
    }

    /// The commit fails unless there is one with this key.
    pub fn replace<R: Record>(&mut self, record: &R) -> &mut Self {
        self.expect(record_key::<R>(&record.key()), Expect::Present).put(record)
    }

    /// Deletes the record if there is one.
    pub fn delete<R: Record>(&mut self, key: impl KeyOf<R::Key>) -> &mut Self {
        self.write(Write::Delete { key: record_key::<R>(&key) })
    }

    /// The commit fails unless the record is still as it was at `revision`.
    pub fn delete_at<R: Record>(&mut self, key: impl KeyOf<R::Key>, revision: Revision) -> &mut Self {
        self.require::<R>(&key, Expect::At(revision)).delete_key::<R>(&key)
    }

    /// Writes nothing: the commit fails unless this holds of the record.
    pub fn require<R: Record>(&mut self, key: &impl KeyOf<R::Key>, expect: Expect) -> &mut Self {
        self.expect(record_key::<R>(key), expect)
    }

    fn delete_key<R: Record>(&mut self, key: &impl KeyOf<R::Key>) -> &mut Self {
        self.write(Write::Delete { key: record_key::<R>(key) })
    }
}

impl Error {
    /// Whether it was this record's precondition that did not hold.
    pub fn is_conflict_of<R: Record>(&self, key: &impl KeyOf<R::Key>) -> bool {
        matches!(self, Self::Conflict { key: found, .. } if *found == record_key::<R>(key))
    }
}
