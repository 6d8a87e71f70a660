//! Writes events: each to its stream's series and a pointer to its group's, in one commit per day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use bytes::Bytes;
use store::log::Place;
use store::{Batch, Position};

use super::day::Day;
use super::event::{self, Event, Pointer};
use super::find::{Address, Ids};
use super::service::Logs;
use super::stats::Seen;

/// An event that is still to be stored.
#[derive(Clone, Debug)]
pub(super) struct NewEvent {
    pub(super) at_ms: i64,
    /// UTF-8.
    pub(super) message: Bytes,
}

/// Events of one stream, in the order in which they came. The ids come from [`Logs::register`] with [`days`] of them.
#[derive(Debug)]
pub(super) struct Append<'a> {
    pub(super) address: &'a Address,
    pub(super) ids: Ids,
    pub(super) events: &'a [NewEvent],
}

pub(super) fn days(events: &[NewEvent]) -> BTreeSet<Day> {
    events.iter().map(|event| Day::of(event.at_ms)).collect()
}

impl Logs {
    /// Durable when it answers: the place of the last event in its group. If a batch spans midnight and the second of
    /// its two commits fails, the first is done.
    pub(super) async fn append(&self, appends: &[Append<'_>]) -> store::Result<Option<Place>> {
        let days: BTreeSet<Day> = appends.iter().flat_map(|append| days(append.events)).collect();
        let mut last = None;
        for day in days {
            last = self.append_day(day, appends).await?.or(last);
        }
        Ok(last)
    }

    async fn append_day(&self, day: Day, appends: &[Append<'_>]) -> store::Result<Option<Place>> {
        let ingested_ms = self.now_ms();
        let mut batch = self.space_of(day)?.batch();
        let mut last_ms = None;
        let mut seen = Vec::with_capacity(appends.len());
        for append in appends {
            let events = append.events.iter().filter(|event| Day::of(event.at_ms) == day);
            let mut noted = Seen::new(append.ids.stream, ingested_ms);
            for event in events {
                self.add(&mut batch, append.ids, event, ingested_ms);
                noted.add(event.at_ms, event::counted_bytes(event.message.len()));
                last_ms = Some(event.at_ms);
            }
            seen.push((append, noted));
        }
        let committed = batch.commit().await?;
        for (append, noted) in seen.into_iter().filter(|(_, noted)| !noted.is_empty()) {
            self.stats.note(append.address, append.ids, day, noted);
        }
        let position = committed.positions.last().copied().unwrap_or(Position(0));
        Ok(last_ms.map(|at_ms| Place { at_ms, position }))
    }

    fn add(&self, batch: &mut Batch, ids: Ids, event: &NewEvent, ingested_ms: i64) {
        let link = self.links.fetch_add(1, Ordering::Relaxed);
        let bytes = u32::try_from(event.message.len()).unwrap_or(u32::MAX);
        let body = Event { ingested_ms, link, message: event.message.clone() }.encode();
        let pointer = Pointer { stream: ids.stream, link, bytes }.encode();
        batch.record(&event::of_stream(ids.stream), event.at_ms, body);
        batch.record(&event::of_group(ids.group), event.at_ms, pointer);
    }
}

/// Days by which something is counted.
pub(super) type ByDay = BTreeMap<Day, u64>;
