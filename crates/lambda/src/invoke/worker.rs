//! Who runs the events of one function's queue.
//!
//! This node holds the queue alone, so what is being run is remembered in memory and costs no write: durable are an
//! event's acceptance and its end.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::limits::lambda::ASYNC_EVENTS_AT_ONCE;
use base::{Clock, Fault, Scope, Tasks};
use parking_lot::Mutex;
use store::queue::Received;
use store::{Message, Position, Queue, Receipt};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Invoker;
use super::queue::{Accepted, STORE_AGAIN, Workers};
use crate::environment::Outcome;

/// Events that are read at once: each may have a megabyte.
const PAGE: usize = 32;
/// Lambda gives an event up after six hours.
const OLDEST: Duration = Duration::from_secs(6 * 3_600);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Works on one queue until it is empty.
#[derive(Debug)]
pub(super) struct Worker {
    queue: Queue,
    running: Mutex<HashSet<Position>>,
    /// There is a new event, or the end of one.
    bell: Notify,
    /// An event came since we looked.
    news: AtomicBool,
}

/// What is to be done with an event after an attempt.
enum Verdict {
    Done,
    /// Throttled, or our own failure: again, later.
    Later,
}

impl Worker {
    pub(super) fn new(queue: Queue) -> Self {
        Self { queue, running: Mutex::default(), bell: Notify::new(), news: AtomicBool::new(true) }
    }

    pub(super) fn look_again(&self) {
        self.news.store(true, Ordering::SeqCst);
        self.bell.notify_one();
    }

    /// Returns when the queue is empty; then `workers` has it no more.
    pub(super) async fn work(self: Arc<Self>, invoker: Arc<Invoker>, workers: Workers, tasks: Tasks) {
        loop {
            self.news.store(false, Ordering::SeqCst);
            match self.start_due(&invoker, &tasks).await {
                Ok(next_due_ms) => {
                    if next_due_ms.is_none() && self.leave(&workers) {
                        return;
                    }
                    self.wait(next_due_ms, &invoker.clock).await;
                }
                Err(error) => {
                    tracing::error!(%error, "an asynchronous queue could not be read; trying again");
                    invoker.clock.sleep(STORE_AGAIN).await;
                }
            }
        }
    }

    /// False if there is still something to do. Whoever brings news does it with the workers in hand, too.
    fn leave(&self, workers: &Workers) -> bool {
        let mut workers = workers.lock();
        if self.news.load(Ordering::SeqCst) || !self.running.lock().is_empty() {
            return false;
        }
        workers.remove(self.queue.name());
        true
    }

    async fn wait(&self, next_due_ms: Option<i64>, clock: &Clock) {
        let pause = next_due_ms.map_or(LONGEST_PAUSE.as_millis() as i64, |due_ms| (due_ms - clock.now_ms()).max(0));
        tokio::select! {
            () = self.bell.notified() => {}
            () = clock.sleep(Duration::from_millis(pause.unsigned_abs())) => {}
        }
    }

    /// Starts what is due and not running, as far as there is room; when the next will be due.
    async fn start_due(self: &Arc<Self>, invoker: &Arc<Invoker>, tasks: &Tasks) -> store::Result<Option<i64>> {
        let mut last: Option<Message> = None;
        loop {
            let before = self.running.lock().clone();
            if before.len() >= ASYNC_EVENTS_AT_ONCE {
                return Ok(None);
            }
            let Received { messages, next_due_ms } = self.queue.peek(last.as_ref(), PAGE).await?;
            let is_last = messages.len() < PAGE;
            last = messages.last().cloned();
            for message in messages {
                if self.begin(&before, message.id) {
                    let (worker, invoker, closing) = (self.clone(), invoker.clone(), tasks.closing().clone());
                    tasks.spawn("asynchronous invocation", async move {
                        worker.attempt(&invoker, message, &closing).await;
                    });
                }
            }
            if is_last {
                return Ok(next_due_ms);
            }
        }
    }

    /// Whether there is room for an event that was read when `before` were running. One of those may have been settled
    /// since it was read, and must not run again; if it was not, the end of its attempt lets us look once more.
    fn begin(&self, before: &HashSet<Position>, id: Position) -> bool {
        let mut running = self.running.lock();
        !before.contains(&id) && running.len() < ASYNC_EVENTS_AT_ONCE && running.insert(id)
    }

    async fn attempt(&self, invoker: &Invoker, message: Message, closing: &CancellationToken) {
        let again = match run(invoker, &message).await {
            Verdict::Done => None,
            Verdict::Later => Some(self.pause(invoker, &message)),
        };
        self.settle(message.receipt, again, &invoker.clock, closing).await;
        self.running.lock().remove(&message.id);
        self.bell.notify_one();
    }

