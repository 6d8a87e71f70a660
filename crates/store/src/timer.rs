//! Timers: something due at a time, under an id that the caller chooses, so that it can be moved and cancelled.

use std::time::Duration;

use bytes::Bytes;

use crate::batch::Batch;
use crate::engine::{Claim, Claimed, Due, Expect, Hold, Row, Write};
use crate::error::{Error, Result};
use crate::key::{Encode, in_layer, layer};
use crate::queue::held;
use crate::space::Space;
use crate::wake::Wake;

/// Which set of timers of a space; any tuple of plain values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimerName(Bytes);

impl TimerName {
    pub fn new(name: impl Encode) -> Self {
        Self(Bytes::from(in_layer(layer::TIMER, &name)))
    }

    fn key(&self, id: &[u8]) -> Bytes {
        Bytes::from([&self.0[..], id].concat())
    }
}

/// A timer that is due, claimed by who got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    pub id: Bytes,
    pub body: Bytes,
    /// 1 the first time; more if an earlier claimer let its hold pass.
    pub claims: u32,
}

/// Timers, and when the next one will be due if fewer than the limit were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueTimers {
    pub fired: Vec<Fired>,
    pub next_due_ms: Option<i64>,
}

/// One set of timers.
#[derive(Clone, Debug)]
pub struct Timers {
    space: Space,
    name: TimerName,
}

impl Timers {
    pub(crate) fn new(space: Space, name: TimerName) -> Self {
        Self { space, name }
    }

    pub fn name(&self) -> &TimerName {
        &self.name
    }

    /// Sets the timer `id`, instead of what it was.
    pub async fn set(&self, id: &[u8], due_ms: i64, body: impl Into<Bytes>) -> Result<()> {
        let mut batch = self.space.batch();
        batch.set_timer(&self.name, id, due_ms, body);
        batch.commit().await.map(drop)
    }

    /// Nothing if there is no such timer.
    pub async fn cancel(&self, id: &[u8]) -> Result<()> {
        let mut batch = self.space.batch();
        batch.cancel_timer(&self.name, id);
        batch.commit().await.map(drop)
    }

    /// Takes up to `limit` timers that are due. They come again after `hold` unless they are done by then.
    pub async fn claim(&self, limit: usize, hold: Duration) -> Result<DueTimers> {
        let claim = Claim { queue: self.name.0.clone(), limit, hold: Hold::For(hold) };
        let Claimed { rows, next_due_ms } = self.space.engine.claim(&self.space.name, claim).await?;
        let fired = rows.into_iter().map(|row| self.fired(row)).collect::<Result<_>>()?;
        Ok(DueTimers { fired, next_due_ms })
    }

    /// Removes a timer that was claimed; false if it was claimed again, set anew or cancelled since.
    pub async fn done(&self, fired: &Fired) -> Result<bool> {
        let mut batch = self.space.batch();
        batch.timer_done(&self.name, fired);
        held(batch.commit().await.map(drop))
    }

    /// Told when a timer was set or cancelled.
    pub async fn wake(&self) -> Result<Wake> {
        self.space.wake(&self.name.0).await
    }

    fn fired(&self, row: Row) -> Result<Fired> {
        let corrupt = || Error::corrupt(format!("timer {:?}", row.key), "it is not in this set");
        let id = row.key.strip_prefix(&self.name.0[..]).ok_or_else(corrupt)?;
        Ok(Fired { id: row.key.slice_ref(id), body: row.value, claims: row.claims })
    }
}

/// What a commit does to timers.
impl Batch {
    /// Sets the timer `id`, instead of what it was. An id is unescaped bytes at the end of the key.
    pub fn set_timer(&mut self, timers: &TimerName, id: &[u8], due_ms: i64, body: impl Into<Bytes>) -> &mut Self {
        let due = Some(Due { queue: timers.0.len(), at_ms: due_ms });
        self.write(Write::Put { key: timers.key(id), value: body.into(), due })
    }

    /// Nothing if there is no such timer.
    pub fn cancel_timer(&mut self, timers: &TimerName, id: &[u8]) -> &mut Self {
        self.write(Write::Delete { key: timers.key(id) })
    }

    /// Removes a timer along with what it caused. The commit fails if it was claimed again, set anew or cancelled.
    pub fn timer_done(&mut self, timers: &TimerName, fired: &Fired) -> &mut Self {
        let key = timers.key(&fired.id);
        self.expect(key.clone(), Expect::Claims(fired.claims)).write(Write::Delete { key })
    }
}
