//! Group commit: many batches, one fsync.

use super::house::{person, sqlite};
use crate::LogName;

/// While the writer stands still the commits gather; then one transaction carries them.
#[tokio::test]
async fn commits_that_wait_share_a_transaction() {
    let house = sqlite().await;
    let space = house.space();
    let log = space.log(LogName::new("l"));
    log.append(vec!["first".into()]).await.unwrap();
    let before = house.store.counters();

    let tasks = base::Tasks::new();
    let writers = (0..500).map(|n: u32| {
        let log = log.clone();
        tasks.spawn("writes", async move { log.append(vec![n.to_be_bytes().to_vec().into()]).await.map(drop) })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    let after = house.store.counters();
    assert_eq!(after.commits - before.commits, 500);
    let transactions = after.transactions - before.transactions;
    assert!(transactions < 100, "500 commits took {transactions} transactions");
    assert_eq!(log.read(None, 1_000).await.unwrap().len(), 501);
}

/// The control: one after the other, they share nothing.
#[tokio::test]
async fn commits_that_come_one_by_one_have_a_transaction_each() {
    let house = sqlite().await;
    let log = house.space().log(LogName::new("l"));
    for _ in 0..20 {
        log.append(vec!["line".into()]).await.unwrap();
    }
    assert_eq!(house.store.counters().transactions, 20);
}

#[tokio::test]
async fn a_conflict_in_a_group_spoils_nobody_elses_commit() {
    let house = sqlite().await;
    let space = house.space();
    let tasks = base::Tasks::new();
    let writers = (0..100u32).map(|n| {
        let people = space.table();
        let name = (n % 10).to_string();
        tasks.spawn("writes", async move { people.insert(&person("t", &name, n)).await })
    });
    let mut done = 0;
    for writer in writers.collect::<Vec<_>>() {
        done += usize::from(writer.await.unwrap().is_ok());
    }
    let counters = house.store.counters();
    assert_eq!((done, counters.commits, counters.conflicts), (10, 10, 90));
}
