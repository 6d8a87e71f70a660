//! The asynchronous queue: an event is durable before its 202, and is run at least once.
//!
//! This node holds the queue alone, so what is being run is remembered in memory and costs no write: durable are an
//! event's acceptance and its end.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Fault, Scope, Tasks};
use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use store::queue::Received;
use store::{Message, Position, Queue, QueueName, Receipt, Store};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Invoker;
use crate::environment::Outcome;
use crate::function::Resolved;
use crate::runtime_api::Invocation;

/// Where accepted events wait.
const SPACE: &str = "queue-0";
/// Events of the queue that run at once; the account's concurrency limits them further.
const AT_ONCE: usize = 512;
/// Lambda gives an event up after six hours.
const OLDEST: Duration = Duration::from_secs(6 * 3_600);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// When a store that failed is asked again.
const STORE_AGAIN: Duration = Duration::from_secs(1);

/// An event as it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Accepted {
    account: String,
    region: String,
    /// As the caller named it, qualifier included.
    function_arn: String,
    request_id: String,
    trace_id: String,
    client_context: Option<String>,
    tenant_id: Option<String>,
    accepted_ms: i64,
    event: Bytes,
}

impl Accepted {
    pub(super) fn new(resolved: &Resolved, invocation: Invocation, now_ms: i64) -> Self {
        Self {
            account: resolved.function.account.clone(),
            region: resolved.function.region.clone(),
            function_arn: invocation.function_arn,
            request_id: invocation.request_id,
            trace_id: invocation.trace_id,
            client_context: invocation.client_context,
            tenant_id: invocation.tenant_id,
            accepted_ms: now_ms,
            event: invocation.event,
        }
    }

    fn invocation(self) -> Invocation {
        Invocation {
            request_id: self.request_id,
            deadline_ms: 0,
            function_arn: self.function_arn,
            trace_id: self.trace_id,
            client_context: self.client_context,
            cognito_identity: None,
            tenant_id: self.tenant_id,
            event: self.event,
        }
    }

    /// `None` for what no version of this program wrote.
    fn scope(&self) -> Option<Scope> {
        Some(Scope::new(base::Account::parse(&self.account)?, base::Region::new(&self.region)))
    }
}

/// The queue, and which of its events are running.
#[derive(Clone, Debug)]
pub struct AsyncQueue {
    queue: Queue,
    running: Arc<Mutex<HashSet<Position>>>,
    ended: Arc<Notify>,
}

/// What is to be done with an event after an attempt.
enum Verdict {
    Done,
    /// Throttled, or our own failure: again, later.
    Later,
}

impl AsyncQueue {
    pub fn open(store: &Store) -> store::Result<Self> {
        let queue = store.space(SPACE)?.queue(QueueName::new(("async",)));
        Ok(Self { queue, running: Arc::default(), ended: Arc::default() })
    }

    pub(super) async fn accept(&self, accepted: &Accepted) -> Result<(), Fault> {
        let body = rmp_serde::to_vec_named(accepted).map_err(Fault::internal)?;
        self.queue.send(body, Duration::ZERO).await?;
        Ok(())
    }

    /// Runs what is accepted, until the house closes. Running events are not cut off by that.
    pub(crate) fn start(&self, invoker: &Arc<Invoker>, tasks: &Tasks) {
        let (queue, invoker, spawn) = (self.clone(), invoker.clone(), tasks.clone());
        tasks.spawn_until_closing("async queue", async move {
            while let Err(error) = queue.work(&invoker, &spawn).await {
                tracing::error!(%error, "the asynchronous queue could not be read; trying again");
                invoker.clock.sleep(STORE_AGAIN).await;
            }
        });
    }

    async fn work(&self, invoker: &Arc<Invoker>, tasks: &Tasks) -> store::Result<()> {
        let mut wake = self.queue.wake().await?;
        loop {
            let next_due_ms = self.start_due(invoker, tasks).await?;
            let now_ms = invoker.clock.now_ms();
            let pause = next_due_ms.map_or(LONGEST_PAUSE.as_millis() as i64, |due_ms| (due_ms - now_ms).max(0));
            tokio::select! {
                () = wake.changed() => {}
                () = self.ended.notified() => {}
                () = invoker.clock.sleep(Duration::from_millis(pause.unsigned_abs())) => {}
            }
        }
    }

