//! Idle environments stand still, as Lambda's do: what a function left running goes on when its next event comes.
//!
//! Nobody waits for it: an environment is frozen only when it has been idle for a while, so that one that is used again and
//! again never meets the freezer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use base::{Clock, Tasks};
use parking_lot::Mutex;
use sandbox::Slot;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Whether an environment stands still, and how often it was used: shared with those who are about to freeze it.
#[derive(Debug)]
pub(crate) struct Stillness {
    /// Held while it is frozen or thawed.
    frozen: tokio::sync::Mutex<bool>,
    uses: AtomicU64,
    slot: Weak<Slot>,
}

impl Stillness {
    pub(crate) fn of(slot: &Arc<Slot>) -> Arc<Self> {
        Arc::new(Self { frozen: tokio::sync::Mutex::default(), uses: AtomicU64::new(0), slot: Arc::downgrade(slot) })
    }

    /// It is used from now on: whoever was about to freeze it lets it be.
    pub(crate) async fn wake(&self) -> sandbox::Result<()> {
        self.uses.fetch_add(1, Ordering::SeqCst);
        let mut frozen = self.frozen.lock().await;
        if *frozen && let Some(slot) = self.slot.upgrade() {
            slot.thaw().await?;
            *frozen = false;
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) async fn is_frozen(&self) -> bool {
        *self.frozen.lock().await
    }

    /// Unless it was used after `uses`.
    async fn freeze(&self, uses: u64) {
        let mut frozen = self.frozen.lock().await;
        if *frozen || self.uses.load(Ordering::SeqCst) != uses {
            return;
        }
        // Dropped before the lock is.
        let Some(slot) = self.slot.upgrade() else { return };
        match slot.freeze().await {
            Ok(()) => *frozen = true,
            Err(error) => tracing::warn!(%error, "an idle environment could not be frozen"),
        }
    }

    /// The slot for its owner alone, when nobody is at it any more.
    pub(crate) async fn give_up(&self, slot: Arc<Slot>) -> Slot {
        let _frozen = self.frozen.lock().await;
        Arc::into_inner(slot).expect("the freezer holds a slot only while it holds the lock")
    }
}

/// Environments that became idle, in that order, until they are frozen or used again.
#[derive(Debug)]
pub(crate) struct Freezer {
    /// `None`: never.
    after: Option<Duration>,
    idle: Mutex<VecDeque<Idle>>,
    some: Notify,
}

#[derive(Debug)]
struct Idle {
    since: Instant,
    uses: u64,
    environment: Weak<Stillness>,
}

impl Freezer {
    pub(crate) fn new(after: Option<Duration>) -> Self {
        Self { after, idle: Mutex::default(), some: Notify::new() }
    }

    pub(crate) fn is_idle(&self, environment: &Arc<Stillness>, since: Instant) {
        if self.after.is_none() {
            return;
        }
        let uses = environment.uses.load(Ordering::SeqCst);
        self.idle.lock().push_back(Idle { since, uses, environment: Arc::downgrade(environment) });
        self.some.notify_one();
    }

    /// Freezes what stays idle, without end.
    pub(crate) async fn work(&self, clock: &Clock, tasks: &Tasks) {
        let Some(after) = self.after else { return };
        loop {
            let next = self.idle.lock().pop_front();
            let Some(next) = next else {
                self.some.notified().await;
                continue;
            };
            clock.sleep((next.since + after).saturating_duration_since(clock.instant())).await;
            let environment = next.environment.upgrade();
            if let Some(environment) = environment.filter(|it| it.uses.load(Ordering::SeqCst) == next.uses) {
                // Beside: one that won't stand still holds up no other.
                tasks.spawn("freeze environment", async move { environment.freeze(next.uses).await });
            }
        }
    }
}
