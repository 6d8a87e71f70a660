//! Who listens to an environment: the subscribers of the Telemetry and Logs APIs, each with a bounded buffer.
//!
//! Nobody here waits for a subscriber: what finds no room is dropped, counted, and told of.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::Timestamp;
use base::limits::telemetry::{BUFFERED_BYTES, EARLY_BYTES};
use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::event::{LogsDropped, PlatformEvent};
use super::subscribe::{Api, Request};
use super::{record, time};

/// What a record is about; subscribers name the kinds that they want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Platform,
    Function,
    Extension,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Function => "function",
            Self::Extension => "extension",
        }
    }
}

/// Where records go. One for each process of a runtime: subscriptions end with it.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
    /// Bytes in all buffers together.
    buffered: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct State {
    /// INIT has ended: nobody subscribes any more.
    closed: bool,
    /// What was said in INIT; who subscribes hears it too.
    early: Vec<Record>,
    early_bytes: usize,
    subscribers: Vec<Arc<Subscriber>>,
}

/// A record in the forms in which it is asked for.
#[derive(Clone, Debug)]
struct Record {
    kind: Kind,
    /// `None` where the API has no such record.
    telemetry: Option<Bytes>,
    logs: Option<Bytes>,
    /// A line that is a JSON object, as one.
    object: Option<Bytes>,
    /// The first schema of the Logs API doesn't know it.
    later_only: bool,
}

impl Record {
    fn platform(at: Timestamp, event: &PlatformEvent) -> Self {
        let rendered = Bytes::from(record(at, event));
        use PlatformEvent as Event;
        let logs_only = matches!(event, Event::End { .. } | Event::Fault(_) | Event::LogsSubscription(_));
        let telemetry_only = matches!(
            event,
            Event::InitStart(_) | Event::InitRuntimeDone(_) | Event::InitReport(_) | Event::TelemetrySubscription(_)
        );
        let (telemetry, logs) = ((!logs_only).then(|| rendered.clone()), (!telemetry_only).then_some(rendered));
        Self { kind: Kind::Platform, telemetry, logs, object: None, later_only: matches!(event, Event::RuntimeDone(_)) }
    }

    fn line(at: Timestamp, kind: Kind, line: &[u8], structured: bool) -> Self {
        let text = String::from_utf8_lossy(line);
        let object =
            structured.then(|| serde_json::from_str(&text).ok().filter(serde_json::Value::is_object)).flatten();
        let rendered = Bytes::from(line_record(at, kind, &text));
        Self {
            kind,
            telemetry: Some(rendered.clone()),
            logs: Some(rendered),
            object: object.map(|object| line_record(at, kind, &object).into()),
            later_only: false,
        }
    }

    fn form(&self, request: &Request) -> Option<Bytes> {
        match request.api {
            Api::Logs if self.later_only && !request.later_schema => None,
            Api::Logs => self.logs.clone(),
            Api::Telemetry if request.later_schema => self.object.clone().or_else(|| self.telemetry.clone()),
            Api::Telemetry => self.telemetry.clone(),
        }
    }

    fn bytes(&self) -> usize {
        self.telemetry.as_ref().or(self.logs.as_ref()).map_or(0, Bytes::len)
    }
}

fn line_record(at: Timestamp, kind: Kind, content: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Line<'a, T> {
        time: String,
        r#type: &'static str,
        record: &'a T,
    }
    let line = Line { time: time(at), r#type: kind.name(), record: content };
    serde_json::to_string(&line).expect("text and JSON values can be written as JSON")
}

/// INIT has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Hub {
    /// True if somebody listens, or may begin to.
    pub(crate) fn is_heard(&self) -> bool {
        let state = self.state.lock();
        !state.closed || !state.subscribers.is_empty()
    }

    pub(crate) fn platform(&self, at: Timestamp, event: &PlatformEvent) {
        if self.is_heard() {
            self.publish(Record::platform(at, event));
        }
    }

    /// `structured` if the function's log is written in JSON.
    pub(crate) fn line(&self, at: Timestamp, kind: Kind, line: &[u8], structured: bool) {
        if self.is_heard() {
            self.publish(Record::line(at, kind, line, structured));
        }
    }

    fn publish(&self, record: Record) {
        let mut state = self.state.lock();
        for subscriber in &state.subscribers {
            subscriber.offer(&record);
        }
        if !state.closed && state.early_bytes + record.bytes() <= EARLY_BYTES {
            state.early_bytes += record.bytes();
            state.early.push(record);
        }
    }

    /// From now on the extension `name` hears what it asks for, beginning with INIT. A second subscription of the same
    /// extension to the same API replaces the first.
    pub(crate) fn subscribe(&self, name: &str, request: Request) -> Result<Arc<Subscriber>, Closed> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Closed);
        }
        let subscriber = Arc::new(Subscriber {
            name: name.to_owned(),
            request,
            buffer: Mutex::default(),
            wake: Notify::new(),
            carried: Notify::new(),
            ended: CancellationToken::new(),
            buffered: self.buffered.clone(),
        });
        state.early.iter().for_each(|record| subscriber.offer(record));
        let same = |old: &Arc<Subscriber>| old.name == name && old.request.api == subscriber.request.api;
        state.subscribers.extract_if(.., |old| same(old)).for_each(|old| old.ended.cancel());
        state.subscribers.push(subscriber.clone());
        Ok(subscriber)
    }

    /// INIT has ended: who hasn't subscribed will not.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.early = Vec::new();
    }

    /// Everything that waits is delivered now; returns when it is, or given up.
    pub(crate) async fn flush(&self) {
        let subscribers = self.state.lock().subscribers.clone();
        for subscriber in &subscribers {
            subscriber.buffer.lock().in_a_hurry = true;
            subscriber.wake.notify_one();
        }
        for subscriber in &subscribers {
            subscriber.ended.run_until_cancelled(subscriber.is_idle()).await;
        }
    }
}

