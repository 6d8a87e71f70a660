//! Writes an archive into a fresh directory: directories, then files, then links.
//!
//! Whoever runs a function must be able to read its code and nobody to change it: everything belongs to us, files
//! are 644 or 755, directories 755. No link exists while files are written, so that none is followed.

use std::ffi::OsStr;
use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base::Timestamp;
use bytes::Bytes;

use super::archive::{self, Archive, Budget, CopyError, Kind, Limits, Plan, Refusal};

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { doing, path: path.to_owned(), source }
}

/// Fills the empty directory `into` with the archive; not durable yet.
pub(super) fn fill(bytes: &Bytes, into: &Path, limits: Limits) -> Result<(), Error> {
    let (mut archive, plan) = archive::open(bytes, limits)?;
    for directory in &plan.directories {
        make_directory(&into.join(directory))?;
    }
    write_files(&mut archive, &plan, into, limits)?;
    write_links(&mut archive, &plan, into)
}

/// Makes `into`, which must not exist, and fills it.
pub(super) fn unpack(bytes: &Bytes, into: &Path, limits: Limits) -> Result<(), Error> {
    make_directory(into)?;
    fill(bytes, into, limits)
}

fn make_directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir(path).map_err(io_error("make the directory", path))?;
    // Whatever the umask is.
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(io_error("set the mode of", path))
}

fn write_files(archive: &mut Archive, plan: &Plan, into: &Path, limits: Limits) -> Result<(), Error> {
    let mut budget = Budget::new(limits.bytes);
    for (path, (index, kind)) in &plan.items {
        if let Kind::File { executable } = kind {
            let mode = if *executable { 0o755 } else { 0o644 };
            write_file(archive, *index, &into.join(path), mode, &mut budget)?;
        }
    }
    Ok(())
}

fn write_file(archive: &mut Archive, index: usize, path: &Path, mode: u32, budget: &mut Budget) -> Result<(), Error> {
    let modified = modified(archive, index)?;
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(mode).open(path).map_err(io_error("make the file", path))?;
    archive::copy(archive, index, budget, &mut file).map_err(|error| match error {
        CopyError::Refused(refusal) => Error::Refused(refusal),
        CopyError::Write(source) => io_error("write", path)(source),
    })?;
    file.set_permissions(Permissions::from_mode(mode)).map_err(io_error("set the mode of", path))?;
    match modified {
        Some(modified) => file.set_modified(modified).map_err(io_error("set the time of", path)),
        None => Ok(()),
    }
}

/// The time that the archive gives, read as UTC: compiled Python is only used if it is its source's.
fn modified(archive: &mut Archive, index: usize) -> Result<Option<SystemTime>, Error> {
    let entry = archive.by_index_raw(index).map_err(|error| Refusal::Bad(error.to_string()))?;
    Ok(entry.last_modified().and_then(|time| {
        let (year, month, day) = (time.year(), time.month(), time.day());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        let seconds = u64::try_from(text.parse::<Timestamp>().ok()?.as_second()).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }))
}

fn write_links(archive: &mut Archive, plan: &Plan, into: &Path) -> Result<(), Error> {
    for (path, (index, kind)) in &plan.items {
        if *kind == Kind::Symlink {
            let target = archive::read_link(archive, path, *index)?;
            let at = into.join(path);
            std::os::unix::fs::symlink(OsStr::from_bytes(&target), &at).map_err(io_error("make the link", &at))?;
        }
    }
    Ok(())
}

/// One call for everything in the file system of `path`: a sync per file would take longer than the unpacking.
pub(super) fn sync_file_system(path: &Path) -> io::Result<()> {
    let directory = OpenOptions::new().read(true).open(path)?;
    Ok(rustix::fs::syncfs(&directory)?)
}
