//! GetLogEvents: one stream, forwards and backwards. A token is a place, so that nothing is skipped or comes twice.

use std::ops::Range;
use std::sync::Arc;

use base::Fault;
use base::limits::logs as limits;
use store::log::{Place, Point};
use wire::Permitted;

use crate::logs::api::{self, GetLogEventsResponse, OutputLogEvent, invalid_token};
use crate::logs::cursor::{Cursor, onward};
use crate::logs::event::{self, Event};
use crate::logs::group;
use crate::logs::place::{self, Direction};
use crate::logs::service::Logs;
use crate::logs::tables::Stream;

/// Rows that are read at a time; each may be as large as an event.
const READ: usize = 128;

pub(super) async fn get_log_events(
    logs: Arc<Logs>,
    call: Permitted<api::GetLogEvents>,
) -> Result<GetLogEventsResponse, Fault> {
    let Permitted { context, input } = call;
    let name = group::named(input.log_group_name, input.log_group_identifier, &context.scope)?;
    let group = logs.find_group(&context.scope, &name).await?;
    let stream = logs.find_stream(group.id, &input.log_stream_name).await?;
    let retained_ms = group.retained_from_ms(logs.now_ms()).unwrap_or(0);
    let start = Place::start_of(input.start_time.unwrap_or(0).max(retained_ms).min(place::LAST_MS));
    let end = Place::start_of(input.end_time.unwrap_or(i64::MAX).min(place::LAST_MS));
    let first = if input.start_from_head.unwrap_or(false) { Direction::Forward } else { Direction::Backward };
    let token = input.next_token.as_deref();
    let (direction, window) = page_window(start..end, first, token)?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(limits::PAGE_EVENTS);
    let page = read_page(&logs, &stream, window.clone(), direction, limit).await?;
    let (forward, backward) = tokens(&page, direction, &window, token.is_some());
    Ok(GetLogEventsResponse {
        events: page.into_iter().map(|(place, event)| show(place, &event)).collect(),
        next_forward_token: place::token(Direction::Forward, forward),
        next_backward_token: place::token(Direction::Backward, backward),
    })
}

/// Where to read, given the times and the token: of the window only what the token has left.
fn page_window(
    window: Range<Place>,
    first: Direction,
    token: Option<&str>,
) -> Result<(Direction, Range<Place>), Fault> {
    let Some(token) = token else { return Ok((first, window)) };
    let (direction, at) = place::parse_token(token).ok_or_else(invalid_token)?;
    let window = match direction {
        Direction::Forward => window.start.max(at)..window.end,
        Direction::Backward => window.start..window.end.min(at),
    };
    Ok((direction, window))
}

/// As many events as fit, in order of time.
async fn read_page(
    logs: &Logs,
    stream: &Stream,
    window: Range<Place>,
    direction: Direction,
    limit: usize,
) -> Result<Vec<(Place, Event)>, Fault> {
    let series = event::of_stream(stream.id);
    let mut cursor = Cursor::new(logs, series, stream.days.iter().copied(), window, direction);
    let mut page = Page { events: Vec::new(), bytes: 0, limit };
    while page.room() > 0 {
        let (day, points) = cursor.next(READ.min(page.room())).await?;
        if day.is_none() || !points.into_iter().all(|point| page.add(point)) {
            break;
        }
    }
    if direction == Direction::Backward {
        page.events.reverse();
    }
    Ok(page.events)
}

struct Page {
    events: Vec<(Place, Event)>,
    bytes: usize,
    limit: usize,
}

impl Page {
    fn room(&self) -> usize {
        self.limit - self.events.len()
    }

    /// `false` if the event doesn't fit; the first one always does.
    fn add(&mut self, point: Point) -> bool {
        let Some(event) = Event::decode(point.body) else {
            tracing::error!(place = ?point.place, "what lies in a log stream is no event; it is passed over");
            return true;
        };
        self.bytes += event::counted_bytes(event.message.len());
        if self.room() == 0 || (self.bytes > limits::PAGE_BYTES && !self.events.is_empty()) {
            return false;
        }
        self.events.push((point.place, event));
        true
    }
}

/// Where the next pages begin, forwards and backwards. An empty page stays where it is: in its direction it answers the
/// token that was given; without one it found nothing in the whole window, and both ways lead through all of it.
fn tokens(page: &[(Place, Event)], direction: Direction, window: &Range<Place>, has_token: bool) -> (Place, Place) {
    match (page, direction) {
        ([(first, _), ..], _) => {
            let last = page.last().map_or(*first, |(last, _)| *last);
            (onward(Direction::Forward, last), *first)
        }
        ([], _) if !has_token => (window.start, window.end),
        ([], Direction::Forward) => (window.start, window.start),
        ([], Direction::Backward) => (window.end, window.end),
    }
}

fn show(place: Place, event: &Event) -> OutputLogEvent {
    OutputLogEvent { timestamp: place.at_ms, message: event.text(), ingestion_time: event.ingested_ms }
}
