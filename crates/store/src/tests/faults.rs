//! The faults of the engine in memory do what they say, and nothing else.

use base::Random;

use super::house::{Person, clock, person};
use crate::Store;
use crate::engine::memory::{Disk, Faults};

fn store(disk: &Disk) -> Store {
    Store::on_disk(disk, clock(), Random::seeded(7))
}

async fn there(store: &Store) -> usize {
    store.space("meta").unwrap().table::<Person>().list((), None, 10_000).await.unwrap().len()
}

/// Writes 200 records; how many were acknowledged.
async fn write(store: &Store) -> usize {
    let people = store.space("meta").unwrap().table();
    let mut acknowledged = 0;
    for n in 0..200 {
        acknowledged += usize::from(people.put(&person("t", &n.to_string(), n)).await.is_ok());
    }
    acknowledged
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_not_done_and_a_lost_answer_is() {
    for (faults, done) in [
        (Faults { refuse: 0.5, ..Faults::default() }, false),
        (Faults { lose_answer: 0.5, pause: 0.3, ..Faults::default() }, true),
    ] {
        let disk = Disk::new();
        disk.set_faults(faults);
        let acknowledged = write(&store(&disk)).await;
        assert!((50..150).contains(&acknowledged), "{acknowledged}");
        assert_eq!(there(&store(&disk)).await, if done { 200 } else { acknowledged });
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_has_the_same_faults() {
    let faults = Faults { refuse: 0.3, lose_answer: 0.3, ..Faults::default() };
    let mut counts = Vec::new();
    for _ in 0..2 {
        let disk = Disk::new();
        disk.set_faults(faults);
        counts.push((write(&store(&disk)).await, there(&store(&disk)).await));
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_nothing_that_was_acknowledged_unless_the_disk_lies() {
    for (lazy_sync, left) in [(false, 200), (true, 0)] {
        let disk = Disk::new();
        disk.set_faults(Faults { lazy_sync, ..Faults::default() });
        let before = store(&disk);
        assert_eq!(write(&before).await, 200);
        disk.crash();
        assert!(before.space("meta").unwrap().table().put(&person("t", "late", 1)).await.is_err());
        assert_eq!(there(&store(&disk)).await, left);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_synced_stays_on_a_disk_that_lies() {
    let disk = Disk::new();
    disk.set_faults(Faults { lazy_sync: true, ..Faults::default() });
    write(&store(&disk)).await;
    disk.sync();
    store(&disk).space("meta").unwrap().table().put(&person("t", "late", 1)).await.unwrap();
    disk.crash();
    assert_eq!(there(&store(&disk)).await, 200);
}
