//! FilterLogEvents: the streams of a group together, in order of time. `aws logs tail` and SAM read logs with it.
//!
//! The group's pointers are walked; the events of those streams that are meant are fetched a megabyte at a time and
//! matched. A page ends with its limit, with a megabyte of events, or when enough was looked through.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use base::Fault;
use base::limits::logs as limits;
use store::log::{Place, Point};
use store::{Series, Versioned};
use wire::Permitted;

use crate::logs::api::{
    self, FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, invalid, invalid_token,
};
use crate::logs::cursor::{Cursor, beyond, onward};
use crate::logs::day::Day;
use crate::logs::event::{self, Event, Pointer};
use crate::logs::group;
use crate::logs::pattern::Pattern;
use crate::logs::place::{self, Direction};
use crate::logs::service::Logs;
use crate::logs::tables::{Group, Id, StreamName};

/// Pointers that are read at a time.
const POINTERS: usize = 1_000;
/// Events that are read at a time; each may be as large as one can be.
const READ: usize = 128;
const READ_AT_LEAST: usize = 16;
/// Before the first of January 2024 (UTC) AWS doesn't search backwards.
const FIRST_BACKWARD_MS: i64 = 1_704_067_200_000;

pub(super) async fn filter_log_events(
    logs: Arc<Logs>,
    call: Permitted<api::FilterLogEvents>,
) -> Result<FilterLogEventsResponse, Fault> {
    let Permitted { context, mut input } = call;
    let (name, identifier) = (input.log_group_name.take(), input.log_group_identifier.take());
    let name = group::named(name, identifier, &context.scope)?;
    let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or(""))?;
    let group = logs.find_group(&context.scope, &name).await?;
    let wanted = Wanted::of(&logs, &group, &mut input).await?;
    let (direction, window) = window(&group, &input, logs.now_ms())?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(limits::PAGE_EVENTS);
    let page = Page { events: Vec::new(), bytes: 0, limit };
    let search = Search {
        logs: &logs,
        pattern,
        wanted,
        names: HashMap::new(),
        direction,
        page,
        left: HashMap::new(),
        looked: (0, 0),
    };
    search.run(&group, window).await
}

/// Which streams are meant.
enum Wanted {
    All,
    Prefix(String),
    Streams(HashSet<Id>),
}

impl Wanted {
    async fn of(logs: &Logs, group: &Group, input: &mut FilterLogEventsRequest) -> Result<Self, Fault> {
        match (input.log_stream_names.take(), input.log_stream_name_prefix.take()) {
            (Some(_), Some(_)) => {
                Err(invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."))
            }
            (Some(names), None) => {
                let mut streams = HashSet::new();
                for name in names {
                    streams.insert(logs.find_stream(group.id, &name).await?.id);
                }
                Ok(Self::Streams(streams))
            }
            (None, Some(prefix)) => Ok(Self::Prefix(prefix)),
            (None, None) => Ok(Self::All),
        }
    }

    fn has(&self, stream: Id, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => name.starts_with(prefix),
            Self::Streams(streams) => streams.contains(&stream),
        }
    }
}

/// The times, less what has expired and what earlier pages showed. The end is included here.
fn window(group: &Group, input: &FilterLogEventsRequest, now_ms: i64) -> Result<(Direction, Range<Place>), Fault> {
    let backward = input.start_from_head == Some(false);
    if backward && input.start_time.is_some_and(|start_ms| start_ms < FIRST_BACKWARD_MS) {
        return Err(invalid("startTime must be on or after 2024-01-01T00:00:00Z when startFromHead is false."));
    }
    let retained_ms = group.retained_from_ms(now_ms).unwrap_or(0);
    let start_ms = input.start_time.unwrap_or(0).max(retained_ms);
    let end_ms = input.end_time.unwrap_or(i64::MAX).min(place::LAST_MS);
    let (start, end) = (Place::start_of(start_ms), Place::start_of(end_ms + 1));
    match input.next_token.as_deref().map(place::parse_token) {
        None if backward => Ok((Direction::Backward, start..end)),
        None => Ok((Direction::Forward, start..end)),
        Some(Some((Direction::Forward, at))) => Ok((Direction::Forward, start.max(at)..end)),
        Some(Some((Direction::Backward, at))) => Ok((Direction::Backward, start..end.min(at))),
        Some(None) => Err(invalid_token()),
    }
}

