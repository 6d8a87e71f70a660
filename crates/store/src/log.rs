//! Append-only logs: [`Log`] in the order of the commits, [`Series`] in order of a time that the writer gives.

use bytes::Bytes;

use crate::batch::Batch;
use crate::engine::{Position, Range, Row, Write};
use crate::error::{Error, Result};
use crate::key::{Encode, in_layer, layer};
use crate::space::Space;
use crate::wake::Wake;

/// Rows that one trim deletes in one commit.
const TRIM: usize = 1_000;

/// Which log of a space; any tuple of plain values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogName(Bytes);

impl LogName {
    pub fn new(name: impl Encode) -> Self {
        Self(Bytes::from(in_layer(layer::LOG, &name)))
    }
}

/// One record of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub position: Position,
    pub body: Bytes,
}

/// A log: records in the order in which they were committed. Positions grow, with gaps.
#[derive(Clone, Debug)]
pub struct Log {
    space: Space,
    name: LogName,
}

impl Log {
    pub(crate) fn new(space: Space, name: LogName) -> Self {
        Self { space, name }
    }

    pub fn name(&self) -> &LogName {
        &self.name
    }

    /// All of them or none; their positions, in order.
    pub async fn append(&self, bodies: Vec<Bytes>) -> Result<Vec<Position>> {
        self.space.engine.append(&self.space.name, &self.name.0, bodies).await
    }

    /// Up to `limit` records after `after`, or from the first.
    pub async fn read(&self, after: Option<Position>, limit: usize) -> Result<Vec<Entry>> {
        let range = Range::prefix(&self.name.0).limit(limit);
        let range = match after {
            Some(Position(after)) => range.after(&self.key(after)),
            None => range,
        };
        self.entries(range).await
    }

    /// Up to `limit` records before `before`, or from the last; the last comes first.
    pub async fn read_back(&self, before: Option<Position>, limit: usize) -> Result<Vec<Entry>> {
        let range = Range::prefix(&self.name.0).limit(limit).reverse();
        let range = match before {
            Some(Position(before)) => range.before(&self.key(before)),
            None => range,
        };
        self.entries(range).await
    }

    /// Deletes the records up to and with `to`; how many there were.
    pub async fn trim(&self, to: Position) -> Result<usize> {
        trim(&self.space, Range::prefix(&self.name.0).before(&self.key(to.0.saturating_add(1)))).await
    }

    /// Told when something was appended.
    pub async fn wake(&self) -> Result<Wake> {
        self.space.wake(&self.name.0).await
    }

    fn key(&self, position: i64) -> Vec<u8> {
        [&self.name.0[..], &position.to_be_bytes()].concat()
    }

    async fn entries(&self, range: Range) -> Result<Vec<Entry>> {
        let entry = |row: Row| Ok(Entry { position: row.position()?, body: row.value });
        self.space.range(range).await?.into_iter().map(entry).collect()
    }
}

/// Which series of a space; any tuple of plain values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeriesName(Bytes);

impl SeriesName {
    pub fn new(name: impl Encode) -> Self {
        Self(Bytes::from(in_layer(layer::SERIES, &name)))
    }
}

/// Where a record of a series stands: by time, and within one millisecond by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Place {
    pub at_ms: i64,
    pub position: Position,
}

impl Place {
    /// Before every record of `at_ms`.
    pub fn start_of(at_ms: i64) -> Self {
        Self { at_ms, position: Position(0) }
    }
}

/// One record of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub place: Place,
    pub body: Bytes,
}

/// Records in order of the time that their writer gives: events, samples.
#[derive(Clone, Debug)]
pub struct Series {
    space: Space,
    name: SeriesName,
}

impl Series {
    pub(crate) fn new(space: Space, name: SeriesName) -> Self {
        Self { space, name }
    }

    pub fn name(&self) -> &SeriesName {
        &self.name
    }

    /// Up to `limit` records from `from` (inclusive) up to `to` (exclusive), the earliest first. To go on, begin with
    /// [`Place::next`] of the last one.
    pub async fn read(&self, from: Place, to: Place, limit: usize) -> Result<Vec<Point>> {
        self.points(self.between(from, to).limit(limit)).await
    }

    /// As [`Series::read`], the latest first. To go on, end with the place of the last one.
    pub async fn read_back(&self, from: Place, to: Place, limit: usize) -> Result<Vec<Point>> {
        self.points(self.between(from, to).limit(limit).reverse()).await
    }

    /// Deletes the records before `to`; how many there were.
    pub async fn trim(&self, to: Place) -> Result<usize> {
        trim(&self.space, Range::prefix(&self.name.0).before(&self.key(to))).await
    }

    /// Told when something was appended.
    pub async fn wake(&self) -> Result<Wake> {
        self.space.wake(&self.name.0).await
    }

    fn between(&self, from: Place, to: Place) -> Range {
        Range::prefix(&self.name.0).from(&self.key(from)).before(&self.key(to))
    }

    fn key(&self, place: Place) -> Vec<u8> {
        let mut key = self.name.0.to_vec();
        place.at_ms.encode(&mut key);
        key.extend(place.position.0.to_be_bytes());
        key
    }

    async fn points(&self, range: Range) -> Result<Vec<Point>> {
        let point = |row: Row| Ok(Point { place: place_of(&row)?, body: row.value });
        self.space.range(range).await?.into_iter().map(point).collect()
    }
}

impl Place {
    /// The least place that is greater.
    #[must_use]
    pub fn next(self) -> Self {
        Self { position: Position(self.position.0.saturating_add(1)), ..self }
    }
}

fn place_of(row: &Row) -> Result<Place> {
    let corrupt = || Error::corrupt(format!("key {:?}", row.key), "it has no time");
    let time = row.key.len().checked_sub(16).and_then(|at| row.key.get(at..at + 8)).ok_or_else(corrupt)?;
    let at_ms = crate::key::Key::from_key(time).map_err(|_| corrupt())?;
    Ok(Place { at_ms, position: row.position()? })
}

async fn trim(space: &Space, range: Range) -> Result<usize> {
    let mut count = 0;
    loop {
        let rows = space.range(range.clone().limit(TRIM)).await?;
        let mut batch = space.batch();
        for row in &rows {
            batch.write(Write::Delete { key: row.key.clone() });
        }
        if !batch.is_empty() {
            batch.commit().await?;
        }
        count += rows.len();
        if rows.len() < TRIM {
            return Ok(count);
        }
    }
}

/// What a commit appends.
impl Batch {
    /// Appends to a log; its position is among those that the commit answers.
    pub fn append(&mut self, log: &LogName, body: impl Into<Bytes>) -> &mut Self {
        self.write(Write::Append { prefix: log.0.clone(), value: body.into(), due: None })
    }

    /// Appends to a series at the time `at_ms`; its position is among those that the commit answers.
    pub fn record(&mut self, series: &SeriesName, at_ms: i64, body: impl Into<Bytes>) -> &mut Self {
        let mut prefix = series.0.to_vec();
        at_ms.encode(&mut prefix);
        self.write(Write::Append { prefix: Bytes::from(prefix), value: body.into(), due: None })
    }
}
