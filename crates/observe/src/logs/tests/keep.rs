//! Retention and removal: invisible at once, gone from the disk a little later.

use std::time::Duration;

use super::*;

const DAY_LONG: Duration = Duration::from_secs(86_400);

fn retain(days: i32) -> PutRetentionPolicyRequest {
    PutRetentionPolicyRequest { log_group_name: "g".to_owned(), retention_in_days: days }
}

async fn stored_bytes(house: &House) -> Option<i64> {
    house.call(DescribeLogGroups, describe_groups()).await.unwrap().log_groups[0].stored_bytes
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_invisible_at_once() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    house.put("g", "s", &[(NOON - DAY - 1000, "old"), (NOON - 1000, "young")]).await;
    house.call(PutRetentionPolicy, retain(1)).await.unwrap();
    assert_eq!(house.found(filter("g", "")).await, ["young"]);
    assert_eq!(house.call(GetLogEvents, get("g", "s")).await.unwrap().events.len(), 1);
    // It was not removed, only hidden: the day is not over.
    house.call(DeleteRetentionPolicy, group_named("g")).await.unwrap();
    assert_eq!(house.found(filter("g", "")).await, ["old", "young"]);
    house.call(PutRetentionPolicy, retain(1)).await.unwrap();
    let answer = house.put("g", "s", &[(NOON - DAY - 1000, "too late"), (NOON, "in time")]).await;
    assert_eq!(answer.rejected_log_events_info.unwrap().expired_log_event_end_index, Some(1));
}

#[tokio::test(start_paused = true)]
async fn days_that_have_expired_are_removed_and_their_spaces_dropped() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    house.make("forever", &["s"]).await;
    house.put("g", "s", &[(NOON, "old")]).await;
    house.call(PutRetentionPolicy, retain(3)).await.unwrap();
    assert_eq!(stored_bytes(&house).await, Some(0), "the first group is `forever`");
    house.clock.sleep(5 * DAY_LONG).await;
    house.logs.sweep().await.unwrap();
    house.call(DeleteRetentionPolicy, group_named("g")).await.unwrap();
    assert!(house.found(filter("g", "")).await.is_empty(), "removed, not only hidden");
    assert!(house.call(GetLogEvents, get("g", "s")).await.unwrap().events.is_empty());
    assert_eq!(house.days().await, ["logs-2026-11-23"], "somebody may still write to so young a day");
    house.clock.sleep(15 * DAY_LONG).await;
    house.logs.sweep().await.unwrap();
    assert!(house.days().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_expire_outlives_every_sweep() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    house.make("short", &["s"]).await;
    house.put("g", "s", &[(NOON, "kept")]).await;
    house.put("short", "s", &[(NOON, "not kept")]).await;
    let short = PutRetentionPolicyRequest { log_group_name: "short".to_owned(), ..retain(1) };
    house.call(PutRetentionPolicy, short).await.unwrap();
    house.clock.sleep(100 * DAY_LONG).await;
    house.logs.sweep().await.unwrap();
    assert_eq!(house.found(filter("g", "")).await, ["kept"]);
    assert!(house.found(filter("short", "")).await.is_empty());
    assert_eq!(house.days().await, ["logs-2026-11-23"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_group_is_removed_with_its_streams() {
    let house = House::in_memory();
    house.make("g", &["s", "t"]).await;
    house.put("g", "s", &[(NOON, "x")]).await;
    house.put("g", "t", &[(NOON, "y")]).await;
    house.call(DeleteLogGroup, group_named("g")).await.unwrap();
    house.make("g", &["s"]).await;
    assert!(house.found(filter("g", "")).await.is_empty());
    assert!(house.call(GetLogEvents, get("g", "s")).await.unwrap().events.is_empty());
    house.put("g", "s", &[(NOON, "new")]).await;
    house.logs.sweep().await.unwrap();
    assert_eq!(house.found(filter("g", "")).await, ["new"], "the sweep takes nothing of the namesake");
    house.call(DeleteLogGroup, group_named("g")).await.unwrap();
    house.clock.sleep(20 * DAY_LONG).await;
    house.logs.sweep().await.unwrap();
    assert!(house.days().await.is_empty());
    let gone = house.logs.meta.table::<crate::logs::tables::Gone>().list((), None, 10).await.unwrap();
    assert!(gone.is_empty());
    let streams = house.logs.meta.table::<crate::logs::tables::Stream>().list((), None, 10).await.unwrap();
    assert!(streams.is_empty());
}
