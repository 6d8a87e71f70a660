//! The processes of a runtime in an environment, its extensions first: started, initialized, given events, watched.

use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use sandbox::{Bind, Command, Isolation, Process, Spec, Started};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::capture::Framing;
use super::command::argv;
use super::extensions::External;
use super::outside::Outside;
use super::variables::{self, TASK_ROOT, TELEMETRY_FD};
use super::{Environment, MakeError, Outcome, SOCKET_FOLDER, outcome};
use crate::runtime_api::extensions::{Extensions, Failed, Topic};
use crate::runtime_api::extensions_http::{Audience, Desk, Function};
use crate::runtime_api::session::Session;
use crate::runtime_api::{Answer, Event, Invocation, framed, http};
use crate::telemetry::Hub;

/// How long after a process's end its last message may still be unread.
const LAST_WORD: Duration = Duration::from_millis(50);

/// What runs in an environment between an INIT and its end. Dropping it ends the conversation, not the processes.
#[derive(Debug)]
pub(super) struct Running {
    /// `None` until the extensions are registered.
    pub(super) process: Option<Process>,
    pub(super) externals: Vec<External>,
    session: Arc<Session>,
    events: mpsc::Receiver<Event>,
    desk: Arc<Desk>,
    pub(super) moments: Moments,
    ended: CancellationToken,
    _conversation: DropGuard,
}

/// When the last event passed which point.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    pub(super) given: Option<Instant>,
    pub(super) answered: Option<Instant>,
    pub(super) ready: Option<Instant>,
}

impl Running {
    /// Serves the APIs; nothing is started yet.
    pub(super) fn open(environment: &Environment, hub: Arc<Hub>) -> Result<Self, MakeError> {
        let workshop = &environment.workshop;
        let (session, events) = Session::new();
        let session = Arc::new(session);
        let ended = CancellationToken::new();
        let desk = Arc::new(desk(environment, hub, &ended)?);
        let (clock, tasks) = (&workshop.clock, &workshop.tasks);
        let listener = environment.runtime_api.clone();
        http::serve(listener, (session.clone(), desk.clone()), clock.clone(), tasks, ended.clone());
        framed::serve(environment.socket.clone(), session.clone(), clock.clone(), tasks, ended.clone());
        let _conversation = ended.clone().drop_guard();
        let (externals, moments) = (Vec::new(), Moments::default());
        Ok(Self { process: None, externals, session, events, desk, moments, ended, _conversation })
    }

    /// Subscribers hear everything that waits for them.
    pub(super) async fn flush(&self) {
        self.desk.audience.hub.flush().await;
    }

    pub(super) fn extensions(&self) -> &Extensions {
        &self.desk.extensions
    }

    /// INIT: extensions, then the runtime, until all of them wait for an event.
    pub(super) async fn initialize(&mut self, environment: &Environment) -> Result<(), Outcome> {
        let variables = environment.variables();
        self.start_extensions(environment, &variables).await?;
        let desk = self.desk.clone();
        let extensions = &desk.extensions;
        self.or_failed(extensions.registered()).await?;
        let launch = &environment.launch;
        self.start_runtime(environment, variables).await.map_err(|error| Outcome::not_started(&error, launch))?;
        self.initialized(&environment.workshop.clock).await?;
        extensions.close();
        self.or_failed(extensions.ready()).await?;
        desk.audience.hub.close();
        Ok(())
    }

    /// Waits, unless an extension fails first.
    async fn or_failed(&self, wait: impl Future<Output = ()>) -> Result<(), Outcome> {
        tokio::select! {
            biased;
            failed = self.desk.extensions.failed() => Err(Outcome::Extension(failed)),
            () = wait => Ok(()),
        }
    }

    async fn start_runtime(
        &mut self,
        environment: &Environment,
        variables: Vec<(String, String)>,
    ) -> Result<(), MakeError> {
        let (telemetry, telemetry_end) = std::io::pipe()?;
        let launch = &environment.launch;
        let mut command = program(environment, &argv(launch), variables);
        if environment.workshop.isolation != Isolation::Off {
            command = command.cwd(&launch.interpreter.cwd);
        }
        if launch.interpreter.managed {
            command = command.fd(telemetry_end.into(), TELEMETRY_FD);
        }
        let Started { process, stdout, stderr } = self.start(environment, command).await?;
        self.process = Some(process);
        let outputs = [(stdout, Framing::Lines), (stderr, Framing::Lines), (telemetry.into(), Framing::Telemetry)];
        Ok(environment.capture.listen(outputs, &environment.workshop.tasks, &self.ended)?)
    }

