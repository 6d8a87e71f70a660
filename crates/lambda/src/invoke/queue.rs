//! The asynchronous queues: an event is durable before its 202, and is run at least once.
//!
//! Each function has a queue of its own, so that one whose events are slow or fail holds up no other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use base::{Fault, Scope, Tasks};
use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use store::{QueueName, Space, Store};
use tokio::sync::Notify;

use super::Invoker;
use super::worker::Worker;
use crate::function::Resolved;
use crate::runtime_api::Invocation;
use crate::runtime_api::stream::Recipient;

/// Where accepted events wait.
const SPACE: &str = "queue-0";
/// The first word of the queues' names; account, region and function follow.
const OF_FUNCTIONS: &str = "async";
/// When a store that failed is asked again.
pub(super) const STORE_AGAIN: Duration = Duration::from_secs(1);

/// An event as it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Accepted {
    pub(super) account: String,
    pub(super) region: String,
    /// As the caller named it, qualifier included.
    pub(super) function_arn: String,
    pub(super) request_id: String,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    pub(super) tenant_id: Option<String>,
    pub(super) accepted_ms: i64,
    pub(super) event: Bytes,
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

    pub(super) fn invocation(self) -> Invocation {
        Invocation {
            request_id: self.request_id,
            deadline_ms: 0,
            function_arn: self.function_arn,
            trace_id: self.trace_id,
            client_context: self.client_context,
            cognito_identity: None,
            tenant_id: self.tenant_id,
            event: self.event,
            recipient: Recipient::Whole,
        }
    }

    /// `None` for what no version of this program wrote.
    pub(super) fn scope(&self) -> Option<Scope> {
        Some(Scope::new(base::Account::parse(&self.account)?, base::Region::new(&self.region)))
    }
}

/// The queues of all functions, and who works on them.
#[derive(Clone, Debug)]
pub struct AsyncQueue {
    space: Space,
    /// Queues that got an event since somebody looked.
    news: Arc<Mutex<HashSet<QueueName>>>,
    bell: Arc<Notify>,
}

/// Who works, by queue; a queue without events has nobody.
pub(super) type Workers = Arc<Mutex<HashMap<QueueName, Arc<Worker>>>>;

impl AsyncQueue {
    pub fn open(store: &Store) -> store::Result<Self> {
        Ok(Self { space: store.space(SPACE)?, news: Arc::default(), bell: Arc::default() })
    }

    pub(super) async fn accept(&self, function: &str, accepted: &Accepted) -> Result<(), Fault> {
        let body = rmp_serde::to_vec_named(accepted).map_err(Fault::internal)?;
        let name = QueueName::new((OF_FUNCTIONS, accepted.account.as_str(), accepted.region.as_str(), function));
        self.space.queue(name.clone()).send(body, Duration::ZERO).await?;
        self.tell(name);
        Ok(())
    }

    fn tell(&self, name: QueueName) {
        self.news.lock().insert(name);
        self.bell.notify_one();
    }

    /// Runs what is accepted, until the house closes. Running events are not cut off by that.
    pub(crate) fn start(&self, invoker: &Arc<Invoker>, tasks: &Tasks) {
        let (queue, invoker, spawn) = (self.clone(), invoker.clone(), tasks.clone());
        tasks.spawn_until_closing("async queues", async move {
            queue.find_all(&invoker).await;
            queue.direct(&invoker, &spawn).await;
        });
    }

    /// What an earlier run has left.
    async fn find_all(&self, invoker: &Invoker) {
        loop {
            match self.space.queues(&(OF_FUNCTIONS,)).await {
                Ok(names) => return names.into_iter().for_each(|name| self.tell(name)),
                Err(error) => tracing::error!(%error, "the asynchronous queues could not be read; trying again"),
            }
            invoker.clock.sleep(STORE_AGAIN).await;
        }
    }

    /// Sees that somebody works on every queue that got an event.
    async fn direct(&self, invoker: &Arc<Invoker>, tasks: &Tasks) {
        let workers = Workers::default();
        loop {
            let news = std::mem::take(&mut *self.news.lock());
            for name in news {
                let mut at_work = workers.lock();
                if let Some(worker) = at_work.get(&name) {
                    worker.look_again();
                    continue;
                }
                let worker = Arc::new(Worker::new(self.space.queue(name.clone())));
                at_work.insert(name, worker.clone());
                let working = worker.work(invoker.clone(), workers.clone(), tasks.clone());
                tasks.spawn_until_closing("async queue of a function", working);
            }
            self.bell.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
