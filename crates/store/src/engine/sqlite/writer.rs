//! The writer of a space: one thread that gathers what waits into one transaction and one fsync.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use base::Clock;
use bytes::Bytes;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::super::watchers::Watchers;
use super::super::{
    Change, Claim, Claimed, Committed, Hold, Range, Revision, Start, Watcher, Write, Writes, take_numbers,
};
use super::{Counts, DiskGuard, Shared, rows, schema};
use crate::error::{Error, Result};
use crate::space::SpaceName;

/// Jobs, and bytes of them, that share one transaction at most.
const GROUP_JOBS: usize = 1_024;
const GROUP_BYTES: usize = 16 << 20;

pub(super) enum Job {
    Commit {
        writes: Writes,
        answer: oneshot::Sender<Result<Committed>>,
    },
    Claim {
        claim: Claim,
        answer: oneshot::Sender<Result<Claimed>>,
    },
    Watch {
        prefix: Vec<u8>,
        start: Start,
        watcher: Weak<dyn Watcher>,
        answer: oneshot::Sender<Result<()>>,
    },
    /// Stand still until the other side drops `until`.
    Freeze {
        until: oneshot::Receiver<()>,
        answer: oneshot::Sender<()>,
    },
}

impl Job {
    fn is_write(&self) -> bool {
        matches!(self, Self::Commit { .. } | Self::Claim { .. })
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Commit { writes, .. } => writes.bytes(),
            _ => 0,
        }
    }
}

/// What a job of a group came to; told when the group is durable.
enum Outcome {
    Committed(Committed),
    Claimed(Claimed),
    Refused(Error),
}

pub(super) struct Writer {
    db: Connection,
    name: SpaceName,
    path: PathBuf,
    clock: Clock,
    guard: Arc<DiskGuard>,
    counts: Arc<Counts>,
    watchers: Watchers,
    sequence: i64,
    /// Of the group in hand.
    changes: Vec<Change>,
}

