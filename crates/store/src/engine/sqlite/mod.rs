//! The embedded engine: a space is a SQLite file with a writer thread of its own.
//!
//! The writer gathers what waits into one transaction and one fsync (group commit); readers have connections of their
//! own and see the last committed state. See `docs/format/sqlite.md`.

mod backup;
mod guard;
mod readers;
mod rows;
mod schema;
mod space_file;
mod writer;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use base::{Clock, Tasks};
use parking_lot::{Mutex, RwLock};

pub(crate) use backup::check_copy;
pub use guard::DiskGuard;
use space_file::SpaceFile;

use super::{Claim, Claimed, Committed, Counters, Engine, Hold, Range, Row, Start, Watcher, Writes};
use crate::error::{Error, IoContext, Result};
use crate::files;
use crate::space::SpaceName;

/// Of the directory as a whole: which files lie where.
const LAYOUT: u32 = 1;
pub(crate) const FORMAT_FILE: &str = "FORMAT";
const SPACES_DIR: &str = "spaces";

/// What an operator may choose.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Room kept free for the day on which the disk is full.
    pub reserve_bytes: u64,
    /// Pages of the write-ahead log after which they are moved to the file.
    pub checkpoint_pages: u32,
    /// The control of the durability tests: answers before anything is synced. Never for anybody's data.
    pub no_sync: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { reserve_bytes: 16 << 20, checkpoint_pages: 4_000, no_sync: false }
    }
}

impl Options {
    fn synchronous(&self) -> &'static str {
        if self.no_sync { "OFF" } else { "FULL" }
    }
}

/// The engine. It ends, and the directory is free, when the last of its users drops it.
#[derive(Debug)]
pub struct Sqlite {
    shared: Arc<Shared>,
    tasks: Tasks,
}

/// What the spaces' threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    dir: PathBuf,
    options: Options,
    clock: Clock,
    /// Where the time of a simulated clock is known.
    runtime: tokio::runtime::Handle,
    guard: Arc<DiskGuard>,
    counts: Arc<Counts>,
    open: RwLock<BTreeMap<SpaceName, Arc<SpaceFile>>>,
    /// Held while a space is opened, dropped or frozen for a backup.
    changing: Mutex<()>,
    /// Locked for as long as this directory is ours.
    lock: File,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) commits: AtomicU64,
    pub(crate) transactions: AtomicU64,
    pub(crate) conflicts: AtomicU64,
}

impl Sqlite {
    pub async fn open(dir: &Path, clock: Clock) -> Result<Self> {
        Self::open_with(dir, clock, Options::default()).await
    }

    pub async fn open_with(dir: &Path, clock: Clock, options: Options) -> Result<Self> {
        let (dir, tasks) = (dir.to_owned(), Tasks::new());
        let shared = tasks.blocking(move || Shared::open(dir, clock, options)).await?;
        Ok(Self { shared: Arc::new(shared), tasks })
    }

    pub(crate) fn disk_guard(&self) -> Arc<DiskGuard> {
        self.shared.guard.clone()
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Shared>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = self.shared.clone();
        self.tasks.blocking(move || work(&shared)).await
    }

    /// The space, made if there is none.
    async fn space(&self, name: &SpaceName) -> Result<Arc<SpaceFile>> {
        if let Some(space) = self.shared.opened(name) {
            return Ok(space);
        }
        let name = name.clone();
        self.blocking(move |shared| shared.open_space(&name)).await
    }

    async fn existing(&self, name: &SpaceName) -> Result<Option<Arc<SpaceFile>>> {
        if let Some(space) = self.shared.opened(name) {
            return Ok(Some(space));
        }
        let name = name.clone();
        self.blocking(move |shared| shared.existing(&name)).await
    }

    /// Reads from the space; what is empty if there is no such space.
    async fn read<T: Default + Send + 'static>(
        &self,
        name: &SpaceName,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let name = name.clone();
        self.blocking(move |shared| match shared.existing(&name)? {
            Some(space) => Ok(space.readers.read(work)?.unwrap_or_default()),
            None => Ok(T::default()),
        })
        .await
    }
}

impl Shared {
    fn open(dir: PathBuf, clock: Clock, options: Options) -> Result<Self> {
        files::make_dir(&dir)?;
        let lock = lock(&dir)?;
        check_layout(&dir)?;
        files::make_dir(&dir.join(SPACES_DIR))?;
        let guard = Arc::new(DiskGuard::open(&dir, options.reserve_bytes, clock.clone())?);
        let shared = Self {
            dir,
            options,
            clock,
            runtime: tokio::runtime::Handle::current(),
            guard,
            counts: Arc::default(),
            open: RwLock::default(),
            changing: Mutex::default(),
            lock,
        };
        for space in shared.stored()? {
            schema::check(&shared.path_of(&space))?;
        }
        Ok(shared)
    }

    fn path_of(&self, space: &SpaceName) -> PathBuf {
        self.dir.join(SPACES_DIR).join(format!("{space}.db"))
    }

    fn opened(&self, name: &SpaceName) -> Option<Arc<SpaceFile>> {
        self.open.read().get(name).cloned()
    }

