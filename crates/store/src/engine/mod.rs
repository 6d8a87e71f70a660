//! The engine: six verbs over rows in order. Whoever implements them carries every layer above.

pub mod memory;
pub mod sqlite;
mod watchers;

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::key::{after_key, after_prefix};
use crate::space::SpaceName;

/// What commits count: greater for the later of two commits in one space. A row carries that of its last change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Revision(pub i64);

/// What the engine gives an appended row, greater than all before it in its space. Stands at the end of its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Position(pub i64);

pub const KEY_BYTES: usize = 4_096;
pub const VALUE_BYTES: usize = 16 << 20;
/// Keys and values of one batch together.
pub const BATCH_BYTES: usize = 64 << 20;
/// Rows that one range, claim or peek answers at most.
pub const ROWS: usize = 10_000;

/// One row. A row with a due time is also a member of a queue, and can be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub key: Bytes,
    pub value: Bytes,
    pub revision: Revision,
    /// Milliseconds since the epoch; hidden from claims until then.
    pub due_ms: Option<i64>,
    /// How often it was claimed (or put off with a count) since it was put.
    pub claims: u32,
}

impl Row {
    /// The position at the end of an appended row's key.
    pub fn position(&self) -> Result<Position> {
        match self.key.last_chunk() {
            Some(bytes) => Ok(Position(i64::from_be_bytes(*bytes))),
            None => Err(Error::corrupt(format!("key {:?}", self.key), "it has no position")),
        }
    }
}

/// Which rows to read: from `start` up to `end` (exclusive), in order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    pub start: Bytes,
    pub end: Option<Bytes>,
    pub limit: usize,
    /// From the last row to the first.
    pub reverse: bool,
}

impl Range {
    /// The rows whose key begins with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self {
            start: Bytes::copy_from_slice(prefix),
            end: after_prefix(prefix).map(Bytes::from),
            limit: ROWS,
            reverse: false,
        }
    }

    /// As `prefix`, without a limit: for loading a view.
    pub(crate) fn all(prefix: &[u8]) -> Self {
        Self { limit: usize::MAX, ..Self::prefix(prefix) }
    }

    /// Only rows whose key is greater than `key`.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        self.start = self.start.max(Bytes::from(after_key(key)));
        self
    }

    /// Only rows whose key is at least `key`.
    #[must_use]
    pub fn from(mut self, key: &[u8]) -> Self {
        self.start = self.start.max(Bytes::copy_from_slice(key));
        self
    }

    /// Only rows whose key is less than `key`.
    #[must_use]
    pub fn before(mut self, key: &[u8]) -> Self {
        let key = Bytes::copy_from_slice(key);
        self.end = Some(match self.end {
            Some(end) => end.min(key),
            None => key,
        });
        self
    }

    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.min(ROWS);
        self
    }

    #[must_use]
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }

    pub fn is_empty(&self) -> bool {
        self.limit == 0 || self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

/// What must be true of a row before any write of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Absent,
    Present,
    At(Revision),
    /// Present, and claimed exactly so often: nobody has claimed it since.
    Claims(u32),
}

impl Expect {
    pub(crate) fn holds(self, found: Option<(Revision, u32)>) -> bool {
        match (self, found) {
            (Self::Absent, found) => found.is_none(),
            (Self::Present, found) => found.is_some(),
            (Self::At(wanted), Some((revision, _))) => wanted == revision,
            (Self::Claims(wanted), Some((_, claims))) => wanted == claims,
            (Self::At(_) | Self::Claims(_), None) => false,
        }
    }
}

/// Makes a row a member of the queue that its key's first `queue` bytes name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub queue: usize,
    pub at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The row is what is given, whatever it was.
    Put {
        key: Bytes,
        value: Bytes,
        due: Option<Due>,
    },
    /// If there is no such row, as `Put`; if there is, only its revision changes.
    Ensure {
        key: Bytes,
        value: Bytes,
        due: Option<Due>,
    },
    /// A row whose key is `prefix` and then its position, which the engine gives.
    Append {
        prefix: Bytes,
        value: Bytes,
        due: Option<Due>,
    },
    /// Another due time for a row that has one; with `count` as if it had been claimed. Nothing if there is none.
    Reschedule {
        key: Bytes,
        due_ms: i64,
        count: bool,
    },
    Delete {
        key: Bytes,
    },
}

impl Write {
    pub fn key(&self) -> &Bytes {
        match self {
            Self::Put { key, .. } | Self::Ensure { key, .. } | Self::Reschedule { key, .. } | Self::Delete { key } => {
                key
            }
            Self::Append { prefix, .. } => prefix,
        }
    }

    pub(crate) fn value_len(&self) -> usize {
        match self {
            Self::Put { value, .. } | Self::Ensure { value, .. } | Self::Append { value, .. } => value.len(),
            Self::Reschedule { .. } | Self::Delete { .. } => 0,
        }
    }
}

/// Writes to one space that are done wholly or not at all: first every `expect` is checked, then every write is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    pub expects: Vec<(Bytes, Expect)>,
    pub writes: Vec<Write>,
}

