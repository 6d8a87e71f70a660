//! The statements: rows in and out of one space's file.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{Change, Claim, Claimed, Due, Expect, Hold, ROWS, Range, Revision, Row, Write};
use crate::error::{Error, Result};

/// What `read_row` reads.
macro_rules! columns {
    () => {
        "key, value, revision, due_ms, claims FROM row"
    };
}

fn failed(source: rusqlite::Error) -> Error {
    Error::Database { what: "a statement".to_owned(), source: std::sync::Arc::new(source) }
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        key: Bytes::from(row.get::<_, Vec<u8>>(0)?),
        value: Bytes::from(row.get::<_, Vec<u8>>(1)?),
        revision: Revision(row.get(2)?),
        due_ms: row.get(3)?,
        claims: row.get(4)?,
    })
}

pub(super) fn get(db: &Connection, key: &[u8]) -> Result<Option<Row>> {
    let read = || {
        let mut find = db.prepare_cached(concat!("SELECT ", columns!(), " WHERE key = ?"))?;
        find.query_row([key], read_row).optional()
    };
    read().map_err(failed)
}

pub(super) fn range(db: &Connection, range: &Range) -> Result<Vec<Row>> {
    let sql = match (range.end.is_some(), range.reverse) {
        (true, false) => concat!("SELECT ", columns!(), " WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3"),
        (true, true) => concat!("SELECT ", columns!(), " WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3"),
        (false, false) => concat!("SELECT ", columns!(), " WHERE key >= ?1 AND ?2 IS NULL ORDER BY key LIMIT ?3"),
        (false, true) => concat!("SELECT ", columns!(), " WHERE key >= ?1 AND ?2 IS NULL ORDER BY key DESC LIMIT ?3"),
    };
    let limit = i64::try_from(range.limit).unwrap_or(i64::MAX);
    let read = || {
        let mut find = db.prepare_cached(sql)?;
        find.query_map(params![&range.start[..], range.end.as_deref(), limit], read_row)?.collect::<Result<_, _>>()
    };
    read().map_err(failed)
}

/// The rows that a claim finds, unchanged.
pub(super) fn peek(db: &Connection, claim: &Claim, now_ms: i64) -> Result<Claimed> {
    due(db, claim, now_ms).map_err(failed)
}

pub(super) fn due(db: &Connection, claim: &Claim, now_ms: i64) -> rusqlite::Result<Claimed> {
    let (after_ms, after_key) = match &claim.hold {
        Hold::Peek { after: Some((due_ms, key)) } => (*due_ms, key.clone()),
        _ => (i64::MIN, Bytes::new()),
    };
    let limit = claim.limit.min(ROWS);
    let mut find = db.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " WHERE queue = ?1 AND due_ms <= ?2 AND (due_ms, key) > (?3, ?4) ORDER BY due_ms, key LIMIT ?5"
    ))?;
    let bound = params![&claim.queue[..], now_ms, after_ms, &after_key[..], i64::try_from(limit).unwrap_or(i64::MAX)];
    let rows: Vec<Row> = find.query_map(bound, read_row)?.collect::<rusqlite::Result<_>>()?;
    let next_due_ms = if rows.len() < limit { next_due(db, &claim.queue, now_ms)? } else { None };
    Ok(Claimed { rows, next_due_ms })
}

fn next_due(db: &Connection, queue: &[u8], now_ms: i64) -> rusqlite::Result<Option<i64>> {
    let mut find = db.prepare_cached("SELECT min(due_ms) FROM row WHERE queue = ?1 AND due_ms > ?2")?;
    find.query_row(params![queue, now_ms], |row| row.get(0))
}

/// Whether the row is as expected; if not, the revision that was found.
pub(super) fn check(db: &Connection, key: &[u8], expect: Expect) -> rusqlite::Result<Result<(), Option<Revision>>> {
    let mut find = db.prepare_cached("SELECT revision, claims FROM row WHERE key = ?")?;
    let found = find.query_row([key], |row| Ok((Revision(row.get(0)?), row.get(1)?))).optional()?;
    Ok(if expect.holds(found) { Ok(()) } else { Err(found.map(|(revision, _)| revision)) })
}

/// Writes everything but an append, whose key isn't known here.
pub(super) fn write(db: &Connection, write: &Write, revision: Revision) -> rusqlite::Result<Option<Change>> {
    match write {
        Write::Put { key, value, due } => put(db, key.clone(), value, *due, revision).map(Some),
        Write::Append { prefix, value, due } => put(db, prefix.clone(), value, *due, revision).map(Some),
        Write::Ensure { key, value, due } => {
            if touch(db, key, revision)? {
                return Ok(Some(Change::Moved { key: key.clone(), revision }));
            }
            put(db, key.clone(), value, *due, revision).map(Some)
        }
        Write::Reschedule { key, due_ms, count } => {
            let moved = reschedule(db, key, *due_ms, *count, revision)?;
            Ok(moved.then(|| Change::Moved { key: key.clone(), revision }))
        }
        Write::Delete { key } => {
            db.prepare_cached("DELETE FROM row WHERE key = ?")?.execute([&key[..]])?;
            Ok(Some(Change::Deleted { key: key.clone(), revision }))
        }
    }
}

pub(super) fn put(
    db: &Connection,
    key: Bytes,
    value: &Bytes,
    due: Option<Due>,
    revision: Revision,
) -> rusqlite::Result<Change> {
    let queue = due.map(|due| key.slice(..due.queue.min(key.len())));
    let due_ms = due.map(|due| due.at_ms);
    let mut put = db.prepare_cached(
        "INSERT INTO row (key, value, revision, queue, due_ms, claims) VALUES (?1, ?2, ?3, ?4, ?5, 0)
         ON CONFLICT (key) DO UPDATE SET value = ?2, revision = ?3, queue = ?4, due_ms = ?5, claims = 0",
    )?;
    put.execute(params![&key[..], &value[..], revision.0, queue.as_deref(), due_ms])?;
    Ok(Change::Put(Row { key, value: value.clone(), revision, due_ms, claims: 0 }))
}

fn touch(db: &Connection, key: &[u8], revision: Revision) -> rusqlite::Result<bool> {
    let mut touch = db.prepare_cached("UPDATE row SET revision = ?2 WHERE key = ?1")?;
    touch.execute(params![key, revision.0]).map(|count| count > 0)
}

pub(super) fn reschedule(
    db: &Connection,
    key: &[u8],
    due_ms: i64,
    count: bool,
    revision: Revision,
) -> rusqlite::Result<bool> {
    let mut reschedule = db.prepare_cached(
        "UPDATE row SET due_ms = ?2, claims = claims + ?3, revision = ?4 WHERE key = ?1 AND queue IS NOT NULL",
    )?;
    reschedule.execute(params![key, due_ms, i64::from(count), revision.0]).map(|count| count > 0)
}

pub(super) fn sequence(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT value FROM counter WHERE name = 'sequence'", [], |row| row.get(0))
}

pub(super) fn set_sequence(db: &Connection, sequence: i64) -> rusqlite::Result<()> {
    let mut set = db.prepare_cached("UPDATE counter SET value = ? WHERE name = 'sequence'")?;
    set.execute([sequence]).map(drop)
}