    fn existing(self: &Arc<Self>, name: &SpaceName) -> Result<Option<Arc<SpaceFile>>> {
        match self.opened(name) {
            Some(space) => Ok(Some(space)),
            None if self.path_of(name).exists() => self.open_space(name).map(Some),
            None => Ok(None),
        }
    }

    fn open_space(&self, name: &SpaceName) -> Result<Arc<SpaceFile>> {
        let _changing = self.changing.lock();
        self.open_space_alone(name)
    }

    /// `changing` is held.
    fn open_space_alone(&self, name: &SpaceName) -> Result<Arc<SpaceFile>> {
        if let Some(space) = self.opened(name) {
            return Ok(space);
        }
        let open = || SpaceFile::open(name, &self.path_of(name), self);
        // A full disk has no room for the files of an open database: the reserve is for this too.
        let space = match open().map_err(|error| self.guard.explain(error)) {
            Err(Error::ReadOnly { .. }) => open().map_err(|error| self.guard.explain(error))?,
            opened => opened?,
        };
        let space = Arc::new(space);
        self.open.write().insert(name.clone(), space.clone());
        Ok(space)
    }

    fn stored(&self) -> Result<Vec<SpaceName>> {
        let paths = files::list(&self.dir.join(SPACES_DIR))?;
        let databases = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "db"));
        databases.map(|path| SpaceName::new(&path.file_stem().unwrap_or_default().to_string_lossy())).collect()
    }

    fn drop_space(&self, name: &SpaceName) -> Result<()> {
        let _changing = self.changing.lock();
        if let Some(space) = self.open.write().remove(name) {
            // An open connection that is closed later would remove the write-ahead log of a new space of this name.
            space.close();
        }
        let path = self.path_of(name);
        for ending in ["", "-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(ending);
            files::remove_file(Path::new(&file))?;
        }
        files::sync_parent(&path)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for space in self.open.get_mut().values() {
            space.close();
        }
        // Closing the file isn't enough: a process that is just being forked holds it too, until it becomes another.
        if let Err(error) = rustix::fs::flock(&self.lock, rustix::fs::FlockOperation::Unlock) {
            tracing::warn!(dir = %self.dir.display(), %error, "the directory can't be given back");
        }
    }
}

/// The system gives the lock back when this process ends, however it ends.
fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("LOCK");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.doing(|| format!("opening {}", path.display()))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::InUse { dir: dir.to_owned() }),
        Err(error) => Err(Error::io(format!("locking {}", path.display()), error.into())),
    }
}

fn check_layout(dir: &Path) -> Result<()> {
    let path = dir.join(FORMAT_FILE);
    let Some(text) = files::read_text(&path)? else {
        return files::replace(&path, format!("{LAYOUT}\n").as_bytes());
    };
    match text.trim().parse::<u32>() {
        Ok(found) if found > LAYOUT => Err(Error::NewerFormat { path, found, known: LAYOUT }),
        Ok(_) => Ok(()),
        Err(error) => Err(Error::corrupt(path.display().to_string(), error)),
    }
}

#[async_trait]
impl Engine for Sqlite {
    async fn get(&self, space: &SpaceName, key: &[u8]) -> Result<Option<Row>> {
        let key = key.to_vec();
        self.read(space, move |db| rows::get(db, &key)).await
    }

    async fn range(&self, space: &SpaceName, range: Range) -> Result<Vec<Row>> {
        self.read(space, move |db| rows::range(db, &range)).await
    }

    async fn commit(&self, space: &SpaceName, writes: Writes) -> Result<Committed> {
        writes.check_size()?;
        self.space(space).await?.commit(writes).await
    }

    async fn claim(&self, space: &SpaceName, claim: Claim) -> Result<Claimed> {
        let now_ms = self.shared.clock.now_ms();
        if matches!(claim.hold, Hold::Peek { .. }) {
            return self.read(space, move |db| rows::peek(db, &claim, now_ms)).await;
        }
        match self.existing(space).await? {
            Some(space) => space.claim(claim).await,
            None => Ok(Claimed::default()),
        }
    }

    async fn watch(&self, space: &SpaceName, prefix: &[u8], start: Start, watcher: Weak<dyn Watcher>) -> Result<()> {
        self.space(space).await?.watch(prefix.to_vec(), start, watcher).await
    }

    async fn now_ms(&self) -> Result<i64> {
        Ok(self.shared.clock.now_ms())
    }

    async fn spaces(&self) -> Result<Vec<SpaceName>> {
        self.blocking(|shared| shared.stored()).await
    }

    async fn drop_space(&self, space: &SpaceName) -> Result<()> {
        let space = space.clone();
        self.blocking(move |shared| shared.drop_space(&space)).await
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        let to = to.to_owned();
        self.blocking(move |shared| backup::backup(shared, &to)).await
    }

    fn counters(&self) -> Counters {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { commits, transactions, conflicts } = &*self.shared.counts;
        Counters { commits: of(commits), transactions: of(transactions), conflicts: of(conflicts) }
    }

    fn writable(&self) -> Result<()> {
        self.shared.guard.writable()
    }
}
