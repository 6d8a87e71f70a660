//! Removes events that have expired and what was deleted. Each run looks at everything anew and may stop anywhere.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base::Fault;
use base::limits::logs as limits;
use store::log::Place;
use store::{Position, Record, SeriesName, Versioned};

use super::day::Day;
use super::event::{self, DAY_MS};
use super::service::Logs;
use super::tables::{Gone, Group, Id, Recent, Stream, StreamName, day_of};

const EVERY: Duration = Duration::from_secs(3600);
/// What was deleted is swept again until then: somebody who found it before may have written to it after.
const LINGER_MS: i64 = 3_600_000;
const PAGE: usize = 500;
/// Beyond what PutLogEvents takes, nobody writes to a day any more; a day more for clocks that differ.
const SETTLED_MS: i64 = (limits::PAST_DAYS + 2) * DAY_MS;
/// After every record there can be.
const END: Place = Place { at_ms: i64::MAX, position: Position(i64::MAX) };

/// Runs every hour, and when something was deleted.
pub(super) async fn run(logs: Arc<Logs>) {
    loop {
        if let Err(fault) = logs.sweep().await {
            tracing::warn!(%fault, "expired log events could not all be removed; they stay invisible");
        }
        tokio::select! {
            () = logs.clock.sleep(EVERY) => {}
            () = logs.swept.notified() => {}
        }
    }
}

impl Logs {
    /// Removes what has expired or was deleted, as it does by itself every hour. What it removes can't be seen before.
    pub async fn sweep(&self) -> Result<(), Fault> {
        let mut used = self.sweep_gone().await?;
        used.extend(self.sweep_expired().await?);
        self.drop_days(&used).await
    }

    /// The days that deleted groups and streams still have.
    async fn sweep_gone(&self) -> Result<BTreeSet<Day>, Fault> {
        let table = self.meta.table::<Gone>();
        let (mut used, mut after) = (BTreeSet::new(), None);
        loop {
            let page = table.list((), after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(used) };
            after = Some(last.id);
            for gone in &page {
                self.sweep_one(gone).await?;
                if gone.deleted_ms + LINGER_MS <= self.now_ms() {
                    table.delete(gone.id).await?;
                } else {
                    used.extend(&gone.days);
                }
            }
        }
    }

    async fn sweep_one(&self, gone: &Gone) -> Result<(), Fault> {
        if gone.is_group {
            self.sweep_streams(gone.id).await?;
        }
        let series = if gone.is_group { event::of_group(gone.id) } else { event::of_stream(gone.id) };
        for day in &gone.days {
            self.empty(*day, &series).await?;
        }
        Ok(())
    }

    /// The streams of a deleted group: first their events, then themselves.
    async fn sweep_streams(&self, group: Id) -> Result<(), Fault> {
        loop {
            let page = self.meta.table::<Stream>().list((group,), None, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            let mut batch = self.meta.batch();
            for stream in &page {
                for day in &stream.days {
                    self.empty(*day, &event::of_stream(stream.id)).await?;
                }
                batch.delete::<Stream>(stream.key());
                batch.delete::<StreamName>(stream.id);
                batch.delete::<Recent>(Recent::of(stream).key());
            }
            batch.commit().await?;
        }
    }

    /// The days that groups have when what has expired is removed.
    async fn sweep_expired(&self) -> Result<BTreeSet<Day>, Fault> {
        let (mut used, mut after) = (BTreeSet::new(), None);
        loop {
            let page = self.meta.table::<Group>().list((), after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(used) };
            after = Some(last.key());
            for group in page {
                used.extend(group.days.keys());
                self.expire(group).await?;
            }
        }
    }

    async fn expire(&self, group: Versioned<Group>) -> Result<(), Fault> {
        let expired = group.expired_days(self.now_ms());
        if expired.is_empty() {
            return Ok(());
        }
        self.expire_streams(group.id, &expired).await?;
        let Versioned { record: mut group, revision } = group;
        for day in &expired {
            self.empty(*day, &event::of_group(group.id)).await?;
            group.days.remove(day);
        }
        match self.meta.table().update(&group, revision).await {
            // Others changed the group meanwhile; the next run looks again.
            Err(error) if error.is_conflict() => Ok(()),
            done => done.map(|_| ()).map_err(Fault::from),
        }
    }

    async fn expire_streams(&self, group: Id, expired: &[Day]) -> Result<(), Fault> {
        let table = self.meta.table::<Stream>();
        let mut after = None;
        loop {
            let page = table.list((group,), after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key());
            for stream in page {
                self.expire_stream(stream, expired).await?;
            }
        }
    }

    async fn expire_stream(&self, stream: Versioned<Stream>, expired: &[Day]) -> Result<(), Fault> {
        let Versioned { record: mut stream, revision } = stream;
        let days: Vec<Day> = expired.iter().copied().filter(|day| stream.days.remove(day)).collect();
        if days.is_empty() {
            return Ok(());
        }
        for day in days {
            self.empty(day, &event::of_stream(stream.id)).await?;
        }
        match self.meta.table().update(&stream, revision).await {
            // The day stays listed for this stream, and is found empty.
            Err(error) if error.is_conflict() => Ok(()),
            done => done.map(|_| ()).map_err(Fault::from),
        }
    }

    async fn empty(&self, day: Day, series: &SeriesName) -> Result<(), Fault> {
        self.space_of(day)?.series(series.clone()).trim(END).await?;
        Ok(())
    }

    /// Drops the spaces of past days that nobody has any more.
    async fn drop_days(&self, used: &BTreeSet<Day>) -> Result<(), Fault> {
        let settled_ms = self.now_ms() - SETTLED_MS;
        for space in self.store.spaces().await? {
            let is_past = |day: &Day| day.end_ms() <= settled_ms && !used.contains(day);
            if day_of(&space).filter(is_past).is_some() {
                self.store.space(space.as_str())?.drop_all().await?;
            }
        }
        Ok(())
    }
}
