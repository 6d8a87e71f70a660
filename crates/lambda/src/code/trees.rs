//! What was unpacked: a directory per archive below `<data>/code`, named by the archive's SHA-256; and one per list of
//! layers, named by the SHA-256 of their names, in which they are laid over each other.
//!
//! A directory with such a name is whole: it was made beside, synced, and renamed. It is a copy of archives and can
//! be made again at any time. It goes when no record needs it and nobody holds its [`CodeTree`].

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use base::limits::lambda::IMAGE_PULLS;
use base::{Random, Tasks};
use bytes::Bytes;
use parking_lot::Mutex;
use store::BlobId;
use tokio::sync::{Notify, Semaphore};

use super::archive::{self, Checked, Limits, Refusal};
use super::archives::{ArchiveKey, Archives};
use super::unpacker::{self, Piece, Unpacker};
use super::{merge, unpack};
use crate::function::Image;
use crate::image::{self, Reference, Registry, Start};

/// What is being made or thrown away; whatever has this prefix at the start is left from a crash.
const UNFINISHED: &str = "unfinished-";

/// An unpacked archive. While it is held, its directory stays.
#[derive(Debug)]
pub struct CodeTree {
    /// To be mounted read-only at `/var/task`, or `/opt` if it is of layers; an image's has its root in it.
    pub path: PathBuf,
    id: BlobId,
    trees: Weak<Trees>,
}

impl CodeTree {
    /// Whether there is a file of this name at its top. Asked once in the life of a function's revision.
    pub fn has_file(&self, name: &str) -> bool {
        self.path.join(name).is_file()
    }
}

impl Drop for CodeTree {
    fn drop(&mut self) {
        if let Some(trees) = self.trees.upgrade() {
            trees.let_go(&self.id);
        }
    }
}

/// All of them.
#[derive(Debug)]
pub struct Trees {
    this: Weak<Self>,
    root: PathBuf,
    archives: Archives,
    unpacker: Arc<dyn Unpacker>,
    registry: Arc<Registry>,
    tasks: Tasks,
    random: Random,
    books: Mutex<Books>,
    /// One permit per core: reading an archive keeps one busy.
    reading: Semaphore,
    /// One permit per image that is being pulled.
    pulling: Semaphore,
    /// The number of the last sync that succeeded.
    syncing: tokio::sync::Mutex<u64>,
    /// How many syncs have begun.
    syncs: AtomicU64,
    collect: Notify,
}

#[derive(Debug, Default)]
struct Books {
    /// How many records need an archive.
    needed: HashMap<BlobId, usize>,
    held: HashMap<BlobId, Weak<CodeTree>>,
    /// Trees that nobody needs; they go when nobody holds them.
    unneeded: BTreeSet<BlobId>,
    /// Whoever makes or removes the directory of an archive has its turn.
    turns: HashMap<BlobId, Arc<tokio::sync::Mutex<()>>>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the archive {id} is not there")]
    Missing { id: BlobId },
    #[error("cannot read the archive: {0}")]
    Store(#[from] store::Error),
    /// The archive is refused, though it was taken once.
    #[error("cannot unpack the archive {id}: {refusal}")]
    Refused { id: BlobId, refusal: Refusal },
    #[error("cannot unpack the archive {id}: {cause}")]
    Unpack { id: BlobId, cause: String },
    #[error("the house closes")]
    Closing,
    #[error("the image {id}: {error}")]
    Image { id: BlobId, error: image::Error },
    #[error("cannot use {path}: {source}", path = path.display())]
    Directory { path: PathBuf, source: io::Error },
}

impl Trees {
    /// Makes `root` if need be, and removes what a crash has left half done.
    pub async fn open(
        root: PathBuf,
        archives: Archives,
        unpacker: Arc<dyn Unpacker>,
        registry: Arc<Registry>,
        tasks: Tasks,
        random: Random,
    ) -> Result<Arc<Self>, Error> {
        let at = root.clone();
        tasks
            .blocking(move || prepare_root(&at))
            .await
            .map_err(|source| Error::Directory { path: root.clone(), source })?;
        Ok(Arc::new_cyclic(|this| Self {
            this: this.clone(),
            root,
            archives,
            unpacker,
            registry,
            tasks,
            random,
            books: Mutex::default(),
            reading: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            pulling: Semaphore::new(IMAGE_PULLS),
            syncing: tokio::sync::Mutex::default(),
            syncs: AtomicU64::new(0),
            collect: Notify::new(),
        }))
    }

