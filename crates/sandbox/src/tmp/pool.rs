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
    made: Arc<Mutex<BTreeMap<u64, Vec<Tmp>>>>,
}

impl Pool {
    pub(crate) fn new(state_dir: PathBuf, ready: usize, tasks: Tasks) -> Self {
        Self { state_dir, ready, tasks, made: Arc::default() }
    }

    /// A ready one, or one made now; either way a new one is made behind the caller's back.
    pub(crate) async fn take(&self, bytes: u64) -> Result<Tmp> {
        let ready = self.made.lock().get_mut(&bytes).and_then(Vec::pop);
        let taken = match ready {
            Some(tmp) => tmp,
            None => self.make(bytes).await?,
        };
        self.refill(bytes);
        Ok(taken)
    }

    async fn make(&self, bytes: u64) -> Result<Tmp> {
        let state_dir = self.state_dir.clone();
        self.tasks.blocking(move || Tmp::make(&state_dir, bytes)).await
    }

    fn refill(&self, bytes: u64) {
        if !self.wants(bytes) {
            return;
        }
        let pool = self.clone();
        self.tasks.spawn("sandbox tmp refill", async move {
            match pool.make(bytes).await {
                Ok(tmp) => pool.keep(bytes, tmp).await,
                // Whoever needs one next hears the error.
                Err(error) => tracing::warn!(%error, "no /tmp could be made ahead"),
            }
        });
    }

    fn wants(&self, bytes: u64) -> bool {
        let mut made = self.made.lock();
        if !made.contains_key(&bytes) && made.len() >= SIZES {
            return false;
        }
        !self.tasks.closing().is_cancelled() && made.entry(bytes).or_default().len() < self.ready
    }

    async fn keep(&self, bytes: u64, tmp: Tmp) {
        let surplus = {
            let mut made = self.made.lock();
            let ready = made.entry(bytes).or_default();
            if ready.len() < self.ready && !self.tasks.closing().is_cancelled() {
                ready.push(tmp);
                None
            } else {
                Some(tmp)
            }
        };
        // Unmounting may wait for the disk.
        self.tasks.blocking(move || drop(surplus)).await;
    }

    /// Frees all that are ready.
    pub(crate) async fn clear(&self) {
        let made = std::mem::take(&mut *self.made.lock());
        self.tasks.blocking(move || drop(made)).await;
    }
}
