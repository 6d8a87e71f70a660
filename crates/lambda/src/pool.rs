//! The step `place`: environments are made when none is idle, used again, and reaped when nothing wants them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::doors::{Call, Decision, Emit, Permit, Question};
use base::{Fault, Scope, Tasks};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::admit::Admission;
use crate::credentials;
use crate::environment::{Capture, Environment, Finished, Launch, Log, Workshop};
use crate::freezer::Freezer;
use crate::quota::{Held, Over, Quotas, Shares};
use crate::runtime_api::Invocation;

/// How long, and how often it is looked after.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// An environment that was idle for so long is destroyed.
    pub idle: Duration,
    pub sweep: Duration,
    /// An environment that was idle for so long stands still until its next event; `None`: never.
    pub freeze_after: Option<Duration>,
    /// Events that run at once in an account and region.
    pub concurrency: i32,
    pub quotas: Quotas,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(600),
            sweep: Duration::from_secs(5),
            freeze_after: Some(Duration::from_millis(100)),
            concurrency: base::limits::lambda::CONCURRENT_EXECUTIONS,
            quotas: Quotas::default(),
        }
    }
}

/// All environments of this node.
pub struct Pool {
    workshop: Arc<Workshop>,
    emit: Arc<dyn Emit>,
    call: Arc<dyn Call>,
    permit: Arc<dyn Permit>,
    keeping: Keeping,
    admission: Admission,
    shares: Arc<Shares>,
    freezer: Freezer,
    /// Idle ones by function and version; the one used last is used next.
    idle: Mutex<HashMap<Key, Vec<Idle>>>,
    /// Revisions that run no more, and since when: their environments are not put back, whenever they were made.
    forgotten: Mutex<HashMap<String, Instant>>,
    alive: AtomicUsize,
    /// The invocations, whoever waits for them.
    running: Tasks,
}

type Key = (String, String);

struct Idle {
    environment: Environment,
    since: Instant,
}

impl Pool {
    pub fn new(
        workshop: Arc<Workshop>,
        emit: Arc<dyn Emit>,
        call: Arc<dyn Call>,
        permit: Arc<dyn Permit>,
        keeping: Keeping,
    ) -> Arc<Self> {
        let admission = Admission::new(keeping.concurrency);
        let pool = Arc::new(Self {
            workshop,
            emit,
            call,
            permit,
            keeping,
            admission,
            shares: Shares::new(keeping.quotas),
            freezer: Freezer::new(keeping.freeze_after),
            idle: Mutex::default(),
            forgotten: Mutex::default(),
            alive: AtomicUsize::new(0),
            running: Tasks::new(),
        });
        pool.clone().look_after();
        pool.clone().keep_still();
        pool
    }

    /// How many environments exist.
    pub fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    /// Whether there are idle environments, and all of them are frozen.
    #[cfg(test)]
    pub(crate) async fn stands_still(&self) -> bool {
        let stillness = |idle: &Idle| idle.environment.stillness().clone();
        let idle: Vec<_> = self.idle.lock().values().flatten().map(stillness).collect();
        let mut still = !idle.is_empty();
        for environment in idle {
            still &= environment.is_frozen().await;
        }
        still
    }

    /// What a function has reserved for itself.
    pub fn reserve(&self, scope: &Scope, function: &str, reserved: impl FnOnce() -> Option<i32>) {
        self.admission.reserve(scope, function, reserved);
    }

    /// Runs one event. It goes on to its end even if nobody waits for the answer any more.
    pub(crate) async fn run(
        self: &Arc<Self>,
        launch: Arc<Launch>,
        invocation: Invocation,
        want_tail: bool,
    ) -> Result<Finished, Fault> {
        let (early, answered) = oneshot::channel();
        let running = self.start(launch, invocation, want_tail, early)?;
        tokio::select! {
            biased;
            Ok(finished) = answered => Ok(finished),
            finished = running => finished.unwrap_or_else(|error| Err(Fault::internal(error))),
        }
    }