    /// Starts what is due and not running, as far as there is room; when the next will be due.
    async fn start_due(&self, invoker: &Arc<Invoker>, tasks: &Tasks) -> store::Result<Option<i64>> {
        let running = self.running.lock().clone();
        if running.len() >= AT_ONCE {
            return Ok(None);
        }
        let Received { messages, next_due_ms } = self.queue.peek(None, AT_ONCE).await?;
        for message in messages {
            if self.begin(&running, message.id) {
                let (queue, invoker, closing) = (self.clone(), invoker.clone(), tasks.closing().clone());
                tasks.spawn("asynchronous invocation", async move { queue.attempt(&invoker, message, &closing).await });
            }
        }
        Ok(next_due_ms)
    }

    /// Whether there is room for an event that was read when `before` were running. One of those may have been settled
    /// since it was read, and must not run again; if it was not, the end of its attempt lets us look once more.
    fn begin(&self, before: &HashSet<Position>, id: Position) -> bool {
        let mut running = self.running.lock();
        !before.contains(&id) && running.len() < AT_ONCE && running.insert(id)
    }

    async fn attempt(&self, invoker: &Invoker, message: Message, closing: &CancellationToken) {
        let again = match run(invoker, &message).await {
            Verdict::Done => None,
            Verdict::Later => Some(self.pause(invoker, &message)),
        };
        self.settle(message.receipt, again, &invoker.clock, closing).await;
        self.running.lock().remove(&message.id);
        self.ended.notify_one();
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
    use proptest::prelude::*;

    use base::Random;
    use store::engine::memory::{Disk, Faults};

    use super::*;

    async fn with_an_event(disk: &Disk) -> (AsyncQueue, Message) {
        let store = Store::on_disk(disk, Clock::wall(), Random::seeded(1));
        let queue = AsyncQueue::open(&store).expect("a name of a space");
        queue.queue.send("event", Duration::ZERO).await.expect("sent");
        let message = queue.queue.peek(None, 1).await.expect("read").messages.remove(0);
        (queue, message)
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_has_run_is_settled_as_soon_as_the_store_takes_it() {
        let disk = Disk::new();
        let (queue, message) = with_an_event(&disk).await;
        let (clock, closing) = (Clock::wall(), CancellationToken::new());
        disk.set_faults(Faults { refuse: 1.0, ..Faults::default() });
        let settling = queue.settle(message.receipt, None, &clock, &closing);
        tokio::pin!(settling);
        let early = tokio::time::timeout(Duration::from_secs(60), settling.as_mut()).await;
        assert!(early.is_err(), "it must not be given up: it would run again at once");
        disk.set_faults(Faults::default());
        settling.await;
        assert!(queue.queue.peek(None, 1).await.expect("read").messages.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn closing_waits_for_no_store() {
        let disk = Disk::new();
        let (queue, message) = with_an_event(&disk).await;
        disk.set_faults(Faults { refuse: 1.0, ..Faults::default() });
        let closing = CancellationToken::new();
        closing.cancel();
        queue.settle(message.receipt, None, &Clock::wall(), &closing).await;
    }

    #[tokio::test]
    async fn an_event_that_ended_while_it_was_read_does_not_run_again() {
        let (queue, message) = with_an_event(&Disk::new()).await;
        assert!(queue.begin(&HashSet::new(), message.id));
        let before = queue.running.lock().clone();
        queue.running.lock().remove(&message.id);
        assert!(!queue.begin(&before, message.id));
    }

    proptest! {
        #[test]
        fn an_accepted_event_comes_back(id in ".{0,40}", context in proptest::option::of(".{0,40}"), event: Vec<u8>) {
            let accepted = Accepted {
                account: "123456789012".to_owned(),
                region: "eu-west-1".to_owned(),
                function_arn: "arn".to_owned(),
                request_id: id,
                trace_id: String::new(),
                client_context: context,
                tenant_id: None,
                accepted_ms: 7,
                event: event.into(),
            };
            let bytes = rmp_serde::to_vec_named(&accepted).expect("encodes");
            prop_assert_eq!(rmp_serde::from_slice::<Accepted>(&bytes).expect("decodes"), accepted);
        }
    }
}
