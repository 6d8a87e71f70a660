//! Some `/tmp`s of each size in use, made ahead, so that making one is not on a start's way.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base::Tasks;
use parking_lot::Mutex;

use super::Tmp;
use crate::Result;

/// Sizes that are kept ready at once; more would be somebody trying all of them.
const SIZES: usize = 8;

#[derive(Clone, Debug)]
pub(crate) struct Pool {
    state_dir: PathBuf,
    /// Of each size.
    ready: usize,
    tasks: Tasks,
    /// By size; an entry also says that the size is in use.
    shelves: Arc<Mutex<BTreeMap<u64, Shelf>>>,
}

#[derive(Debug, Default)]
struct Shelf {
    ready: Vec<Tmp>,
    /// Being made for it.
    coming: usize,
}

impl Pool {
    pub(crate) fn new(state_dir: PathBuf, ready: usize, tasks: Tasks) -> Self {
        Self { state_dir, ready, tasks, shelves: Arc::default() }
    }

    /// A ready one, or one made now; either way the shelf is filled behind the caller's back.
    pub(crate) async fn take(&self, bytes: u64) -> Result<Tmp> {
        let ready = self.shelves.lock().get_mut(&bytes).and_then(|shelf| shelf.ready.pop());
        let taken = match ready {
            Some(tmp) => tmp,
            None => self.make(bytes).await?,
        };
        for _ in 0..self.lacking(bytes) {
            self.tasks.spawn("sandbox tmp refill", self.clone().refill(bytes));
        }
        Ok(taken)
    }

    async fn make(&self, bytes: u64) -> Result<Tmp> {
        let state_dir = self.state_dir.clone();
        self.tasks.blocking(move || Tmp::make(&state_dir, bytes)).await
    }

    /// How many to make, from here on counted as coming.
    fn lacking(&self, bytes: u64) -> usize {
        let mut shelves = self.shelves.lock();
        let new_size = !shelves.contains_key(&bytes);
        if self.tasks.closing().is_cancelled() || (new_size && shelves.len() >= SIZES) {
            return 0;
        }
        let shelf = shelves.entry(bytes).or_default();
        let lacking = self.ready.saturating_sub(shelf.ready.len() + shelf.coming);
        shelf.coming += lacking;
        lacking
    }

    async fn refill(self, bytes: u64) {
        let made = self.make(bytes).await;
        if let Err(error) = &made {
            // Whoever needs one next hears the error.
            tracing::warn!(%error, "no /tmp could be made ahead");
        }
        let surplus = self.shelve(bytes, made.ok());
        // Unmounting may wait for the disk.
        self.tasks.blocking(move || drop(surplus)).await;
    }

    /// What there is no place for: the shelves were cleared meanwhile.
    fn shelve(&self, bytes: u64, made: Option<Tmp>) -> Option<Tmp> {
        let mut shelves = self.shelves.lock();
        let Some(shelf) = shelves.get_mut(&bytes) else { return made };
        shelf.coming = shelf.coming.saturating_sub(1);
        shelf.ready.extend(made);
        None
    }

    /// Frees all that are ready, and keeps none from now on until one is taken again.
    pub(crate) async fn clear(&self) {
        let shelves = std::mem::take(&mut *self.shelves.lock());
        self.tasks.blocking(move || drop(shelves)).await;
    }
}