/// What a batch takes of its space's sequence: a number for each append, and at least one; the batch's revision is the
/// last one taken.
fn take_numbers(sequence: &mut i64, writes: &[Write]) -> Committed {
    let appends = writes.iter().filter(|write| matches!(write, Write::Append { .. })).count();
    let first = *sequence + 1;
    *sequence += i64::try_from(appends).expect("fewer appends than memory").max(1);
    Committed { revision: Revision(*sequence), positions: (first..).map(Position).take(appends).collect() }
}

impl Writes {
    pub fn bytes(&self) -> usize {
        let keys: usize = self.expects.iter().map(|(key, _)| key.len()).sum();
        self.writes.iter().map(|write| write.key().len() + write.value_len()).sum::<usize>() + keys
    }

    pub(crate) fn check_size(&self) -> Result<()> {
        let at_most =
            |what, size, limit| if size > limit { Err(Error::TooLarge { what, size, limit }) } else { Ok(()) };
        for write in &self.writes {
            at_most("a key", write.key().len(), KEY_BYTES)?;
            at_most("a value", write.value_len(), VALUE_BYTES)?;
        }
        at_most("a batch", self.bytes(), BATCH_BYTES)
    }
}

/// What a commit answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub revision: Revision,
    /// Of the batch's appends, in their order.
    pub positions: Vec<Position>,
}

/// Which due rows to take, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub queue: Bytes,
    pub limit: usize,
    pub hold: Hold,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Hidden from every other claim for so long, and its count of claims is one more. Durable.
    For(Duration),
    /// Looked at only; with a row's due time and key: the rows after that one.
    Peek { after: Option<(i64, Bytes)> },
}

/// The rows in order of due time and then of key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    pub rows: Vec<Row>,
    /// When the next of the queue's other rows will be due, if fewer than the limit were and there is one.
    pub next_due_ms: Option<i64>,
}

/// What happened to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Put(Row),
    /// Claimed, rescheduled or ensured: its value is what it was.
    Moved {
        key: Bytes,
        revision: Revision,
    },
    Deleted {
        key: Bytes,
        revision: Revision,
    },
}

impl Change {
    pub fn key(&self) -> &Bytes {
        match self {
            Self::Put(row) => &row.key,
            Self::Moved { key, .. } | Self::Deleted { key, .. } => key,
        }
    }
}

/// Hears of changes in the order of the commits, each after it is durable and before its caller hears of it.
pub trait Watcher: Send + Sync {
    /// Runs on the path of every commit: must neither block nor call the store.
    fn changed(&self, changes: &[Change]);
}

/// What a watcher hears first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Every row that there is, as `Change::Put`; then every change, without a gap.
    Rows,
    /// Changes from now on.
    Now,
}

/// What an engine has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Batches and claims that were committed.
    pub commits: u64,
    /// Durable transactions; fewer than commits, since a transaction carries many.
    pub transactions: u64,
    /// Batches refused because a precondition did not hold.
    pub conflicts: u64,
}

#[async_trait]
pub trait Engine: Send + Sync + std::fmt::Debug {
    async fn get(&self, space: &SpaceName, key: &[u8]) -> Result<Option<Row>>;

    /// One consistent state of the space.
    async fn range(&self, space: &SpaceName, range: Range) -> Result<Vec<Row>>;

    /// Durable when it answers `Ok`. A caller who stops waiting does not stop the commit.
    async fn commit(&self, space: &SpaceName, writes: Writes) -> Result<Committed>;

    /// Appends `records` under `prefix`, in order. A reader never sees a position before all that are less.
    async fn append(&self, space: &SpaceName, prefix: &[u8], records: Vec<Bytes>) -> Result<Vec<Position>> {
        let prefix = Bytes::copy_from_slice(prefix);
        let append = |value| Write::Append { prefix: prefix.clone(), value, due: None };
        let writes = Writes { expects: Vec::new(), writes: records.into_iter().map(append).collect() };
        Ok(self.commit(space, writes).await?.positions)
    }

    /// Takes rows that are due by the engine's clock. No row is given to two claims at a time.
    async fn claim(&self, space: &SpaceName, claim: Claim) -> Result<Claimed>;

    /// Tells `watcher` of every change under `prefix` until it is dropped.
    async fn watch(&self, space: &SpaceName, prefix: &[u8], start: Start, watcher: Weak<dyn Watcher>) -> Result<()>;

    /// The engine's clock, which decides what is due and which lease has ended. Milliseconds since the epoch.
    async fn now_ms(&self) -> Result<i64>;

    /// The spaces that there are, in order of their names.
    async fn spaces(&self) -> Result<Vec<SpaceName>>;

    /// Deletes a space with everything in it; nothing if there is no such space. Its watchers hear nothing more.
    async fn drop_space(&self, space: &SpaceName) -> Result<()>;

    /// Copies every space, all as they were at one moment, into the new directory `to`, while serving.
    async fn backup(&self, to: &Path) -> Result<()>;

    fn counters(&self) -> Counters;

    /// `Err(ReadOnly)` while writes are refused.
    fn writable(&self) -> Result<()>;
}

pub type SharedEngine = Arc<dyn Engine>;

/// `hold` after `now_ms`.
pub(crate) fn add_ms(now_ms: i64, hold: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(hold.as_millis()).unwrap_or(i64::MAX))
}
