//! Both engines against a model that is too simple to be wrong: a list of rows that is searched.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Random};
use bytes::Bytes;
use proptest::prelude::*;

use super::house::{clock, pass, small};
use crate::SpaceName;
use crate::engine::memory::{Disk, Memory};
use crate::engine::sqlite::Sqlite;
use crate::engine::{Claim, Due, Engine, Expect, Hold, Range, Revision, Row, Write, Writes};

#[derive(Clone, Debug)]
enum Step {
    Commit {
        expects: Vec<(u8, Wanted)>,
        writes: Vec<Wish>,
    },
    Claim {
        queue: u8,
        limit: usize,
        hold_ms: u64,
    },
    Peek {
        queue: u8,
        limit: usize,
    },
    Range {
        from: u8,
        to: u8,
        limit: usize,
        reverse: bool,
    },
    Pass {
        ms: u64,
    },
    /// Close and open again; for the engine in memory a crash.
    Reopen,
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Absent,
    Present,
    /// The revision or the claims that the row really has, and something else.
    Right,
    Wrong,
    Claims(u32),
}

#[derive(Clone, Debug)]
enum Wish {
    Put(u8, u8, Option<i64>),
    Ensure(u8, u8, Option<i64>),
    Append(u8, u8, Option<i64>),
    Reschedule(u8, i64, bool),
    Delete(u8),
}

/// Two bytes: the queue `n / 4`, and one of four rows in it.
fn key(n: u8) -> Bytes {
    Bytes::from(vec![n / 4, n % 4])
}

fn keys() -> impl Strategy<Value = u8> {
    0u8..12
}

fn wish() -> impl Strategy<Value = Wish> {
    let due = prop::option::of(-20i64..40);
    prop_oneof![
        3 => (keys(), any::<u8>(), due.clone()).prop_map(|(key, value, due)| Wish::Put(key, value, due)),
        1 => (keys(), any::<u8>(), due.clone()).prop_map(|(key, value, due)| Wish::Ensure(key, value, due)),
        2 => (keys(), any::<u8>(), due).prop_map(|(key, value, due)| Wish::Append(key, value, due)),
        1 => (keys(), -20i64..40, any::<bool>()).prop_map(|(key, due, count)| Wish::Reschedule(key, due, count)),
        2 => keys().prop_map(Wish::Delete),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let wanted = prop_oneof![
        1 => Just(Wanted::Absent),
        1 => Just(Wanted::Present),
        3 => Just(Wanted::Right),
        1 => Just(Wanted::Wrong),
        1 => (0u32..3).prop_map(Wanted::Claims),
    ];
    let expects = prop::collection::vec((keys(), wanted), 0..2);
    let writes = prop::collection::vec(wish(), 0..4);
    prop_oneof![
        6 => (expects, writes).prop_map(|(expects, writes)| Step::Commit { expects, writes }),
        3 => (0u8..3, 1usize..4, 0u64..30)
            .prop_map(|(queue, limit, hold_ms)| Step::Claim { queue, limit, hold_ms }),
        1 => (0u8..3, 1usize..4).prop_map(|(queue, limit)| Step::Peek { queue, limit }),
        2 => (keys(), keys(), 0usize..6, any::<bool>())
            .prop_map(|(from, to, limit, reverse)| Step::Range { from, to, limit, reverse }),
        2 => (0u64..20).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Reopen),
    ]
}

/// Rows and the length of their queue's name, in no order.
#[derive(Default)]
struct Model {
    rows: Vec<(Row, usize)>,
    sequence: i64,
}

impl Model {
    fn find(&self, key: &[u8]) -> Option<&Row> {
        self.rows.iter().map(|(row, _)| row).find(|row| row.key == key)
    }

    fn expect(&self, wanted: Wanted, key: &[u8]) -> Expect {
        let found = self.find(key).map_or(Revision(0), |row| row.revision);
        match wanted {
            Wanted::Absent => Expect::Absent,
            Wanted::Present => Expect::Present,
            Wanted::Right => Expect::At(found),
            Wanted::Wrong => Expect::At(Revision(found.0 + 1)),
            Wanted::Claims(claims) => Expect::Claims(claims),
        }
    }

