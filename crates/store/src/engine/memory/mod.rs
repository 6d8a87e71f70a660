//! The engine in memory, with faults on demand: what simulations and other rooms' tests run on.
//!
//! What survives a crash lives in a [`Disk`]; every engine opened on it sees what the last one made durable.

mod disk;
mod faults;
mod state;

use std::path::Path;
use std::sync::Weak;

use async_trait::async_trait;
use base::{Clock, Random};

pub use disk::Disk;
pub use faults::Faults;

use super::{Change, Claim, Claimed, Committed, Counters, Engine, Range, Row, Start, Watcher, Writes};
use crate::error::{Error, Result};
use crate::space::SpaceName;

/// One opening of a [`Disk`]; ends with the disk's next crash.
#[derive(Debug)]
pub struct Memory {
    disk: Disk,
    opening: u64,
    clock: Clock,
    random: Random,
}

impl Memory {
    pub fn open(disk: &Disk, clock: Clock, random: Random) -> Self {
        Self { disk: disk.clone(), opening: disk.opening(), clock, random }
    }

    async fn write<T>(&self, work: impl FnOnce(&mut disk::Inside) -> Result<T>) -> Result<T> {
        let faults = self.disk.faults();
        if self.random.fraction() < faults.pause {
            tokio::task::yield_now().await;
        }
        if self.random.fraction() < faults.refuse {
            return Err(faults::injected("refused before it was done"));
        }
        let done = self.disk.write(self.opening, work)?;
        if self.random.fraction() < faults.lose_answer {
            return Err(faults::injected("done, but the answer was lost"));
        }
        Ok(done)
    }
}

#[async_trait]
impl Engine for Memory {
    async fn get(&self, space: &SpaceName, key: &[u8]) -> Result<Option<Row>> {
        self.disk.read(self.opening, |inside| inside.state(space).and_then(|state| state.get(key)))
    }

    async fn range(&self, space: &SpaceName, range: Range) -> Result<Vec<Row>> {
        self.disk.read(self.opening, |inside| inside.state(space).map(|state| state.range(&range)).unwrap_or_default())
    }

    async fn commit(&self, space: &SpaceName, writes: Writes) -> Result<Committed> {
        writes.check_size()?;
        self.write(|inside| inside.commit(space, &writes)).await
    }

    async fn claim(&self, space: &SpaceName, claim: Claim) -> Result<Claimed> {
        let now_ms = self.clock.now_ms();
        self.write(|inside| Ok(inside.claim(space, &claim, now_ms))).await
    }

    async fn watch(&self, space: &SpaceName, prefix: &[u8], start: Start, watcher: Weak<dyn Watcher>) -> Result<()> {
        self.disk.write(self.opening, |inside| {
            let rows = inside.state(space).map(|state| state.range(&Range::all(prefix))).unwrap_or_default();
            if let (Start::Rows, Some(watcher)) = (start, watcher.upgrade()) {
                watcher.changed(&rows.into_iter().map(Change::Put).collect::<Vec<_>>());
            }
            inside.watchers(space).add(prefix, watcher);
            Ok(())
        })
    }

    async fn now_ms(&self) -> Result<i64> {
        Ok(self.clock.now_ms())
    }

    async fn spaces(&self) -> Result<Vec<SpaceName>> {
        self.disk.read(self.opening, disk::Inside::spaces)
    }

    async fn drop_space(&self, space: &SpaceName) -> Result<()> {
        self.write(|inside| {
            inside.drop_space(space);
            Ok(())
        })
        .await
    }

    async fn backup(&self, _: &Path) -> Result<()> {
        Err(Error::Unsupported { engine: "memory", what: "backup" })
    }

    fn counters(&self) -> Counters {
        self.disk.counters()
    }

    fn writable(&self) -> Result<()> {
        Ok(())
    }
}