    /// The first process makes the root; the others join it.
    async fn start(&self, environment: &Environment, command: Command) -> Result<Started, MakeError> {
        Ok(match self.externals.is_empty() {
            true => environment.slot.start(spec(environment, command)).await?,
            false => environment.slot.join(command).await?,
        })
    }

    /// Starts an external extension.
    pub(super) async fn start_extension(
        &mut self,
        environment: &Environment,
        name: &str,
        variables: &[(String, String)],
    ) -> Result<(), MakeError> {
        let path = format!("/opt/extensions/{name}");
        let command = program(environment, &[path], variables::of_extension(variables)).cwd("/");
        let Started { process, stdout, stderr } = self.start(environment, command).await?;
        self.externals.push(External { name: name.to_owned(), process: process.clone() });
        self.watch(environment, process);
        let outputs = [(stdout, Framing::ExtensionLines), (stderr, Framing::ExtensionLines)];
        Ok(environment.capture.listen(outputs, &environment.workshop.tasks, &self.ended)?)
    }

    /// Its end is the environment's, too.
    fn watch(&self, environment: &Environment, process: Process) {
        let (desk, ended) = (self.desk.clone(), self.ended.clone());
        environment.workshop.tasks.spawn("watch an extension", async move {
            if let Some(exit) = ended.run_until_cancelled(process.wait()).await {
                desk.extensions.exited(outcome::extension_exit(&exit));
            }
        });
    }

    pub(super) fn has_ended(&self) -> bool {
        self.process.as_ref().is_none_or(|process| process.exit().is_some()) || self.extensions().has_failed()
    }

    /// Waits until the process asks for its first event.
    async fn initialized(&mut self, clock: &Clock) -> Result<(), Outcome> {
        let desk = self.desk.clone();
        let exit = exit(self.process.clone());
        tokio::select! {
            biased;
            event = self.events.recv() => match event {
                Some(Event::Ready) => Ok(()),
                Some(Event::InitError { error_type, body }) => Err(Outcome::InitError { error_type, body }),
                Some(Event::Answered(_)) | None => Err(Outcome::platform("an answer before the first event")),
            },
            exit = exit => Err(self.last_word(clock).await.unwrap_or_else(|| self.exited(exit))),
            failed = desk.extensions.failed() => Err(Outcome::Extension(failed)),
        }
    }

    /// An extension in the process may have said before why it would end.
    fn exited(&self, exit: sandbox::Exit) -> Outcome {
        match self.extensions().reported() {
            Some(error_type) => Outcome::Extension(Failed { error_type, why: outcome::reason(&exit) }),
            None => Outcome::Exited(exit),
        }
    }

    /// What the process still said before it ended: our bootstraps wait for no acknowledgement, so that it may lie in
    /// the socket when the exit is known already.
    async fn last_word(&mut self, clock: &Clock) -> Option<Outcome> {
        let event = tokio::select! {
            biased;
            event = self.events.recv() => event?,
            () = clock.sleep(LAST_WORD) => return None,
        };
        match event {
            Event::InitError { error_type, body } => Some(Outcome::InitError { error_type, body }),
            // Its end is the reason.
            Event::Answered(Answer::Truncated) | Event::Ready => None,
            Event::Answered(answer) => Some(Outcome::Answered { answer, ended: true }),
        }
    }

    /// As [`Running::last_word`], inside of an event. Of an answer that has begun much may lie in the socket: its end is
    /// waited for until it is too late.
    async fn last_answer(&mut self, clock: &Clock, late: impl Future<Output = ()>) -> Option<Outcome> {
        let said = self.last_word(clock).await;
        if said.is_some() || !self.session.is_answering() {
            return said;
        }
        tokio::select! {
            biased;
            event = self.events.recv() => match event? {
                Event::Answered(answer) if answer != Answer::Truncated => Some(Outcome::Answered { answer, ended: true }),
                _ => None,
            },
            () = late => None,
        }
    }

