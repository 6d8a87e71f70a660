//! Stores to test on, each with a clock that the test owns.

use std::time::Duration;

use base::{Clock, Random, Timestamp};

use crate::engine::sqlite::Options;
use crate::{Record, Space, Store};

/// A store and what it lies in.
#[derive(Debug)]
pub(super) struct House {
    pub(super) store: Store,
    _dir: Option<tempfile::TempDir>,
}

impl House {
    pub(super) fn space(&self) -> Space {
        self.store.space("meta").unwrap()
    }
}

pub(super) fn clock() -> Clock {
    Clock::simulated(Timestamp::from_second(1_000_000).unwrap())
}

pub(super) async fn memory() -> House {
    House { store: Store::memory(clock(), Random::seeded(1)), _dir: None }
}

pub(super) async fn sqlite() -> House {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite_with(dir.path(), small(), clock(), Random::seeded(1)).await.unwrap();
    House { store, _dir: Some(dir) }
}

/// A small reserve, so that a test's disk can be small.
pub(super) fn small() -> Options {
    Options { reserve_bytes: 1 << 20, ..Options::default() }
}

/// Moves the clock.
pub(super) async fn pass(ms: u64) {
    tokio::time::advance(Duration::from_millis(ms)).await;
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Person {
    pub(super) team: String,
    pub(super) name: String,
    pub(super) age: u32,
}

impl Record for Person {
    const TABLE: &'static str = "person";
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.team.clone(), self.name.clone())
    }
}

pub(super) fn person(team: &str, name: &str, age: u32) -> Person {
    Person { team: team.to_owned(), name: name.to_owned(), age }
}