struct Page {
    events: Vec<FilteredLogEvent>,
    bytes: usize,
    limit: usize,
}

impl Page {
    /// `false` if the event doesn't fit; the first one always does.
    fn add(&mut self, event: FilteredLogEvent) -> bool {
        let bytes = event::counted_bytes(event.message.len());
        let is_full = self.events.len() == self.limit || self.bytes + bytes > limits::PAGE_BYTES;
        if is_full && !self.events.is_empty() {
            return false;
        }
        self.bytes += bytes;
        self.events.push(event);
        true
    }
}

struct Search<'a> {
    logs: &'a Logs,
    pattern: Pattern,
    wanted: Wanted,
    /// Of the streams that were met, those that are wanted by their names.
    names: HashMap<Id, Option<String>>,
    direction: Direction,
    page: Page,
    /// The last event of each stream that was fetched.
    left: HashMap<Id, Place>,
    /// Pointers and bytes that were looked at.
    looked: (usize, usize),
}

type Pointed = (Place, Pointer);

impl Search<'_> {
    async fn run(mut self, group: &Versioned<Group>, window: Range<Place>) -> Result<FilterLogEventsResponse, Fault> {
        let days = group.days.keys().copied();
        let mut cursor = Cursor::new(self.logs, event::of_group(group.id), days, window, self.direction);
        loop {
            let (Some(day), points) = cursor.next(POINTERS).await? else { return Ok(self.answer(None)) };
            let last = points.last().map(|point| point.place);
            if let Some(next) = self.look(day, points).await? {
                return Ok(self.answer(Some(next)));
            }
            let enough = self.looked.0 >= limits::SEARCHED_EVENTS || self.looked.1 >= limits::SEARCHED_BYTES;
            if enough && let Some(last) = last {
                let next = onward(self.direction, last);
                return Ok(self.answer(Some(next)));
            }
        }
    }

    fn answer(self, next: Option<Place>) -> FilterLogEventsResponse {
        FilterLogEventsResponse {
            events: self.page.events,
            searched_log_streams: Vec::new(),
            next_token: next.map(|place| place::token(self.direction, place)),
        }
    }

    /// Adds what matches; where the next page begins, if this one is full.
    async fn look(&mut self, day: Day, points: Vec<Point>) -> Result<Option<Place>, Fault> {
        self.looked.0 += points.len();
        let mut pointers = Vec::with_capacity(points.len());
        for point in points {
            let Some(pointer) = Pointer::decode(&point.body) else {
                tracing::error!(place = ?point.place, "what lies in a log group is no pointer; it is passed over");
                continue;
            };
            if self.name(pointer.stream).await?.is_some() {
                pointers.push((point.place, pointer));
            }
        }
        for some in by_megabyte(&pointers) {
            let mut found = self.fetch(day, some).await?;
            for (place, pointer) in some {
                let Some(event) = found.remove(&(pointer.stream, pointer.link)) else { continue };
                self.looked.1 += event.message.len();
                if !self.keep(*place, pointer.stream, &event) {
                    return Ok(Some(beginning_with(self.direction, *place)));
                }
            }
        }
        Ok(None)
    }

    /// `false` if the event matches and the page is full.
    fn keep(&mut self, place: Place, stream: Id, event: &Event) -> bool {
        let message = event.text();
        if !self.pattern.matches(&message) {
            return true;
        }
        self.page.add(FilteredLogEvent {
            log_stream_name: self.names.get(&stream).cloned().flatten().unwrap_or_default(),
            timestamp: place.at_ms,
            message,
            ingestion_time: event.ingested_ms,
            event_id: place::event_id(place),
        })
    }

    /// The stream's name; `None` if it isn't wanted or was deleted.
    async fn name(&mut self, stream: Id) -> Result<Option<&str>, Fault> {
        if !self.names.contains_key(&stream) {
            let found = self.logs.meta.table::<StreamName>().get(stream).await?;
            let name = found.map(|found| found.record.name).filter(|name| self.wanted.has(stream, name));
            self.names.insert(stream, name);
        }
        Ok(self.names.get(&stream).and_then(Option::as_deref))
    }

    /// The events of some pointers, by stream and link.
    async fn fetch(&mut self, day: Day, some: &[Pointed]) -> Result<HashMap<(Id, u64), Event>, Fault> {
        let mut streams: HashMap<Id, Sought> = HashMap::new();
        for (place, Pointer { stream, link, .. }) in some {
            streams.entry(*stream).or_default().add(*place, *link);
        }
        let space = self.logs.space_of(day)?;
        let mut found = HashMap::with_capacity(some.len());
        for (stream, sought) in streams {
            let series = space.series(event::of_stream(stream));
            let events = self.fetch_from(stream, &series, sought).await?;
            found.extend(events.into_iter().map(|event| ((stream, event.link), event)));
        }
        Ok(found)
    }

    /// Reads on from where the stream was left: pointers and events have one order, so that what is sought is ahead,
    /// and many events of one millisecond are not read again and again.
    async fn fetch_from(&mut self, stream: Id, series: &Series, mut sought: Sought) -> Result<Vec<Event>, Fault> {
        let mut range = sought.range();
        if let Some(left) = self.left.get(&stream) {
            range = beyond(range, self.direction, *left);
        }
        let mut found = Vec::with_capacity(sought.links.len());
        while !sought.links.is_empty() {
            let limit = sought.links.len().clamp(READ_AT_LEAST, READ);
            let points = match self.direction {
                Direction::Forward => series.read(range.start, range.end, limit).await?,
                Direction::Backward => series.read_back(range.start, range.end, limit).await?,
            };
            let Some(last) = points.last() else { break };
            range = beyond(range, self.direction, last.place);
            for Point { place, body } in points {
                if let Some(event) = Event::decode(body).filter(|event| sought.links.remove(&event.link)) {
                    self.left.insert(stream, place);
                    found.push(event);
                }
            }
        }
        Ok(found)
    }
}

