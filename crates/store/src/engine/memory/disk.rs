//! What is left after a crash of the engine in memory.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::super::watchers::Watchers;
use super::super::{Change, Claim, Claimed, Committed, Counters, Writes};
use super::Faults;
use super::state::State;
use crate::blob::BlobId;
use crate::error::{Error, IoContext, Result};
use crate::space::SpaceName;

type Spaces = BTreeMap<SpaceName, State>;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
pub(super) struct Inside {
    spaces: Spaces,
    blobs: BTreeMap<BlobId, Bytes>,
    watchers: BTreeMap<SpaceName, Watchers>,
    /// What a crash goes back to, if it isn't `spaces`.
    synced: Option<Spaces>,
    opening: u64,
    faults: Faults,
    counters: Counters,
}

impl Disk {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn faults(&self) -> Faults {
        self.0.lock().faults
    }

    pub fn set_faults(&self, faults: Faults) {
        self.0.lock().faults = faults;
    }

    /// Makes everything written so far durable.
    pub fn sync(&self) {
        self.0.lock().synced = None;
    }

    /// Loses what is not durable, and ends every engine that is open: its calls answer [`Error::Closed`].
    pub fn crash(&self) {
        let mut inside = self.0.lock();
        if let Some(synced) = inside.synced.take() {
            inside.spaces = synced;
        }
        inside.watchers.clear();
        inside.opening += 1;
    }

    pub(super) fn opening(&self) -> u64 {
        self.0.lock().opening
    }

    pub(super) fn counters(&self) -> Counters {
        self.0.lock().counters
    }

    pub(super) fn read<T>(&self, opening: u64, work: impl FnOnce(&Inside) -> T) -> Result<T> {
        let inside = self.0.lock();
        inside.check(opening)?;
        Ok(work(&inside))
    }

    pub(super) fn write<T>(&self, opening: u64, work: impl FnOnce(&mut Inside) -> Result<T>) -> Result<T> {
        let mut inside = self.0.lock();
        inside.check(opening)?;
        if inside.faults.lazy_sync && inside.synced.is_none() {
            inside.synced = Some(inside.spaces.clone());
        }
        work(&mut inside)
    }
}

impl Inside {
    fn check(&self, opening: u64) -> Result<()> {
        if self.opening == opening { Ok(()) } else { Err(Error::Closed) }
    }

    pub(super) fn state(&self, space: &SpaceName) -> Option<&State> {
        self.spaces.get(space)
    }

    pub(super) fn watchers(&mut self, space: &SpaceName) -> &mut Watchers {
        self.watchers.entry(space.clone()).or_default()
    }

    pub(super) fn spaces(&self) -> Vec<SpaceName> {
        self.spaces.keys().cloned().collect()
    }

    pub(super) fn drop_space(&mut self, space: &SpaceName) {
        self.spaces.remove(space);
        self.watchers.remove(space);
    }

    pub(super) fn commit(&mut self, space: &SpaceName, writes: &Writes) -> Result<Committed> {
        let state = self.spaces.entry(space.clone()).or_default();
        if let Err(conflict) = state.check(space, &writes.expects) {
            self.counters.conflicts += 1;
            return Err(conflict);
        }
        let (committed, changes) = state.apply(&writes.writes);
        self.committed(space, &changes);
        Ok(committed)
    }

    pub(super) fn claim(&mut self, space: &SpaceName, claim: &Claim, now_ms: i64) -> Claimed {
        let Some(state) = self.spaces.get_mut(space) else { return Claimed::default() };
        let (claimed, changes) = state.claim(claim, now_ms);
        if !changes.is_empty() {
            self.committed(space, &changes);
        }
        claimed
    }

    fn committed(&mut self, space: &SpaceName, changes: &[Change]) {
        self.counters.commits += 1;
        self.counters.transactions += 1;
        self.watchers(space).tell(changes);
    }
}

/// Blobs in memory. They are durable when they are put: a crash loses none.
impl Disk {
    pub(crate) fn put_blob<P>(
        &self,
        from: impl Read,
        limit: u64,
        pin: impl Fn(BlobId) -> P,
    ) -> Result<(BlobId, u64, P)> {
        let mut bytes = Vec::new();
        from.take(limit.saturating_add(1)).read_to_end(&mut bytes).doing(|| "reading a blob".to_owned())?;
        let len = bytes.len() as u64;
        if len > limit {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            return Err(Error::TooLarge { what: "a blob", size: bytes.len(), limit });
        }
        let id = BlobId::of(&bytes);
        let pinned = pin(id);
        self.0.lock().blobs.insert(id, Bytes::from(bytes));
        Ok((id, len, pinned))
    }

    pub(crate) fn blob(&self, id: &BlobId) -> Option<Bytes> {
        self.0.lock().blobs.get(id).cloned()
    }

    pub(crate) fn delete_blob(&self, id: &BlobId) -> bool {
        self.0.lock().blobs.remove(id).is_some()
    }

    pub(crate) fn blob_ids(&self) -> Vec<BlobId> {
        self.0.lock().blobs.keys().copied().collect()
    }
}
