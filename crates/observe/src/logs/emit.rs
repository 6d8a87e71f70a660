//! The door `emit`: a bounded buffer that takes lines without waiting.
//!
//! No log group may have more of the buffer than is free (the rule by which switches share their memory): a flood has
//! half of it at the most, two floods a third each, and whoever is quiet always finds room.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use base::doors::{Emit, LogLine, MetricPoint};
use base::limits::logs as limits;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::service::Counters;

/// Lines that wait to be stored.
#[derive(Debug, Default)]
pub(super) struct Emitter {
    buffer: Mutex<Buffer>,
    /// There is a line.
    some: Notify,
    /// A batch is full, or somebody waits for a flush.
    urgent: Notify,
    /// How many lines have been stored or given up.
    settled: Settled,
    dropped: AtomicU64,
    points: AtomicU64,
}

#[derive(Debug, Default)]
struct Buffer {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// What each group has of both, by the hash of its name; one that has nothing isn't there.
    shares: HashMap<u64, Share>,
    hasher: RandomState,
    taken: u64,
    closed: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Share {
    lines: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Settled(watch::Sender<u64>);

impl Default for Settled {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Buffer {
    /// `false` if there is no room for this group.
    fn push(&mut self, line: LogLine) -> bool {
        let (group, bytes) = (self.group(&line), line.message.len());
        let (lines_free, bytes_free) = (limits::EMIT_BUFFER - self.lines.len(), limits::EMIT_BUFFER_BYTES - self.bytes);
        let share = self.shares.get(&group).copied().unwrap_or_default();
        if self.closed || share.lines >= lines_free || share.bytes + bytes > bytes_free {
            return false;
        }
        self.shares.insert(group, Share { lines: share.lines + 1, bytes: share.bytes + bytes });
        self.bytes += bytes;
        self.taken += 1;
        self.lines.push_back(line);
        true
    }

    fn pop(&mut self) -> Option<LogLine> {
        let line = self.lines.pop_front()?;
        let (group, bytes) = (self.group(&line), line.message.len());
        self.bytes -= bytes;
        match self.shares.get_mut(&group) {
            Some(share) if share.lines > 1 => {
                *share = Share { lines: share.lines - 1, bytes: share.bytes - bytes };
            }
            _ => drop(self.shares.remove(&group)),
        }
        Some(line)
    }

    fn group(&self, line: &LogLine) -> u64 {
        self.hasher.hash_one((&line.scope, &line.group))
    }

    fn is_full_batch(&self) -> bool {
        self.lines.len() >= limits::BATCH_EVENTS || self.bytes >= limits::BATCH_BYTES
    }
}

impl Emit for Emitter {
    fn log(&self, line: LogLine) {
        let mut buffer = self.buffer.lock();
        if !buffer.push(line) {
            drop(buffer);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (is_first, is_full) = (buffer.lines.len() == 1, buffer.is_full_batch());
        drop(buffer);
        if is_first {
            self.some.notify_one();
        }
        if is_full {
            self.urgent.notify_one();
        }
    }

    fn metric(&self, _point: MetricPoint) {
        self.points.fetch_add(1, Ordering::Relaxed);
    }
}

impl Emitter {
    /// Returns when there is a line. For one waiter.
    pub(super) async fn some(&self) {
        while self.buffer.lock().lines.is_empty() {
            self.some.notified().await;
        }
    }

    /// Returns when the lines should not wait for more. For one waiter.
    pub(super) async fn urgent(&self) {
        self.urgent.notified().await;
    }

    /// Takes about one batch of lines, the oldest first.
    pub(super) fn take_batch(&self) -> Vec<LogLine> {
        let mut buffer = self.buffer.lock();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while bytes < limits::BATCH_BYTES && batch.len() < limits::BATCH_EVENTS {
            let Some(line) = buffer.pop() else { break };
            bytes += line.message.len();
            batch.push(line);
        }
        batch
    }

    /// So many lines have been stored or given up.
    pub(super) fn settle(&self, lines: usize) {
        self.settled.0.send_modify(|settled| *settled += lines as u64);
    }

    pub(super) fn count_dropped(&self, lines: usize) {
        self.dropped.fetch_add(lines as u64, Ordering::Relaxed);
    }

    /// Takes no more lines; `false` if there are some still.
    pub(super) fn close(&self) -> bool {
        let mut buffer = self.buffer.lock();
        buffer.closed = buffer.lines.is_empty();
        buffer.closed
    }

    pub(super) async fn flushed(&self) {
        let taken = self.buffer.lock().taken;
        self.urgent.notify_one();
        let mut settled = self.settled.0.subscribe();
        // The sender lives as long as `self`, so that this can't fail.
        let _ = settled.wait_for(|settled| *settled >= taken).await;
    }

    pub(super) fn counters(&self) -> Counters {
        Counters {
            lines: self.buffer.lock().taken,
            lines_dropped: self.dropped.load(Ordering::Relaxed),
            points_dropped: self.points.load(Ordering::Relaxed),
        }
    }
}