/// Events of one stream that are to be read: their links, and between which times they lie.
#[derive(Default)]
struct Sought {
    times: Option<(i64, i64)>,
    links: HashSet<u64>,
}

impl Sought {
    fn add(&mut self, place: Place, link: u64) {
        let (first, last) = self.times.unwrap_or((place.at_ms, place.at_ms));
        self.times = Some((first.min(place.at_ms), last.max(place.at_ms)));
        self.links.insert(link);
    }

    fn range(&self) -> Range<Place> {
        let (first, last) = self.times.unwrap_or((0, 0));
        Place::start_of(first)..Place::start_of(last + 1)
    }
}

/// Where a page goes on that begins with what stands at `place`.
fn beginning_with(direction: Direction, place: Place) -> Place {
    match direction {
        Direction::Forward => place,
        Direction::Backward => place.next(),
    }
}

/// Runs of pointers whose events together have about a megabyte, or one event.
fn by_megabyte(pointers: &[Pointed]) -> Vec<&[Pointed]> {
    let mut runs = Vec::new();
    let mut rest = pointers;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|(_, pointer)| {
            bytes += pointer.bytes as usize;
            bytes <= limits::PAGE_BYTES
        });
        let (run, others) = rest.split_at(fits.count().max(1));
        runs.push(run);
        rest = others;
    }
    runs
}