    fn holds(&self, key: &[u8], expect: Expect) -> bool {
        let row = self.find(key);
        match expect {
            Expect::Absent => row.is_none(),
            Expect::Present => row.is_some(),
            Expect::At(revision) => row.is_some_and(|row| row.revision == revision),
            Expect::Claims(claims) => row.is_some_and(|row| row.claims == claims),
        }
    }

    /// What the engine must answer: the revision and the positions, or nothing for a conflict.
    fn commit(&mut self, writes: &Writes) -> Option<(i64, Vec<i64>)> {
        if !writes.expects.iter().all(|(key, expect)| self.holds(key, *expect)) {
            return None;
        }
        let appends = writes.writes.iter().filter(|write| matches!(write, Write::Append { .. })).count() as i64;
        let positions: Vec<_> = (self.sequence + 1..=self.sequence + appends).collect();
        self.sequence += appends.max(1);
        let mut next = positions.clone().into_iter();
        for write in &writes.writes {
            self.write(write, &mut next);
        }
        Some((self.sequence, positions))
    }

    fn write(&mut self, write: &Write, next: &mut impl Iterator<Item = i64>) {
        let revision = Revision(self.sequence);
        match write {
            Write::Put { key, value, due } => self.put(key.clone(), value, *due),
            Write::Append { prefix, value, due } => {
                let key = [&prefix[..], &next.next().unwrap().to_be_bytes()].concat();
                self.put(Bytes::from(key), value, *due);
            }
            Write::Ensure { key, value, due } => match self.rows.iter_mut().find(|(row, _)| row.key == key) {
                Some((row, _)) => row.revision = revision,
                None => self.put(key.clone(), value, *due),
            },
            Write::Reschedule { key, due_ms, count } => {
                for (row, _) in self.rows.iter_mut().filter(|(row, _)| row.key == key && row.due_ms.is_some()) {
                    (row.due_ms, row.revision) = (Some(*due_ms), revision);
                    row.claims += u32::from(*count);
                }
            }
            Write::Delete { key } => self.rows.retain(|(row, _)| row.key != key),
        }
    }

    fn put(&mut self, key: Bytes, value: &Bytes, due: Option<Due>) {
        self.rows.retain(|(row, _)| row.key != key);
        let (due_ms, queue) = (due.map(|due| due.at_ms), due.map_or(0, |due| due.queue));
        let row = Row { key, value: value.clone(), revision: Revision(self.sequence), due_ms, claims: 0 };
        self.rows.push((row, queue));
    }

    /// The rows that a claim finds, and the next due time.
    fn due(&self, claim: &Claim, now_ms: i64) -> (Vec<Row>, Option<i64>) {
        let members = self.rows.iter().filter(|(row, queue)| row.due_ms.is_some() && row.key[..*queue] == claim.queue);
        let mut rows: Vec<_> = members.map(|(row, _)| row.clone()).collect();
        rows.sort_by_key(|row| (row.due_ms, row.key.clone()));
        let (due, later): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.due_ms <= Some(now_ms));
        let next = later.first().and_then(|row| row.due_ms).filter(|_| due.len() < claim.limit);
        (due.into_iter().take(claim.limit).collect(), next)
    }

    fn claim(&mut self, claim: &Claim, now_ms: i64) -> (Vec<Row>, Option<i64>) {
        let (mut rows, next) = self.due(claim, now_ms);
        let Hold::For(hold) = claim.hold else { return (rows, next) };
        self.sequence += i64::from(!rows.is_empty());
        for row in &mut rows {
            row.due_ms = Some(now_ms + hold.as_millis() as i64);
            row.claims += 1;
            row.revision = Revision(self.sequence);
            self.rows.iter_mut().filter(|(other, _)| other.key == row.key).for_each(|(other, _)| *other = row.clone());
        }
        (rows, next)
    }

    fn range(&self, range: &Range) -> Vec<Row> {
        let end = range.end.clone().unwrap_or_else(|| Bytes::from_static(&[0xff; 9]));
        let mut rows: Vec<_> = self.rows.iter().map(|(row, _)| row.clone()).collect();
        rows.retain(|row| row.key >= range.start && row.key < end);
        rows.sort_by(|a, b| if range.reverse { b.key.cmp(&a.key) } else { a.key.cmp(&b.key) });
        rows.truncate(range.limit);
        rows
    }
}

