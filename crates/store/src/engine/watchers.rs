//! Who wants to hear of which changes: found by the prefixes of a key, so that their number costs nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Weak;

use super::{Change, Watcher};

/// The watchers of one space.
#[derive(Default)]
pub(crate) struct Watchers {
    by_prefix: HashMap<Vec<u8>, Vec<Weak<dyn Watcher>>>,
    /// How many prefixes have each length: only these are looked up.
    lengths: BTreeMap<usize, usize>,
}

impl Watchers {
    pub(crate) fn add(&mut self, prefix: &[u8], watcher: Weak<dyn Watcher>) {
        if let Some(there) = self.by_prefix.get_mut(prefix) {
            there.retain(|watcher| watcher.strong_count() > 0);
            there.push(watcher);
            return;
        }
        *self.lengths.entry(prefix.len()).or_insert(0) += 1;
        self.by_prefix.insert(prefix.to_vec(), vec![watcher]);
    }

    /// Tells each watcher its part of `changes`, in order.
    pub(crate) fn tell(&mut self, changes: &[Change]) {
        let mut parts: HashMap<&[u8], Vec<Change>> = HashMap::new();
        for change in changes {
            for prefix in self.prefixes_of(change.key()) {
                parts.entry(prefix).or_default().push(change.clone());
            }
        }
        for (prefix, part) in parts {
            self.tell_one(prefix, &part);
        }
    }

    fn prefixes_of<'a>(&self, key: &'a [u8]) -> Vec<&'a [u8]> {
        let lengths = self.lengths.range(..=key.len()).map(|(length, _)| &key[..*length]);
        lengths.filter(|prefix| self.by_prefix.contains_key(*prefix)).collect()
    }

    fn tell_one(&mut self, prefix: &[u8], changes: &[Change]) {
        let Some(watchers) = self.by_prefix.get_mut(prefix) else { return };
        watchers.retain(|watcher| match watcher.upgrade() {
            Some(watcher) => {
                watcher.changed(changes);
                true
            }
            None => false,
        });
        if watchers.is_empty() {
            self.forget(prefix);
        }
    }

    fn forget(&mut self, prefix: &[u8]) {
        self.by_prefix.remove(prefix);
        if let Some(count) = self.lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&prefix.len());
            }
        }
    }
}

impl std::fmt::Debug for Watchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watchers").field("prefixes", &self.by_prefix.len()).finish()
    }
}