impl Writer {
    pub(super) fn open(name: &SpaceName, path: &Path, shared: &Shared) -> Result<Self> {
        let db = schema::open_writer(path, &shared.options)?;
        let sequence = rows::sequence(&db).map_err(schema::database(path))?;
        Ok(Self {
            db,
            name: name.clone(),
            path: path.to_owned(),
            clock: shared.clock.clone(),
            guard: shared.guard.clone(),
            counts: shared.counts.clone(),
            watchers: Watchers::default(),
            sequence,
            changes: Vec::new(),
        })
    }

    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let (group, other) = gather(first, &mut jobs);
            if !group.is_empty() {
                self.do_group(group);
            }
            if let Some(other) = other {
                self.do_other(other);
            }
        }
    }

    fn do_group(&mut self, group: Vec<Job>) {
        let before = self.sequence;
        self.changes.clear();
        match self.guard.writable().and_then(|()| self.transaction(&group)) {
            Ok(outcomes) => {
                // Before the answers: whoever hears of a commit finds it in every view.
                self.watchers.tell(&self.changes);
                group.into_iter().zip(outcomes).for_each(|(job, outcome)| self.answer(job, outcome));
            }
            Err(error) => {
                self.sequence = before;
                let error = self.guard.explain(error);
                group.into_iter().for_each(|job| self.answer(job, Outcome::Refused(error.clone())));
            }
        }
    }

    /// All of the group, durably, or an error and none of it.
    fn transaction(&mut self, group: &[Job]) -> Result<Vec<Outcome>> {
        let done = self.attempt(group).map_err(schema::database(&self.path));
        if done.is_err() && !self.db.is_autocommit() {
            // SQLite may have rolled back by itself, as it does when the disk is full.
            self.db.execute_batch("ROLLBACK").map_err(schema::database(&self.path))?;
        }
        done
    }

    fn attempt(&mut self, group: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
        let before = self.sequence;
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let outcomes = group.iter().map(|job| self.one(job)).collect::<rusqlite::Result<_>>()?;
        if self.sequence == before {
            // Nothing was written: there is nothing to wait for.
            self.db.prepare_cached("ROLLBACK")?.execute([])?;
            return Ok(outcomes);
        }
        rows::set_sequence(&self.db, self.sequence)?;
        self.db.prepare_cached("COMMIT")?.execute([])?;
        self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        Ok(outcomes)
    }

    fn one(&mut self, job: &Job) -> rusqlite::Result<Outcome> {
        match job {
            Job::Commit { writes, .. } => self.commit(writes),
            Job::Claim { claim, .. } => self.claim(claim).map(Outcome::Claimed),
            Job::Watch { .. } | Job::Freeze { .. } => unreachable!("gather puts only writes into a group"),
        }
    }

    /// Every precondition is checked before the first write, so that a refusal leaves nothing to undo.
    fn commit(&mut self, Writes { expects, writes }: &Writes) -> rusqlite::Result<Outcome> {
        for (key, expected) in expects {
            if let Err(found) = rows::check(&self.db, key, *expected)? {
                let (space, key) = (self.name.clone(), key.clone());
                return Ok(Outcome::Refused(Error::Conflict { space, key, expected: *expected, found }));
            }
        }
        let committed = take_numbers(&mut self.sequence, writes);
        let (revision, mut next) = (committed.revision, committed.positions.iter());
        for write in writes {
            let change = match write {
                Write::Append { prefix, value, due } => {
                    let position = next.next().expect("a position for every append");
                    let key = Bytes::from([&prefix[..], &position.0.to_be_bytes()].concat());
                    Some(rows::put(&self.db, key, value, *due, revision)?)
                }
                write => rows::write(&self.db, write, revision)?,
            };
            self.changes.extend(change);
        }
        Ok(Outcome::Committed(committed))
    }

    fn claim(&mut self, claim: &Claim) -> rusqlite::Result<Claimed> {
        let now_ms = self.clock.now_ms();
        let mut claimed = rows::due(&self.db, claim, now_ms)?;
        let Hold::For(hold) = claim.hold else { return Ok(claimed) };
        if claimed.rows.is_empty() {
            return Ok(claimed);
        }
        self.sequence += 1;
        let (revision, until_ms) = (Revision(self.sequence), super::super::add_ms(now_ms, hold));
        for row in &mut claimed.rows {
            rows::reschedule(&self.db, &row.key, until_ms, true, revision)?;
            (row.due_ms, row.claims, row.revision) = (Some(until_ms), row.claims + 1, revision);
            self.changes.push(Change::Moved { key: row.key.clone(), revision });
        }
        Ok(claimed)
    }

    /// A caller who has gone is not told; what it asked for was done all the same.
    fn answer(&self, job: Job, outcome: Outcome) {
        match &outcome {
            Outcome::Refused(Error::Conflict { .. }) => self.counts.conflicts.fetch_add(1, Ordering::Relaxed),
            Outcome::Refused(_) => 0,
            Outcome::Committed(_) | Outcome::Claimed(_) => self.counts.commits.fetch_add(1, Ordering::Relaxed),
        };
        match (job, outcome) {
            (Job::Commit { answer, .. }, Outcome::Committed(done)) => drop(answer.send(Ok(done))),
            (Job::Claim { answer, .. }, Outcome::Claimed(done)) => drop(answer.send(Ok(done))),
            (Job::Commit { answer, .. }, Outcome::Refused(error)) => drop(answer.send(Err(error))),
            (Job::Claim { answer, .. }, Outcome::Refused(error)) => drop(answer.send(Err(error))),
            _ => unreachable!("a commit comes to a commit, and a claim to a claim"),
        }
    }

    fn do_other(&mut self, job: Job) {
        match job {
            Job::Watch { prefix, start, watcher, answer } => drop(answer.send(self.watch(&prefix, start, watcher))),
            Job::Freeze { until, answer } => {
                // It goes on when the other side is dropped, and so `until` always ends with an error.
                if answer.send(()).is_ok() {
                    until.blocking_recv().unwrap_or_default();
                }
            }
            Job::Commit { .. } | Job::Claim { .. } => unreachable!("gather puts writes into a group"),
        }
    }

    /// Between two groups: what it hears first and what it hears later have neither gap nor overlap.
    fn watch(&mut self, prefix: &[u8], start: Start, watcher: Weak<dyn Watcher>) -> Result<()> {
        if let (Start::Rows, Some(watcher)) = (start, watcher.upgrade()) {
            let rows = rows::range(&self.db, &Range::all(prefix))?;
            watcher.changed(&rows.into_iter().map(Change::Put).collect::<Vec<_>>());
        }
        self.watchers.add(prefix, watcher);
        Ok(())
    }
}

/// The jobs that share a transaction: what is in the mailbox now, up to the first that is no write.
fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Vec<Job>, Option<Job>) {
    if !first.is_write() {
        return (Vec::new(), Some(first));
    }
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while group.len() < GROUP_JOBS && bytes < GROUP_BYTES {
        match jobs.try_recv() {
            Ok(job) if job.is_write() => {
                bytes += job.bytes();
                group.push(job);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}