    /// The end of an event, or its next attempt after `again`. Tried until the store takes it: while the disk is full,
    /// what has run would else run again and again. What closing cuts off runs once more after the start.
    async fn settle(&self, receipt: Receipt, again: Option<Duration>, clock: &Clock, closing: &CancellationToken) {
        loop {
            let settled = match again {
                None => self.queue.delete(receipt).await,
                Some(pause) => self.queue.change_visibility(receipt, pause).await,
            };
            let Err(error) = settled else { return };
            tracing::error!(%error, "an asynchronous event could not be settled; trying again");
            if closing.run_until_cancelled(clock.sleep(STORE_AGAIN)).await.is_none() {
                return;
            }
        }
    }

    /// As long again as the event has waited, within AWS's bounds.
    fn pause(&self, invoker: &Invoker, message: &Message) -> Duration {
        let waited = read(message).map_or(0, |accepted| invoker.clock.now_ms() - accepted.accepted_ms);
        Duration::from_millis(waited.max(0).unsigned_abs()).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }
}

fn read(message: &Message) -> Option<Accepted> {
    rmp_serde::from_slice(&message.body).ok()
}

async fn run(invoker: &Invoker, message: &Message) -> Verdict {
    let Some((scope, accepted)) = read(message).and_then(|accepted| Some((accepted.scope()?, accepted))) else {
        tracing::error!(id = ?message.id, "an asynchronous event can't be read; it is dropped");
        return Verdict::Done;
    };
    let age = Duration::from_millis((invoker.clock.now_ms() - accepted.accepted_ms).max(0).unsigned_abs());
    match attempt(invoker, accepted, &scope).await {
        Ok(()) => Verdict::Done,
        Err(fault) if is_lasting(&fault) || age > OLDEST => {
            tracing::warn!(%fault, "an asynchronous event is given up");
            Verdict::Done
        }
        Err(_) => Verdict::Later,
    }
}

async fn attempt(invoker: &Invoker, accepted: Accepted, scope: &Scope) -> Result<(), Fault> {
    let resolved = invoker.functions.resolve(scope, &accepted.function_arn, None)?;
    let launch = invoker.launcher.launch(&resolved.function).await?;
    match invoker.pool.run(launch, accepted.invocation(), false).await?.outcome {
        // Ours, not the function's: the event has not been run.
        Outcome::Platform { cause } => Err(Fault::internal(cause)),
        // A function's error is an end, too: retries and destinations will be decided here.
        _ => Ok(()),
    }
}

/// True if another attempt can't change it.
fn is_lasting(fault: &Fault) -> bool {
    fault.code == "ResourceNotFoundException"
}

#[cfg(test)]
mod tests {
    use base::Random;
    use store::engine::memory::{Disk, Faults};
    use store::{QueueName, Store};

    use super::*;

    async fn with_an_event(disk: &Disk) -> (Worker, Message) {
        let store = Store::on_disk(disk, Clock::wall(), Random::seeded(1));
        let queue = store.space("queue-0").expect("a name of a space").queue(QueueName::new("f"));
        queue.send("event", Duration::ZERO).await.expect("sent");
        let message = queue.peek(None, 1).await.expect("read").messages.remove(0);
        (Worker::new(queue), message)
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_has_run_is_settled_as_soon_as_the_store_takes_it() {
        let disk = Disk::new();
        let (worker, message) = with_an_event(&disk).await;
        let (clock, closing) = (Clock::wall(), CancellationToken::new());
        disk.set_faults(Faults { refuse: 1.0, ..Faults::default() });
        let settling = worker.settle(message.receipt, None, &clock, &closing);
        tokio::pin!(settling);
        let early = tokio::time::timeout(Duration::from_secs(60), settling.as_mut()).await;
        assert!(early.is_err(), "it must not be given up: it would run again at once");
        disk.set_faults(Faults::default());
        settling.await;
        assert!(worker.queue.peek(None, 1).await.expect("read").messages.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn closing_waits_for_no_store() {
        let disk = Disk::new();
        let (worker, message) = with_an_event(&disk).await;
        disk.set_faults(Faults { refuse: 1.0, ..Faults::default() });
        let closing = CancellationToken::new();
        closing.cancel();
        worker.settle(message.receipt, None, &Clock::wall(), &closing).await;
    }

    #[tokio::test]
    async fn an_event_that_ended_while_it_was_read_does_not_run_again() {
        let (worker, message) = with_an_event(&Disk::new()).await;
        assert!(worker.begin(&HashSet::new(), message.id));
        let before = worker.running.lock().clone();
        worker.running.lock().remove(&message.id);
        assert!(!worker.begin(&before, message.id));
    }
}