    /// Reads an archive to its last byte, in its turn.
    pub async fn check(&self, bytes: Bytes) -> Result<Checked, Refusal> {
        let _permit = self.reading.acquire().await.expect("the semaphore is never closed");
        self.tasks.blocking(move || archive::check(&bytes)).await
    }

    /// The tree of the archive that is kept under `key`; unpacks it if it isn't there.
    pub async fn ensure(&self, id: BlobId, key: &ArchiveKey) -> Result<Arc<CodeTree>, Error> {
        self.held_or_made(id, self.unpack(id, key)).await
    }

    /// The archives laid over each other, later ones over earlier ones; `None` of none. One alone is its own tree.
    pub async fn ensure_merged(&self, layers: &[(BlobId, ArchiveKey)]) -> Result<Option<Arc<CodeTree>>, Error> {
        let ids: Vec<BlobId> = layers.iter().map(|(id, _)| *id).collect();
        match (layers, merged_id(&ids)) {
            ([], _) => Ok(None),
            ([(id, key)], _) => self.ensure(*id, key).await.map(Some),
            (_, id) => self.held_or_made(id, self.merge(id, layers)).await.map(Some),
        }
    }

    /// The tree of an image: its root, and how it is started; pulls it if it isn't there.
    pub async fn ensure_image(&self, id: BlobId, image: &Image) -> Result<Arc<CodeTree>, Error> {
        self.held_or_made(id, self.pull(id, image)).await
    }

    /// How the image in a tree is started.
    pub async fn image_start(&self, tree: &CodeTree) -> Result<Start, Error> {
        let path = tree.path.clone();
        let read = self.tasks.blocking(move || image::read_start(&path)).await;
        read.map_err(|source| Error::Directory { path: tree.path.clone(), source })
    }

    async fn held_or_made(
        &self,
        id: BlobId,
        make: impl Future<Output = Result<(), Error>>,
    ) -> Result<Arc<CodeTree>, Error> {
        let turn = self.turn(id);
        let _turn = turn.lock().await;
        if let Some(tree) = self.books.lock().held.get(&id).and_then(Weak::upgrade) {
            return Ok(tree);
        }
        let path = self.path(&id);
        if !self.exists(&path).await {
            make.await?;
        }
        let tree = Arc::new(CodeTree { path, id, trees: self.this.clone() });
        self.books.lock().held.insert(id, Arc::downgrade(&tree));
        Ok(tree)
    }

    /// Whole or not at all: made beside, synced, renamed. If a power cut takes the renaming back, what is left is
    /// removed at the start.
    async fn unpack(&self, id: BlobId, key: &ArchiveKey) -> Result<(), Error> {
        let bytes = self.archives.load(key).await?.ok_or(Error::Missing { id })?;
        let beside = self.beside();
        let made = self.fill(id, bytes, &beside).await;
        self.settle(id, beside, made).await
    }

    /// As [`Trees::unpack`]. Each layer's own tree is held until it is shared.
    async fn merge(&self, id: BlobId, layers: &[(BlobId, ArchiveKey)]) -> Result<(), Error> {
        let mut trees = Vec::with_capacity(layers.len());
        for (layer, key) in layers {
            trees.push(self.ensure(*layer, key).await?);
        }
        let paths: Vec<PathBuf> = trees.iter().map(|tree| tree.path.clone()).collect();
        let beside = self.beside();
        let into = beside.clone();
        let merged = self.tasks.blocking(move || merge::merge(&paths, &into)).await;
        let made = merged.map_err(|error| Error::Unpack { id, cause: error.to_string() });
        self.settle(id, beside, made).await
    }

