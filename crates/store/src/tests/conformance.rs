//! One list of promises that every engine keeps: each test runs on all of them.

use std::sync::Arc;
use std::time::Duration;

use base::Arn;
use base::doors::Letter;
use bytes::Bytes;
use parking_lot::Mutex;

use super::house::{House, Person, pass, person};
use crate::engine::{Change, Claim, Due, Expect, Hold, Range, Start, Watcher, Write, Writes};
use crate::log::Place;
use crate::{Error, LogName, QueueName, Revision, SeriesName, SpaceName, TimerName};

/// Each promise becomes a test per engine.
macro_rules! promises {
    ($($name:ident)*) => {
        mod memory {
            $(#[tokio::test(start_paused = true)]
            async fn $name() {
                super::$name(super::super::house::memory().await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(start_paused = true)]
            async fn $name() {
                super::$name(super::super::house::sqlite().await).await;
            })*
        }
    };
}

promises! {
    a_record_comes_back_with_its_revision
    an_insert_refuses_what_is_there
    an_update_needs_the_revision_it_read
    a_refused_batch_does_nothing_at_all
    a_conflict_names_its_key
    a_list_is_in_order_and_goes_on_after_a_key
    ranges_go_both_ways_and_stop_at_their_limit
    a_later_commit_has_a_greater_revision_even_after_a_delete
    a_caller_who_stops_waiting_does_not_stop_the_commit
    spaces_do_not_see_each_other
    a_dropped_space_is_empty_and_can_be_used_again
    what_is_too_large_is_refused
    appends_have_positions_in_order_and_are_never_seen_out_of_it
    a_log_is_read_from_both_ends_and_trimmed
    a_series_is_in_order_of_its_times
    a_view_has_a_change_before_its_caller_hears_of_it
    a_view_is_loaded_with_what_is_there
    concurrent_commits_leave_view_and_table_alike
    watchers_hear_every_change_once_and_in_order
    a_wake_rings_for_a_put_and_not_for_a_claim
    a_message_is_hidden_while_it_is_held
    an_old_receipt_deletes_nothing
    a_receipt_holds_until_the_message_is_received_again
    a_delayed_message_waits_and_says_until_when
    two_takers_never_share_a_message
    a_peek_changes_nothing_and_goes_on
    queues_that_have_messages_are_found
    a_message_is_sent_only_with_its_batch
    a_timer_fires_once_and_can_be_moved
    a_timer_set_anew_is_not_done_by_its_old_claim
    a_lease_has_one_owner_and_a_token_that_grows
    a_fenced_batch_of_an_old_owner_is_refused
    letters_of_a_group_come_in_order
    a_letter_put_off_holds_up_its_lane_only
    a_letter_posted_while_its_lane_is_out_is_not_lost
    equal_bytes_are_one_blob
    a_pinned_blob_is_not_deleted
    a_large_body_becomes_a_blob
}

const HOLD: Duration = Duration::from_secs(30);
const NONE: Duration = Duration::ZERO;

fn key(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn put(text: &str) -> Write {
    Write::Put { key: key(text), value: key(text), due: None }
}

async fn a_record_comes_back_with_its_revision(house: House) {
    let people = house.space().table::<Person>();
    assert_eq!(people.get(("red", "ann")).await.unwrap(), None);
    let revision = people.put(&person("red", "ann", 30)).await.unwrap();
    let found = people.get(("red", "ann")).await.unwrap().unwrap();
    assert_eq!((found.revision, found.record), (revision, person("red", "ann", 30)));
    people.delete(("red", "ann")).await.unwrap();
    assert_eq!(people.get(("red", "ann")).await.unwrap(), None);
}

async fn an_insert_refuses_what_is_there(house: House) {
    let people = house.space().table::<Person>();
    people.insert(&person("red", "ann", 30)).await.unwrap();
    assert!(people.insert(&person("red", "ann", 31)).await.unwrap_err().is_conflict());
    assert_eq!(people.get(("red", "ann")).await.unwrap().unwrap().age, 30);
}

async fn an_update_needs_the_revision_it_read(house: House) {
    let people = house.space().table::<Person>();
    let first = people.put(&person("red", "ann", 30)).await.unwrap();
    let second = people.update(&person("red", "ann", 31), first).await.unwrap();
    assert!(people.update(&person("red", "ann", 32), first).await.unwrap_err().is_conflict());
    assert!(people.update(&person("red", "bob", 1), second).await.unwrap_err().is_conflict());
    let mut batch = house.space().batch();
    batch.delete_at::<Person>(("red", "ann"), first);
    assert!(batch.commit().await.unwrap_err().is_conflict());
    assert_eq!(people.get(("red", "ann")).await.unwrap().unwrap().age, 31);
}

async fn a_refused_batch_does_nothing_at_all(house: House) {
    let space = house.space();
    let log = space.log(LogName::new("l"));
    space.table().put(&person("red", "ann", 30)).await.unwrap();
    let mut batch = space.batch();
    batch.put(&person("red", "bob", 1)).append(log.name(), "line").insert(&person("red", "ann", 31));
    assert!(batch.commit().await.unwrap_err().is_conflict());
    assert_eq!(space.table::<Person>().list((), None, 10).await.unwrap().len(), 1);
    assert_eq!(log.read(None, 10).await.unwrap(), []);
}

async fn a_conflict_names_its_key(house: House) {
    let space = house.space();
    let revision = space.table().put(&person("red", "ann", 30)).await.unwrap();
    let mut batch = space.batch();
    batch.insert(&person("red", "bob", 1)).insert(&person("red", "ann", 31));
    let error = batch.commit().await.unwrap_err();
    assert!(error.is_conflict_of::<Person>(&("red", "ann")));
    assert!(!error.is_conflict_of::<Person>(&("red", "bob")));
    assert!(matches!(error, Error::Conflict { found: Some(found), expected: Expect::Absent, .. } if found == revision));
}

async fn a_list_is_in_order_and_goes_on_after_a_key(house: House) {
    let people = house.space().table::<Person>();
    for name in ["b", "a", "ab", "c"] {
        people.put(&person("red", name, 1)).await.unwrap();
    }
    people.put(&person("redder", "z", 1)).await.unwrap();
    let names = |found: Vec<crate::Versioned<Person>>| found.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(people.list(("red",), None, 3).await.unwrap()), ["a", "ab", "b"]);
    let after = ("red".to_owned(), "b".to_owned());
    assert_eq!(names(people.list(("red",), Some(&after), 3).await.unwrap()), ["c"]);
    assert_eq!(names(people.list((), Some(&after), 3).await.unwrap()), ["c", "z"]);
    assert_eq!(names(people.list_back(("red",), Some(&after), 3).await.unwrap()), ["ab", "a"]);
}

async fn ranges_go_both_ways_and_stop_at_their_limit(house: House) {
    let space = house.space();
    let writes = ["a", "b", "b1", "b2", "c"].map(put).to_vec();
    space.engine.commit(&space.name, Writes { expects: Vec::new(), writes }).await.unwrap();
    for (range, expected) in [
        (Range::prefix(b"b"), vec!["b", "b1", "b2"]),
        (Range::prefix(b"b").limit(2), vec!["b", "b1"]),
        (Range::prefix(b"b").reverse().limit(2), vec!["b2", "b1"]),
        (Range::prefix(b"b").after(b"b"), vec!["b1", "b2"]),
        (Range::prefix(b"b").from(b"b1").before(b"b2"), vec!["b1"]),
        (Range::prefix(b"").reverse(), vec!["c", "b2", "b1", "b", "a"]),
        (Range::prefix(b"").limit(0), vec![]),
        (Range::prefix(b"b").before(b"a"), vec![]),
    ] {
        let found = space.range(range.clone()).await.unwrap();
        assert_eq!(found.iter().map(|row| row.key.clone()).collect::<Vec<_>>(), expected, "{range:?}");
    }
}

async fn a_later_commit_has_a_greater_revision_even_after_a_delete(house: House) {
    let people = house.space().table::<Person>();
    let mut last = Revision(0);
    for age in 0..5 {
        for revision in [people.put(&person("a", "b", age)).await, people.delete(("a", "b")).await] {
            let revision = revision.unwrap();
            assert!(revision > last);
            last = revision;
        }
    }
}

async fn a_caller_who_stops_waiting_does_not_stop_the_commit(house: House) {
    let people = house.space().table::<Person>();
    people.put(&person("t", "first", 1)).await.unwrap();
    let (left, last) = (person("t", "left", 1), person("t", "last", 1));
    tokio::select! {
        biased;
        done = people.put(&left) => drop(done.unwrap()),
        () = std::future::ready(()) => {}
    }
    people.put(&last).await.unwrap();
    assert_eq!(people.list(("t",), None, 10).await.unwrap().len(), 3);
}

async fn spaces_do_not_see_each_other(house: House) {
    let (one, two) = (house.store.space("one").unwrap(), house.store.space("two").unwrap());
    one.table().put(&person("a", "b", 1)).await.unwrap();
    assert_eq!(two.table::<Person>().get(("a", "b")).await.unwrap(), None);
    assert_eq!(two.queue(QueueName::new("q")).receive(1, HOLD).await.unwrap().messages, []);
    let names = house.store.spaces().await.unwrap();
    assert_eq!(names, [SpaceName::new("one").unwrap()], "a space that was only read is not made");
}

async fn a_dropped_space_is_empty_and_can_be_used_again(house: House) {
    let space = house.store.space("logs-1").unwrap();
    space.table().put(&person("a", "b", 1)).await.unwrap();
    space.drop_all().await.unwrap();
    assert_eq!(house.store.spaces().await.unwrap(), []);
    assert_eq!(space.table::<Person>().get(("a", "b")).await.unwrap(), None);
    space.table().put(&person("a", "c", 1)).await.unwrap();
    assert_eq!(space.table::<Person>().list((), None, 10).await.unwrap().len(), 1);
}

async fn what_is_too_large_is_refused(house: House) {
    let log = house.space().log(LogName::new("l"));
    let large = Bytes::from(vec![0; crate::engine::VALUE_BYTES + 1]);
    assert!(matches!(log.append(vec![large]).await, Err(Error::TooLarge { what: "a value", .. })));
    let deep = house.space().log(LogName::new("x".repeat(crate::engine::KEY_BYTES)));
    assert!(matches!(deep.append(vec![Bytes::new()]).await, Err(Error::TooLarge { what: "a key", .. })));
}

async fn appends_have_positions_in_order_and_are_never_seen_out_of_it(house: House) {
    let space = house.space();
    let log = space.log(LogName::new("l"));
    let writers = (0..8u8).map(|writer| {
        let log = log.clone();
        async move {
            for n in 0..20u8 {
                log.append(vec![Bytes::from(vec![writer, n, 0]), Bytes::from(vec![writer, n, 1])]).await.unwrap();
            }
        }
    });
    let tasks = base::Tasks::new();
    let writers: Vec<_> = writers.map(|writer| tasks.spawn("writes", writer)).collect();
    let mut seen: Vec<crate::log::Entry> = Vec::new();
    while seen.len() < 320 {
        // A reader that goes on after the last it has seen must miss nothing.
        seen.extend(log.read(seen.last().map(|entry| entry.position), 7).await.unwrap());
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen, log.read(None, 1_000).await.unwrap());
    for writer in 0..8 {
        let own = seen.iter().filter(|entry| entry.body[0] == writer).map(|entry| (entry.body[1], entry.body[2]));
        assert!(own.is_sorted());
    }
}

async fn a_log_is_read_from_both_ends_and_trimmed(house: House) {
    let log = house.space().log(LogName::new(("a", 1u64)));
    house.space().log(LogName::new(("a", 2u64))).append(vec![key("other")]).await.unwrap();
    let positions = log.append(["0", "1", "2", "3"].map(key).to_vec()).await.unwrap();
    let bodies = |found: Vec<crate::log::Entry>| found.into_iter().map(|entry| entry.body).collect::<Vec<_>>();
    assert_eq!(bodies(log.read(Some(positions[0]), 2).await.unwrap()), [key("1"), key("2")]);
    assert_eq!(bodies(log.read_back(None, 2).await.unwrap()), [key("3"), key("2")]);
    assert_eq!(bodies(log.read_back(Some(positions[1]), 2).await.unwrap()), [key("0")]);
    assert_eq!(log.trim(positions[2]).await.unwrap(), 3);
    assert_eq!(bodies(log.read(None, 10).await.unwrap()), [key("3")]);
}

async fn a_series_is_in_order_of_its_times(house: House) {
    let space = house.space();
    let name = SeriesName::new("s");
    let series = space.series(name.clone());
    let mut batch = space.batch();
    batch.record(&name, 20, "c").record(&name, -5, "a").record(&name, 10, "b").record(&name, 20, "d");
    batch.commit().await.unwrap();
    let (start, end) = (Place::start_of(i64::MIN), Place::start_of(i64::MAX));
    let bodies = |found: &[crate::log::Point]| found.iter().map(|point| point.body.clone()).collect::<Vec<_>>();
    let found = series.read(start, end, 3).await.unwrap();
    assert_eq!(bodies(&found), [key("a"), key("b"), key("c")]);
    assert_eq!(bodies(&series.read(found[2].place.next(), end, 3).await.unwrap()), [key("d")]);
    assert_eq!(bodies(&series.read(start, Place::start_of(20), 9).await.unwrap()), [key("a"), key("b")]);
    assert_eq!(bodies(&series.read_back(Place::start_of(10), end, 2).await.unwrap()), [key("d"), key("c")]);
    assert_eq!(series.trim(Place::start_of(20)).await.unwrap(), 2);
    assert_eq!(bodies(&series.read(start, end, 9).await.unwrap()), [key("c"), key("d")]);
}

async fn a_view_has_a_change_before_its_caller_hears_of_it(house: House) {
    let space = house.space();
    let view = space.view_of(|person: Person| person.age * 2).await.unwrap();
    let people = space.table::<Person>();
    for age in 0..50 {
        let revision = people.put(&person("a", "b", age)).await.unwrap();
        let entry = view.entry(("a", "b")).unwrap();
        assert_eq!((*entry.value, entry.revision), (age * 2, revision));
    }
    people.delete(("a", "b")).await.unwrap();
    assert!(view.get(("a", "b")).is_none() && view.is_empty());
}

async fn a_view_is_loaded_with_what_is_there(house: House) {
    let space = house.space();
    for name in ["a", "b", "c"] {
        space.table().put(&person("red", name, 1)).await.unwrap();
    }
    space.table().put(&person("blue", "d", 1)).await.unwrap();
    let view = space.view::<Person>().await.unwrap();
    assert_eq!(view.len(), 4);
    let after = ("red".to_owned(), "a".to_owned());
    let names: Vec<_> = view.list(("red",), Some(&after), 10).iter().map(|person| person.name.clone()).collect();
    assert_eq!(names, ["b", "c"]);
}

async fn concurrent_commits_leave_view_and_table_alike(house: House) {
    let space = house.space();
    let view = space.view::<Person>().await.unwrap();
    let tasks = base::Tasks::new();
    let writers = (0..200u32).map(|n| {
        let people = space.table::<Person>();
        tasks.spawn("writes", async move {
            match n % 5 {
                0 => people.delete(("t", &n.to_string()[..1])).await.map(drop),
                _ => people.put(&person("t", &n.to_string()[..1], n)).await.map(drop),
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    let stored = space.table::<Person>().list((), None, 100).await.unwrap();
    let viewed = view.list((), None, 100);
    assert_eq!(stored.iter().map(|p| &p.record).collect::<Vec<_>>(), viewed.iter().map(|p| &**p).collect::<Vec<_>>());
}

#[derive(Default)]
struct Ear(Mutex<Vec<Change>>);

impl Watcher for Ear {
    fn changed(&self, changes: &[Change]) {
        self.0.lock().extend_from_slice(changes);
    }
}

async fn watchers_hear_every_change_once_and_in_order(house: House) {
    let space = house.space();
    let commit = |writes| space.engine.commit(&space.name, Writes { expects: Vec::new(), writes });
    commit(vec![put("a0"), put("b0")]).await.unwrap();
    let (ear, late) = (Arc::new(Ear::default()), Arc::new(Ear::default()));
    let watcher: Arc<dyn Watcher> = ear.clone();
    space.engine.watch(&space.name, b"a", Start::Rows, Arc::downgrade(&watcher)).await.unwrap();
    let watcher: Arc<dyn Watcher> = late.clone();
    space.engine.watch(&space.name, b"a", Start::Now, Arc::downgrade(&watcher)).await.unwrap();
    commit(vec![put("a1"), put("b1"), put("a2")]).await.unwrap();
    commit(vec![Write::Delete { key: key("a1") }]).await.unwrap();
    let keys = |ear: &Ear| ear.0.lock().iter().map(|change| change.key().clone()).collect::<Vec<_>>();
    assert_eq!(keys(&ear), ["a0", "a1", "a2", "a1"].map(key));
    assert_eq!(keys(&late), ["a1", "a2", "a1"].map(key));
    assert!(matches!(ear.0.lock().last(), Some(Change::Deleted { .. })));
}

async fn a_wake_rings_for_a_put_and_not_for_a_claim(house: House) {
    let queue = house.space().queue(QueueName::new("q"));
    let mut wake = queue.wake().await.unwrap();
    queue.send("m", NONE).await.unwrap();
    wake.changed().await;
    queue.receive(1, HOLD).await.unwrap();
    let silent = tokio::time::timeout(Duration::from_secs(5), wake.changed()).await;
    assert!(silent.is_err());
}

async fn queues_that_have_messages_are_found(house: House) {
    let space = house.space();
    let name = |of: &str, number: u64| QueueName::new((of, number));
    let mut last = Vec::new();
    for (of, number, count) in [("a", 1, 1), ("b", 1, 3), ("b", 2, 1), ("b", u64::MAX, 2), ("c", 1, 1)] {
        for _ in 0..count {
            last = vec![space.queue(name(of, number)).send("m", NONE).await.unwrap()];
        }
    }
    assert_eq!(space.queues(&("b",)).await.unwrap(), [name("b", 1), name("b", 2), name("b", u64::MAX)]);
    assert_eq!(space.queues(&("d",)).await.unwrap(), []);
    let mut batch = space.batch();
    batch.settle(&name("c", 1), last[0]);
    batch.commit().await.unwrap();
    assert_eq!(space.queues(&("c",)).await.unwrap(), []);
}

async fn a_message_is_hidden_while_it_is_held(house: House) {
    let queue = house.space().queue(QueueName::new("q"));
    let id = queue.send("m", NONE).await.unwrap();
    let first = queue.receive(10, HOLD).await.unwrap().messages;
    assert_eq!((first.len(), first[0].id, first[0].receives, &first[0].body[..]), (1, id, 1, &b"m"[..]));
    assert_eq!(queue.receive(10, HOLD).await.unwrap().messages, []);
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.visible, depth.held, depth.delayed), (0, 1, 0));
    pass(30_000).await;
    let second = queue.receive(10, HOLD).await.unwrap().messages;
    assert_eq!((second[0].id, second[0].receives), (id, 2));
    assert!(queue.delete(second[0].receipt).await.unwrap());
    pass(30_000).await;
    assert_eq!(queue.receive(10, HOLD).await.unwrap().messages, []);
}

async fn an_old_receipt_deletes_nothing(house: House) {
    let queue = house.space().queue(QueueName::new("q"));
    queue.send("m", NONE).await.unwrap();
    let old = queue.receive(1, HOLD).await.unwrap().messages[0].receipt;
    pass(30_000).await;
    let new = queue.receive(1, HOLD).await.unwrap().messages[0].receipt;
    assert!(!queue.delete(old).await.unwrap());
    assert!(!queue.change_visibility(old, NONE).await.unwrap());
    assert!(queue.delete(new).await.unwrap());
    assert!(!queue.delete(new).await.unwrap());
}

async fn a_receipt_holds_until_the_message_is_received_again(house: House) {
    let queue = house.space().queue(QueueName::new("q"));
    queue.send("m", NONE).await.unwrap();
    let receipt = queue.receive(1, HOLD).await.unwrap().messages[0].receipt;
    assert!(queue.change_visibility(receipt, 2 * HOLD).await.unwrap());
    pass(59_000).await;
    assert_eq!(queue.receive(1, HOLD).await.unwrap().messages, []);
    assert!(queue.change_visibility(receipt, NONE).await.unwrap());
    let again = queue.receive(1, HOLD).await.unwrap().messages[0].receipt;
    assert!(!queue.delete(receipt).await.unwrap());
    pass(40_000).await;
    assert!(queue.delete(again).await.unwrap(), "visible again, but nobody has received it");
}

async fn a_delayed_message_waits_and_says_until_when(house: House) {
    let queue = house.space().queue(QueueName::new("q"));
    queue.send("late", Duration::from_millis(500)).await.unwrap();
    let none = queue.receive(1, HOLD).await.unwrap();
    assert_eq!((none.messages.len(), none.next_due_ms), (0, Some(house.store.clock().now_ms() + 500)));
    queue.send("early", NONE).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().delayed, 1);
    assert_eq!(&queue.receive(1, HOLD).await.unwrap().messages[0].body[..], b"early");
    pass(500).await;
    assert_eq!(&queue.receive(1, HOLD).await.unwrap().messages[0].body[..], b"late");
}

async fn two_takers_never_share_a_message(house: House) {
    let space = house.space();
    let (name, other) = (QueueName::new("q"), QueueName::new("q2"));
    for n in 0..100 {
        space.queue(name.clone()).send(vec![n], NONE).await.unwrap();
    }
    space.queue(other).send("other", NONE).await.unwrap();
    let tasks = base::Tasks::new();
    let takers = (0..4).map(|_| {
        let queue = space.queue(name.clone());
        tasks.spawn("takes", async move {
            let mut taken = Vec::new();
            loop {
                let got = queue.receive(7, HOLD).await.unwrap().messages;
                if got.is_empty() {
                    return taken;
                }
                taken.extend(got.into_iter().map(|message| message.id));
                tokio::task::yield_now().await;
            }
        })
    });
    let mut all = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        all.extend(taker.await.unwrap());
    }
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!((count, all.len()), (100, 100));
}

async fn a_peek_changes_nothing_and_goes_on(house: House) {
    let queue = house.space().queue(QueueName::new("q"));
    for body in ["a", "b", "c"] {
        queue.send(body, NONE).await.unwrap();
    }
    let first = queue.peek(None, 2).await.unwrap().messages;
    let rest = queue.peek(first.last(), 2).await.unwrap().messages;
    let bodies: Vec<_> = first.iter().chain(&rest).map(|message| message.body.clone()).collect();
    assert_eq!(bodies, ["a", "b", "c"].map(key));
    let mut batch = house.space().batch();
    batch.settle(queue.name(), first[0].id).put_off(queue.name(), first[1].id, HOLD);
    batch.commit().await.unwrap();
    assert_eq!(queue.peek(None, 9).await.unwrap().messages, rest);
    pass(30_000).await;
    assert_eq!(queue.peek(rest.last(), 9).await.unwrap().messages[0].receives, 1);
}

async fn a_message_is_sent_only_with_its_batch(house: House) {
    let space = house.space();
    let queue = space.queue(QueueName::new("q"));
    space.table().put(&person("a", "b", 1)).await.unwrap();
    for (name, sent) in [("b", 0), ("c", 1)] {
        let mut batch = space.batch();
        batch.insert(&person("a", name, 1)).send(queue.name(), "m", NONE);
        assert_eq!(batch.commit().await.is_ok(), sent == 1);
        assert_eq!(queue.depth().await.unwrap().visible, sent);
    }
}

async fn a_timer_fires_once_and_can_be_moved(house: House) {
    let timers = house.space().timers(TimerName::new("t"));
    let now = house.store.clock().now_ms();
    for (id, after) in [(&b"a"[..], 100), (b"b", 200), (b"c", 300)] {
        timers.set(id, now + after, "body").await.unwrap();
    }
    timers.set(b"a", now + 250, "moved").await.unwrap();
    timers.cancel(b"c").await.unwrap();
    pass(200).await;
    let due = timers.claim(10, HOLD).await.unwrap();
    assert_eq!((due.fired.len(), &due.fired[0].id[..], due.next_due_ms), (1, &b"b"[..], Some(now + 250)));
    assert!(timers.claim(10, HOLD).await.unwrap().fired.is_empty());
    assert!(timers.done(&due.fired[0]).await.unwrap());
    pass(60_000).await;
    let rest = timers.claim(10, HOLD).await.unwrap().fired;
    assert_eq!((rest.len(), &rest[0].body[..], rest[0].claims), (1, &b"moved"[..], 1));
}

async fn a_timer_set_anew_is_not_done_by_its_old_claim(house: House) {
    let timers = house.space().timers(TimerName::new("t"));
    let now = house.store.clock().now_ms();
    timers.set(b"a", now, "old").await.unwrap();
    let fired = timers.claim(1, HOLD).await.unwrap().fired;
    timers.set(b"a", now + 5, "new").await.unwrap();
    assert!(!timers.done(&fired[0]).await.unwrap());
    pass(5).await;
    assert_eq!(&timers.claim(1, HOLD).await.unwrap().fired[0].body[..], b"new");
}

async fn a_lease_has_one_owner_and_a_token_that_grows(house: House) {
    let leases = house.space().leases();
    let mut first = leases.acquire("l", "one", HOLD).await.unwrap().unwrap();
    assert_eq!(leases.acquire("l", "two", HOLD).await.unwrap(), None);
    pass(20_000).await;
    assert!(leases.renew(&mut first, HOLD).await.unwrap());
    pass(20_000).await;
    assert_eq!(leases.acquire("l", "two", HOLD).await.unwrap(), None);
    assert_eq!(leases.holder("l").await.unwrap().unwrap().token, first.token);
    pass(10_000).await;
    assert_eq!(leases.holder("l").await.unwrap(), None);
    let second = leases.acquire("l", "two", HOLD).await.unwrap().unwrap();
    assert!(second.token > first.token);
    assert!(!leases.renew(&mut first, HOLD).await.unwrap());
    assert!(!leases.release(first).await.unwrap());
    let token = second.token;
    assert!(leases.release(second).await.unwrap());
    let third = leases.acquire("l", "one", HOLD).await.unwrap().unwrap();
    assert!(third.token > token);
}

async fn a_fenced_batch_of_an_old_owner_is_refused(house: House) {
    let space = house.space();
    let leases = space.leases();
    let mut first = leases.acquire("l", "one", HOLD).await.unwrap().unwrap();
    let write = |lease: &crate::Lease, age| {
        let mut batch = space.batch();
        batch.fence(lease).put(&person("a", "b", age));
        batch.commit()
    };
    leases.renew(&mut first, HOLD).await.unwrap();
    write(&first, 1).await.unwrap();
    pass(30_000).await;
    let second = leases.acquire("l", "two", HOLD).await.unwrap().unwrap();
    assert!(write(&first, 2).await.unwrap_err().is_conflict());
    write(&second, 3).await.unwrap();
    assert_eq!(space.table::<Person>().get(("a", "b")).await.unwrap().unwrap().age, 3);
}

fn letter(id: usize, to: &str, group: &str) -> Letter {
    Letter {
        id: id.to_string(),
        to: Arn::parse(&format!("arn:aws:sqs:us-east-1:000000000000:{to}")).unwrap(),
        body: Bytes::from("body"),
        attributes: vec![("a".to_owned(), "b".to_owned())],
        cause: "request".to_owned(),
        sent_as: "s3.amazonaws.com".to_owned(),
        group: group.to_owned(),
    }
}

async fn post(house: &House, letters: impl IntoIterator<Item = Letter>) {
    let mut batch = house.space().batch();
    for letter in letters {
        batch.post(&letter);
    }
    batch.commit().await.unwrap();
}

fn ids(parcels: &[crate::Parcel]) -> Vec<Vec<String>> {
    parcels.iter().map(|parcel| parcel.letters.iter().map(|letter| letter.id.clone()).collect()).collect()
}

async fn letters_of_a_group_come_in_order(house: House) {
    let outbox = house.space().outbox();
    post(&house, (0..25).map(|n| letter(n, "q", "g"))).await;
    post(&house, [letter(100, "q", "")]).await;
    let mut seen = Vec::new();
    loop {
        let parcels = outbox.take(10).await.unwrap().parcels;
        if parcels.is_empty() {
            break;
        }
        assert!(outbox.take(10).await.unwrap().parcels.is_empty(), "everything is out");
        for parcel in parcels {
            seen.extend(parcel.letters.iter().map(|letter| letter.id.parse::<usize>().unwrap()));
            let all = parcel.letters.len();
            outbox.settle(parcel, all, None).await.unwrap();
        }
    }
    let grouped: Vec<_> = seen.iter().copied().filter(|id| *id < 100).collect();
    assert_eq!(grouped, (0..25).collect::<Vec<_>>());
    assert_eq!(seen.len(), 26);
    assert_eq!(house.space().range(Range::prefix(b"o")).await.unwrap(), [], "nothing is left behind");
}

async fn a_letter_put_off_holds_up_its_lane_only(house: House) {
    let outbox = house.space().outbox();
    post(&house, [letter(1, "q", "g"), letter(2, "q", "g"), letter(3, "q", "h"), letter(4, "r", "g")]).await;
    let mut parcels = outbox.take(10).await.unwrap().parcels;
    parcels.sort_by_key(|parcel| parcel.letters[0].id.clone());
    assert_eq!(ids(&parcels), [vec!["1", "2"], vec!["3"], vec!["4"]]);
    let bad = parcels.remove(0);
    outbox.settle(bad, 0, Some(HOLD)).await.unwrap();
    for parcel in parcels {
        outbox.settle(parcel, 1, None).await.unwrap();
    }
    post(&house, [letter(5, "q", "g")]).await;
    let none = outbox.take(10).await.unwrap();
    assert!(none.parcels.is_empty(), "a new letter does not hurry its lane");
    assert_eq!(none.next_due_ms, Some(house.store.clock().now_ms() + 30_000));
    pass(30_000).await;
    let again = outbox.take(10).await.unwrap().parcels;
    assert_eq!((ids(&again), again[0].attempts), (vec![vec!["1".to_owned(), "2".into(), "5".into()]], 1));
    let [again] = <[_; 1]>::try_from(again).unwrap();
    outbox.settle(again, 2, Some(HOLD)).await.unwrap();
    pass(30_000).await;
    let last = outbox.take(10).await.unwrap().parcels;
    assert_eq!((ids(&last), last[0].attempts), (vec![vec!["5".to_owned()]], 1));
}

async fn a_letter_posted_while_its_lane_is_out_is_not_lost(house: House) {
    let outbox = house.space().outbox();
    post(&house, [letter(1, "q", "g")]).await;
    let [out] = <[_; 1]>::try_from(outbox.take(10).await.unwrap().parcels).unwrap();
    post(&house, [letter(2, "q", "g")]).await;
    assert!(outbox.take(10).await.unwrap().parcels.is_empty(), "the lane is out");
    outbox.settle(out, 1, None).await.unwrap();
    assert_eq!(ids(&outbox.take(10).await.unwrap().parcels), [["2"]]);
}

async fn equal_bytes_are_one_blob(house: House) {
    let blobs = house.store.blobs();
    let one = blobs.put("same").await.unwrap();
    let two = blobs.put_from(&b"same"[..], 4).await.unwrap();
    assert_eq!((one.id, one.len), (two.id, 4));
    assert_eq!(blobs.get(one.id).await.unwrap().unwrap(), "same");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut blobs.file(one.id).await.unwrap().unwrap(), &mut text).unwrap();
    assert_eq!(text, "same");
    assert!(matches!(blobs.put_from(&b"same"[..], 3).await, Err(Error::TooLarge { what: "a blob", .. })));
    let absent = crate::BlobId::of(b"absent");
    assert!(blobs.get(absent).await.unwrap().is_none() && blobs.file(absent).await.unwrap().is_none());
}

async fn a_pinned_blob_is_not_deleted(house: House) {
    let blobs = house.store.blobs();
    let (kept, named, orphan) = (blobs.put("a").await.unwrap(), blobs.put("b").await.unwrap().id, "c");
    let orphan = blobs.put(orphan).await.unwrap().id;
    assert!(!blobs.delete(kept.id).await.unwrap());
    pass(10 * 365 * 86_400_000 * 10).await;
    assert_eq!(blobs.sweep(move |id| *id == named, NONE).await.unwrap(), 1);
    assert!(blobs.get(kept.id).await.unwrap().is_some() && blobs.get(orphan).await.unwrap().is_none());
    let id = kept.id;
    drop(kept);
    assert!(blobs.delete(id).await.unwrap());
    assert!(!blobs.delete(id).await.unwrap());
}

async fn a_large_body_becomes_a_blob(house: House) {
    let blobs = house.store.blobs();
    for size in [0, crate::blob::INLINE_BYTES, crate::blob::INLINE_BYTES + 1] {
        let bytes = Bytes::from(vec![7; size]);
        let (body, stored) = blobs.keep(bytes.clone()).await.unwrap();
        assert_eq!((body.len(), stored.is_some()), (size as u64, size > crate::blob::INLINE_BYTES));
        let body = rmp_serde::from_slice(&rmp_serde::to_vec_named(&body).unwrap()).unwrap();
        assert_eq!(blobs.body(&body).await.unwrap(), bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_by_key_order_within_a_millisecond_is_the_same_everywhere() {
    let mut found = Vec::new();
    for house in [super::house::memory().await, super::house::sqlite().await] {
        let space = house.space();
        let due = |at_ms| Some(Due { queue: 1, at_ms });
        let put = |key: &'static str, at_ms| Write::Put { key: key.into(), value: Bytes::new(), due: due(at_ms) };
        let writes = vec![put("qb", 5), put("qa", 5), put("qc", 4), put("r", 1)];
        space.engine.commit(&space.name, Writes { expects: Vec::new(), writes }).await.unwrap();
        let claim = Claim { queue: key("q"), limit: 9, hold: Hold::For(HOLD) };
        found.push(space.engine.claim(&space.name, claim).await.unwrap().rows);
    }
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0].iter().map(|row| row.key.clone()).collect::<Vec<_>>(), ["qc", "qa", "qb"]);
    assert!(found[0].iter().all(|row| row.revision > Revision(0) && row.claims == 1));
}
