//! An environment: what runs one invocation at a time. A slot of the sandbox with a runtime's process in it.
//!
//! Life: made (slot, `/tmp`, listeners), INIT, then event after event. When the process crashes or runs out of time it
//! is killed and the environment stays: the next event finds the same `/tmp` and begins with an INIT of its own.

mod capture;
mod command;
mod extensions;
mod launch;
mod outcome;
mod outside;
mod process;
mod report;
mod variables;

pub(crate) use capture::{Capture, Log};
pub use launch::{Interpreter, Launch, Relay};
pub(crate) use outcome::{Finished, Outcome, TRUNCATED};

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::limits::lambda::{INIT_SECONDS, MEMORY_MB_PER_CORE};
use base::{Clock, Fault, Random, Tasks, Timestamp};
use rustix::fs::{Mode, OFlags};
use sandbox::{Isolation, Sandbox, Slot, SlotSpec};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::extensions::Reason;
use self::process::{Moments, Running};
use self::report::Event;
use crate::credentials::Credentials;
use crate::freezer::Stillness;
use crate::quota::Held;
use crate::runtime_api::Invocation;
use crate::telemetry::{Ending, InitReport, InitRuntimeDone, Metrics, Phase, PlatformEvent};

/// What environments are made with.
#[derive(Clone, Debug)]
pub struct Workshop {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub random: Random,
    pub tasks: Tasks,
    pub relay: Arc<dyn Relay>,
    /// Where the sockets of environments lie, a folder each.
    pub sockets: PathBuf,
    pub isolation: sandbox::Isolation,
    /// Cores of this host; more are never given.
    pub cores: f64,
}

