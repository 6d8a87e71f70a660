//! The service from outside: through its handlers, on the memory store and on SQLite.

mod emit;
mod events;
mod filter;
mod groups;
mod keep;
mod put_and_get;
mod streams;

use std::path::Path;
use std::sync::Arc;

use base::{Account, Caller, Clock, Decision, Fault, Random, Region, Scope, Tasks, Timestamp};
use store::Store;
use store::engine::memory::Disk;
use wire::{Context, Operation, Service, Shape};

use super::Logs;
use super::api::*;

/// 2026-11-23T12:00:00Z, in the middle of a day.
const NOON: i64 = 1_795_435_200_000;
const DAY: i64 = 86_400_000;

/// The service over one store.
struct House {
    logs: Arc<Logs>,
    service: Service,
    tasks: Tasks,
    clock: Clock,
    store: Store,
}

/// A clock that begins at noon and goes on by itself.
fn noon() -> Clock {
    Clock::simulated(Timestamp::from_millisecond(NOON).expect("in range"))
}

impl House {
    fn over(store: Store, clock: Clock) -> Self {
        let tasks = Tasks::new();
        let logs = Logs::open(store.clone(), clock.clone(), Random::seeded(7), &tasks).expect("opens");
        Self { service: logs.service(), logs, tasks, clock, store }
    }

    fn in_memory() -> Self {
        Self::on_disk(&Disk::new())
    }

    fn on_disk(disk: &Disk) -> Self {
        let clock = noon();
        Self::over(Store::on_disk(disk, clock.clone(), Random::seeded(1)), clock)
    }

    async fn on_sqlite(dir: &Path) -> Self {
        let clock = noon();
        Self::over(Store::open_sqlite(dir, clock.clone(), Random::seeded(1)).await.expect("opens"), clock)
    }

    async fn call<O: Operation>(&self, _operation: O, input: O::Input) -> Result<O::Output, Fault> {
        let fields = self.service.perform(O::SPEC.name, &Decision::Allow, context(), input.into_fields()).await?;
        Ok(O::Output::from_fields(fields).expect("an answer has its own shape"))
    }

    async fn make(&self, group: &str, streams: &[&str]) {
        self.call(CreateLogGroup, new_group(group)).await.expect("made");
        for stream in streams {
            self.call(CreateLogStream, stream_named(group, stream)).await.expect("made");
        }
    }

    async fn put(&self, group: &str, stream: &str, events: &[(i64, &str)]) -> PutLogEventsResponse {
        self.call(PutLogEvents, batch(group, stream, events)).await.expect("put")
    }

    /// The messages that FilterLogEvents finds.
    async fn found(&self, input: FilterLogEventsRequest) -> Vec<String> {
        let page = self.call(FilterLogEvents, input).await.expect("found");
        page.events.into_iter().map(|event| event.message).collect()
    }

    /// The spaces of days that there are.
    async fn days(&self) -> Vec<String> {
        let spaces = self.store.spaces().await.expect("listed");
        spaces.iter().map(|space| space.as_str().to_owned()).filter(|name| name != "meta").collect()
    }
}

fn scope() -> Scope {
    Scope::new(Account::default_account(), Region::new("us-east-1"))
}

fn context() -> Context {
    Context {
        caller: Caller::root(Account::default_account()),
        scope: scope(),
        request_id: "r".to_owned(),
        trace_id: None,
        origin: "http://localhost:4566".to_owned(),
    }
}

fn new_group(name: &str) -> CreateLogGroupRequest {
    CreateLogGroupRequest {
        log_group_name: name.to_owned(),
        kms_key_id: None,
        tags: None,
        log_group_class: None,
        deletion_protection_enabled: None,
    }
}

fn group_named(name: &str) -> LogGroupNameRequest {
    LogGroupNameRequest { log_group_name: name.to_owned() }
}

fn stream_named(group: &str, name: &str) -> LogStreamNameRequest {
    LogStreamNameRequest { log_group_name: group.to_owned(), log_stream_name: name.to_owned() }
}

fn batch(group: &str, stream: &str, events: &[(i64, &str)]) -> PutLogEventsRequest {
    let event =
        |(timestamp, message): &(i64, &str)| InputLogEvent { timestamp: *timestamp, message: (*message).to_owned() };
    PutLogEventsRequest {
        log_group_name: group.to_owned(),
        log_stream_name: stream.to_owned(),
        log_events: events.iter().map(event).collect(),
        sequence_token: Some("ignored".to_owned()),
        entity: None,
    }
}

fn get(group: &str, stream: &str) -> GetLogEventsRequest {
    GetLogEventsRequest {
        log_group_name: Some(group.to_owned()),
        log_group_identifier: None,
        log_stream_name: stream.to_owned(),
        start_time: None,
        end_time: None,
        next_token: None,
        limit: None,
        start_from_head: Some(true),
        unmask: None,
    }
}

fn filter(group: &str, pattern: &str) -> FilterLogEventsRequest {
    FilterLogEventsRequest {
        log_group_name: Some(group.to_owned()),
        log_group_identifier: None,
        log_stream_names: None,
        log_stream_name_prefix: None,
        start_time: None,
        end_time: None,
        filter_pattern: Some(pattern.to_owned()),
        next_token: None,
        limit: None,
        start_from_head: None,
        interleaved: Some(true),
        unmask: None,
    }
}

fn describe_groups() -> DescribeLogGroupsRequest {
    DescribeLogGroupsRequest {
        account_identifiers: None,
        log_group_name_prefix: None,
        log_group_name_pattern: None,
        next_token: None,
        limit: None,
        include_linked_accounts: None,
        log_group_class: None,
        log_group_identifiers: None,
    }
}

fn describe_streams(group: &str) -> DescribeLogStreamsRequest {
    DescribeLogStreamsRequest {
        log_group_name: Some(group.to_owned()),
        log_group_identifier: None,
        log_stream_name_prefix: None,
        order_by: None,
        descending: None,
        next_token: None,
        limit: None,
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Fault>, code: &str, words: &str) {
    let fault = answer.expect_err("refused");
    assert_eq!(fault.code, code);
    assert!(fault.message.contains(words), "{}", fault.message);
}

#[tokio::test]
async fn every_operation_that_is_done_has_a_handler() {
    let house = House::in_memory();
    for operation in SPEC.operations {
        assert_eq!(house.service.handles(operation.name), operation.is_done(), "{}", operation.name);
    }
}
