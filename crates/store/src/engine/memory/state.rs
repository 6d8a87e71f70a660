//! One space in memory: its rows in order, and those that are due in order of time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use bytes::Bytes;

use super::super::{
    Change, Claim, Claimed, Committed, Due, Expect, Hold, Position, ROWS, Range, Revision, Row, Write, take_numbers,
};
use crate::error::{Error, Result};
use crate::space::SpaceName;

/// Cheap enough to clone for a snapshot: keys and values are shared.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    rows: BTreeMap<Bytes, Stored>,
    /// Queue, due time, key.
    due: BTreeSet<(Bytes, i64, Bytes)>,
    sequence: i64,
}

#[derive(Clone, Debug)]
struct Stored {
    row: Row,
    queue: Option<Bytes>,
}

impl State {
    pub(super) fn get(&self, key: &[u8]) -> Option<Row> {
        self.rows.get(key).map(|stored| stored.row.clone())
    }

    pub(super) fn range(&self, range: &Range) -> Vec<Row> {
        if range.is_empty() {
            return Vec::new();
        }
        let end = range.end.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.rows.range((Bound::Included(range.start.clone()), end)).map(|(_, stored)| stored.row.clone());
        if range.reverse { rows.rev().take(range.limit).collect() } else { rows.take(range.limit).collect() }
    }

    pub(super) fn check(&self, space: &SpaceName, expects: &[(Bytes, Expect)]) -> Result<()> {
        for (key, expected) in expects {
            let found = self.rows.get(key).map(|stored| (stored.row.revision, stored.row.claims));
            if !expected.holds(found) {
                let found = found.map(|(revision, _)| revision);
                return Err(Error::Conflict { space: space.clone(), key: key.clone(), expected: *expected, found });
            }
        }
        Ok(())
    }

    pub(super) fn apply(&mut self, writes: &[Write]) -> (Committed, Vec<Change>) {
        let committed = take_numbers(&mut self.sequence, writes);
        let mut next = committed.positions.iter();
        let changes = writes.iter().filter_map(|write| self.write(write, committed.revision, &mut next)).collect();
        (committed, changes)
    }

    fn write<'a>(
        &mut self,
        write: &Write,
        revision: Revision,
        next: &mut impl Iterator<Item = &'a Position>,
    ) -> Option<Change> {
        match write {
            Write::Put { key, value, due } => Some(self.put(key.clone(), value, *due, revision)),
            Write::Ensure { key, value, due } => Some(match self.rows.get_mut(key) {
                Some(stored) => {
                    stored.row.revision = revision;
                    Change::Moved { key: key.clone(), revision }
                }
                None => self.put(key.clone(), value, *due, revision),
            }),
            Write::Append { prefix, value, due } => {
                let position = next.next().expect("a position for every append");
                let key = [&prefix[..], &position.0.to_be_bytes()].concat();
                Some(self.put(Bytes::from(key), value, *due, revision))
            }
            Write::Reschedule { key, due_ms, count } => self.reschedule(key, *due_ms, *count, revision),
            Write::Delete { key } => {
                self.remove(key);
                Some(Change::Deleted { key: key.clone(), revision })
            }
        }
    }

    fn put(&mut self, key: Bytes, value: &Bytes, due: Option<Due>, revision: Revision) -> Change {
        self.remove(&key);
        let queue = due.map(|due| key.slice(..due.queue.min(key.len())));
        let due_ms = due.map(|due| due.at_ms);
        if let (Some(queue), Some(due_ms)) = (&queue, due_ms) {
            self.due.insert((queue.clone(), due_ms, key.clone()));
        }
        let row = Row { key: key.clone(), value: value.clone(), revision, due_ms, claims: 0 };
        self.rows.insert(key, Stored { row: row.clone(), queue });
        Change::Put(row)
    }

    fn remove(&mut self, key: &Bytes) {
        let Some(Stored { row, queue }) = self.rows.remove(key) else { return };
        if let (Some(queue), Some(due_ms)) = (queue, row.due_ms) {
            self.due.remove(&(queue, due_ms, row.key));
        }
    }

    fn reschedule(&mut self, key: &Bytes, due_ms: i64, count: bool, revision: Revision) -> Option<Change> {
        let stored = self.rows.get_mut(key)?;
        let (queue, old) = (stored.queue.clone()?, stored.row.due_ms?);
        stored.row.due_ms = Some(due_ms);
        stored.row.claims += u32::from(count);
        stored.row.revision = revision;
        self.due.remove(&(queue.clone(), old, key.clone()));
        self.due.insert((queue, due_ms, key.clone()));
        Some(Change::Moved { key: key.clone(), revision })
    }

    pub(super) fn claim(&mut self, claim: &Claim, now_ms: i64) -> (Claimed, Vec<Change>) {
        let limit = claim.limit.min(ROWS);
        let keys = self.due_keys(claim, now_ms, limit);
        let next_due_ms = (keys.len() < limit).then(|| self.next_due(&claim.queue, now_ms)).flatten();
        let changes = match &claim.hold {
            Hold::For(hold) if !keys.is_empty() => self.hold(&keys, super::super::add_ms(now_ms, *hold)),
            Hold::For(_) | Hold::Peek { .. } => Vec::new(),
        };
        let rows = keys.iter().filter_map(|key| self.get(key)).collect();
        (Claimed { rows, next_due_ms }, changes)
    }

    fn due_keys(&self, claim: &Claim, now_ms: i64, limit: usize) -> Vec<Bytes> {
        let start = match &claim.hold {
            Hold::Peek { after: Some((due_ms, key)) } => Bound::Excluded((claim.queue.clone(), *due_ms, key.clone())),
            _ => Bound::Included((claim.queue.clone(), i64::MIN, Bytes::new())),
        };
        let due = self.due.range((start, Bound::Unbounded));
        let due = due.take_while(|(queue, due_ms, _)| *queue == claim.queue && *due_ms <= now_ms);
        due.take(limit).map(|(_, _, key)| key.clone()).collect()
    }

    fn hold(&mut self, keys: &[Bytes], until_ms: i64) -> Vec<Change> {
        self.sequence += 1;
        let revision = Revision(self.sequence);
        keys.iter().filter_map(|key| self.reschedule(key, until_ms, true, revision)).collect()
    }

    fn next_due(&self, queue: &Bytes, now_ms: i64) -> Option<i64> {
        let start = (queue.clone(), now_ms.saturating_add(1), Bytes::new());
        self.due.range(start..).next().filter(|(next, _, _)| next == queue).map(|(_, due_ms, _)| *due_ms)
    }
}