    /// Gives the process an event and waits until it has answered and asks for the next.
    pub(super) async fn run(&mut self, clock: &Clock, invocation: Invocation, deadline: Instant) -> Outcome {
        let now = clock.instant();
        let after = deadline - now;
        self.moments = Moments { given: Some(now), ..Moments::default() };
        let desk = self.desk.clone();
        if desk.extensions.count() > 0 {
            desk.extensions.tell(Topic::Invoke, &invoke(&invocation));
        }
        if !self.session.give(invocation) {
            return Outcome::platform("the process did not wait for an event");
        }
        let (late, exit, failed) = (clock.sleep(after), exit(self.process.clone()), desk.extensions.failed());
        tokio::pin!(late, exit, failed);
        let mut answer: Option<Answer> = None;
        loop {
            tokio::select! {
                biased;
                event = self.events.recv() => match (event, answer.take()) {
                    (Some(Event::Answered(given)), None) => {
                        self.moments.answered = Some(clock.instant());
                        answer = Some(given);
                    }
                    (Some(Event::Ready), Some(answer)) => {
                        self.moments.ready = Some(clock.instant());
                        return Outcome::Answered { answer, ended: false };
                    }
                    (event, _) => return Outcome::platform(format!("out of turn: {event:?}")),
                },
                exit = &mut exit => return match answer {
                    Some(Answer::Truncated) => self.exited(exit),
                    Some(answer) => Outcome::Answered { answer, ended: true },
                    None => self.last_answer(clock, late).await.unwrap_or_else(|| self.exited(exit)),
                },
                failed = &mut failed => return Outcome::Extension(failed),
                () = &mut late => return Outcome::TimedOut { after },
            }
        }
    }

    /// Waits until the extensions have done with the event, too; what keeps them from it.
    pub(super) async fn done(&self, clock: &Clock, deadline: Instant) -> Option<Outcome> {
        let after = deadline.saturating_duration_since(clock.instant());
        tokio::select! {
            biased;
            done = self.or_failed(self.extensions().done()) => done.err(),
            () = clock.sleep(after) => Some(Outcome::TimedOut { after }),
        }
    }
}

/// Never, where there is no process.
async fn exit(process: Option<Process>) -> sandbox::Exit {
    match process {
        Some(process) => process.wait().await,
        None => std::future::pending().await,
    }
}

fn desk(environment: &Environment, hub: Arc<Hub>, ended: &CancellationToken) -> Result<Desk, MakeError> {
    let (launch, workshop) = (&environment.launch, &environment.workshop);
    Ok(Desk {
        function: Function {
            name: launch.function_name.clone(),
            version: launch.version.clone(),
            handler: launch.handler.clone(),
            account: launch.scope.account.to_string(),
        },
        extensions: Extensions::new(workshop.random.clone()),
        audience: Audience {
            hub,
            capture: environment.capture.clone(),
            network: Arc::new(environment.slot.way_in()?),
            clock: workshop.clock.clone(),
            tasks: workshop.tasks.clone(),
            ended: ended.clone(),
        },
    })
}

fn program(environment: &Environment, argv: &[String], variables: Vec<(String, String)>) -> Command {
    match environment.workshop.isolation {
        Isolation::Full | Isolation::User => command(argv, variables),
        Isolation::Off => Outside::new(environment.listening, &binds(environment)).command(argv, variables),
    }
}

pub(super) fn command(argv: &[String], variables: Vec<(String, String)>) -> Command {
    let mut command = Command::new(argv).cwd(TASK_ROOT);
    command.env = variables.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    command
}

fn spec(environment: &Environment, command: Command) -> Spec {
    let root = environment.launch.interpreter.root.clone();
    Spec { root, binds: binds(environment), hostname: "169-254-100-1".to_owned(), command }
}

fn binds(environment: &Environment) -> Vec<Bind> {
    let launch = &environment.launch;
    let mut binds: Vec<_> =
        launch.interpreter.binds.iter().map(|(source, target)| Bind::read_only(source, target)).collect();
    binds.extend(launch.code.iter().map(|code| Bind::read_only(code, TASK_ROOT)));
    binds.extend(launch.layers.iter().map(|layers| Bind::read_only(layers, "/opt")));
    // Only our own bootstraps use it, and they run in the host's root.
    if launch.interpreter.root.is_none() {
        binds.push(Bind::read_only(&environment.socket_folder, SOCKET_FOLDER));
    }
    binds
}

/// What extensions hear of an event.
fn invoke(invocation: &Invocation) -> serde_json::Value {
    json!({
        "eventType": "INVOKE",
        "deadlineMs": invocation.deadline_ms,
        "requestId": invocation.request_id,
        "invokedFunctionArn": invocation.function_arn,
        "tracing": { "type": "X-Amzn-Trace-Id", "value": invocation.trace_id },
    })
}