    /// As [`Pool::run`], for callers who hear of the event before it has ended; `early` as in [`Environment::run`].
    pub(crate) fn start(
        self: &Arc<Self>,
        launch: Arc<Launch>,
        invocation: Invocation,
        want_tail: bool,
        early: oneshot::Sender<Finished>,
    ) -> Result<JoinHandle<Result<Finished, Fault>>, Fault> {
        let admitted = self.admission.admit(&launch.scope, &launch.function_name)?;
        let pool = self.clone();
        Ok(self.running.spawn("invocation", async move {
            let _admitted = admitted;
            let mut environment = pool.place(launch).await?;
            let finished = environment.run(invocation, want_tail, early).await;
            pool.put_back(environment);
            Ok(finished)
        }))
    }

    /// An idle environment, or a new one.
    async fn place(&self, launch: Arc<Launch>) -> Result<Environment, Fault> {
        let environment = match self.take_idle(&launch).await {
            Some(environment) => environment,
            None => self.make(launch).await?,
        };
        environment.refresh_permission(self.permit.as_ref());
        Ok(environment)
    }

    async fn take_idle(&self, launch: &Launch) -> Option<Environment> {
        loop {
            let mut environment = self.idle.lock().get_mut(&key(launch))?.pop()?.environment;
            if self.is_usable(&environment, launch) {
                environment.wake().await;
                if !environment.is_broken() {
                    return Some(environment);
                }
            }
            self.discard(environment);
        }
    }

    fn is_usable(&self, environment: &Environment, launch: &Launch) -> bool {
        environment.launch.revision == launch.revision && environment.is_fresh(self.workshop.clock.now())
    }

    async fn make(&self, launch: Arc<Launch>) -> Result<Environment, Fault> {
        self.make_room();
        let held = self.hold(&launch).await?;
        let credentials = credentials::assume(&self.call, &launch.scope, &launch.role, &launch.function_name)
            .await
            .map_err(|fault| {
                Fault::new("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
                    .caused_by(fault)
            })?;
        let capture = Arc::new(self.capture(&launch));
        let environment = Environment::make(self.workshop.clone(), launch, credentials, capture, held).await?;
        self.alive.fetch_add(1, Ordering::Relaxed);
        environment.refresh_permission(self.permit.as_ref());
        let mut environment = environment;
        environment.initialize().await;
        Ok(environment)
    }

    /// No more environments are idle than could be busy: the one that was idle longest goes.
    fn make_room(&self) {
        if self.alive() < usize::try_from(self.keeping.concurrency).unwrap_or(0) {
            return;
        }
        if let Some(idle) = self.take_longest_idle(|_| true) {
            self.discard(idle.environment);
        }
    }

    fn take_longest_idle(&self, is_fit: impl Fn(&Launch) -> bool) -> Option<Idle> {
        let mut idle = self.idle.lock();
        // The first of each is the one that was put back first.
        let fit = |environments: &Vec<Idle>| environments.first().is_some_and(|idle| is_fit(&idle.environment.launch));
        let candidates = idle.values_mut().filter(|environments| fit(environments));
        candidates.min_by_key(|environments| environments[0].since).map(|environments| environments.remove(0))
    }

    /// A share of what the account and the host may have. Idle environments go for it, and what is being destroyed is
    /// waited for: only what is in use is in the way.
    async fn hold(&self, launch: &Launch) -> Result<Held, Fault> {
        let account = &launch.scope.account;
        loop {
            let freed = self.shares.freed();
            let over = match self.shares.hold(account, launch.memory_mb) {
                Ok(held) => return Ok(held),
                Err(over) => over,
            };
            let helps = |idle: &Launch| over == Over::Host || idle.scope.account == *account;
            if let Some(idle) = self.take_longest_idle(helps) {
                self.discard(idle.environment);
            } else if !self.shares.room_comes(over, account) {
                return Err(over.into());
            }
            freed.await;
        }
    }

    fn capture(&self, launch: &Launch) -> Capture {
        let Workshop { clock, random, .. } = &*self.workshop;
        let Launch { scope, log_group, log_style: style, .. } = launch;
        let stream = stream(launch, clock, random);
        let log = Log { scope: scope.clone(), group: log_group.clone(), stream, style: *style };
        Capture::new(self.emit.clone(), clock.clone(), log)
    }

    fn put_back(&self, environment: Environment) {
        if environment.is_broken() {
            return self.discard(environment);
        }
        let mut idle = self.idle.lock();
        // Asked with the idle ones in hand: `forget` looks through them after it has said which revision it is about.
        if self.forgotten.lock().contains_key(&environment.launch.revision) {
            drop(idle);
            return self.discard(environment);
        }
        let since = self.workshop.clock.instant();
        self.freezer.is_idle(environment.stillness(), since);
        idle.entry(key(&environment.launch)).or_default().push(Idle { environment, since });
    }

    /// Environments of a version that changed or went are of no use any more: idle ones go now, busy ones, and those
    /// that are still being made, when their event has ended. `revision` is the one that ran until now.
    pub fn forget(&self, function_arn: &str, version: &str, revision: &str) {
        self.forgotten.lock().insert(revision.to_owned(), self.workshop.clock.instant());
        let gone = self.idle.lock().remove(&(function_arn.to_owned(), version.to_owned()));
        for idle in gone.into_iter().flatten() {
            self.discard(idle.environment);
        }
    }

    fn discard(&self, environment: Environment) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
        environment.held.leaves();
        self.workshop.tasks.spawn("destroy environment", environment.destroy());
    }

