//! Log events: how they lie in a day's space, and what PutLogEvents takes.

use base::Fault;
use base::limits::logs as limits;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use store::SeriesName;

use super::api::{RejectedLogEventsInfo, invalid};
use super::tables::Id;

const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// The first byte of every body: which form the rest has.
const FORM: u8 = 1;

/// The events of one stream on one day.
pub(crate) fn of_stream(stream: Id) -> SeriesName {
    SeriesName::new(("logs-s", stream))
}

/// Pointers to the events of all streams of a group on one day.
pub(crate) fn of_group(group: Id) -> SeriesName {
    SeriesName::new(("logs-g", group))
}

/// What a stream's series holds. `form | ingested i64 | link u64 | message`, big-endian.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) ingested_ms: i64,
    /// Ties the event to its pointer.
    pub(crate) link: u64,
    /// UTF-8.
    pub(crate) message: Bytes,
}

impl Event {
    pub(crate) fn encode(&self) -> Bytes {
        let mut body = BytesMut::with_capacity(17 + self.message.len());
        body.put_u8(FORM);
        body.put_i64(self.ingested_ms);
        body.put_u64(self.link);
        body.put_slice(&self.message);
        body.freeze()
    }

    /// `None` if the bytes are no event.
    pub(crate) fn decode(mut body: Bytes) -> Option<Self> {
        if body.try_get_u8().ok()? != FORM {
            return None;
        }
        let ingested_ms = body.try_get_i64().ok()?;
        let link = body.try_get_u64().ok()?;
        Some(Self { ingested_ms, link, message: body })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.message).into_owned()
    }
}

/// What a group's series holds. `form | stream u128 | link u64 | message's bytes u32`, big-endian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pointer {
    pub(crate) stream: Id,
    pub(crate) link: u64,
    pub(crate) bytes: u32,
}

impl Pointer {
    pub(crate) fn encode(&self) -> Bytes {
        let mut body = BytesMut::with_capacity(29);
        body.put_u8(FORM);
        body.put_u128(self.stream.0);
        body.put_u64(self.link);
        body.put_u32(self.bytes);
        body.freeze()
    }

    /// `None` if the bytes are no pointer.
    pub(crate) fn decode(mut body: &[u8]) -> Option<Self> {
        if body.try_get_u8().ok()? != FORM {
            return None;
        }
        let stream = Id(body.try_get_u128().ok()?);
        let link = body.try_get_u64().ok()?;
        let bytes = body.try_get_u32().ok()?;
        Some(Self { stream, link, bytes })
    }
}

/// What AWS counts of an event towards a batch and towards storage.
pub(crate) fn counted_bytes(message: usize) -> usize {
    message + limits::EVENT_OVERHEAD_BYTES
}

/// Those events of a batch that are taken.
#[derive(Debug, PartialEq)]
pub(crate) struct Accepted {
    pub(crate) range: std::ops::Range<usize>,
    pub(crate) rejected: Option<RejectedLogEventsInfo>,
}