    async fn pull(&self, id: BlobId, image: &Image) -> Result<(), Error> {
        let failed = |error| Error::Image { id, error };
        let named = Reference::parse(&image.resolved);
        let named = named.ok_or_else(|| failed(image::Error::Internal(format!("the name {:?}", image.resolved))))?;
        let _permit = self.pulling.acquire().await.expect("the semaphore is never closed");
        let beside = self.beside();
        let request = image::Request { image: named, architecture: image.architecture };
        let made = tokio::select! {
            made = image::lay_out(&self.registry, &*self.unpacker, &self.tasks, &request, &beside) => made,
            // An image may take minutes. What is there of it is removed at the next start.
            () = self.tasks.closing().cancelled() => return Err(Error::Closing),
        };
        self.settle(id, beside, made.map_err(failed)).await
    }

    /// What was made well is made durable and gets its name; the rest is removed.
    async fn settle(&self, id: BlobId, beside: PathBuf, made: Result<(), Error>) -> Result<(), Error> {
        let settled = match made {
            Ok(()) => self.name(id, &beside).await,
            Err(error) => Err(error),
        };
        if settled.is_err() {
            self.remove_half(beside).await;
        }
        settled
    }

    async fn fill(&self, id: BlobId, bytes: Bytes, beside: &Path) -> Result<(), Error> {
        let permit = self.reading.acquire().await.expect("the semaphore is never closed");
        let unpacked = self.unpacker.unpack(vec![Piece::Archive(bytes)], beside, Limits::LAMBDA).await;
        drop(permit);
        unpacked.map_err(|error| match error {
            unpacker::Error::Refused(refusal) => Error::Refused { id, refusal },
            unpacker::Error::Failed(cause) => Error::Unpack { id, cause },
        })
    }

    async fn name(&self, id: BlobId, beside: &Path) -> Result<(), Error> {
        let path = self.path(&id);
        let failed = |source| Error::Directory { path: path.clone(), source };
        self.sync().await.map_err(failed)?;
        let (from, to) = (beside.to_owned(), path.clone());
        self.tasks.blocking(move || std::fs::rename(from, to)).await.map_err(failed)
    }

    /// What was written before is durable when it answers. One sync serves everybody who has come before it began.
    async fn sync(&self) -> io::Result<()> {
        let begun = self.syncs.load(Ordering::SeqCst);
        let mut last_done = self.syncing.lock().await;
        // One that was under way when we came may have missed what we wrote; one that began later has not.
        if *last_done > begun {
            return Ok(());
        }
        let this = self.syncs.fetch_add(1, Ordering::SeqCst) + 1;
        let root = self.root.clone();
        self.tasks.blocking(move || unpack::sync_file_system(&root)).await?;
        *last_done = this;
        Ok(())
    }

    async fn remove_half(&self, beside: PathBuf) {
        let path = beside.clone();
        if let Err(error) = self.tasks.blocking(move || gone(std::fs::remove_dir_all(path))).await {
            tracing::warn!(path = %beside.display(), %error, "cannot remove half-unpacked code; the next start does");
        }
    }

    async fn exists(&self, path: &Path) -> bool {
        let path = path.to_owned();
        self.tasks.blocking(move || path.is_dir()).await
    }

    /// One more record needs the archive.
    pub fn need(&self, id: BlobId) {
        let mut books = self.books.lock();
        *books.needed.entry(id).or_insert(0) += 1;
        books.unneeded.remove(&id);
    }

    /// One record less needs the archive.
    pub fn release(&self, id: BlobId) {
        let mut books = self.books.lock();
        let Some(count) = books.needed.get_mut(&id) else { return };
        *count -= 1;
        if *count == 0 {
            books.needed.remove(&id);
            books.unneeded.insert(id);
            self.collect.notify_one();
        }
    }

