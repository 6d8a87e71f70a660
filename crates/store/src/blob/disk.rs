//! Blobs as files: `ab/cdef...`, written aside, synced, and then named.
#![expect(clippy::disallowed_methods, reason = "the store is one of the rooms that touch the disk")]

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use base::{Clock, Random};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::BlobId;
use crate::engine::sqlite::DiskGuard;
use crate::error::{Error, IoContext, Result};
use crate::files;

const ASIDE: &str = "aside";
const CHUNK: usize = 1 << 18;

#[derive(Debug)]
pub(super) struct Dir {
    path: PathBuf,
    clock: Clock,
    random: Random,
    guard: Arc<DiskGuard>,
}

impl Dir {
    /// What a crash left aside was named by nobody, and is removed.
    pub(super) fn open(path: PathBuf, clock: Clock, random: Random, guard: Arc<DiskGuard>) -> Result<Self> {
        let aside = path.join(ASIDE);
        files::make_dir(&aside)?;
        for left in files::list(&aside)? {
            files::remove_file(&left)?;
        }
        Ok(Self { path, clock, random, guard })
    }

    fn path_of(&self, id: &BlobId) -> PathBuf {
        let name = id.to_string();
        self.path.join(&name[..2]).join(&name[2..])
    }

    /// `pin` is taken before the blob has its name, so that nobody deletes it in between.
    pub(super) fn put<P>(&self, from: impl Read, limit: u64, pin: impl Fn(BlobId) -> P) -> Result<(BlobId, u64, P)> {
        self.guard.writable()?;
        let aside = self.path.join(ASIDE).join(self.random.hex(32));
        let put = self.write_aside(&aside, from, limit).and_then(|(id, len)| {
            let pinned = pin(id);
            self.name(&aside, &id)?;
            Ok((id, len, pinned))
        });
        if put.is_err() {
            files::remove_file(&aside)?;
        }
        put.map_err(|error| self.guard.explain(error))
    }

    fn write_aside(&self, aside: &Path, mut from: impl Read, limit: u64) -> Result<(BlobId, u64)> {
        let mut file = File::create_new(aside).doing(|| "making a blob".to_owned())?;
        let (mut hash, mut len, mut chunk) = (Sha256::new(), 0u64, vec![0; CHUNK]);
        loop {
            let count = from.read(&mut chunk).doing(|| "reading what becomes a blob".to_owned())?;
            if count == 0 {
                break;
            }
            len += count as u64;
            if len > limit {
                return Err(Error::TooLarge { what: "a blob", size: to_usize(len), limit: to_usize(limit) });
            }
            hash.update(&chunk[..count]);
            file.write_all(&chunk[..count]).doing(|| "writing a blob".to_owned())?;
        }
        file.sync_all().doing(|| "syncing a blob".to_owned())?;
        Ok((BlobId(hash.finalize().into()), len))
    }

    fn name(&self, aside: &Path, id: &BlobId) -> Result<()> {
        let path = self.path_of(id);
        files::make_dir(path.parent().expect("a blob lies in a directory"))?;
        // The same bytes may be there already: they are replaced by themselves, and are young again.
        std::fs::rename(aside, &path).doing(|| format!("naming blob {id}"))?;
        files::sync_parent(&path)
    }

    pub(super) fn file(&self, id: &BlobId) -> Result<Option<File>> {
        match File::open(self.path_of(id)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(format!("opening blob {id}"), error)),
        }
    }

    pub(super) fn read(&self, id: &BlobId) -> Result<Option<Bytes>> {
        let Some(mut file) = self.file(id)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).doing(|| format!("reading blob {id}"))?;
        Ok(Some(Bytes::from(bytes)))
    }

    pub(super) fn delete(&self, id: &BlobId) -> Result<bool> {
        let path = self.path_of(id);
        if !path.exists() {
            return Ok(false);
        }
        files::remove_file(&path)?;
        // Not synced: a deleted blob that comes back after a power cut is swept again.
        Ok(true)
    }

    fn all(&self) -> Result<Vec<(BlobId, PathBuf)>> {
        let mut all = Vec::new();
        for dir in files::list(&self.path)?.into_iter().filter(|dir| !dir.ends_with(ASIDE)) {
            let first = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
            for path in files::list(&dir)? {
                let rest = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                all.extend(BlobId::parse(&(first.clone() + &rest)).map(|id| (id, path)));
            }
        }
        Ok(all)
    }

    pub(super) fn put_before(&self, grace: Duration) -> Result<Vec<BlobId>> {
        let now_ms = self.clock.now_ms();
        let old = |path: &Path| {
            let put = std::fs::metadata(path).and_then(|found| found.modified()).ok()?;
            let put_ms = put.duration_since(UNIX_EPOCH).ok()?.as_millis();
            i64::try_from(put_ms).ok().map(|put_ms| crate::engine::add_ms(put_ms, grace) <= now_ms)
        };
        Ok(self.all()?.into_iter().filter(|(_, path)| old(path).unwrap_or(false)).map(|(id, _)| id).collect())
    }

    pub(super) fn copy_to(&self, to: &Path) -> Result<()> {
        files::make_dir(to)?;
        for (id, path) in self.all()? {
            let name = id.to_string();
            let dir = to.join(&name[..2]);
            files::make_dir(&dir)?;
            files::copy(&path, &dir.join(&name[2..]))?;
        }
        for dir in files::list(to)? {
            files::sync_dir(&dir)?;
        }
        files::sync_dir(to)
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// A file that lies on no disk: for those who want a file from a store in memory.
pub(super) fn in_memory_file(bytes: &[u8]) -> Result<File> {
    let make = || {
        let descriptor = rustix::fs::memfd_create("blob", rustix::fs::MemfdFlags::CLOEXEC)?;
        let mut file = File::from(descriptor);
        file.write_all(bytes)?;
        file.rewind()?;
        Ok(file)
    };
    make().doing(|| "making a file in memory".to_owned())
}
