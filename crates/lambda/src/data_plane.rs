//! The data plane: what runs events. Joins functions, launches, environments and the asynchronous queue.

use std::sync::Arc;

use base::Tasks;
use base::doors::{Call, Emit, Permit};
use store::Store;

use crate::api;
use crate::control::Control;
use crate::environment::Workshop;
use crate::function::{Change, FunctionRecord, OnChange};
use crate::invoke::{self, AsyncQueue, Invoker, Tracer};
use crate::launch::{Launcher, Runtimes};
use crate::pool::{Keeping, Pool};

/// How the data plane reaches the other services.
#[derive(Clone)]
pub struct Doors {
    pub emit: Arc<dyn Emit>,
    /// Reaches STS.
    pub call: Arc<dyn Call>,
    /// Asked whether a function may write its log.
    pub permit: Arc<dyn Permit>,
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Doors")
    }
}

/// What runs events.
#[derive(Debug)]
pub struct DataPlane {
    invoker: Arc<Invoker>,
    tasks: Tasks,
}

impl DataPlane {
    /// `tasks` end before environments do: they take events in.
    pub fn open(
        control: &Control,
        workshop: Arc<Workshop>,
        runtimes: Arc<dyn Runtimes>,
        doors: Doors,
        keeping: Keeping,
        (store, tasks): (&Store, &Tasks),
    ) -> store::Result<Self> {
        let functions = control.functions().clone();
        let invoker = Arc::new(Invoker {
            launcher: Launcher::new(functions.clone(), runtimes),
            clock: workshop.clock.clone(),
            tracer: Tracer::new(workshop.clock.clone(), workshop.random.clone()),
            pool: Pool::new(workshop, doors.emit, doors.call, doors.permit, keeping),
            queue: AsyncQueue::open(store)?,
            functions,
        });
        invoker.functions.on_change(invoker.clone());
        invoker.functions.all().iter().for_each(|record| invoker.reserve(record));
        Ok(Self { invoker, tasks: tasks.clone() })
    }

    /// Gives the service the handlers of the data plane.
    #[must_use]
    pub fn operations(&self, service: wire::Service) -> wire::Service {
        service
            .on::<api::Invoke, _, _, _>(&self.invoker, invoke::invoke)
            .on_streaming::<api::InvokeWithResponseStream, _, _, _>(&self.invoker, invoke::invoke_with_response_stream)
    }

    /// Begins to run what waits in the asynchronous queue.
    pub fn start(&self) {
        self.invoker.queue.start(&self.invoker, &self.tasks);
    }

    /// How many environments exist.
    pub fn environments(&self) -> usize {
        self.invoker.pool.alive()
    }

    /// Lets events end, then destroys the environments; called when no event comes any more.
    pub async fn close(&self) {
        self.invoker.pool.close().await;
    }
}

/// A version that changed or went takes its environments with it, and no other's.
impl OnChange for Invoker {
    fn changed(&self, change: &Change) {
        if let Some(record) = change.after.as_ref().or(change.before.as_ref()) {
            self.reserve(record);
        }
        let Some(before) = &change.before else { return };
        let same = change.after.as_ref().is_some_and(|after| runs_the_same(before, after));
        if !same {
            self.launcher.forget(before);
            self.pool.forget(&before.arn(), &before.version, &before.running().id);
        }
    }
}

impl Invoker {
    /// A function's reserve stands with its `$LATEST`. It is what it is now, whichever change brings us here.
    fn reserve(&self, record: &FunctionRecord) {
        let Some(scope) = record.scope().filter(|_| record.is_latest()) else { return };
        let now = || self.functions.latest(&record.function_name()).ok()?.0.reserved_concurrency;
        self.pool.reserve(&scope, &record.name, now);
    }
}

fn runs_the_same(before: &FunctionRecord, after: &FunctionRecord) -> bool {
    before.running().id == after.running().id
}
