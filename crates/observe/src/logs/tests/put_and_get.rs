//! Whatever is put comes back once and in order: by GetLogEvents forwards and backwards, and by FilterLogEvents, with
//! any limit; on the memory store and on SQLite.

use proptest::prelude::*;

use super::*;

const STREAMS: [&str; 3] = ["a", "b", "c"];

/// A batch: which stream, and the times of its events before noon.
type Batch = (usize, Vec<i64>);

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    // Close together and far apart; over several days, often at the same millisecond.
    let span = prop_oneof![Just(0i64), 0i64..5, 0i64..DAY];
    let batch = (0..STREAMS.len(), 0i64..13 * DAY, prop::collection::vec(span, 1..12));
    let batch = batch.prop_map(|(stream, base, spans)| {
        let mut times: Vec<i64> = spans.into_iter().map(|span| NOON - base - span).collect();
        times.sort_unstable();
        (stream, times)
    });
    prop::collection::vec(batch, 1..10)
}

/// What was put, in the order in which it must come: by time, and within a millisecond as it was put.
async fn put_all(house: &House, batches: &[Batch]) -> Vec<(usize, i64, String)> {
    house.make("g", &STREAMS).await;
    let mut all = Vec::new();
    for (number, (stream, times)) in batches.iter().enumerate() {
        let messages: Vec<String> = (0..times.len()).map(|n| format!("{number}.{n}")).collect();
        let events: Vec<(i64, &str)> = times.iter().copied().zip(messages.iter().map(String::as_str)).collect();
        let answer = house.put("g", STREAMS[*stream], &events).await;
        assert_eq!(answer.rejected_log_events_info, None);
        all.extend(times.iter().zip(&messages).map(|(at, message)| (*stream, *at, message.clone())));
    }
    all.sort_by_key(|(_, at, _)| *at);
    all
}

async fn walk_stream(house: &House, stream: &str, limit: i32, forward: bool) -> Vec<String> {
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let input = GetLogEventsRequest {
            limit: Some(limit),
            start_from_head: Some(forward),
            next_token: token.clone(),
            ..get("g", stream)
        };
        let page = house.call(GetLogEvents, input).await.expect("got");
        let next = if forward { page.next_forward_token } else { page.next_backward_token };
        let mut messages: Vec<String> = page.events.into_iter().map(|event| event.message).collect();
        if !forward {
            messages.reverse();
        }
        seen.extend(messages);
        if token.as_ref() == Some(&next) {
            break;
        }
        token = Some(next);
    }
    if !forward {
        seen.reverse();
    }
    seen
}

async fn walk_group(house: &House, limit: i32, forward: bool) -> Vec<String> {
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let input = FilterLogEventsRequest {
            limit: Some(limit),
            start_from_head: Some(forward),
            next_token: token,
            ..filter("g", "")
        };
        let page = house.call(FilterLogEvents, input).await.expect("found");
        seen.extend(page.events.into_iter().map(|event| event.message));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    if !forward {
        seen.reverse();
    }
    seen
}

async fn check(house: House, batches: Vec<Batch>, limit: i32) {
    let all = put_all(&house, &batches).await;
    for (number, stream) in STREAMS.iter().enumerate() {
        let wanted: Vec<&String> =
            all.iter().filter(|(of, _, _)| *of == number).map(|(_, _, message)| message).collect();
        for forward in [true, false] {
            let seen = walk_stream(&house, stream, limit, forward).await;
            assert_eq!(seen.iter().collect::<Vec<_>>(), wanted, "stream {stream}, forward {forward}");
        }
    }
    let wanted: Vec<&String> = all.iter().map(|(_, _, message)| message).collect();
    for forward in [true, false] {
        let seen = walk_group(&house, limit, forward).await;
        assert_eq!(seen.iter().collect::<Vec<_>>(), wanted, "group, forward {forward}");
    }
    house.tasks.close().await;
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_put_comes_back_from_memory(batches in batches(), limit in 1i32..20) {
        run(async { check(House::in_memory(), batches, limit).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]
    #[test]
    fn what_is_put_comes_back_from_sqlite(batches in batches(), limit in 1i32..20) {
        let dir = tempfile::tempdir().expect("a directory");
        run(async { check(House::on_sqlite(dir.path()).await, batches, limit).await });
    }
}

/// Writers at the same time, all at one millisecond, and a reader who follows with the forward token.
async fn check_following(house: House) {
    const WRITERS: usize = 6;
    const BATCHES: usize = 10;
    house.make("g", &["s"]).await;
    let house = std::sync::Arc::new(house);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let house = house.clone();
            let tasks = house.tasks.clone();
            tasks.spawn("writer", async move {
                for number in 0..BATCHES {
                    let message = format!("{writer}.{number}");
                    house.put("g", "s", &[(NOON, &message), (NOON, &message)]).await;
                }
            })
        })
        .collect();
    let (mut seen, mut token) = (Vec::new(), None);
    while seen.len() < WRITERS * BATCHES * 2 {
        let input = GetLogEventsRequest { next_token: token, ..get("g", "s") };
        let page = house.call(GetLogEvents, input).await.expect("got");
        seen.extend(page.events.into_iter().map(|event| event.message));
        token = Some(page.next_forward_token);
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.expect("wrote");
    }
    let whole = walk_stream(&house, "s", 100, true).await;
    assert_eq!(seen, whole, "in the order in which everybody sees them");
    for writer in 0..WRITERS {
        let own: Vec<&String> = seen.iter().filter(|message| message.starts_with(&format!("{writer}."))).collect();
        let wanted: Vec<String> = (0..BATCHES).flat_map(|number| vec![format!("{writer}.{number}"); 2]).collect();
        assert_eq!(own, wanted.iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_reader_who_follows_sees_every_event_once() {
    let disk = Disk::new();
    disk.set_faults(store::engine::memory::Faults { pause: 0.5, ..Default::default() });
    run(async { check_following(House::on_disk(&disk)).await });
    let dir = tempfile::tempdir().expect("a directory");
    run(async { check_following(House::on_sqlite(dir.path()).await).await });
}
