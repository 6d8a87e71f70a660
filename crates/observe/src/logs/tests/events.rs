//! PutLogEvents and GetLogEvents: what is taken, and how pages go on.

use super::*;

fn messages(page: &GetLogEventsResponse) -> Vec<&str> {
    page.events.iter().map(|event| event.message.as_str()).collect()
}

#[tokio::test]
async fn events_come_in_order_of_their_time_whatever_the_order_of_the_batches() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    house.put("g", "s", &[(NOON, "c"), (NOON, "d"), (NOON + 1, "f")]).await;
    house.put("g", "s", &[(NOON - DAY / 2 - 1, "a"), (NOON - DAY / 2, "b"), (NOON, "e")]).await;
    let page = house.call(GetLogEvents, get("g", "s")).await.unwrap();
    assert_eq!(messages(&page), ["a", "b", "c", "d", "e", "f"]);
    assert!(page.events.iter().all(|event| event.ingestion_time >= NOON));
    assert_eq!(house.days().await, ["logs-2026-11-22", "logs-2026-11-23"]);
}

#[tokio::test]
async fn the_start_is_included_and_the_end_is_not() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    house.put("g", "s", &[(NOON, "a"), (NOON + 1, "b"), (NOON + 2, "c")]).await;
    let between = GetLogEventsRequest { start_time: Some(NOON), end_time: Some(NOON + 2), ..get("g", "s") };
    assert_eq!(messages(&house.call(GetLogEvents, between.clone()).await.unwrap()), ["a", "b"]);
    let latest = GetLogEventsRequest { start_from_head: None, limit: Some(1), ..between };
    assert_eq!(messages(&house.call(GetLogEvents, latest).await.unwrap()), ["b"]);
}

#[tokio::test]
async fn tokens_lead_both_ways_and_stay_the_same_at_the_ends() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    house.put("g", "s", &[(NOON, "a"), (NOON, "b"), (NOON + 1, "c")]).await;
    let with =
        |token: &str| GetLogEventsRequest { next_token: Some(token.to_owned()), limit: Some(2), ..get("g", "s") };
    let first = house.call(GetLogEvents, GetLogEventsRequest { limit: Some(2), ..get("g", "s") }).await.unwrap();
    assert_eq!(messages(&first), ["a", "b"]);
    let second = house.call(GetLogEvents, with(&first.next_forward_token)).await.unwrap();
    assert_eq!(messages(&second), ["c"]);
    let end = house.call(GetLogEvents, with(&second.next_forward_token)).await.unwrap();
    assert!(end.events.is_empty());
    assert_eq!(end.next_forward_token, second.next_forward_token);
    let back = house.call(GetLogEvents, with(&end.next_backward_token)).await.unwrap();
    assert_eq!(messages(&back), ["b", "c"]);
    let start = house.call(GetLogEvents, with(&first.next_backward_token)).await.unwrap();
    assert!(start.events.is_empty());
    assert_eq!(start.next_backward_token, first.next_backward_token);
    // What comes later is found with the token of the end.
    house.put("g", "s", &[(NOON + 1, "d")]).await;
    let later = house.call(GetLogEvents, with(&end.next_forward_token)).await.unwrap();
    assert_eq!(messages(&later), ["d"]);
}

#[tokio::test]
async fn an_empty_stream_gives_tokens_that_find_what_comes() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    for start_from_head in [None, Some(true)] {
        let empty = house.call(GetLogEvents, GetLogEventsRequest { start_from_head, ..get("g", "s") }).await.unwrap();
        house.put("g", "s", &[(NOON, "x")]).await;
        let with = GetLogEventsRequest { next_token: Some(empty.next_forward_token), ..get("g", "s") };
        assert!(!house.call(GetLogEvents, with).await.unwrap().events.is_empty());
        house.call(DeleteLogStream, stream_named("g", "s")).await.unwrap();
        house.call(CreateLogStream, stream_named("g", "s")).await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    for wrong in ["x", "f/1/s", "f/", "c/00000000000000000000000000000000000000000000000000000000/s"] {
        let with = GetLogEventsRequest { next_token: Some(wrong.to_owned()), ..get("g", "s") };
        refused(
            house.call(GetLogEvents, with).await,
            "InvalidParameterException",
            "The specified nextToken is invalid.",
        );
        let with = FilterLogEventsRequest { next_token: Some(wrong.to_owned()), ..filter("g", "") };
        refused(
            house.call(FilterLogEvents, with).await,
            "InvalidParameterException",
            "The specified nextToken is invalid.",
        );
    }
}

#[tokio::test]
async fn a_page_holds_a_megabyte() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    let large = "x".repeat(300_000);
    for n in 0..5 {
        house.put("g", "s", &[(NOON + n, &large)]).await;
    }
    let (mut pages, mut token) = (Vec::new(), None);
    loop {
        let page = house.call(GetLogEvents, GetLogEventsRequest { next_token: token, ..get("g", "s") }).await.unwrap();
        if page.events.is_empty() {
            break;
        }
        pages.push(page.events.len());
        token = Some(page.next_forward_token);
    }
    assert_eq!(pages, [3, 2]);
    assert_eq!(house.found(filter("g", "x")).await.len(), 3);
}

#[tokio::test]
async fn what_is_outside_the_window_is_told_and_the_rest_is_taken() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    let events = [(NOON - 15 * DAY, "old"), (NOON, "good"), (NOON + DAY, "new")];
    let answer = house.put("g", "s", &events).await;
    let rejected = answer.rejected_log_events_info.expect("told");
    assert_eq!((rejected.too_old_log_event_end_index, rejected.too_new_log_event_start_index), (Some(1), Some(2)));
    assert_eq!(answer.next_sequence_token.map(|token| token.len()), Some(56));
    assert_eq!(messages(&house.call(GetLogEvents, get("g", "s")).await.unwrap()), ["good"]);
    let disorder = batch("g", "s", &[(NOON, "a"), (NOON - 1, "b")]);
    refused(house.call(PutLogEvents, disorder).await, "InvalidParameterException", "chronological order");
    let large = "x".repeat(1_048_576);
    refused(
        house.call(PutLogEvents, batch("g", "s", &[(NOON, &large)])).await,
        "InvalidParameterException",
        "too large",
    );
}

#[tokio::test]
async fn an_acknowledged_batch_outlives_a_crash() {
    let disk = Disk::new();
    let house = House::on_disk(&disk);
    house.make("g", &["s"]).await;
    house.put("g", "s", &[(NOON, "kept")]).await;
    disk.crash();
    let house = House::on_disk(&disk);
    assert_eq!(house.found(filter("g", "")).await, ["kept"]);
}

/// The control: on a disk that doesn't sync, the test above would fail.
#[tokio::test]
async fn on_a_disk_that_lies_an_acknowledged_batch_is_lost() {
    let disk = Disk::new();
    let house = House::on_disk(&disk);
    house.make("g", &["s"]).await;
    disk.sync();
    disk.set_faults(store::engine::memory::Faults { lazy_sync: true, ..disk.faults() });
    house.put("g", "s", &[(NOON, "lost")]).await;
    disk.crash();
    let house = House::on_disk(&disk);
    assert!(house.found(filter("g", "")).await.is_empty());
}
