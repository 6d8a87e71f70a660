//! Two small services meet by the door `post`, over SQLite and across a restart.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use base::doors::Post;
use base::{Clock, Random, Tasks, Timestamp};
use lambdad::courier::{Courier, Pace, Receivers};
use store::Store;

use crate::sim::services::{Arrival, GONE, Manners, Orders, Parcels};

const OPEN: Manners = Manners { opens: Timestamp::UNIX_EPOCH, knows_letters: true };

async fn open(folder: &Path) -> Store {
    Store::open_sqlite(folder, Clock::wall(), Random::from_os()).await.expect("a store")
}

/// The courier, and both services; what it carries ends with the tasks.
async fn carry(store: &Store) -> (Orders, Parcels, Tasks) {
    let (orders, parcels, tasks) = (Orders::open(store), Parcels::open(store, OPEN).await, Tasks::new());
    let receivers: Receivers = [
        ("orders", Arc::new(orders.clone()) as Arc<dyn Post>),
        ("parcels", Arc::new(parcels.clone()) as Arc<dyn Post>),
    ]
    .into();
    let (clock, random) = (store.clock().clone(), store.random().clone());
    let outbox = orders.space.outbox();
    Courier::new(outbox, Arc::new(receivers), clock, random, tasks.clone(), Pace::default()).start();
    (orders, parcels, tasks)
}

/// Waits until `count` letters have arrived.
async fn arrived(parcels: &Parcels, count: usize) -> BTreeSet<u64> {
    let mut wake = parcels.space.table::<Arrival>().wake().await.expect("a watcher");
    loop {
        let arrivals = parcels.arrivals().await;
        if arrivals.len() >= count {
            return arrivals.iter().map(|arrival| arrival.order).collect();
        }
        wake.changed().await;
    }
}

/// Waits until every letter has been delivered and written down as such.
async fn nothing_waits(orders: &Orders) {
    let mut wake = orders.space.outbox().wake().await.expect("a watcher");
    loop {
        // Another handle than the courier's: it sees what the courier has on its way.
        let waiting = orders.space.outbox().take(10).await.expect("readable");
        if waiting.parcels.is_empty() && waiting.next_due_ms.is_none() {
            return;
        }
        wake.changed().await;
    }
}

#[tokio::test]
async fn what_waits_at_a_stop_is_carried_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    // Nobody carries yet.
    let orders = Orders::open(&store);
    for id in 0..20 {
        let target = if id == 7 { GONE } else { "open" };
        assert!(orders.place(id, target, if id % 2 == 0 { "" } else { "odd" }).await);
    }
    drop((orders, store));

    let store = open(folder.path()).await;
    let (orders, parcels, tasks) = carry(&store).await;
    let expected: BTreeSet<_> = (0..20).filter(|id| *id != 7).collect();
    assert_eq!(arrived(&parcels, 19).await, expected);
    let odd: Vec<_> = parcels.arrivals().await.into_iter().filter(|arrival| !arrival.group.is_empty()).collect();
    let mut in_order = odd.clone();
    in_order.sort_by_key(|arrival| arrival.at);
    assert!(in_order.is_sorted_by_key(|arrival| arrival.order), "a group keeps its order: {in_order:?}");
    assert!(orders.place(20, "open", "").await);
    assert_eq!(arrived(&parcels, 20).await.len(), 20);
    nothing_waits(&orders).await;
    tasks.close().await;
    assert_eq!(orders.returned(), BTreeSet::from(["letter-7".to_owned()]));
}

#[tokio::test]
async fn a_letter_that_comes_twice_is_taken_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let (orders, parcels, tasks) = carry(&store).await;
    assert!(orders.place(1, "open", "").await);
    arrived(&parcels, 1).await;
    // As after a crash between the delivery and its being written down: the same letter again.
    assert!(orders.place(1, "open", "").await, "the same order is known");
    let mut batch = orders.space.batch();
    batch.post(&crate::sim::services::letter(1, "open", ""));
    batch.commit().await.expect("posted again");
    nothing_waits(&orders).await;
    tasks.close().await;
    assert_eq!(parcels.arrivals().await.len(), 1);
}