/// One environment. Whoever holds it may run an event in it.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) launch: Arc<Launch>,
    workshop: Arc<Workshop>,
    slot: Arc<Slot>,
    still: Arc<Stillness>,
    runtime_api: Arc<TcpListener>,
    socket: Arc<UnixListener>,
    socket_folder: PathBuf,
    /// Where the Runtime API and the endpoint are, as the host sees it.
    listening: [SocketAddr; 2],
    capture: Arc<Capture>,
    credentials: Credentials,
    log_arn: String,
    running: Option<Running>,
    /// What INIT took, until the first event reports it.
    init: Option<Duration>,
    /// Its share of what its account and the host may have, until it is gone.
    pub(crate) held: Held,
    /// Something of ours failed in it; it is not used again.
    broken: bool,
    _relay: tokio_util::sync::DropGuard,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    #[error("sandbox: {0}")]
    Sandbox(#[from] sandbox::Error),
    #[error("socket of the environment: {0}")]
    Socket(#[from] std::io::Error),
    #[error("the sandbox gave {0} listeners where two were asked")]
    Listeners(usize),
}

impl From<MakeError> for Fault {
    fn from(error: MakeError) -> Self {
        Self::new("ServiceException", "Lambda was unable to create an execution environment.").caused_by(error)
    }
}

/// The address of the Runtime API inside, as Lambda has it.
const RUNTIME_API: (std::net::Ipv4Addr, u16) = (sandbox::LINK_LOCAL, 9001);
/// The address of the AWS endpoint inside.
const ENDPOINT: (std::net::Ipv4Addr, u16) = (sandbox::LINK_LOCAL, 4566);
/// Extensions that need no longer than this are waited for: a caller who asks again at once then finds the environment
/// that it had, rather than a new one.
const EXTENSIONS_PATIENCE: Duration = Duration::from_millis(10);
/// The folder inside with the socket of our own bootstraps.
const SOCKET_FOLDER: &str = "/run/lambdad";

impl Environment {
    /// A new environment without a process.
    pub(crate) async fn make(
        workshop: Arc<Workshop>,
        launch: Arc<Launch>,
        credentials: Credentials,
        capture: Arc<Capture>,
        held: Held,
    ) -> Result<Self, MakeError> {
        let slot = Arc::new(workshop.sandbox.slot(slot_spec(&workshop, &launch)).await?);
        let listeners = slot.take_listeners();
        let [runtime_api, endpoint] =
            <[std::net::TcpListener; 2]>::try_from(listeners).map_err(|given| MakeError::Listeners(given.len()))?;
        let socket_folder = workshop.sockets.join(workshop.random.hex(32));
        let socket = Self::listen(&workshop, &slot, socket_folder.clone()).await?;
        let listening = [runtime_api.local_addr()?, endpoint.local_addr()?];
        let relay = workshop.relay.serve(TcpListener::from_std(endpoint)?, &launch.scope);
        let runtime_api = Arc::new(TcpListener::from_std(runtime_api)?);
        Ok(Self {
            log_arn: log_arn(&launch, capture.stream()),
            workshop,
            still: Stillness::of(&slot),
            slot,
            runtime_api,
            socket: Arc::new(socket),
            socket_folder,
            listening,
            capture,
            credentials,
            running: None,
            init: None,
            held,
            broken: false,
            _relay: relay,
            launch,
        })
    }

    async fn listen(workshop: &Workshop, slot: &Slot, folder: PathBuf) -> Result<UnixListener, MakeError> {
        let made = folder.clone();
        let listener = workshop
            .tasks
            .blocking(move || {
                std::fs::create_dir_all(&made)?;
                // By its descriptor: a socket's path has at most 107 bytes, and a data directory may lie deep.
                let folder = rustix::fs::open(&made, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
                std::os::unix::net::UnixListener::bind(format!("/proc/self/fd/{}/runtime.sock", folder.as_raw_fd()))
            })
            .await?;
        listener.set_nonblocking(true)?;
        slot.give(&folder)?;
        slot.give(&folder.join("runtime.sock"))?;
        Ok(UnixListener::from_std(listener)?)
    }

    /// INIT ahead of the first event, with its own ten seconds and no limit of cpu. What goes wrong is logged, and INIT
    /// is tried again inside of the first event, as Lambda does.
    pub(crate) async fn initialize(&mut self) {
        match self.start(Phase::Init, Duration::from_secs(INIT_SECONDS)).await {
            Ok(took) => self.init = Some(took),
            Err(outcome) => {
                self.reset(Reason::of(&outcome)).await;
                self.note_failure(&outcome);
            }
        }
    }

    /// INIT: starts the processes, waits until they ask for an event, and tells of it. What it took.
    async fn start(&mut self, phase: Phase, limit: Duration) -> Result<Duration, Outcome> {
        let started = self.workshop.clock.instant();
        let done = self.start_processes(phase, limit).await;
        let took = started.elapsed().min(limit);
        self.capture.drain();
        let ending = done.as_ref().err().map_or(Ending::SUCCESS, Outcome::ending);
        self.capture.platform(&PlatformEvent::InitRuntimeDone(InitRuntimeDone::new(phase, ending.clone())));
        for standing in self.running.iter().flat_map(Running::standings) {
            self.capture.platform(&standing);
        }
        self.capture.platform(&PlatformEvent::InitReport(InitReport::new(phase, ending, took)));
        done?;
        let cores = f64::from(self.launch.memory_mb) / f64::from(MEMORY_MB_PER_CORE);
        if cores < self.workshop.cores {
            self.slot.set_cpu(Some(cores)).await.map_err(Outcome::platform)?;
        }
        Ok(took)
    }

    fn variables(&self) -> Vec<(String, String)> {
        let inside = match self.workshop.isolation {
            Isolation::Full | Isolation::User => self.listening,
            // As it would be, and is put right where the process is started.
            Isolation::Off => [RUNTIME_API.into(), ENDPOINT.into()],
        };
        variables::all(&self.launch, &self.credentials, self.capture.stream(), &inside)
    }

    async fn start_processes(&mut self, phase: Phase, limit: Duration) -> Result<(), Outcome> {
        // What still listens for a process that died would take the new one's connections.
        self.running = None;
        let hub = self.capture.listen_anew();
        // An image has no version of a runtime that we could tell.
        if !self.launch.is_image() {
            self.capture.platform(&report::init_start(&self.launch, self.capture.stream(), phase));
        }
        let mut running = Running::open(self, hub).map_err(Outcome::platform)?;
        let done = tokio::select! {
            biased;
            done = running.initialize(self) => done,
            () = self.workshop.clock.sleep(limit) => Err(Outcome::TimedOut { after: limit }),
        };
        self.running = Some(running);
        done
    }

    /// Ends what runs, extensions in their time; `/tmp` stays.
    async fn reset(&mut self, reason: Reason) {
        self.shut_down(reason).await;
        if let Err(error) = self.slot.kill().await {
            tracing::error!(%error, "an environment could not be reset");
            self.broken = true;
        }
        self.capture.drain();
        if let Err(error) = self.slot.set_cpu(None).await {
            tracing::error!(%error, "an environment's cpu could not be unlimited");
        }
    }

    async fn shut_down(&mut self, reason: Reason) {
        let Some(running) = self.running.take() else { return };
        if running.extensions().count() > 0 {
            // It may have been frozen while it was idle.
            if let Err(error) = self.still.wake().await {
                tracing::error!(%error, "an environment could not be thawed");
            }
            running.shut_down(&self.workshop.clock, reason).await;
        }
    }

    /// The caller hears only that the environment failed; the log hears why.
    fn note_failure(&mut self, outcome: &Outcome) {
        if let Outcome::Platform { cause } = outcome {
            self.broken = true;
            tracing::error!(function = self.launch.function_arn, cause, "an environment failed");
        }
    }

    /// Runs one event to its end. Never fails: what goes wrong is an outcome. `early` hears it as soon as the runtime has
    /// done with it, where extensions have not yet and nobody wants the log's tail.
    pub(crate) async fn run(
        &mut self,
        mut invocation: Invocation,
        want_tail: bool,
        early: oneshot::Sender<Finished>,
    ) -> Finished {
        self.capture.begin(want_tail);
        let started = self.workshop.clock.instant();
        let deadline = started + self.launch.timeout;
        invocation.deadline_ms = self.workshop.clock.now_ms() + millis(self.launch.timeout);
        let event = Event::of(&self.launch, &invocation);
        let outcome = self
            .attempt(invocation, deadline, &event, (!want_tail).then_some(early))
            .await
            .of_event(self.launch.timeout);
        self.note_failure(&outcome);
        let duration = started.elapsed().min(self.launch.timeout);
        let memory_mb = self.max_memory_mb().await;
        self.capture.drain();
        // Extensions hear how it ended before they are told to end, too.
        let patient = self.running.as_ref().is_some_and(|running| running.extensions().count() > 0);
        if outcome.needs_reset() && !patient {
            self.reset(Reason::of(&outcome)).await;
        }
        let metrics = Metrics::new(duration, self.init.take(), self.launch.memory_mb, memory_mb);
        self.tell_the_end(&event, metrics, &outcome);
        if outcome.needs_reset() && patient {
            self.reset(Reason::of(&outcome)).await;
        }
        Finished { outcome, log_tail: self.capture.end() }
    }

    async fn attempt(
        &mut self,
        invocation: Invocation,
        deadline: Instant,
        event: &Event,
        early: Option<oneshot::Sender<Finished>>,
    ) -> Outcome {
        if let Err(outcome) = self.start_if_needed(deadline).await {
            self.capture.platform(&event.start(&self.launch));
            self.capture.platform(&event.runtime_done(&self.workshop.clock, Moments::default(), &outcome));
            return outcome;
        }
        self.capture.platform(&event.start(&self.launch));
        let clock = &self.workshop.clock;
        let Some(running) = &mut self.running else { return Outcome::platform("no process after its start") };
        let outcome = running.run(clock, invocation, deadline).await;
        self.capture.drain();
        if self.capture.tells_all() {
            self.capture.platform(&event.runtime_done(clock, running.moments, &outcome));
        }
        if outcome.needs_reset() {
            return outcome;
        }
        let done = running.done(clock, deadline);
        tokio::pin!(done);
        let Some(early) = early else { return done.await.unwrap_or(outcome) };
        tokio::select! {
            biased;
            failed = &mut done => return failed.unwrap_or(outcome),
            () = clock.sleep(EXTENSIONS_PATIENCE) => {}
        }
        // Who asked may have gone.
        let _gone = early.send(Finished { outcome: outcome.clone(), log_tail: None });
        done.await.unwrap_or(outcome)
    }

    /// INIT inside of an event, where what ran before has ended or never began.
    async fn start_if_needed(&mut self, deadline: Instant) -> Result<(), Outcome> {
        match &self.running {
            Some(running) if !running.has_ended() => return Ok(()),
            Some(_) => self.reset(Reason::Failure).await,
            None => {}
        }
        let limit = deadline - self.workshop.clock.instant();
        self.start(Phase::Invoke, limit).await.map(drop)
    }

    fn tell_the_end(&self, event: &Event, metrics: Metrics, outcome: &Outcome) {
        if let Some(fault) = report::fault(&event.request_id, outcome, self.workshop.clock.now()) {
            self.capture.platform(&fault);
        }
        self.capture.platform(&PlatformEvent::End { request_id: event.request_id.clone() });
        self.capture.platform(&event.report(metrics, outcome.ending()));
    }

    /// Anonymous and shared memory at its highest; a figure for the log, so a failed reading is no failed invocation.
    async fn max_memory_mb(&self) -> u64 {
        match self.slot.usage().await {
            Ok(usage) => usage.max_memory_bytes.div_ceil(1 << 20),
            Err(error) => {
                tracing::warn!(%error, "an environment's memory could not be read");
                0
            }
        }
    }

    /// Who the function is when it acts, and the log that it writes, as IAM names it.
    pub(crate) fn role_and_log(&self) -> (&base::Caller, &str) {
        (&self.credentials.caller, &self.log_arn)
    }

    pub(crate) fn set_log_stored(&self, stored: bool) {
        self.capture.set_stored(stored);
    }

    /// Credentials must outlast the longest event that could begin now.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        let needed = now.checked_add(self.launch.timeout + Duration::from_secs(60)).unwrap_or(Timestamp::MAX);
        self.credentials.expiration > needed
    }

    /// Lets it go on after it stood still.
    pub(crate) async fn wake(&mut self) {
        if let Err(error) = self.still.wake().await {
            tracing::error!(%error, "an environment could not be thawed");
            self.broken = true;
        }
    }

    pub(crate) fn stillness(&self) -> &Arc<Stillness> {
        &self.still
    }

    /// True if something of ours failed in it.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// True if its process died between two events.
    pub(crate) fn has_died(&self) -> bool {
        self.running.as_ref().is_some_and(Running::has_ended)
    }

    /// Gives everything back.
    pub(crate) async fn destroy(mut self) {
        self.shut_down(Reason::Spindown).await;
        if let Err(error) = self.still.give_up(self.slot).await.destroy().await {
            tracing::error!(%error, "an environment was not destroyed as it should be");
        }
        self.capture.drain();
        let folder = self.socket_folder;
        let removed = self.workshop.tasks.blocking(move || std::fs::remove_dir_all(folder)).await;
        if let Err(error) = removed {
            tracing::warn!(%error, "the folder of an environment's socket stays");
        }
    }
}

fn slot_spec(workshop: &Workshop, launch: &Launch) -> SlotSpec {
    SlotSpec {
        isolation: workshop.isolation,
        tmp_bytes: u64::from(launch.tmp_mb) << 20,
        listen: vec![RUNTIME_API.into(), ENDPOINT.into()],
        ..SlotSpec::new(u64::from(launch.memory_mb) << 20)
    }
}

fn log_arn(launch: &Launch, stream: &str) -> String {
    let Launch { scope, log_group, .. } = launch;
    let resource = format!("log-group:{log_group}:log-stream:{stream}");
    base::Arn::regional("logs", &scope.region, &scope.account, resource).to_string()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
