//! Letters under crashes: what was ordered arrives, once, in the order of its group, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::doors::Post;
use base::{Clock, Random, Tasks, Timestamp};
use lambdad::courier::{Courier, Pace, Receivers};
use store::Store;
use store::engine::memory::{Disk, Faults};

use super::services::{Arrival, CLOSED, GONE, Manners, Orders, Parcels};

const ORDERS: u64 = 60;
const OPENS_SECONDS: i64 = 600;

/// One life of the house, from a start to a crash.
struct House {
    orders: Orders,
    parcels: Parcels,
    tasks: Tasks,
}

async fn start(disk: &Disk, clock: &Clock, random: &Random, manners: Manners) -> House {
    let store = Store::on_disk(disk, clock.clone(), random.clone());
    let orders = Orders::open(&store);
    let parcels = Parcels::open(&store, manners).await;
    let receivers: Receivers = [
        ("orders", Arc::new(orders.clone()) as Arc<dyn Post>),
        ("parcels", Arc::new(parcels.clone()) as Arc<dyn Post>),
    ]
    .into();
    let tasks = Tasks::new();
    let outbox = orders.space.outbox();
    Courier::new(outbox, Arc::new(receivers), clock.clone(), random.clone(), tasks.clone(), Pace::default()).start();
    House { orders, parcels, tasks }
}

/// What a run left behind.
struct Books {
    /// Orders whose sender was told that they are taken.
    acknowledged: BTreeSet<u64>,
    kept: BTreeSet<u64>,
    arrivals: Vec<Arrival>,
    returned: BTreeSet<String>,
}

fn target(id: u64) -> &'static str {
    match id % 10 {
        3 => CLOSED,
        7 => GONE,
        _ => "open",
    }
}

fn group(id: u64) -> String {
    if id.is_multiple_of(2) { String::new() } else { format!("group-{}", id % 3) }
}

/// Runs the whole of it in simulated time.
fn run(seed: u64, manners: Manners, faults: Faults) -> Books {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let random = Random::seeded(seed);
        let disk = Disk::new();
        let mut acknowledged = BTreeSet::new();
        let mut returned = BTreeSet::new();
        let mut house = start(&disk, &clock, &random, manners).await;
        disk.set_faults(faults);
        for id in 0..ORDERS {
            if house.orders.place(id, target(id), &group(id)).await {
                acknowledged.insert(id);
            }
            clock.sleep(Duration::from_millis(random.below(400))).await;
            if random.fraction() < 0.1 {
                returned.extend(house.orders.returned());
                house = crash(&disk, house, &clock, &random, manners).await;
            }
        }
        disk.set_faults(Faults::default());
        clock.sleep(Duration::from_secs(OPENS_SECONDS as u64 + 3_600)).await;
        returned.extend(house.orders.returned());
        let kept = house.orders.taken().await.into_iter().map(|order| order.id).collect();
        Books { acknowledged, kept, arrivals: house.parcels.arrivals().await, returned }
    })
}

/// Whatever was on its way is lost; what the disk kept is found again.
async fn crash(disk: &Disk, house: House, clock: &Clock, random: &Random, manners: Manners) -> House {
    let faults = disk.faults();
    disk.crash();
    house.tasks.close().await;
    disk.set_faults(Faults::default());
    let house = start(disk, clock, random, manners).await;
    disk.set_faults(faults);
    house
}

const POLITE: Manners = Manners { opens: Timestamp::UNIX_EPOCH, knows_letters: true };

fn late() -> Manners {
    Manners { opens: Timestamp::from_second(OPENS_SECONDS).expect("in range"), ..POLITE }
}

const ROUGH: Faults = Faults { refuse: 0.05, lose_answer: 0.1, pause: 0.3, lazy_sync: false };

fn arrivals_of(books: &Books) -> BTreeMap<u64, usize> {
    let mut count = BTreeMap::new();
    books.arrivals.iter().for_each(|arrival| *count.entry(arrival.order).or_insert(0) += 1);
    count
}

fn expected(books: &Books) -> BTreeMap<u64, usize> {
    books.kept.iter().filter(|id| target(**id) != GONE).map(|id| (*id, 1)).collect()
}

#[test]
fn what_is_ordered_arrives_once_whatever_crashes() {
    for seed in 0..100 {
        let books = run(seed, late(), ROUGH);
        assert!(books.acknowledged.is_subset(&books.kept), "seed {seed}: an acknowledged order is gone");
        assert_eq!(arrivals_of(&books), expected(&books), "seed {seed}");
        let gone = books.kept.iter().filter(|id| target(**id) == GONE).map(|id| format!("letter-{id}"));
        assert_eq!(books.returned, gone.collect(), "seed {seed}: what nobody takes goes back to its sender");
    }
}

#[test]
fn a_group_arrives_in_its_order() {
    for seed in 0..100 {
        let books = run(seed, late(), ROUGH);
        let mut groups: BTreeMap<(&str, &str), Vec<(u64, u64)>> = BTreeMap::new();
        for arrival in books.arrivals.iter().filter(|arrival| !arrival.group.is_empty()) {
            groups.entry((&arrival.group, target(arrival.order))).or_default().push((arrival.at, arrival.order));
        }
        for (group, mut arrived) in groups {
            arrived.sort_unstable();
            assert!(arrived.is_sorted_by_key(|(_, order)| *order), "seed {seed}: {group:?} arrived as {arrived:?}");
        }
    }
}

#[test]
fn without_known_letters_some_come_twice() {
    let careless = Manners { knows_letters: false, ..late() };
    let twice = (0..100).any(|seed| arrivals_of(&run(seed, careless, ROUGH)).values().any(|count| *count > 1));
    assert!(twice, "the simulation never delivers a letter twice, so it shows nothing of how that is recognized");
}

#[test]
fn a_disk_that_lies_is_noticed() {
    let lying = Faults { lazy_sync: true, ..ROUGH };
    let lost = (0..100).any(|seed| {
        let books = run(seed, late(), lying);
        !books.acknowledged.is_subset(&books.kept)
    });
    assert!(lost, "the simulation never loses an acknowledged order, so it shows nothing of durability");
}

#[test]
fn a_target_that_is_closed_holds_up_nobody() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let random = Random::seeded(1);
        let house = start(&Disk::new(), &clock, &random, late()).await;
        for id in 0..200 {
            assert!(house.orders.place(id, CLOSED, "").await);
        }
        assert!(house.orders.place(1_000, "open", "").await);
        clock.sleep(Duration::from_secs(1)).await;
        let arrived: Vec<_> = house.parcels.arrivals().await.into_iter().map(|arrival| arrival.order).collect();
        assert_eq!(arrived, [1_000], "the open target's letter waits behind those of the closed one");
        clock.sleep(Duration::from_secs(OPENS_SECONDS as u64 + 300)).await;
        assert_eq!(house.parcels.arrivals().await.len(), 201);
    });
}
