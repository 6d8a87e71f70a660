//! Blobs that must not be deleted now, because somebody is about to name them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::BlobId;

#[derive(Clone, Debug, Default)]
pub(super) struct Pins(Arc<Mutex<HashMap<BlobId, usize>>>);

/// Ends with its drop.
#[derive(Debug)]
pub(crate) struct Pin {
    pins: Pins,
    id: BlobId,
}

impl Pins {
    pub(super) fn pin(&self, id: BlobId) -> Pin {
        *self.0.lock().entry(id).or_insert(0) += 1;
        Pin { pins: self.clone(), id }
    }

    /// Nobody can pin it while `delete` runs.
    pub(super) fn unless_pinned<E>(&self, id: &BlobId, delete: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
        let pinned = self.0.lock();
        if pinned.contains_key(id) { Ok(false) } else { delete() }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pinned = self.pins.0.lock();
        if let Some(count) = pinned.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                pinned.remove(&self.id);
            }
        }
    }
}
