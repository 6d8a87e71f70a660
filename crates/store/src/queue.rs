//! Queues: messages with a delay, a visibility timeout and a count of receipts.
//!
//! Two ways to take messages. [`Queue::receive`] hides them durably, for many takers. [`Queue::peek`] writes nothing:
//! for a single taker that holds a lease on the queue and remembers in memory what it has taken.

use std::time::Duration;

use bytes::Bytes;

use crate::batch::Batch;
use crate::engine::{Claim, Claimed, Due, Expect, Hold, Position, Range, Row, Write, add_ms};
use crate::error::{Error, Result};
use crate::key::{Encode, after_prefix, in_layer, layer};
use crate::space::Space;
use crate::wake::Wake;

/// Which queue of a space; any tuple of plain values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueueName(Bytes);

impl QueueName {
    pub fn new(name: impl Encode) -> Self {
        Self(Bytes::from(in_layer(layer::QUEUE, &name)))
    }

    pub(crate) fn key(&self, id: Position) -> Bytes {
        Bytes::from([&self.0[..], &id.0.to_be_bytes()].concat())
    }
}

impl Space {
    /// The queues that have messages, of those whose names begin with `prefix`; no name may be the beginning of another.
    pub async fn queues(&self, prefix: &impl Encode) -> Result<Vec<QueueName>> {
        let mut next = Some(Range::prefix(&in_layer(layer::QUEUE, prefix)).limit(1));
        let mut found = Vec::new();
        while let Some(range) = next.take() {
            let Some(row) = self.range(range.clone()).await?.pop() else { break };
            let name = QueueName(row.key.slice(..row.key.len().saturating_sub(size_of::<Position>())));
            next = after_prefix(&name.0).map(|key| range.from(&key));
            found.push(name);
        }
        Ok(found)
    }
}

/// Proves that a message was received, until it is received again. Belongs to the queue that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    pub id: Position,
    pub claims: u32,
}

/// A message as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// In order of sending, unique in the queue.
    pub id: Position,
    pub receipt: Receipt,
    pub body: Bytes,
    /// How often it has been received, this time included; 0 if it was only peeked at.
    pub receives: u32,
    /// When it becomes visible (again). Milliseconds since the epoch.
    pub due_ms: i64,
}

/// Messages, and when the next one will be visible if fewer than the limit were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub messages: Vec<Message>,
    pub next_due_ms: Option<i64>,
}

/// How many messages a queue has, as SQS counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    pub visible: usize,
    /// Received and hidden.
    pub held: usize,
    /// Sent with a delay that has not passed.
    pub delayed: usize,
}

/// One queue.
#[derive(Clone, Debug)]
pub struct Queue {
    space: Space,
    name: QueueName,
}

impl Queue {
    pub(crate) fn new(space: Space, name: QueueName) -> Self {
        Self { space, name }
    }

    pub fn name(&self) -> &QueueName {
        &self.name
    }

    /// Sends one message, visible after `delay`; its id.
    pub async fn send(&self, body: impl Into<Bytes>, delay: Duration) -> Result<Position> {
        let mut batch = self.space.batch();
        batch.send(&self.name, body, delay);
        let committed = batch.commit().await?;
        Ok(*committed.positions.first().expect("a batch with one append has one position"))
    }

    /// Takes up to `limit` visible messages and hides them for `hold`; nobody else gets them meanwhile.
    pub async fn receive(&self, limit: usize, hold: Duration) -> Result<Received> {
        self.claim(limit, Hold::For(hold)).await
    }

    /// Up to `limit` visible messages after `after` in the order in which they become visible; nothing is written.
    pub async fn peek(&self, after: Option<&Message>, limit: usize) -> Result<Received> {
        let after = after.map(|message| (message.due_ms, self.name.key(message.id)));
        self.claim(limit, Hold::Peek { after }).await
    }

    async fn claim(&self, limit: usize, hold: Hold) -> Result<Received> {
        let claim = Claim { queue: self.name.0.clone(), limit, hold };
        let Claimed { rows, next_due_ms } = self.space.engine.claim(&self.space.name, claim).await?;
        let messages = rows.into_iter().map(message).collect::<Result<_>>()?;
        Ok(Received { messages, next_due_ms })
    }

