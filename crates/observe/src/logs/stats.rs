//! The times of streams and the sizes of groups: gathered in memory, written within a second and before anybody is shown
//! them. A crash loses the last second of them, never an event: nothing is found by them. AWS promises them within an hour.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::Fault;
use parking_lot::Mutex;
use store::{Batch, Versioned};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::append::ByDay;
use super::day::Day;
use super::find::{Address, Ids, TRIES};
use super::service::Logs;
use super::tables::{Group, GroupKey, Id, Recent, Stream};

const EVERY: Duration = Duration::from_secs(1);
/// Rows that one commit of times and sizes changes.
const ROWS: usize = 200;

/// What is not written yet.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pending: Mutex<Pending>,
    /// One flush at a time, so that whoever waited for one sees what was noted before.
    flushing: tokio::sync::Mutex<()>,
    noted: Notify,
}

type StreamKey = (Id, String);

#[derive(Debug, Default)]
struct Pending {
    groups: HashMap<GroupKey, (Id, ByDay)>,
    streams: HashMap<StreamKey, Seen>,
}

/// What was seen of a stream.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    stream: Id,
    first_ms: i64,
    last_ms: i64,
    ingested_ms: i64,
    bytes: u64,
}

impl Seen {
    pub(super) fn new(stream: Id, ingested_ms: i64) -> Self {
        Self { stream, first_ms: i64::MAX, last_ms: i64::MIN, ingested_ms, bytes: 0 }
    }

    pub(super) fn add(&mut self, at_ms: i64, bytes: usize) {
        self.first_ms = self.first_ms.min(at_ms);
        self.last_ms = self.last_ms.max(at_ms);
        self.bytes += bytes as u64;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    fn merge(&mut self, other: &Self) {
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
        self.ingested_ms = self.ingested_ms.max(other.ingested_ms);
    }

    fn apply(&self, stream: &Stream) -> Stream {
        Stream {
            first_ms: Some(stream.first_ms.map_or(self.first_ms, |ms| ms.min(self.first_ms))),
            last_ms: stream.last_ms.max(Some(self.last_ms)),
            ingested_ms: stream.ingested_ms.max(Some(self.ingested_ms)),
            ..stream.clone()
        }
    }
}

impl Stats {
    pub(super) fn note(&self, address: &Address, ids: Ids, day: Day, seen: Seen) {
        let Address { scope, group, stream } = address;
        let group = (scope.account.as_str().to_owned(), scope.region.as_str().to_owned(), group.clone());
        let mut pending = self.pending.lock();
        pending.add_bytes(group, ids.group, day, seen.bytes);
        pending.add_seen((ids.group, stream.clone()), seen);
        drop(pending);
        self.noted.notify_one();
    }
}

impl Pending {
    fn add_bytes(&mut self, group: GroupKey, id: Id, day: Day, bytes: u64) {
        let (known, days) = self.groups.entry(group).or_insert_with(|| (id, ByDay::new()));
        if *known != id {
            (*known, *days) = (id, ByDay::new());
        }
        *days.entry(day).or_insert(0) += bytes;
    }

    fn add_seen(&mut self, stream: StreamKey, seen: Seen) {
        match self.streams.get_mut(&stream) {
            Some(known) if known.stream == seen.stream => known.merge(&seen),
            _ => {
                self.streams.insert(stream, seen);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.streams.is_empty()
    }

    /// Takes up to [`ROWS`] of the whole.
    fn take_some(&mut self) -> Self {
        let mut some = Self::default();
        let groups: Vec<_> = self.groups.keys().take(ROWS).cloned().collect();
        some.groups.extend(groups.into_iter().filter_map(|key| self.groups.remove_entry(&key)));
        let streams: Vec<_> = self.streams.keys().take(ROWS).cloned().collect();
        some.streams.extend(streams.into_iter().filter_map(|key| self.streams.remove_entry(&key)));
        some
    }

    fn put_back(&mut self, some: Self) {
        for (group, (id, days)) in some.groups {
            // A group that was made anew meanwhile has no use for what its namesake held.
            if self.groups.get(&group).is_none_or(|(known, _)| *known == id) {
                days.into_iter().for_each(|(day, bytes)| self.add_bytes(group.clone(), id, day, bytes));
            }
        }
        for (stream, seen) in some.streams {
            match self.streams.get_mut(&stream) {
                Some(known) if known.stream == seen.stream => known.merge(&seen),
                Some(_) => {}
                None => drop(self.streams.insert(stream, seen)),
            }
        }
    }
}

/// Writes what was noted, at most a second later; and once more when the house closes.
pub(super) async fn run(logs: Arc<Logs>, closing: CancellationToken) {
    while !closing.is_cancelled() {
        tokio::select! {
            () = logs.stats.noted.notified() => {}
            () = closing.cancelled() => {}
        }
        tokio::select! {
            () = logs.clock.sleep(EVERY) => {}
            () = closing.cancelled() => {}
        }
        if let Err(fault) = logs.flush_stats().await {
            tracing::warn!(%fault, "the times and sizes of log streams could not be written; they are kept for later");
            logs.stats.noted.notify_one();
        }
    }
}

impl Logs {
    /// Writes what was noted before the call.
    pub(super) async fn flush_stats(&self) -> Result<(), Fault> {
        let _one_at_a_time = self.stats.flushing.lock().await;
        loop {
            let some = self.stats.pending.lock().take_some();
            if some.is_empty() {
                return Ok(());
            }
            if let Err(fault) = self.write_stats(&some).await {
                self.stats.pending.lock().put_back(some);
                return Err(fault);
            }
        }
    }

    async fn write_stats(&self, some: &Pending) -> Result<(), Fault> {
        for _ in 0..TRIES {
            let mut batch = self.meta.batch();
            for (key, (id, days)) in &some.groups {
                self.add_sizes(&mut batch, key, *id, days).await?;
            }
            for (key, seen) in &some.streams {
                self.add_times(&mut batch, key, seen).await?;
            }
            match batch.commit().await {
                Err(error) if error.is_conflict() => {}
                done => return done.map(|_| ()).map_err(Fault::from),
            }
        }
        Err(super::api::aborted("times and sizes were changed by others again and again"))
    }

    /// A group that is gone, or another of the same name, is left alone.
    async fn add_sizes(&self, batch: &mut Batch, key: &GroupKey, id: Id, days: &ByDay) -> Result<(), Fault> {
        let Some(Versioned { record: mut group, revision }) = self.meta.table::<Group>().get(key).await? else {
            return Ok(());
        };
        if group.id != id {
            return Ok(());
        }
        for (day, bytes) in days {
            // A day that is no longer listed has expired since.
            if let Some(known) = group.days.get_mut(day) {
                *known += bytes;
            }
        }
        batch.update(&group, revision);
        Ok(())
    }

    async fn add_times(&self, batch: &mut Batch, key: &StreamKey, seen: &Seen) -> Result<(), Fault> {
        let Some(Versioned { record: stream, revision }) = self.meta.table::<Stream>().get(key).await? else {
            return Ok(());
        };
        if stream.id != seen.stream {
            return Ok(());
        }
        let changed = seen.apply(&stream);
        let (before, after) = (Recent::of(&stream), Recent::of(&changed));
        if before != after {
            batch.delete::<Recent>(store::Record::key(&before)).put(&after);
        }
        batch.update(&changed, revision);
        Ok(())
    }
}
