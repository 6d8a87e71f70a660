//! Who runs in which slot: a uid of a range for each, no two alive alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::{Error, Result};

#[derive(Clone, Debug)]
pub(crate) struct Uids {
    first: u32,
    count: u32,
    used: Arc<Mutex<BTreeSet<u32>>>,
}

/// Free again when dropped.
#[derive(Debug)]
pub(crate) struct Uid {
    number: u32,
    used: Arc<Mutex<BTreeSet<u32>>>,
}

impl Uids {
    pub(crate) fn new(first: u32, count: u32) -> Self {
        Self { first, count, used: Arc::default() }
    }

    /// The lowest free one.
    pub(crate) fn take(&self) -> Result<Uid> {
        let mut used = self.used.lock();
        let free = (self.first..self.first.saturating_add(self.count)).find(|number| !used.contains(number));
        let number = free.ok_or(Error::NoFreeUid { count: self.count })?;
        used.insert(number);
        Ok(Uid { number, used: self.used.clone() })
    }
}

impl Uid {
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Never given out again by this process.
    pub(crate) fn withhold(mut self) {
        self.used = Arc::default();
    }
}

impl Drop for Uid {
    fn drop(&mut self) {
        self.used.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_given_once_until_it_is_back() {
        let uids = Uids::new(10, 2);
        let first = uids.take().expect("free");
        let second = uids.take().expect("free");
        assert_eq!((first.number(), second.number()), (10, 11));
        assert!(matches!(uids.take(), Err(Error::NoFreeUid { count: 2 })));
        drop(first);
        assert_eq!(uids.take().expect("free again").number(), 10);
    }

    #[test]
    fn a_withheld_uid_does_not_come_back() {
        let uids = Uids::new(10, 1);
        uids.take().expect("free").withhold();
        assert!(uids.take().is_err());
    }
}