    fn keep_still(self: Arc<Self>) {
        let tasks = self.workshop.tasks.clone();
        tasks.spawn_until_closing("freeze idle environments", async move {
            self.freezer.work(&self.workshop.clock, &self.workshop.tasks).await;
        });
    }

    fn look_after(self: Arc<Self>) {
        let tasks = self.workshop.tasks.clone();
        tasks.spawn_until_closing("reap idle environments", async move {
            loop {
                self.workshop.clock.sleep(self.keeping.sweep).await;
                self.reap();
            }
        });
    }

    fn reap(&self) {
        let now = self.workshop.clock.instant();
        let mut reaped = Vec::new();
        {
            let mut idle = self.idle.lock();
            for environments in idle.values_mut() {
                let done = |idle: &mut Idle| now - idle.since > self.keeping.idle || idle.environment.has_died();
                reaped.extend(environments.extract_if(.., done));
            }
            idle.retain(|_, environments| !environments.is_empty());
        }
        for idle in reaped {
            self.discard(idle.environment);
        }
        // No event that began before lasts longer than the longest timeout with its INIT.
        let longest = Duration::from_secs(2 * *base::limits::lambda::TIMEOUT_SECONDS.end() as u64);
        self.forgotten.lock().retain(|_, at| now - *at < longest);
    }

    /// Waits for events whose callers have gone, then destroys all environments; called when no event comes any more.
    pub async fn close(&self) {
        self.running.close().await;
        let idle: Vec<_> = self.idle.lock().drain().flat_map(|(_, environments)| environments).collect();
        let destroying = idle.into_iter().map(|idle| idle.environment.destroy());
        futures_util::future::join_all(destroying).await;
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("alive", &self.alive()).finish_non_exhaustive()
    }
}

impl Environment {
    /// Without the role's permission the function runs, and its log is not stored.
    fn refresh_permission(&self, permit: &dyn Permit) {
        let (caller, resource) = self.role_and_log();
        let question = Question { caller, action: "logs:PutLogEvents", resource, context: &[] };
        self.set_log_stored(permit.permit(&question) == Decision::Allow);
    }
}

fn key(launch: &Launch) -> Key {
    (launch.function_arn.clone(), launch.version.clone())
}

/// `YYYY/MM/DD/[version]<32 hex>`; the function's name stands before the version in a group that is not its own.
fn stream(launch: &Launch, clock: &base::Clock, random: &base::Random) -> Arc<str> {
    let day = clock.now().strftime("%Y/%m/%d").to_string();
    let name = if launch.log_group_is_custom { launch.function_name.as_str() } else { "" };
    format!("{day}/{name}[{}]{}", launch.version, random.hex(32)).into()
}