/// One subscription. A task takes batches out of it.
#[derive(Debug)]
pub(crate) struct Subscriber {
    name: String,
    pub(crate) request: Request,
    buffer: Mutex<Buffer>,
    /// Something is there, or enough for a batch.
    wake: Notify,
    /// A batch has arrived.
    carried: Notify,
    /// Another one has taken its place.
    pub(super) ended: CancellationToken,
    buffered: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Buffer {
    records: VecDeque<Bytes>,
    bytes: usize,
    dropped: Dropped,
    /// Don't wait for more.
    in_a_hurry: bool,
    /// A batch is on its way.
    carrying: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl Subscriber {
    fn offer(&self, record: &Record) {
        if !self.request.types.contains(&record.kind) {
            return;
        }
        let Some(form) = record.form(&self.request) else { return };
        let mut buffer = self.buffer.lock();
        let fits = self.buffered.load(Ordering::Relaxed) + form.len() <= BUFFERED_BYTES;
        // Two batches: one on its way, and one that fills meanwhile.
        if !fits || buffer.bytes + form.len() > 2 * self.request.max_bytes {
            buffer.dropped.records += 1;
            buffer.dropped.bytes += form.len() as u64;
            return;
        }
        self.buffered.fetch_add(form.len(), Ordering::Relaxed);
        buffer.bytes += form.len();
        buffer.records.push_back(form);
        if buffer.records.len() == 1 || self.is_full(&buffer) {
            self.wake.notify_one();
        }
    }

    fn is_full(&self, buffer: &Buffer) -> bool {
        buffer.in_a_hurry || buffer.records.len() >= self.request.max_items || buffer.bytes >= self.request.max_bytes
    }

    /// Waits for the first record of a batch.
    pub(super) async fn has_some(&self) {
        while self.buffer.lock().records.is_empty() {
            self.wake.notified().await;
        }
    }

    /// Waits until there is enough for a batch.
    pub(super) async fn has_enough(&self) {
        while !self.is_full(&self.buffer.lock()) {
            self.wake.notified().await;
        }
    }

    /// The next batch, and what had to be dropped before it.
    pub(super) fn take(&self) -> (Vec<Bytes>, Dropped) {
        let mut buffer = self.buffer.lock();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = buffer.records.front()
            && batch.len() < self.request.max_items
            && (batch.is_empty() || bytes + next.len() <= self.request.max_bytes)
        {
            bytes += next.len();
            batch.extend(buffer.records.pop_front());
        }
        buffer.bytes -= bytes;
        self.buffered.fetch_sub(bytes, Ordering::Relaxed);
        buffer.in_a_hurry &= !buffer.records.is_empty();
        buffer.carrying = true;
        (batch, std::mem::take(&mut buffer.dropped))
    }

    /// The last batch has arrived, or is given up.
    pub(super) fn done(&self) {
        self.buffer.lock().carrying = false;
        self.carried.notify_waiters();
    }

    /// Waits until nothing waits, and nothing is on its way.
    async fn is_idle(&self) {
        loop {
            // Before it is looked: what arrives in between is not missed.
            let carried = self.carried.notified();
            let busy = |buffer: &Buffer| buffer.carrying || !buffer.records.is_empty();
            if !busy(&self.buffer.lock()) {
                return;
            }
            carried.await;
        }
    }

    /// Nobody took this batch.
    pub(super) fn lost(&self, batch: &[Bytes]) {
        let dropped = &mut self.buffer.lock().dropped;
        dropped.records += batch.len() as u64;
        dropped.bytes += batch.iter().map(|record| record.len() as u64).sum::<u64>();
    }
}

/// What it had not delivered makes room for the others.
impl Drop for Subscriber {
    fn drop(&mut self) {
        self.buffered.fetch_sub(self.buffer.get_mut().bytes, Ordering::Relaxed);
    }
}

/// What a subscriber hears of records that it has lost.
pub(super) fn dropped(at: Timestamp, dropped: Dropped) -> Bytes {
    let reason = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.".to_owned();
    let event = PlatformEvent::LogsDropped(LogsDropped {
        reason,
        dropped_records: dropped.records,
        dropped_bytes: dropped.bytes,
    });
    record(at, &event).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Api, Request};

    fn at() -> Timestamp {
        "2026-10-08T07:30:27.768Z".parse().expect("a time")
    }

    fn request(api: Api, types: &str, schema: &str) -> Request {
        let body =
            format!(r#"{{"schemaVersion":"{schema}","types":{types},"destination":{{"protocol":"TCP","port":4243}}}}"#);
        Request::parse(api, body.as_bytes()).expect("a good one")
    }

    fn telemetry(types: &str) -> Request {
        request(Api::Telemetry, types, "2022-12-13")
    }

    fn taken(subscriber: &Subscriber) -> Vec<String> {
        let (batch, _) = subscriber.take();
        batch.iter().map(|record| String::from_utf8_lossy(record).into_owned()).collect()
    }

    #[test]
    fn who_subscribes_in_init_hears_all_of_it_and_nobody_does_later() {
        let hub = Hub::default();
        hub.line(at(), Kind::Function, b"first\n", false);
        hub.line(at(), Kind::Extension, b"of another kind\n", false);
        let subscriber = hub.subscribe("e", telemetry(r#"["function"]"#)).expect("INIT goes on");
        hub.close();
        hub.line(at(), Kind::Function, b"second\n", false);
        let record =
            |said: &str| format!(r#"{{"time":"2026-10-08T07:30:27.768Z","type":"function","record":"{said}\n"}}"#);
        assert_eq!(taken(&subscriber), [record("first"), record("second")]);
        assert_eq!(hub.subscribe("e", telemetry(r#"["function"]"#)).err(), Some(Closed));
    }

    #[test]
    fn each_api_has_its_records() {
        let hub = Hub::default();
        let new = hub.subscribe("e", telemetry(r#"["platform"]"#)).expect("INIT goes on");
        let old = hub.subscribe("e", request(Api::Logs, r#"["platform"]"#, "2020-08-15")).expect("INIT goes on");
        for event in [
            PlatformEvent::Fault("broken".to_owned()),
            PlatformEvent::End { request_id: "r".to_owned() },
            PlatformEvent::InitRuntimeDone(crate::telemetry::InitRuntimeDone::new(
                crate::telemetry::Phase::Init,
                crate::telemetry::Ending::SUCCESS,
            )),
        ] {
            hub.platform(at(), &event);
        }
        assert_eq!(taken(&new).len(), 1);
        assert_eq!(taken(&old).len(), 2);
    }

    #[test]
    fn a_json_line_is_an_object_where_it_is_one() {
        let hub = Hub::default();
        let subscriber = hub.subscribe("e", telemetry(r#"["function"]"#)).expect("INIT goes on");
        hub.line(at(), Kind::Function, b"{\"b\":1,\"a\":2}\n", true);
        hub.line(at(), Kind::Function, b"{\"b\":1}\n", false);
        hub.line(at(), Kind::Function, b"[1]\n", true);
        let ends: Vec<_> = taken(&subscriber)
            .iter()
            .map(|record| record.split_once("\"record\":").expect("it has one").1.to_owned())
            .collect();
        assert_eq!(ends, [r#"{"b":1,"a":2}}"#, r#""{\"b\":1}\n"}"#, r#""[1]\n"}"#]);
    }

    #[test]
    fn what_finds_no_room_is_counted_and_the_buffers_stay_bounded() {
        let hub = Hub::default();
        let subscribers: Vec<_> = (0..10)
            .map(|n| hub.subscribe(&n.to_string(), telemetry(r#"["function"]"#)).expect("INIT goes on"))
            .collect();
        let line = vec![b'x'; 10_000];
        for _ in 0..1_000 {
            hub.line(at(), Kind::Function, &line, false);
        }
        assert!(hub.buffered.load(Ordering::Relaxed) <= BUFFERED_BYTES);
        let mut heard = 0;
        for subscriber in &subscribers {
            let mut lost = 0;
            loop {
                let (batch, dropped) = subscriber.take();
                lost += dropped.records;
                heard += batch.len() as u64;
                if batch.is_empty() {
                    break;
                }
                assert!(batch.iter().map(Bytes::len).sum::<usize>() <= subscriber.request.max_bytes);
            }
            heard += lost;
        }
        assert_eq!(heard, 10_000, "each record is heard or counted");
        assert_eq!(hub.buffered.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_second_subscription_replaces_the_first() {
        let hub = Hub::default();
        let first = hub.subscribe("e", telemetry(r#"["function"]"#)).expect("INIT goes on");
        hub.line(at(), Kind::Function, b"unheard\n", false);
        let second = hub.subscribe("e", telemetry(r#"["function"]"#)).expect("INIT goes on");
        hub.line(at(), Kind::Function, b"said\n", false);
        assert!(first.ended.is_cancelled());
        drop(first);
        let waiting = hub.buffered.load(Ordering::Relaxed);
        assert_eq!(taken(&second).len(), 2);
        assert!(waiting > 0 && hub.buffered.load(Ordering::Relaxed) == 0, "the first one's record takes no room");
    }
}
