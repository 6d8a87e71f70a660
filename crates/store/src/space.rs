//! A space: what one commit can reach. In SQLite a file, with a writer of its own.

use std::fmt;
use std::sync::Arc;

use base::{Clock, Random};
use bytes::Bytes;

use crate::batch::Batch;
use crate::engine::{Range, Row, SharedEngine};
use crate::error::{Error, Result};
use crate::key::Encode;
use crate::lease::Leases;
use crate::log::{Log, LogName, Series, SeriesName};
use crate::outbox::Outbox;
use crate::queue::{Queue, QueueName};
use crate::table::{Record, Table};
use crate::timer::{TimerName, Timers};
use crate::view::View;
use crate::wake::Wake;

/// `meta`, `queue-0`, `logs-2026-11-23`: 1 to 64 of `a-z`, `0-9` and `-`, not beginning with `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpaceName(Arc<str>);

impl SpaceName {
    pub fn new(name: &str) -> Result<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=64).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-') {
            Ok(Self(Arc::from(name)))
        } else {
            Err(Error::SpaceName { name: name.to_owned() })
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SpaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One space of a store; cheap to clone. It is made when it is first written to or watched, not when it is read.
#[derive(Clone, Debug)]
pub struct Space {
    pub(crate) name: SpaceName,
    pub(crate) engine: SharedEngine,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Space {
    pub fn name(&self) -> &SpaceName {
        &self.name
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Random ids for keys that are not the caller's to choose.
    pub fn random(&self) -> &Random {
        &self.random
    }

    /// An empty batch of writes to this space.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    pub fn table<R: Record>(&self) -> Table<R> {
        Table::new(self.clone())
    }

    /// Every record of a table in memory, kept so by every commit.
    pub async fn view<R: Record>(&self) -> Result<View<R>> {
        self.view_of(|record: R| record).await
    }

    /// As [`Space::view`], keeping what `map` makes of each record (a parsed policy, say).
    pub async fn view_of<R: Record, T: Send + Sync + 'static>(
        &self,
        map: impl Fn(R) -> T + Send + Sync + 'static,
    ) -> Result<View<R, T>> {
        View::open(self, map).await
    }

    pub fn log(&self, name: LogName) -> Log {
        Log::new(self.clone(), name)
    }

    pub fn series(&self, name: SeriesName) -> Series {
        Series::new(self.clone(), name)
    }

    pub fn queue(&self, name: QueueName) -> Queue {
        Queue::new(self.clone(), name)
    }

    pub fn timers(&self, name: TimerName) -> Timers {
        Timers::new(self.clone(), name)
    }

    pub fn leases(&self) -> Leases {
        Leases::new(self.clone())
    }

    pub fn outbox(&self) -> Outbox {
        Outbox::new(self.clone())
    }

    /// Told when something whose key begins with `prefix` was put or deleted; the layers have this for their own.
    pub async fn wake(&self, prefix: &[u8]) -> Result<Wake> {
        Wake::on(self, prefix).await
    }

    /// Deletes this space with everything in it.
    pub async fn drop_all(&self) -> Result<()> {
        self.engine.drop_space(&self.name).await
    }

    pub(crate) async fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        self.engine.get(&self.name, key).await
    }

    pub(crate) async fn range(&self, range: Range) -> Result<Vec<Row>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        self.engine.range(&self.name, range).await
    }
}

/// A key's bytes, ready for a write.
pub(crate) fn key_bytes(key: &impl Encode) -> Bytes {
    Bytes::from(key.to_key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_is_named_plainly() {
        assert!(SpaceName::new("logs-2026-11-23").is_ok());
        for wrong in ["", "-a", "Meta", "a/b", "..", "a b", &"a".repeat(65)] {
            assert!(matches!(SpaceName::new(wrong), Err(Error::SpaceName { .. })), "{wrong}");
        }
    }
}
