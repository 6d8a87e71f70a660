//! The entry: a store on a disk or in memory, and the spaces and blobs in it.

use std::path::Path;
use std::sync::Arc;

use base::{Clock, Random, Tasks};

use crate::blob::Blobs;
use crate::engine::memory::{Disk, Memory};
use crate::engine::sqlite::{Options, Sqlite};
use crate::engine::{Counters, SharedEngine};
use crate::error::Result;
use crate::files::Staged;
use crate::space::{Space, SpaceName};

/// Cheap to clone; clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    engine: SharedEngine,
    blobs: Blobs,
    clock: Clock,
    random: Random,
}

impl Store {
    /// Opens (or makes) the store below `dir`. [`crate::Error::InUse`] if another process has it,
    /// [`crate::Error::NewerFormat`] if a later version of this program wrote it.
    pub async fn open_sqlite(dir: &Path, clock: Clock, random: Random) -> Result<Self> {
        Self::open_sqlite_with(dir, Options::default(), clock, random).await
    }

    /// As [`Store::open_sqlite`], with what an operator has chosen.
    pub async fn open_sqlite_with(dir: &Path, options: Options, clock: Clock, random: Random) -> Result<Self> {
        let engine = Arc::new(Sqlite::open_with(dir, clock.clone(), options).await?);
        let blobs = Blobs::in_dir(&dir.join("blobs"), clock.clone(), random.clone(), engine.disk_guard()).await?;
        Ok(Self { engine, blobs, clock, random })
    }

    /// A store that is gone with its last clone.
    pub fn memory(clock: Clock, random: Random) -> Self {
        Self::on_disk(&Disk::new(), clock, random)
    }

    /// A store on a simulated disk, which can be crashed and opened again. Blobs are kept by the store, not the disk.
    pub fn on_disk(disk: &Disk, clock: Clock, random: Random) -> Self {
        let engine = Arc::new(Memory::open(disk, clock.clone(), random.clone()));
        Self { engine, blobs: Blobs::in_memory(disk), clock, random }
    }

    /// Any engine, with its blobs.
    pub fn with_engine(engine: SharedEngine, blobs: Blobs, clock: Clock, random: Random) -> Self {
        Self { engine, blobs, clock, random }
    }

    /// [`crate::Error::SpaceName`] unless `name` is 1 to 64 of `a-z`, `0-9` and `-`.
    pub fn space(&self, name: &str) -> Result<Space> {
        let name = SpaceName::new(name)?;
        let Self { engine, clock, random, .. } = self.clone();
        Ok(Space { name, engine, clock, random })
    }

    /// The spaces that have been written to, by name.
    pub async fn spaces(&self) -> Result<Vec<SpaceName>> {
        self.engine.spaces().await
    }

    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn random(&self) -> &Random {
        &self.random
    }

    pub fn counters(&self) -> Counters {
        self.engine.counters()
    }

    /// [`crate::Error::ReadOnly`] while the disk is full.
    pub fn writable(&self) -> Result<()> {
        self.engine.writable()
    }

    /// Copies everything into the new directory `to` while serving: every space, all as they were at one moment, and
    /// every blob. The copy is a store like any other; [`crate::restore`] checks it and puts it in place.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let kept = self.blobs.keep_all().await;
        let (tasks, to) = (Tasks::new(), to.to_owned());
        let staged = tasks.blocking(move || Staged::new(&to)).await?;
        self.engine.backup(staged.dir()).await?;
        self.blobs.copy_to(&staged.dir().join("blobs")).await?;
        drop(kept);
        tasks.blocking(move || staged.publish()).await
    }
}
