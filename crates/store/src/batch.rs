//! A batch: what is done wholly or not at all, in one space.

use bytes::Bytes;

use crate::engine::{Committed, Expect, Write, Writes};
use crate::error::{Error, Result};
use crate::space::{Space, SpaceName};

/// Writes that are gathered for one commit. The layers add to it (`put`, `append`, `send`, `post`, ...); what they add
/// never names a space, so that a batch can't reach into another.
#[derive(Debug)]
#[must_use = "a batch does nothing until it is committed"]
pub struct Batch {
    space: Space,
    writes: Writes,
    /// The first record that had no encoding; told at the commit.
    failed: Option<Error>,
}

impl Batch {
    pub(crate) fn new(space: Space) -> Self {
        Self { space, writes: Writes::default(), failed: None }
    }

    pub fn space(&self) -> &SpaceName {
        self.space.name()
    }

    /// The time of the batch's space. Milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.space.clock().now_ms()
    }

    pub fn is_empty(&self) -> bool {
        self.writes.writes.is_empty() && self.failed.is_none()
    }

    /// Keys and values together.
    pub fn bytes(&self) -> usize {
        self.writes.bytes()
    }

    /// All of it or nothing; durable when it answers `Ok`. [`Error::Conflict`] if a precondition does not hold.
    pub async fn commit(self) -> Result<Committed> {
        match self.failed {
            Some(error) => Err(error),
            None => self.space.engine.commit(&self.space.name, self.writes).await,
        }
    }

    pub(crate) fn expect(&mut self, key: Bytes, expect: Expect) -> &mut Self {
        self.writes.expects.push((key, expect));
        self
    }

    pub(crate) fn write(&mut self, write: Write) -> &mut Self {
        self.writes.writes.push(write);
        self
    }

    /// Adds what `write` makes of an encoded value, or remembers that there was none.
    pub(crate) fn encoded(&mut self, value: Result<Bytes>, write: impl FnOnce(Bytes) -> Write) -> &mut Self {
        match value {
            Ok(value) => self.write(write(value)),
            Err(error) => {
                self.failed.get_or_insert(error);
                self
            }
        }
    }
}
