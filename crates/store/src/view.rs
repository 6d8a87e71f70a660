//! A table in memory: what the hot path reads.
//!
//! A commit's change is in every view of this process before the commit's caller hears of it, and the changes come in
//! the order of the commits. A precondition always reads the store, never a view.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use crate::engine::{Change, Range, Revision, Row, Start, Watcher};
use crate::error::{Error, Result};
use crate::key::{KeyOf, PrefixOf};
use crate::space::Space;
use crate::table::{Record, record_key, table_prefix};
use crate::value;

/// What `T` is made of every record `R` of a table. Clones are the same view.
pub struct View<R, T = R>(Arc<Inside<R, T>>);

struct Inside<R, T> {
    map: Box<dyn Fn(R) -> T + Send + Sync>,
    entries: RwLock<Entries<T>>,
}

struct Entries<T> {
    by_key: BTreeMap<Bytes, Entry<T>>,
    revision: Revision,
    /// The first record that could not be read while the view was loaded.
    unread: Option<Error>,
}

/// One record as the view keeps it.
#[derive(Debug)]
pub struct Entry<T> {
    pub value: Arc<T>,
    pub revision: Revision,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), revision: self.revision }
    }
}

impl<R, T> Clone for View<R, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Record, T: Send + Sync + 'static> View<R, T> {
    pub(crate) async fn open(space: &Space, map: impl Fn(R) -> T + Send + Sync + 'static) -> Result<Self> {
        let entries = Entries { by_key: BTreeMap::new(), revision: Revision::default(), unread: None };
        let inside = Arc::new(Inside { map: Box::new(map), entries: RwLock::new(entries) });
        let watcher: Arc<dyn Watcher> = inside.clone();
        space.engine.watch(&space.name, &table_prefix::<R>(), Start::Rows, Arc::downgrade(&watcher)).await?;
        let unread = inside.entries.write().unread.take();
        match unread {
            Some(error) => Err(error),
            None => Ok(Self(inside)),
        }
    }

    pub fn get(&self, key: impl KeyOf<R::Key>) -> Option<Arc<T>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// With the revision that an update may expect.
    pub fn entry(&self, key: impl KeyOf<R::Key>) -> Option<Entry<T>> {
        self.0.entries.read().by_key.get(&record_key::<R>(&key)).cloned()
    }

    /// Up to `limit` values whose key begins with `prefix` and is greater than `after`, in order of their keys.
    pub fn list(&self, prefix: impl PrefixOf<R::Key>, after: Option<&R::Key>, limit: usize) -> Vec<Arc<T>> {
        let range = Range::prefix(&record_key::<R>(&prefix));
        let range = match after {
            Some(after) => range.after(&record_key::<R>(after)),
            None => range,
        };
        if range.is_empty() {
            return Vec::new();
        }
        let end = range.end.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let entries = self.0.entries.read();
        let found = entries.by_key.range((std::ops::Bound::Included(range.start), end));
        found.take(limit).map(|(_, entry)| entry.value.clone()).collect()
    }

    pub fn len(&self) -> usize {
        self.0.entries.read().by_key.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The last change that the view has seen; for caches of what is derived from several records.
    pub fn revision(&self) -> Revision {
        self.0.entries.read().revision
    }
}

impl<R: Record, T: Send + Sync> Inside<R, T> {
    fn read(&self, row: &Row) -> Result<Entry<T>> {
        let record = value::decode(R::TABLE, &row.value)?;
        Ok(Entry { value: Arc::new((self.map)(record)), revision: row.revision })
    }
}

impl<R: Record, T: Send + Sync> Watcher for Inside<R, T> {
    fn changed(&self, changes: &[Change]) {
        for change in changes {
            // Outside the lock: readers needn't wait for the decoding.
            let read = match change {
                Change::Put(row) => Some((row.key.clone(), row.revision, self.read(row))),
                Change::Moved { .. } | Change::Deleted { .. } => None,
            };
            let mut entries = self.entries.write();
            match (read, change) {
                (Some((key, revision, read)), _) => entries.put(key, revision, read),
                (None, change) => entries.moved_or_deleted(change),
            }
        }
    }
}

impl<T> Entries<T> {
    fn put(&mut self, key: Bytes, revision: Revision, read: Result<Entry<T>>) {
        self.revision = self.revision.max(revision);
        match read {
            Ok(entry) => {
                self.by_key.insert(key, entry);
            }
            Err(error) => {
                // An old value that says "allowed" would be worse than none.
                tracing::error!(?key, %error, "a record can't be read, and is left out of its view");
                self.by_key.remove(&key);
                self.unread.get_or_insert(error);
            }
        }
    }

    fn moved_or_deleted(&mut self, change: &Change) {
        match change {
            Change::Moved { key, revision } => {
                self.revision = self.revision.max(*revision);
                if let Some(entry) = self.by_key.get_mut(key) {
                    entry.revision = *revision;
                }
            }
            Change::Deleted { key, revision } => {
                self.revision = self.revision.max(*revision);
                self.by_key.remove(key);
            }
            Change::Put(_) => {}
        }
    }
}

impl<R, T> std::fmt::Debug for View<R, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("entries", &self.0.entries.read().by_key.len()).finish()
    }
}