    /// Deletes the message; false if it has been received again since, or is gone.
    pub async fn delete(&self, receipt: Receipt) -> Result<bool> {
        let mut batch = self.space.batch();
        batch.delete_message(&self.name, receipt);
        held(batch.commit().await.map(drop))
    }

    /// Hides the message for `hold` from now on (zero: visible at once); false as in [`Queue::delete`].
    pub async fn change_visibility(&self, receipt: Receipt, hold: Duration) -> Result<bool> {
        let mut batch = self.space.batch();
        batch.change_visibility(&self.name, receipt, hold);
        held(batch.commit().await.map(drop))
    }

    /// Counts by looking at every message.
    pub async fn depth(&self) -> Result<Depth> {
        let now_ms = self.space.engine.now_ms().await?;
        let mut depth = Depth::default();
        let mut range = Range::prefix(&self.name.0);
        loop {
            let rows = self.space.range(range.clone()).await?;
            rows.iter().for_each(|row| depth.add(row, now_ms));
            match rows.last() {
                Some(last) => range = range.after(&last.key),
                None => return Ok(depth),
            }
        }
    }

    /// Told when something was sent or deleted. A delay or a visibility timeout that passes rings nothing: wait for
    /// the `next_due_ms` as well.
    pub async fn wake(&self) -> Result<Wake> {
        self.space.wake(&self.name.0).await
    }
}

impl Depth {
    fn add(&mut self, row: &Row, now_ms: i64) {
        let hidden = row.due_ms.is_some_and(|due_ms| due_ms > now_ms);
        match (hidden, row.claims) {
            (false, _) => self.visible += 1,
            (true, 0) => self.delayed += 1,
            (true, _) => self.held += 1,
        }
    }
}

fn message(row: Row) -> Result<Message> {
    let id = row.position()?;
    let due_ms = row.due_ms.ok_or_else(|| Error::corrupt(format!("message {id:?}"), "it has no due time"))?;
    Ok(Message { id, receipt: Receipt { id, claims: row.claims }, body: row.value, receives: row.claims, due_ms })
}

/// An old receipt is an answer, not an error.
pub(crate) fn held(done: Result<()>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(Error::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a commit does to messages.
impl Batch {
    /// Sends a message, visible after `delay`; its id is among the positions that the commit answers.
    pub fn send(&mut self, queue: &QueueName, body: impl Into<Bytes>, delay: Duration) -> &mut Self {
        let due = Due { queue: queue.0.len(), at_ms: add_ms(self.now_ms(), delay) };
        self.write(Write::Append { prefix: queue.0.clone(), value: body.into(), due: Some(due) })
    }

    /// The commit fails if the message has been received again since, or is gone.
    pub fn delete_message(&mut self, queue: &QueueName, receipt: Receipt) -> &mut Self {
        let key = queue.key(receipt.id);
        self.expect(key.clone(), Expect::Claims(receipt.claims)).write(Write::Delete { key })
    }

    /// Hides the message for `hold` from now on. The commit fails as in [`Batch::delete_message`].
    pub fn change_visibility(&mut self, queue: &QueueName, receipt: Receipt, hold: Duration) -> &mut Self {
        let key = queue.key(receipt.id);
        let due_ms = add_ms(self.now_ms(), hold);
        self.expect(key.clone(), Expect::Claims(receipt.claims)).write(Write::Reschedule { key, due_ms, count: false })
    }

    /// Deletes a message that was peeked at, whoever holds it; nothing if it is gone.
    pub fn settle(&mut self, queue: &QueueName, id: Position) -> &mut Self {
        self.write(Write::Delete { key: queue.key(id) })
    }

    /// Puts off a message that was peeked at, and counts a receipt. Nothing if it is gone.
    pub fn put_off(&mut self, queue: &QueueName, id: Position, delay: Duration) -> &mut Self {
        let due_ms = add_ms(self.now_ms(), delay);
        self.write(Write::Reschedule { key: queue.key(id), due_ms, count: true })
    }
}
