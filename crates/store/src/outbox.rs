//! The outbox of a space: letters that wait to be carried, written in the same commit as the change that causes them.
//!
//! A letter without a group stands alone and has a due time of its own. Letters of a group to one receiver are a lane:
//! they have no due time, the lane has, and only its first letters are handed out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base::doors::Letter;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::batch::Batch;
use crate::engine::{Claim, Due, Expect, Hold, Range, Revision, Row, Write, add_ms};
use crate::error::Result;
use crate::key::layer;
use crate::space::{Space, key_bytes};
use crate::value;
use crate::wake::Wake;

/// The queue of what is due: single letters and lanes.
const DUE: [u8; 2] = [layer::OUTBOX, b'd'];
const SINGLE: [u8; 3] = [layer::OUTBOX, b'd', b's'];
const LANE: [u8; 3] = [layer::OUTBOX, b'd', b'l'];
/// The letters of lanes.
const LETTERS: [u8; 2] = [layer::OUTBOX, b'l'];
/// Letters of one lane that are handed out together.
const LANE_LETTERS: usize = 10;

/// Letters to be delivered one after the other: a single one, or the first of a lane. At least one.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub letters: Vec<Letter>,
    /// How often it was put off.
    pub attempts: u32,
    keys: Vec<Bytes>,
    /// The row that has the due time, and for a lane its revision.
    due_key: Bytes,
    lane: Option<Revision>,
}

/// Parcels, and when the next will be due if fewer than the limit were.
#[derive(Clone, Debug, Default)]
pub struct DueParcels {
    pub parcels: Vec<Parcel>,
    pub next_due_ms: Option<i64>,
}

/// The outbox of one space, read by one courier. Clones know of each other's parcels.
#[derive(Clone, Debug)]
pub struct Outbox {
    space: Space,
    /// What has been handed out and not settled: in memory, so that carrying a letter costs one write.
    out: Arc<Mutex<HashSet<Bytes>>>,
}