/// An engine that can be opened again.
enum Kind {
    Memory(Disk),
    Sqlite(tempfile::TempDir),
}

impl Kind {
    async fn open(&self, clock: &Clock) -> Arc<dyn Engine> {
        match self {
            Self::Memory(disk) => Arc::new(Memory::open(disk, clock.clone(), Random::seeded(1))),
            Self::Sqlite(dir) => Arc::new(Sqlite::open_with(dir.path(), clock.clone(), small()).await.unwrap()),
        }
    }

    async fn reopen(&self, engine: Arc<dyn Engine>, clock: &Clock) -> Arc<dyn Engine> {
        drop(engine);
        if let Self::Memory(disk) = self {
            disk.crash();
        }
        self.open(clock).await
    }
}

fn writes(model: &Model, now_ms: i64, expects: &[(u8, Wanted)], wishes: &[Wish]) -> Writes {
    let due = |due: Option<i64>| due.map(|after| Due { queue: 1, at_ms: now_ms + after });
    let value = |value: u8| Bytes::from(vec![value]);
    let write = |wish: &Wish| match *wish {
        Wish::Put(k, v, at) => Write::Put { key: key(k), value: value(v), due: due(at) },
        Wish::Ensure(k, v, at) => Write::Ensure { key: key(k), value: value(v), due: due(at) },
        Wish::Append(k, v, at) => Write::Append { prefix: key(k), value: value(v), due: due(at) },
        Wish::Reschedule(k, after, count) => Write::Reschedule { key: key(k), due_ms: now_ms + after, count },
        Wish::Delete(k) => Write::Delete { key: key(k) },
    };
    let expect = |(k, wanted): &(u8, Wanted)| (key(*k), model.expect(*wanted, &key(*k)));
    Writes { expects: expects.iter().map(expect).collect(), writes: wishes.iter().map(write).collect() }
}

async fn compare(kind: Kind, steps: Vec<Step>) {
    let (clock, mut model, space) = (clock(), Model::default(), SpaceName::new("s").unwrap());
    let mut engine = kind.open(&clock).await;
    for step in steps {
        let now_ms = clock.now_ms();
        match step {
            Step::Commit { expects, writes: wishes } => {
                let writes = writes(&model, now_ms, &expects, &wishes);
                let done = engine.commit(&space, writes.clone()).await;
                let done = done.map(|done| (done.revision.0, done.positions.iter().map(|p| p.0).collect()));
                assert_eq!(done.as_ref().ok(), model.commit(&writes).as_ref(), "{writes:?}: {done:?}");
                assert!(done.is_ok() || done.is_err_and(|error| error.is_conflict()));
            }
            Step::Claim { queue, limit, hold_ms } => {
                let hold = Hold::For(Duration::from_millis(hold_ms));
                same_claim(&*engine, &mut model, &space, Claim { queue: vec![queue].into(), limit, hold }, now_ms)
                    .await;
            }
            Step::Peek { queue, limit } => {
                let claim = Claim { queue: vec![queue].into(), limit, hold: Hold::Peek { after: None } };
                same_claim(&*engine, &mut model, &space, claim, now_ms).await;
            }
            Step::Range { from, to, limit, reverse } => {
                let range = Range { start: key(from), end: Some(key(to)), limit, reverse };
                assert_eq!(engine.range(&space, range.clone()).await.unwrap(), model.range(&range));
            }
            Step::Pass { ms } => pass(ms).await,
            Step::Reopen => engine = kind.reopen(engine, &clock).await,
        }
    }
    let all = Range::prefix(b"");
    assert_eq!(engine.range(&space, all.clone()).await.unwrap(), model.range(&all));
}

async fn same_claim(engine: &dyn Engine, model: &mut Model, space: &SpaceName, claim: Claim, now_ms: i64) {
    let found = engine.claim(space, claim.clone()).await.unwrap();
    assert_eq!((found.rows, found.next_due_ms), model.claim(&claim, now_ms), "{claim:?}");
}

fn run(kind: Kind, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(compare(kind, steps));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn memory_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        run(Kind::Memory(Disk::new()), steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn sqlite_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        run(Kind::Sqlite(tempfile::tempdir().unwrap()), steps);
    }
}