/// Applies the rules of PutLogEvents to the times of a batch. `retained_from_ms` is when the group's retention begins.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
pub(crate) fn accept(times: &[i64], now_ms: i64, retained_from_ms: Option<i64>) -> Result<Accepted, Fault> {
    if !times.is_sorted() {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let before = |limit_ms: i64| times.partition_point(|at_ms| *at_ms < limit_ms);
    let too_old = before(now_ms - limits::PAST_DAYS * DAY_MS);
    let expired = retained_from_ms.map_or(0, before);
    let too_new = before(now_ms + limits::FUTURE_HOURS * HOUR_MS + 1);
    let start = too_old.max(expired).min(too_new);
    if let [first, .., last] = times[start..too_new]
        && last - first > DAY_MS
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let rejected = RejectedLogEventsInfo {
        too_new_log_event_start_index: index(too_new).filter(|_| too_new < times.len()),
        too_old_log_event_end_index: index(too_old).filter(|_| too_old > 0),
        expired_log_event_end_index: index(expired).filter(|_| expired > 0),
    };
    let rejected = (rejected != RejectedLogEventsInfo::default()).then_some(rejected);
    Ok(Accepted { range: start..too_new, rejected })
}

fn index(at: usize) -> Option<i32> {
    i32::try_from(at).ok()
}

/// Refuses what is larger than AWS takes: one event, and the batch.
pub(crate) fn check_sizes(messages: impl Iterator<Item = usize>) -> Result<(), Fault> {
    let mut batch = 0;
    for message in messages {
        let event = counted_bytes(message);
        if event > limits::EVENT_BYTES {
            let limit = limits::EVENT_BYTES;
            return Err(invalid(format!("Log event too large: {event} bytes exceeds limit of {limit}")));
        }
        batch += event;
    }
    if batch > limits::BATCH_BYTES {
        let limit = limits::BATCH_BYTES;
        return Err(invalid(format!("Upload too large: {batch} bytes exceeds limit of {limit}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_795_392_000_000;
    const DAYS_14: i64 = 14 * DAY_MS;
    const HOURS_2: i64 = 2 * HOUR_MS;

    proptest! {
        #[test]
        fn bodies_come_back(stream: u128, link: u64, bytes: u32, ingested_ms: i64, message in ".{0,20}") {
            let pointer = Pointer { stream: Id(stream), link, bytes };
            prop_assert_eq!(Pointer::decode(&pointer.encode()), Some(pointer));
            let event = Event { ingested_ms, link, message: Bytes::from(message) };
            prop_assert_eq!(Event::decode(event.encode()), Some(event));
        }

        #[test]
        fn hostile_bodies_do_not_panic(body in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = (Pointer::decode(&body), Event::decode(Bytes::from(body)));
        }
    }

    /// Drawn in `docs/format/logs.md`.
    #[test]
    fn the_bodies_are_the_ones_that_were_drawn() {
        let event = Event { ingested_ms: 2, link: 3, message: Bytes::from_static(b"hi") };
        assert_eq!(hex(&event.encode()), "01 0000000000000002 0000000000000003 6869".replace(' ', ""));
        let pointer = Pointer { stream: Id(4), link: 3, bytes: 2 };
        let drawn = "01 00000000000000000000000000000004 0000000000000003 00000002";
        assert_eq!(hex(&pointer.encode()), drawn.replace(' ', ""));
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn rejected(old: Option<i32>, expired: Option<i32>, new: Option<i32>) -> Option<RejectedLogEventsInfo> {
        Some(RejectedLogEventsInfo {
            too_old_log_event_end_index: old,
            expired_log_event_end_index: expired,
            too_new_log_event_start_index: new,
        })
    }

    #[test]
    fn events_at_the_edges_of_the_window_are_taken_and_those_beyond_are_told() {
        let oldest = NOW - DAYS_14;
        let newest = NOW + HOURS_2;
        for (times, range, told) in [
            (vec![NOW], 0..1, None),
            (vec![oldest], 0..1, None),
            (vec![newest], 0..1, None),
            (vec![oldest - 1, oldest], 1..2, rejected(Some(1), None, None)),
            (vec![newest, newest + 1], 0..1, rejected(None, None, Some(1))),
            (vec![oldest - 1, NOW, newest + 1], 1..2, rejected(Some(1), None, Some(2))),
            (vec![0, 0], 2..2, rejected(Some(2), None, None)),
            (vec![newest + 1], 0..0, rejected(None, None, Some(0))),
        ] {
            assert_eq!(accept(&times, NOW, None).unwrap(), Accepted { range, rejected: told }, "{times:?}");
        }
    }

    #[test]
    fn what_the_retention_would_remove_is_told_as_expired() {
        let accepted = accept(&[NOW - 2 * DAY_MS, NOW], NOW, Some(NOW - DAY_MS)).unwrap();
        assert_eq!(accepted, Accepted { range: 1..2, rejected: rejected(None, Some(1), None) });
    }

    #[test]
    fn disorder_and_long_spans_are_refused() {
        let disorder = accept(&[NOW, NOW - 1], NOW, None).unwrap_err();
        assert!(disorder.message.contains("chronological order"));
        let span = accept(&[NOW - DAY_MS - 1, NOW], NOW, None).unwrap_err();
        assert!(span.message.contains("24 hours"));
        assert!(accept(&[NOW - DAY_MS, NOW], NOW, None).is_ok());
        // What is rejected anyway does not count towards the span.
        assert!(accept(&[NOW - DAYS_14 - 1, NOW], NOW, None).is_ok());
    }

    #[test]
    fn sizes_count_26_bytes_for_each_event() {
        assert!(check_sizes([limits::BATCH_BYTES - 26].into_iter()).is_ok());
        let one = check_sizes([limits::BATCH_BYTES - 25].into_iter()).unwrap_err();
        assert_eq!(one.message, "Log event too large: 1048577 bytes exceeds limit of 1048576");
        let two = check_sizes([limits::BATCH_BYTES - 26, 0].into_iter()).unwrap_err();
        assert_eq!(two.message, "Upload too large: 1048602 bytes exceeds limit of 1048576");
    }
}