impl Outbox {
    pub(crate) fn new(space: Space) -> Self {
        Self { space, out: Arc::default() }
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Up to `limit` parcels that are due and not handed out yet. Each must be given to [`Outbox::settle`].
    pub async fn take(&self, limit: usize) -> Result<DueParcels> {
        let mut taken = DueParcels::default();
        let mut after = None;
        while taken.parcels.len() < limit {
            let wanted = limit - taken.parcels.len();
            let claim = Claim { queue: Bytes::from_static(&DUE), limit: wanted, hold: Hold::Peek { after } };
            let due = self.space.engine.claim(&self.space.name, claim).await?;
            after = due.rows.last().map(|row| (row.due_ms.unwrap_or(i64::MIN), row.key.clone()));
            let full = due.rows.len() == wanted;
            for row in due.rows {
                taken.parcels.extend(self.parcel(row).await?);
            }
            if !full {
                taken.next_due_ms = due.next_due_ms;
                break;
            }
        }
        Ok(taken)
    }

    /// `None` if it is handed out already, or was settled meanwhile.
    async fn parcel(&self, row: Row) -> Result<Option<Parcel>> {
        if !self.out.lock().insert(row.key.clone()) {
            return Ok(None);
        }
        let key = row.key.clone();
        let parcel = if row.key.starts_with(&LANE) { self.lane(row).await } else { self.single(row).await };
        if !matches!(parcel, Ok(Some(_))) {
            self.out.lock().remove(&key);
        }
        parcel
    }

    async fn single(&self, row: Row) -> Result<Option<Parcel>> {
        // Read again, now that nobody else can settle it: it may have been settled after it was peeked at.
        let Some(row) = self.space.get(&row.key).await? else { return Ok(None) };
        let (due_key, keys) = (row.key.clone(), vec![row.key.clone()]);
        Ok(Some(Parcel { letters: vec![read(&row)?], attempts: row.claims, keys, due_key, lane: None }))
    }

    async fn lane(&self, row: Row) -> Result<Option<Parcel>> {
        let Some(row) = self.space.get(&row.key).await? else { return Ok(None) };
        let letters = [&LETTERS, &row.key[LANE.len()..]].concat();
        let rows = self.space.range(Range::prefix(&letters).limit(LANE_LETTERS)).await?;
        if rows.is_empty() {
            self.close_lane(&row).await?;
            return Ok(None);
        }
        let letters = rows.iter().map(read).collect::<Result<_>>()?;
        let keys = rows.into_iter().map(|row| row.key).collect();
        Ok(Some(Parcel { letters, attempts: row.claims, keys, due_key: row.key, lane: Some(row.revision) }))
    }

    /// The first `delivered` letters are done with (taken, or refused for ever). The rest is put off for `retry`, and
    /// has one attempt more; without `retry` it is due at once.
    pub async fn settle(&self, parcel: Parcel, delivered: usize, retry: Option<Duration>) -> Result<()> {
        let settled = self.write_settled(&parcel, delivered, retry).await;
        // Whatever came of the write: what is still there is handed out again.
        self.out.lock().remove(&parcel.due_key);
        settled
    }

    async fn write_settled(&self, parcel: &Parcel, delivered: usize, retry: Option<Duration>) -> Result<()> {
        if let Some(revision) = parcel.ends_lane(delivered) {
            let mut batch = self.space.batch();
            batch.delivered(parcel, delivered).close_lane(&parcel.due_key, revision);
            if crate::queue::held(batch.commit().await.map(drop))? {
                return Ok(());
            }
            // A letter was posted meanwhile: the lane stays.
        }
        let mut batch = self.space.batch();
        batch.delivered(parcel, delivered).put_off_parcel(parcel, delivered, retry);
        batch.commit().await.map(drop)
    }

    /// Removes a lane that has no letters, unless one was posted since it was read.
    async fn close_lane(&self, lane: &Row) -> Result<()> {
        let mut batch = self.space.batch();
        batch.close_lane(&lane.key, lane.revision);
        crate::queue::held(batch.commit().await.map(drop)).map(drop)
    }

    /// Told when a letter was posted.
    pub async fn wake(&self) -> Result<Wake> {
        self.space.wake(&[layer::OUTBOX]).await
    }
}

fn read(row: &Row) -> Result<Letter> {
    value::decode("outbox", &row.value)
}

/// What a commit posts.
impl Batch {
    /// Posts a letter: it is carried if, and only if, this batch is committed.
    pub fn post(&mut self, letter: &Letter) -> &mut Self {
        let at_ms = self.now_ms();
        let value = value::encode("outbox", letter);
        let due = Some(Due { queue: DUE.len(), at_ms });
        if letter.group.is_empty() {
            return self.encoded(value, |value| Write::Append { prefix: Bytes::from_static(&SINGLE), value, due });
        }
        let lane = key_bytes(&(letter.to.to_string(), letter.group.as_str()));
        let prefix = Bytes::from([&LETTERS, &lane[..]].concat());
        self.encoded(value, |value| Write::Append { prefix, value, due: None });
        // Keeps the due time of a lane that waits: a new letter must not hurry a receiver that needs time.
        let key = Bytes::from([&LANE, &lane[..]].concat());
        self.write(Write::Ensure { key, value: Bytes::new(), due })
    }

    fn delivered(&mut self, parcel: &Parcel, delivered: usize) -> &mut Self {
        for key in parcel.keys.iter().take(delivered) {
            self.write(Write::Delete { key: key.clone() });
        }
        self
    }

    fn close_lane(&mut self, key: &Bytes, revision: Revision) -> &mut Self {
        self.expect(key.clone(), Expect::At(revision)).write(Write::Delete { key: key.clone() })
    }

    fn put_off_parcel(&mut self, parcel: &Parcel, delivered: usize, retry: Option<Duration>) -> &mut Self {
        let now_ms = self.now_ms();
        let key = parcel.due_key.clone();
        if parcel.is_lane() && delivered > 0 {
            // Another letter is first now, and it has no attempts yet.
            let due = Some(Due { queue: DUE.len(), at_ms: now_ms });
            self.write(Write::Put { key: key.clone(), value: Bytes::new(), due });
        }
        match retry.filter(|_| delivered < parcel.keys.len()) {
            Some(retry) => self.write(Write::Reschedule { key, due_ms: add_ms(now_ms, retry), count: true }),
            None => self.write(Write::Reschedule { key, due_ms: now_ms, count: false }),
        }
    }
}

impl Parcel {
    /// Letters of a group, which are delivered in order.
    pub fn is_lane(&self) -> bool {
        self.lane.is_some()
    }

    /// The lane's revision, if these were its last letters and all of them are delivered.
    fn ends_lane(&self, delivered: usize) -> Option<Revision> {
        self.lane.filter(|_| delivered >= self.keys.len() && self.keys.len() < LANE_LETTERS)
    }
}
