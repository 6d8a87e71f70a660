//! The service put together: its state, its handlers, its doors and its background work.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use base::doors::Emit;
use base::{Clock, Random, Tasks};
use store::{Space, Store};
use tokio::sync::Notify;
use wire::Service;

use super::day::Day;
use super::emit::Emitter;
use super::stats::Stats;
use super::tables::META;
use super::{flush, ops, stats, sweep};

/// CloudWatch Logs at work.
#[derive(Debug)]
pub struct Logs {
    pub(super) store: Store,
    pub(super) meta: Space,
    pub(super) clock: Clock,
    pub(super) random: Random,
    /// Ties an event to its pointer; begins anywhere, so that two nodes hardly ever meet.
    pub(super) links: AtomicU64,
    pub(super) stats: Stats,
    pub(super) emitter: Arc<Emitter>,
    /// Held while groups are counted, so that those who make many at once don't try in vain against each other.
    pub(super) counting: tokio::sync::Mutex<()>,
    /// Something was deleted or expires sooner: the sweep should look.
    pub(super) swept: Notify,
}

/// What has gone through the door `emit` since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lines that were taken.
    pub lines: u64,
    /// Lines that found no room, or that could not be stored.
    pub lines_dropped: u64,
    /// Points of metrics that were taken and dropped: nobody keeps metrics yet.
    pub points_dropped: u64,
}

impl Logs {
    /// Opens the service over `store` and starts its background work, which ends with `tasks`: storing emitted lines,
    /// keeping the streams' times and the groups' sizes, and removing what has expired or was deleted.
    pub fn open(store: Store, clock: Clock, random: Random, tasks: &Tasks) -> store::Result<Arc<Self>> {
        let meta = store.space(META)?;
        let links = AtomicU64::new(random.u64());
        let stats = Stats::default();
        let emitter = Arc::default();
        let (counting, swept) = (tokio::sync::Mutex::default(), Notify::new());
        let logs = Arc::new(Self { store, meta, clock, random, links, stats, emitter, counting, swept });
        tasks.spawn("logs flush", flush::run(logs.clone(), tasks.closing().clone()));
        tasks.spawn("logs stats", stats::run(logs.clone(), tasks.closing().clone()));
        tasks.spawn_until_closing("logs sweep", sweep::run(logs.clone()));
        Ok(logs)
    }

    /// The contract with its handlers.
    pub fn service(self: &Arc<Self>) -> Service {
        ops::handlers(self)
    }

    /// Where the lines of functions go.
    pub fn emit(&self) -> Arc<dyn Emit> {
        self.emitter.clone()
    }

    /// Returns when every line that was emitted before the call is stored, or was given up and counted.
    pub async fn flush(&self) {
        self.emitter.flushed().await;
    }

    pub fn counters(&self) -> Counters {
        self.emitter.counters()
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The space of a day's events.
    pub(super) fn space_of(&self, day: Day) -> store::Result<Space> {
        self.store.space(&day.space_name())
    }
}
