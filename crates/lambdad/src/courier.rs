//! The courier: carries letters from the outboxes of spaces to the receivers of their ARNs.
//!
//! At least once, in order within a group, side by side otherwise. A receiver commits a letter under its id before it
//! answers, and only then is the letter removed here: a crash in between brings it a second time, and the receiver knows
//! it. Each target has a limit of its own, so that one that is slow or down holds up nobody else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::doors::{Letter, Post, Refusal};
use base::{Clock, Random, Tasks};
use parking_lot::Mutex;
use store::outbox::DueParcels;
use store::{Outbox, Parcel};
use tokio::sync::{Notify, Semaphore};

/// When what a store failed to take is begun again.
const STORE_AGAIN: Duration = Duration::from_secs(1);

/// How it carries.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Parcels on their way at once, to all targets.
    pub at_once: usize,
    /// And to one target.
    pub at_once_per_target: usize,
    /// A delivery that takes longer has failed.
    pub patience: Duration,
    /// The first pause after a failure; each further one is twice as long.
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 1_024,
            at_once_per_target: 16,
            patience: Duration::from_secs(30),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// Who takes letters, by the service in their ARN.
pub type Receivers = HashMap<&'static str, Arc<dyn Post>>;

/// One courier per outbox.
#[derive(Clone)]
pub struct Courier {
    outbox: Outbox,
    receivers: Arc<Receivers>,
    clock: Clock,
    random: Random,
    tasks: Tasks,
    pace: Pace,
    targets: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    on_their_way: Arc<Semaphore>,
    returned: Arc<Notify>,
}

/// What became of a parcel.
struct Trip {
    /// Letters from the front that are done with.
    delivered: usize,
    /// When the rest is tried again, if there is a rest.
    retry: Option<Duration>,
}

impl Courier {
    pub fn new(
        outbox: Outbox,
        receivers: Arc<Receivers>,
        clock: Clock,
        random: Random,
        tasks: Tasks,
        pace: Pace,
    ) -> Self {
        Self {
            outbox,
            receivers,
            clock,
            random,
            tasks,
            on_their_way: Arc::new(Semaphore::new(pace.at_once)),
            pace,
            targets: Arc::default(),
            returned: Arc::default(),
        }
    }

    /// Carries until the house closes.
    pub fn start(&self) {
        let courier = self.clone();
        self.tasks.spawn_until_closing("courier", async move {
            while let Err(error) = courier.work().await {
                tracing::error!(%error, "letters could not be read; trying again");
                courier.clock.sleep(courier.pace.first_pause).await;
            }
        });
    }

    async fn work(&self) -> store::Result<()> {
        let mut wake = self.outbox.wake().await?;
        loop {
            let next_due_ms = self.carry_due().await?;
            let longest = self.pace.longest_pause;
            let pause = next_due_ms.map_or(longest, |due_ms| {
                Duration::from_millis((due_ms - self.clock.now_ms()).max(0).unsigned_abs()).min(longest)
            });
            tokio::select! {
                () = wake.changed() => {}
                () = self.returned.notified() => {}
                () = self.clock.sleep(pause) => {}
            }
        }
    }

    /// Sends out what is due, as far as there are hands; when the next will be due.
    async fn carry_due(&self) -> store::Result<Option<i64>> {
        let hands = self.on_their_way.available_permits();
        if hands == 0 {
            return Ok(None);
        }
        let DueParcels { parcels, next_due_ms } = self.outbox.take(hands).await?;
        for parcel in parcels {
            let courier = self.clone();
            let hand = self.on_their_way.clone().try_acquire_owned();
            self.tasks.spawn("letter", async move {
                let _hand = hand;
                courier.carry(parcel).await;
            });
        }
        Ok(next_due_ms)
    }

    async fn carry(&self, parcel: Parcel) {
        let trip = self.deliver(&parcel).await;
        if let Err(error) = self.outbox.settle(parcel, trip.delivered, trip.retry).await {
            tracing::error!(%error, "a delivery was not written down; the letter will come again");
            // Not at once: while the disk is full, it would be delivered again and again.
            self.clock.sleep(STORE_AGAIN).await;
        }
        self.returned.notify_one();
    }

    async fn deliver(&self, parcel: &Parcel) -> Trip {
        let mut delivered = 0;
        for letter in &parcel.letters {
            match self.hand_over(letter).await {
                Ok(()) => delivered += 1,
                Err(refusal @ Refusal::Never(_)) => {
                    self.give_back(letter, &refusal).await;
                    delivered += 1;
                }
                Err(Refusal::Later(why)) => {
                    tracing::debug!(to = %letter.to, why, "a letter has to wait");
                    return Trip { delivered, retry: Some(self.pause(parcel.attempts)) };
                }
            }
        }
        Trip { delivered, retry: None }
    }

    async fn hand_over(&self, letter: &Letter) -> Result<(), Refusal> {
        let Some(receiver) = self.receivers.get(letter.to.service.as_str()) else {
            return Err(Refusal::Never(format!("nobody here takes letters for {}", letter.to)));
        };
        let target = self.target(letter);
        let Ok(_room) = target.try_acquire() else {
            return Err(Refusal::Later(format!("{} has enough to do", letter.to)));
        };
        tokio::select! {
            answer = receiver.deliver(letter) => answer,
            () = self.clock.sleep(self.pace.patience) => Err(Refusal::Later("no answer in time".to_owned())),
        }
    }

    fn target(&self, letter: &Letter) -> Arc<Semaphore> {
        let mut targets = self.targets.lock();
        if targets.len() > self.pace.at_once {
            targets.retain(|_, room| Arc::strong_count(room) > 1);
        }
        let room = || Arc::new(Semaphore::new(self.pace.at_once_per_target));
        targets.entry(letter.to.to_string()).or_insert_with(room).clone()
    }

    /// The sender hears of it; a letter whose sender is unknown is only logged.
    async fn give_back(&self, letter: &Letter, refusal: &Refusal) {
        tracing::warn!(to = %letter.to, %refusal, cause = letter.cause, "a letter can't be delivered");
        if let Some(sender) = base::Arn::parse(&letter.sent_as).and_then(|arn| self.receivers.get(arn.service.as_str()))
        {
            sender.returned(letter, refusal).await;
        }
    }

    /// Twice as long after each attempt, and up to half of it more by chance, so that a crowd doesn't come back at once.
    fn pause(&self, attempts: u32) -> Duration {
        let pause = self.pace.first_pause.saturating_mul(1 << attempts.min(16)).min(self.pace.longest_pause);
        pause + pause.mul_f64(self.random.fraction() / 2.0)
    }
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("space", &self.outbox.space().name()).finish_non_exhaustive()
    }
}
