//! The door `emit`: stored soon, made as needed, bounded, and flushed when the house closes.

use std::time::Duration;

use base::doors::LogLine;
use base::limits::logs as limits;
use bytes::Bytes;
use store::engine::memory::Faults;

use super::*;

fn line(stream: &str, at: i64, message: &str) -> LogLine {
    LogLine {
        scope: scope(),
        group: "/aws/lambda/f".into(),
        stream: stream.into(),
        at: Timestamp::from_millisecond(at).expect("in range"),
        message: Bytes::from(message.to_owned()),
    }
}

#[tokio::test]
async fn lines_make_their_group_and_stream_and_come_in_order() {
    let house = House::in_memory();
    let emit = house.logs.emit();
    let stream = "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef";
    let lines: Vec<String> = (0..500).map(|n| format!("line {n}\n")).collect();
    for text in &lines {
        emit.log(line(stream, NOON, text));
        emit.log(line("other", NOON, "other\n"));
    }
    house.logs.flush().await;
    let page = house.call(GetLogEvents, get("/aws/lambda/f", stream)).await.unwrap();
    assert_eq!(page.events.iter().map(|event| event.message.clone()).collect::<Vec<_>>(), lines);
    assert_eq!(house.found(filter("/aws/lambda/f", "other")).await.len(), 500);
    assert_eq!(house.logs.counters(), crate::logs::Counters { lines: 1000, ..Default::default() });
}

#[tokio::test(start_paused = true)]
async fn a_line_is_stored_within_200_ms_without_a_flush() {
    let house = House::in_memory();
    house.logs.emit().log(line("s", NOON, "x"));
    house.clock.sleep(Duration::from_millis(201)).await;
    assert_eq!(house.found(filter("/aws/lambda/f", "")).await, ["x"]);
}

#[tokio::test]
async fn what_finds_no_room_is_dropped_and_counted() {
    let house = House::in_memory();
    let emit = house.logs.emit();
    // Nothing runs between these lines: one thread, and no waiting.
    for _ in 0..limits::EMIT_BUFFER / 2 + 5 {
        emit.log(line("s", NOON, "x"));
    }
    assert_eq!(house.logs.counters().lines_dropped, 5);
    house.logs.flush().await;
    let large = "x".repeat(limits::EVENT_BYTES / 2);
    let room = limits::EMIT_BUFFER_BYTES / large.len() / 2;
    for _ in 0..room + 1 {
        emit.log(line("t", NOON, &large));
    }
    assert_eq!(house.logs.counters().lines_dropped, 6);
    house.logs.flush().await;
    assert_eq!(house.logs.counters().lines, (limits::EMIT_BUFFER / 2 + room) as u64);
}

#[tokio::test]
async fn a_flood_leaves_room_for_the_others() {
    let house = House::in_memory();
    let emit = house.logs.emit();
    let of = |group: &str| LogLine { group: group.into(), ..line("s", NOON, "x") };
    for _ in 0..limits::EMIT_BUFFER {
        emit.log(of("/aws/lambda/flood"));
    }
    let dropped = house.logs.counters().lines_dropped;
    for _ in 0..1_000 {
        emit.log(of("/aws/lambda/quiet"));
    }
    assert_eq!(house.logs.counters().lines_dropped, dropped, "the quiet one lost lines");
    house.logs.flush().await;
    for _ in 0..limits::EMIT_BUFFER / 2 {
        emit.log(of("/aws/lambda/flood"));
    }
    assert_eq!(house.logs.counters().lines_dropped, dropped, "what was stored still counts");
}

#[tokio::test]
async fn closing_stores_everything() {
    let house = House::in_memory();
    let emit = house.logs.emit();
    for n in 0..100 {
        emit.log(line("s", NOON, &format!("{n}")));
    }
    house.tasks.close().await;
    assert_eq!(house.found(filter("/aws/lambda/f", "")).await.len(), 100);
    // Nobody stores any more: lines are dropped and counted, and a flush doesn't wait for them.
    emit.log(line("s", NOON, "late"));
    assert_eq!(house.logs.counters().lines_dropped, 1);
    house.logs.flush().await;
}

/// The control: what wasn't flushed is lost in a crash, as the docs say; what was flushed is not.
#[tokio::test]
async fn a_crash_loses_only_what_was_not_flushed() {
    let disk = Disk::new();
    let house = House::on_disk(&disk);
    house.logs.emit().log(line("s", NOON, "flushed"));
    house.logs.flush().await;
    house.logs.emit().log(line("s", NOON, "not flushed"));
    disk.crash();
    let house = House::on_disk(&disk);
    assert_eq!(house.found(filter("/aws/lambda/f", "")).await, ["flushed"]);
}

#[tokio::test(start_paused = true)]
async fn lines_wait_out_a_store_that_refuses() {
    let disk = Disk::new();
    let house = House::on_disk(&disk);
    let refusing = Faults { refuse: 1.0, ..Faults::default() };
    disk.set_faults(refusing);
    house.logs.emit().log(line("s", NOON, "x"));
    house.clock.sleep(Duration::from_secs(2)).await;
    disk.set_faults(Faults::default());
    house.logs.flush().await;
    assert_eq!(house.found(filter("/aws/lambda/f", "")).await, ["x"]);
    assert_eq!(house.logs.counters().lines_dropped, 0);
}

#[tokio::test(start_paused = true)]
async fn lines_that_never_can_be_stored_are_counted() {
    let disk = Disk::new();
    let house = House::on_disk(&disk);
    disk.set_faults(Faults { refuse: 1.0, ..Faults::default() });
    house.logs.emit().log(line("s", NOON, "x"));
    house.logs.flush().await;
    assert_eq!(house.logs.counters().lines_dropped, 1);
}

#[tokio::test]
async fn lines_go_on_after_their_group_was_deleted() {
    let house = House::in_memory();
    let emit = house.logs.emit();
    emit.log(line("s", NOON, "before"));
    house.logs.flush().await;
    house.call(DeleteLogGroup, group_named("/aws/lambda/f")).await.unwrap();
    emit.log(line("s", NOON, "after"));
    house.logs.flush().await;
    assert_eq!(house.found(filter("/aws/lambda/f", "")).await, ["after"]);
}
