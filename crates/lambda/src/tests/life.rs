//! The life of an environment: INIT, events, failures, resets, reuse.

use std::sync::Arc;
use std::time::Duration;

use base::Clock;

use super::{House, payload};
use crate::pool::Keeping;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_answered_and_logged() {
    let Some(house) = House::open().await else { return };
    let source = "def handler(event, context):\n    print('hello', event['name'])\n    return {'n': 1}\n";
    let launch = Arc::new(house.python(source));
    let cold = house.run(&launch, r#"{"name": "you"}"#).await;
    assert_eq!(payload(&cold), r#"{"n": 1}"#, "{}", house.seen.log());
    let warm = house.run(&launch, r#"{"name": "me"}"#).await;
    let tail = String::from_utf8(warm.log_tail.expect("asked for")).expect("text");
    assert!(tail.contains("hello me\n"), "{tail}");
    let log = house.seen.log();
    assert_eq!(log.matches("INIT_START").count(), 1, "the second event finds the first one's environment: {log}");
    assert_eq!(log.matches("Init Duration").count(), 1, "{log}");
    assert_eq!(house.pool.alive(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_event_resets_the_process_and_keeps_its_tmp() {
    let Some(house) = House::open().await else { return };
    let source = "
import os, time
count = 0
def handler(event, context):
    global count
    count += 1
    if event == 'sleep':
        open('/tmp/kept', 'w').close()
        time.sleep(60)
    return [count, os.path.exists('/tmp/kept')]
";
    let mut launch = house.python(source);
    launch.timeout = Duration::from_secs(1);
    let launch = Arc::new(launch);
    assert_eq!(payload(&house.run(&launch, "1").await), "[1, false]");
    let late = house.run(&launch, "\"sleep\"").await;
    assert_eq!(
        payload(&late),
        r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 1.00 seconds"}"#
    );
    assert_eq!(payload(&house.run(&launch, "1").await), "[1, true]");
    assert!(house.seen.log().contains("Status: timeout"), "{}", house.seen.log());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_and_too_much_memory_are_told_apart() {
    let Some(house) = House::open().await else { return };
    let source = "
import os
def handler(event, context):
    if event == 'exit':
        os._exit(7)
    return len(bytearray(1 << 30))
";
    let launch = Arc::new(house.python(source));
    let exited = payload(&house.run(&launch, "\"exit\"").await);
    assert!(exited.contains("Runtime exited with error: exit status 7"), "{exited}");
    let killed = payload(&house.run(&launch, "1").await);
    assert_eq!(
        killed,
        r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}"#,
        "{}",
        house.seen.log()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_cant_be_loaded_is_told_to_the_caller() {
    let Some(house) = House::open().await else { return };
    let launch = Arc::new(house.python("import nothing_of_this_name\n"));
    let told = payload(&house.run(&launch, "1").await);
    assert!(told.contains("Runtime.ImportModuleError"), "{told}");
    let log = house.seen.log();
    assert!(log.contains("Phase: init\tStatus: error\tError Type: Runtime.ImportModuleError"), "{log}");
    assert!(log.contains("Phase: invoke"), "{log}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_events_at_once_get_forty_environments() {
    let Some(house) = House::open().await else { return };
    let source = "
import time
def handler(event, context):
    time.sleep(1)
    return context.log_stream_name
";
    let mut launch = house.python(source);
    launch.timeout = Duration::from_secs(60);
    let launch = Arc::new(launch);
    let events = (0..40).map(|_| house.run(&launch, "1"));
    let streams: std::collections::BTreeSet<_> =
        futures_util::future::join_all(events).await.iter().map(payload).collect();
    assert_eq!(streams.len(), 40, "each has a log stream of its own: {streams:?}");
    assert_eq!(house.pool.alive(), 40);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_of_what_runs_no_more_is_not_kept() {
    let Some(house) = House::open().await else { return };
    let launch = Arc::new(house.python("def handler(event, context):\n    return 1\n"));
    house.run(&launch, "1").await;
    assert_eq!(house.pool.alive(), 1, "it is kept");
    house.pool.forget(&launch.function_arn, "1", "another");
    assert_eq!(house.pool.alive(), 1, "another version's are no concern of it");
    house.pool.forget(&launch.function_arn, &launch.version, &launch.revision);
    assert_eq!(house.pool.alive(), 0, "it was idle");
    // An event that was on its way when the function changed makes one of the old revision.
    house.run(&launch, "1").await;
    assert_eq!(house.pool.alive(), 0, "it was made too late");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_its_own_init_runs_out_of_the_functions_time() {
    let Some(house) = House::open().await else { return };
    let source = "
import os, time
time.sleep(0.5)
def handler(event, context):
    if event == 'exit':
        os._exit(1)
    time.sleep(60)
";
    let mut launch = house.python(source);
    launch.timeout = Duration::from_secs(2);
    let launch = Arc::new(launch);
    house.run(&launch, "\"exit\"").await;
    let late = payload(&house.run(&launch, "1").await);
    assert!(late.contains("Task timed out after 2.00 seconds"), "{late}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_failed_is_not_used_again() {
    let Some(house) = House::open().await else { return };
    let mut launch = house.python("def handler(event, context):\n    return 1\n");
    let mut interpreter = (*launch.interpreter).clone();
    interpreter.binds.push(("/not/there".into(), "/var/lang".into()));
    launch.interpreter = Arc::new(interpreter);
    let failed = payload(&house.run(&Arc::new(launch), "1").await);
    assert!(failed.contains("Sandbox.Failure"), "{failed}");
    assert_eq!(house.pool.alive(), 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_opens_only_so_many_connections_to_its_runtime_api() {
    let Some(house) = House::open().await else { return };
    let source = "
import select, socket
def handler(event, context):
    opened = [socket.create_connection(('169.254.100.1', 9001)) for _ in range(event)]
    for one in opened:
        one.sendall(b'GET /2018-06-01/ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
    heard = set()
    while True:
        ready, _, _ = select.select([one for one in opened if one not in heard], [], [], 0.5)
        if not ready:
            return len(heard)
        heard.update(ready)
";
    let mut launch = house.python(source);
    launch.timeout = Duration::from_secs(20);
    let launch = Arc::new(launch);
    let few = base::limits::environment::RUNTIME_API_CONNECTIONS;
    assert_eq!(payload(&house.run(&launch, "40").await), few.to_string());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_idle_environment_makes_room_for_a_new_one() {
    let Some(house) = House::keeping(Keeping { concurrency: 2, ..Keeping::default() }).await else { return };
    let functions: Vec<_> =
        (0..3).map(|_| Arc::new(house.python("def handler(event, context):\n    return 1\n"))).collect();
    for function in &functions {
        house.run(function, "1").await;
    }
    assert_eq!(house.pool.alive(), 2);
    let inits = || house.seen.log().matches("INIT_START").count();
    assert_eq!(inits(), 3);
    house.run(&functions[1], "1").await;
    assert_eq!(inits(), 3, "the second function's is still there");
    house.close().await;
}

/// Goes on in the background, and says so.
const TICKS: &str = "
import threading, time
def tick():
    while True:
        print('tick', flush=True)
        time.sleep(0.002)
threading.Thread(target=tick, daemon=True).start()
def handler(event, context):
    return 1
";

impl House {
    fn ticks(&self) -> usize {
        self.seen.log().matches("tick").count()
    }

    /// Returns once the background has gone on from `since`.
    async fn ticks_on(&self, since: usize) {
        while self.ticks() <= since {
            Clock::wall().sleep(Duration::from_millis(2)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_environment_stands_still_and_goes_on_with_its_next_event() {
    let keeping = Keeping { freeze_after: Some(Duration::from_millis(20)), ..Keeping::default() };
    let Some(house) = House::keeping(keeping).await else { return };
    let launch = Arc::new(house.python(TICKS));
    house.run(&launch, "1").await;
    house.frozen().await;
    // What it had said before lies in its pipe until it is read.
    Clock::wall().sleep(Duration::from_millis(50)).await;
    let still = house.ticks();
    Clock::wall().sleep(Duration::from_millis(100)).await;
    assert_eq!(house.ticks(), still, "it goes on");
    house.run(&launch, "1").await;
    house.ticks_on(still).await;
    assert_eq!(house.pool.alive(), 1, "it is the same environment");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_freezer_an_idle_environment_goes_on() {
    let Some(house) = House::keeping(Keeping { freeze_after: None, ..Keeping::default() }).await else { return };
    house.run(&Arc::new(house.python(TICKS)), "1").await;
    house.ticks_on(house.ticks() + 100).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_environment_can_be_destroyed() {
    let keeping = Keeping { freeze_after: Some(Duration::from_millis(1)), ..Keeping::default() };
    let Some(house) = House::keeping(keeping).await else { return };
    house.run(&Arc::new(house.python(TICKS)), "1").await;
    house.frozen().await;
    house.close().await;
}

/// Whoever takes an environment at the moment at which it is frozen gets it awake.
#[tokio::test(flavor = "multi_thread")]
async fn the_freezer_and_events_may_come_at_the_same_time() {
    let keeping = Keeping { freeze_after: Some(Duration::from_millis(1)), ..Keeping::default() };
    let Some(house) = House::keeping(keeping).await else { return };
    let launch = Arc::new(house.python(TICKS));
    for step in 0..200 {
        assert_eq!(payload(&house.run(&launch, "1").await), "1");
        Clock::wall().sleep(Duration::from_micros(500 + step * 10)).await;
    }
    assert_eq!(house.pool.alive(), 1);
    house.close().await;
}
