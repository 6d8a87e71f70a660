//! What stands between a full disk and the data: a reserve, and a door that closes.
//!
//! When a write finds no room, the reserve is given back to the disk (SQLite needs a little to go on reading and to
//! open its files) and writes are refused. When there is room for the reserve again, it is made anew and the door opens.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::Clock;
use base::clock::Instant;
use parking_lot::Mutex;

use crate::error::{Error, IoContext, Result};
use crate::files;

/// How often a full disk is looked at again, at most.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub struct DiskGuard {
    dir: PathBuf,
    reserve_bytes: u64,
    clock: Clock,
    full: AtomicBool,
    looked: Mutex<Option<Instant>>,
}

impl DiskGuard {
    pub(super) fn open(dir: &Path, reserve_bytes: u64, clock: Clock) -> Result<Self> {
        let guard =
            Self { dir: dir.to_owned(), reserve_bytes, clock, full: AtomicBool::new(false), looked: Mutex::default() };
        match guard.make_reserve() {
            Err(error) => match guard.explain(error) {
                Error::ReadOnly { .. } => Ok(guard),
                error => Err(error),
            },
            Ok(()) => Ok(guard),
        }
    }

    /// [`Error::ReadOnly`] while the disk is full. Looks, now and then, whether there is room again.
    pub(crate) fn writable(&self) -> Result<()> {
        if !self.full.load(Ordering::Acquire) || self.recovered() {
            return Ok(());
        }
        Err(Error::ReadOnly { dir: self.dir.clone() })
    }

    /// Turns an error that means "no room" into [`Error::ReadOnly`], and closes the door.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if !says_full(&error) {
            return error;
        }
        if !self.full.swap(true, Ordering::AcqRel) {
            tracing::error!(dir = %self.dir.display(), "the disk is full: writes are refused until there is room");
        }
        *self.looked.lock() = Some(self.clock.instant());
        if let Err(error) = files::remove_file(&self.reserve()) {
            tracing::error!(%error, "the reserve can't be given back");
        }
        Error::ReadOnly { dir: self.dir.clone() }
    }

    fn recovered(&self) -> bool {
        let mut looked = self.looked.lock();
        let now = self.clock.instant();
        if looked.is_some_and(|looked| now.duration_since(looked) < LOOK_AGAIN) {
            return false;
        }
        *looked = Some(now);
        match self.has_room().and_then(|room| if room { self.make_reserve().map(|()| true) } else { Ok(false) }) {
            Ok(true) => {
                self.full.store(false, Ordering::Release);
                tracing::info!(dir = %self.dir.display(), "there is room again: writes are taken");
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::debug!(%error, "no room for the reserve yet");
                false
            }
        }
    }

    /// Room for the reserve and as much again: with less the door would open and close all the time.
    fn has_room(&self) -> Result<bool> {
        let found = rustix::fs::statvfs(&self.dir).map_err(std::io::Error::from);
        let found = found.doing(|| format!("looking for room below {}", self.dir.display()))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize) >= self.reserve_bytes.saturating_mul(2))
    }

    fn reserve(&self) -> PathBuf {
        self.dir.join("RESERVE")
    }

    fn make_reserve(&self) -> Result<()> {
        let path = self.reserve();
        if std::fs::metadata(&path).is_ok_and(|found| found.len() == self.reserve_bytes) {
            return Ok(());
        }
        let made = make_file(&path, self.reserve_bytes).doing(|| format!("making {}", path.display()));
        if made.is_err() {
            files::remove_file(&path)?;
        }
        made
    }
}

/// Its blocks are really taken, not only its length.
fn make_file(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut file = File::options().create(true).truncate(true).write(true).open(path)?;
    match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => write_zeros(&mut file, bytes)?,
        done => done?,
    }
    file.sync_all()
}

fn write_zeros(file: &mut File, bytes: u64) -> std::io::Result<()> {
    let zeros = [0; 65_536];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(zeros.len() as u64);
        file.write_all(&zeros[..usize::try_from(count).expect("at most 65,536")])?;
        left -= count;
    }
    Ok(())
}

fn says_full(error: &Error) -> bool {
    match error {
        Error::Io { source, .. } => files::is_full(source),
        Error::Database { source, .. } => source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
        _ => false,
    }
}
