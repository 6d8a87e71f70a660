//! The tables of a space's file, and the number of its format.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::Options;
use crate::error::{Error, Result};
use crate::files;

/// Of one space's file. A change needs a step in [`migrate`].
pub(super) const FORMAT: u32 = 1;

/// `lmbd`, so that nobody takes the file for another program's.
const APPLICATION: u32 = 0x6c6d_6264;

/// `queue` is the beginning of `key` that names the queue. An index over a table without rowid ends with the key, so
/// that `row_by_due` is in order of due time and then of key.
const TABLES: &str = "
CREATE TABLE row (
    key BLOB NOT NULL PRIMARY KEY,
    value BLOB NOT NULL,
    revision INTEGER NOT NULL,
    queue BLOB,
    due_ms INTEGER,
    claims INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX row_by_due ON row (queue, due_ms) WHERE queue IS NOT NULL;
CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
INSERT INTO counter VALUES ('sequence', 0);
";

pub(super) fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    let what = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    move |source| Error::Database { what, source: std::sync::Arc::new(source) }
}

/// The writer's connection: makes the file if there is none, and brings it to this format.
pub(super) fn open_writer(path: &Path, options: &Options) -> Result<Connection> {
    check(path)?;
    let open = || {
        let mut db = connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        db.set_prepared_statement_cache_capacity(32);
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", options.synchronous())?;
        db.pragma_update(None, "wal_autocheckpoint", options.checkpoint_pages)?;
        db.pragma_update(None, "cache_size", -16_384)?;
        common(&db)?;
        migrate(&mut db)?;
        Ok(db)
    };
    let db = open().map_err(database(path))?;
    files::sync_parent(path)?;
    Ok(db)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let open = || {
        let db = connect(path, OpenFlags::empty())?;
        common(&db)?;
        db.pragma_update(None, "query_only", true)?;
        Ok(db)
    };
    open().map_err(database(path))
}

/// By `unix-excl` the index of the write-ahead log lies in this process's memory. Otherwise it is a file that is mapped,
/// and on a full disk a touch of it may end the process with SIGBUS. It also keeps other programs out.
fn connect(path: &Path, further: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | further;
    Connection::open_with_flags_and_vfs(path, flags, c"unix-excl")
}

fn common(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.busy_timeout(std::time::Duration::from_secs(10))
}

/// [`Error::NewerFormat`] before anything in the file is touched; nothing if there is no file.
pub(super) fn check(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let read = || {
        let db = connect(path, OpenFlags::empty())?;
        Ok((pragma(&db, "application_id")?, pragma(&db, "user_version")?))
    };
    match read().map_err(database(path))? {
        (_, 0) => Ok(()),
        (application, _) if application != APPLICATION => {
            Err(Error::corrupt(path.display().to_string(), "it is not a file of this program"))
        }
        (_, found) if found > FORMAT => Err(Error::NewerFormat { path: path.to_owned(), found, known: FORMAT }),
        _ => Ok(()),
    }
}

pub(super) fn pragma(db: &Connection, name: &str) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, name, |row| row.get(0))
}

/// One transaction per step: a crash leaves the old format or the new one.
fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    if pragma(db, "user_version")? == 0 {
        let step = db.transaction()?;
        step.execute_batch(TABLES)?;
        step.pragma_update(None, "application_id", APPLICATION)?;
        step.pragma_update(None, "user_version", FORMAT)?;
        step.commit()?;
    }
    Ok(())
}