    pub fn needs(&self, id: &BlobId) -> bool {
        self.books.lock().needed.contains_key(id)
    }

    fn let_go(&self, id: &BlobId) {
        let mut books = self.books.lock();
        if books.held.get(id).is_some_and(|tree| tree.strong_count() == 0) {
            books.held.remove(id);
        }
        if books.unneeded.contains(id) {
            self.collect.notify_one();
        }
    }

    /// Removes what nobody needs, whenever there is something. When the house closes it finishes what it is at.
    pub async fn collect_always(self: Arc<Self>) {
        self.find_unneeded().await;
        loop {
            self.collect_once().await;
            tokio::select! {
                () = self.tasks.closing().cancelled() => return,
                () = self.collect.notified() => {}
            }
        }
    }

    /// Directories that no record needs: left when a crash came between a deletion and its collection.
    pub(crate) async fn find_unneeded(&self) {
        let root = self.root.clone();
        match self.tasks.blocking(move || names(&root)).await {
            Ok(names) => {
                let mut books = self.books.lock();
                let found: Vec<BlobId> = names.iter().filter_map(|name| BlobId::parse(name)).collect();
                let unneeded = found.into_iter().filter(|id| !books.needed.contains_key(id)).collect::<Vec<_>>();
                books.unneeded.extend(unneeded);
            }
            Err(error) => tracing::warn!(root = %self.root.display(), %error, "cannot look for code that nobody needs"),
        }
    }

    /// Removes the trees that nobody needs and nobody holds now.
    pub async fn collect_once(&self) {
        let candidates: Vec<BlobId> = self.books.lock().unneeded.iter().copied().collect();
        for id in candidates {
            let turn = self.turn(id);
            let _turn = turn.lock().await;
            if self.may_go(&id) {
                self.remove(&id).await;
            }
        }
    }

    fn may_go(&self, id: &BlobId) -> bool {
        let mut books = self.books.lock();
        let held = books.held.get(id).is_some_and(|tree| tree.strong_count() > 0);
        !held && books.unneeded.remove(id)
    }

    /// Renamed first: what has the archive's name is whole.
    async fn remove(&self, id: &BlobId) {
        let (path, beside) = (self.path(id), self.beside());
        let removed = self.tasks.blocking(move || throw_away(&path, &beside)).await;
        if let Err(error) = removed {
            tracing::warn!(%id, %error, "cannot remove code that nobody needs; it is tried again at the next start");
        }
    }

    fn turn(&self, id: BlobId) -> Arc<tokio::sync::Mutex<()>> {
        let mut books = self.books.lock();
        // Those whom nobody waits for are forgotten, or there would be one for each archive that ever was.
        if books.turns.len() > 1024 {
            books.turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        books.turns.entry(id).or_default().clone()
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        self.root.join(id.to_string())
    }

    fn beside(&self) -> PathBuf {
        self.root.join(format!("{UNFINISHED}{}", self.random.hex(16)))
    }
}

/// What a list of layers is called: a name for each list, of which none is the name of an archive.
pub(crate) fn merged_id(layers: &[BlobId]) -> BlobId {
    let names: Vec<String> = layers.iter().map(BlobId::to_string).collect();
    BlobId::of(format!("layers\n{}", names.join("\n")).as_bytes())
}

fn throw_away(path: &Path, beside: &Path) -> io::Result<()> {
    match std::fs::rename(path, beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => std::fs::remove_dir_all(beside),
    }
}

/// Environments enter with a uid of their own: they must be able to go through, not to look around.
fn prepare_root(root: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(root)?;
    std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o711))?;
    for name in names(root)? {
        if name.starts_with(UNFINISHED) {
            gone(std::fs::remove_dir_all(root.join(name)))?;
        }
    }
    Ok(())
}

/// What isn't there is gone.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn names(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
