//! FilterLogEvents: which events, from which streams, in which order; and following a group as `aws logs tail` does.

use std::collections::HashSet;

use super::*;

async fn three_streams(house: &House) {
    house.make("g", &["a1", "a2", "b"]).await;
    house.put("g", "a1", &[(NOON, "1 ERROR"), (NOON + 2, "3")]).await;
    house.put("g", "b", &[(NOON - DAY, "0"), (NOON - 1, r#"{"level":"ERROR","n":4}"#)]).await;
    house.put("g", "a2", &[(NOON + 1, "2 ERROR"), (NOON + 2, "4")]).await;
}

#[tokio::test]
async fn the_streams_of_a_group_come_together_in_order_of_time() {
    let house = House::in_memory();
    three_streams(&house).await;
    let json = r#"{"level":"ERROR","n":4}"#;
    assert_eq!(house.found(filter("g", "")).await, ["0", json, "1 ERROR", "2 ERROR", "3", "4"]);
    assert_eq!(house.found(filter("g", "ERROR -level")).await, ["1 ERROR", "2 ERROR"]);
    assert_eq!(house.found(filter("g", "{ $.n > 3 }")).await, [json]);
    let names =
        FilterLogEventsRequest { log_stream_names: Some(vec!["a2".to_owned(), "b".to_owned()]), ..filter("g", "") };
    assert_eq!(house.found(names).await, ["0", json, "2 ERROR", "4"]);
    let prefix = FilterLogEventsRequest { log_stream_name_prefix: Some("a".to_owned()), ..filter("g", "") };
    assert_eq!(house.found(prefix).await, ["1 ERROR", "2 ERROR", "3", "4"]);
    let times = FilterLogEventsRequest { start_time: Some(NOON), end_time: Some(NOON + 1), ..filter("g", "") };
    assert_eq!(house.found(times).await, ["1 ERROR", "2 ERROR"]);
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g:*".to_owned();
    let by_arn =
        FilterLogEventsRequest { log_group_name: None, log_group_identifier: Some(arn), ..filter("g", "?3 ?4") };
    assert_eq!(house.found(by_arn).await, [json, "3", "4"]);
}

#[tokio::test]
async fn pages_go_on_forwards_and_backwards() {
    let house = House::in_memory();
    three_streams(&house).await;
    for (pattern, limit) in [("", 1), ("", 2), ("", 4), ("ERROR", 1), ("ERROR", 3)] {
        let whole = house.found(filter("g", pattern)).await;
        for (start_from_head, start_time) in [(Some(true), None), (Some(false), Some(NOON - 2 * DAY))] {
            let (mut seen, mut token) = (Vec::new(), None);
            loop {
                let input = FilterLogEventsRequest {
                    limit: Some(limit),
                    next_token: token,
                    start_from_head,
                    start_time,
                    ..filter("g", pattern)
                };
                let page = house.call(FilterLogEvents, input).await.unwrap();
                assert!(page.events.len() <= limit as usize && page.searched_log_streams.is_empty());
                seen.extend(page.events.into_iter().map(|event| event.message));
                token = page.next_token;
                if token.is_none() {
                    break;
                }
            }
            if start_from_head == Some(false) {
                seen.reverse();
            }
            assert_eq!(seen, whole);
        }
    }
}

#[tokio::test]
async fn following_a_group_shows_every_event_once() {
    let house = House::in_memory();
    house.make("g", &["s", "t"]).await;
    let (mut seen, mut known, mut start) = (Vec::new(), HashSet::new(), NOON - 1000);
    for round in 0..4 {
        // The last event of each round shares its time with the first of the next.
        let at = NOON + round * 10;
        house.put("g", "s", &[(at, &format!("s{round}")), (at + 10, &format!("u{round}"))]).await;
        house.put("g", "t", &[(at + 10, &format!("t{round}"))]).await;
        let page =
            house.call(FilterLogEvents, FilterLogEventsRequest { start_time: Some(start), ..filter("g", "") }).await;
        for event in page.unwrap().events {
            start = start.max(event.timestamp);
            if known.insert(event.event_id) {
                seen.push(event.message);
            }
        }
    }
    let wanted = ["s0", "u0", "t0", "s1", "u1", "t1", "s2", "u2", "t2", "s3", "u3", "t3"];
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn event_ids_are_numbers_of_56_digits_in_order() {
    let house = House::in_memory();
    three_streams(&house).await;
    let page = house.call(FilterLogEvents, filter("g", "")).await.unwrap();
    let ids: Vec<_> = page.events.iter().map(|event| event.event_id.clone()).collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 56 && id.bytes().all(|byte| byte.is_ascii_digit())));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 6);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    let invalid = "InvalidParameterException";
    refused(house.call(FilterLogEvents, filter("g", "{ $.a }")).await, invalid, "Invalid filter pattern");
    let both = FilterLogEventsRequest {
        log_stream_names: Some(vec!["s".to_owned()]),
        log_stream_name_prefix: Some("s".to_owned()),
        ..filter("g", "")
    };
    refused(house.call(FilterLogEvents, both).await, invalid, "mutually exclusive");
    let missing = FilterLogEventsRequest { log_stream_names: Some(vec!["x".to_owned()]), ..filter("g", "") };
    refused(house.call(FilterLogEvents, missing).await, "ResourceNotFoundException", "log stream");
    let early = FilterLogEventsRequest { start_from_head: Some(false), start_time: Some(0), ..filter("g", "") };
    refused(house.call(FilterLogEvents, early).await, invalid, "startTime");
}

#[tokio::test]
async fn a_long_search_answers_in_parts() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    let events: Vec<_> = (0..10_000).map(|_| (NOON, "x")).collect();
    for _ in 0..5 {
        house.put("g", "s", &events).await;
    }
    house.put("g", "s", &[(NOON + 1, "needle")]).await;
    let first = house.call(FilterLogEvents, filter("g", "needle")).await.unwrap();
    assert!(first.events.is_empty() && first.next_token.is_some());
    let second = house.found(FilterLogEventsRequest { next_token: first.next_token, ..filter("g", "needle") }).await;
    assert_eq!(second, ["needle"]);
}
