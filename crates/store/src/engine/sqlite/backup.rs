//! A copy of every space as they were at one moment, taken while they are written.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, MAIN_DB};

use super::{FORMAT_FILE, LAYOUT, SPACES_DIR, Shared, rows, schema};
use crate::error::{Error, Result};
use crate::files;
use crate::space::SpaceName;

/// Every writer stands still for as long as it takes to begin a read of each space (milliseconds); the copying then
/// goes on from those reads, while the writers write.
pub(super) fn backup(shared: &Arc<Shared>, to: &Path) -> Result<()> {
    let snapshots = snapshots(shared)?;
    let spaces = to.join(SPACES_DIR);
    files::make_dir(&spaces)?;
    for (name, snapshot) in snapshots {
        copy(&snapshot, &spaces.join(format!("{name}.db")))?;
    }
    files::sync_dir(&spaces)?;
    files::replace(&to.join(FORMAT_FILE), format!("{LAYOUT}\n").as_bytes())
}

fn snapshots(shared: &Arc<Shared>) -> Result<Vec<(SpaceName, Connection)>> {
    // No space begins or ends while the moment is taken.
    let _changing = shared.changing.lock();
    let names = shared.stored()?;
    let mut frozen = Vec::new();
    for name in &names {
        frozen.push(shared.open_space_alone(name)?.freeze()?);
    }
    names.into_iter().map(|name| snapshot(&shared.path_of(&name)).map(|snapshot| (name, snapshot))).collect()
}

/// A connection with a read that has begun: it sees this moment for as long as it lives.
fn snapshot(path: &Path) -> Result<Connection> {
    let db = schema::open_reader(path)?;
    let begin = || {
        db.execute_batch("BEGIN")?;
        rows::sequence(&db)
    };
    begin().map_err(schema::database(path))?;
    Ok(db)
}

fn copy(snapshot: &Connection, to: &Path) -> Result<()> {
    let copy = || {
        let mut target = Connection::open(to)?;
        target.pragma_update(None, "synchronous", "FULL")?;
        let backup = rusqlite::backup::Backup::new_with_names(snapshot, MAIN_DB, &mut target, MAIN_DB)?;
        backup.step(-1).map(drop)
    };
    copy().map_err(schema::database(to))
}

/// [`Error::Corrupt`] unless every space below `dir` is whole; [`Error::NewerFormat`] if one is too new.
pub(crate) fn check_copy(dir: &Path) -> Result<()> {
    for path in files::list(&dir.join(SPACES_DIR))? {
        schema::check(&path)?;
        let check = || {
            let db = Connection::open(&path)?;
            db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        };
        let found = check().map_err(schema::database(&path))?;
        if found != "ok" {
            return Err(Error::corrupt(path.display().to_string(), found));
        }
    }
    Ok(())
}
