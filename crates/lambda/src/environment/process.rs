//! One process of a runtime in an environment: started, initialized, given events, watched.

use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use sandbox::{Bind, Command, Isolation, Process, Spec};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::outside::Outside;
use super::variables::{TASK_ROOT, TELEMETRY_FD};
use super::{Environment, MakeError, Outcome, SOCKET_FOLDER};
use crate::runtime_api::session::Session;
use crate::runtime_api::{Answer, Event, Invocation, framed, http};

/// How long after a process's end its last message may still be unread.
const LAST_WORD: Duration = Duration::from_millis(50);

/// A process that was started. Dropping it ends the conversation, not the process.
#[derive(Debug)]
pub(super) struct Running {
    process: Process,
    session: Arc<Session>,
    events: mpsc::Receiver<Event>,
    _conversation: DropGuard,
}

pub(super) async fn spawn(environment: &Environment, variables: Vec<(String, String)>) -> Result<Running, MakeError> {
    let workshop = &environment.workshop;
    let (session, events) = Session::new();
    let session = Arc::new(session);
    let ended = CancellationToken::new();
    let (clock, tasks) = (&workshop.clock, &workshop.tasks);
    http::serve(environment.runtime_api.clone(), session.clone(), clock.clone(), tasks, ended.clone());
    framed::serve(environment.socket.clone(), session.clone(), clock.clone(), tasks, ended.clone());
    let conversation = ended.clone().drop_guard();
    let (telemetry, telemetry_end) = std::io::pipe()?;
    let started = environment.slot.start(spec(environment, variables, telemetry_end.into())).await?;
    let outputs = [started.stdout, started.stderr];
    environment.capture.listen(outputs, telemetry.into(), tasks, &ended)?;
    Ok(Running { process: started.process, session, events, _conversation: conversation })
}

fn spec(environment: &Environment, variables: Vec<(String, String)>, telemetry: std::os::fd::OwnedFd) -> Spec {
    let launch = &environment.launch;
    let mut binds: Vec<_> =
        launch.interpreter.binds.iter().map(|(source, target)| Bind::read_only(source, target)).collect();
    binds.extend(launch.code.iter().map(|code| Bind::read_only(code, TASK_ROOT)));
    binds.extend(launch.layers.iter().map(|layers| Bind::read_only(layers, "/opt")));
    // Only our own bootstraps use it, and they run in the host's root.
    if launch.interpreter.root.is_none() {
        binds.push(Bind::read_only(&environment.socket_folder, SOCKET_FOLDER));
    }
    let mut command = match environment.workshop.isolation {
        Isolation::Full => command(&launch.interpreter.argv, variables).cwd(&launch.interpreter.cwd),
        Isolation::Off => Outside::new(environment.listening, &binds).command(&launch.interpreter.argv, variables),
    };
    if launch.interpreter.managed {
        command.fds.push((telemetry, TELEMETRY_FD));
    }
    Spec { root: launch.interpreter.root.clone(), binds, hostname: "169-254-100-1".to_owned(), command }
}

pub(super) fn command(argv: &[String], variables: Vec<(String, String)>) -> Command {
    let mut command = Command::new(argv).cwd(TASK_ROOT);
    command.env = variables.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    command
}

impl Running {
    pub(super) fn has_ended(&self) -> bool {
        self.process.exit().is_some()
    }

    /// Waits until the process asks for its first event.
    pub(super) async fn initialized(&mut self, clock: &Clock, limit: Duration) -> Result<(), Outcome> {
        tokio::select! {
            biased;
            event = self.events.recv() => match event {
                Some(Event::Ready) => Ok(()),
                Some(Event::InitError { error_type, body }) => Err(Outcome::InitError { error_type, body }),
                Some(Event::Answered(_)) | None => Err(Outcome::platform("an answer before the first event")),
            },
            exit = self.process.wait() => Err(self.last_word(clock).await.unwrap_or(Outcome::Exited(exit))),
            () = clock.sleep(limit) => Err(Outcome::TimedOut { after: limit }),
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
        let after = deadline - clock.instant();
        if !self.session.give(invocation) {
            return Outcome::platform("the process did not wait for an event");
        }
        let late = clock.sleep(after);
        tokio::pin!(late);
        let mut answer: Option<Answer> = None;
        loop {
            tokio::select! {
                biased;
                event = self.events.recv() => match (event, answer.take()) {
                    (Some(Event::Answered(given)), None) => answer = Some(given),
                    (Some(Event::Ready), Some(answer)) => return Outcome::Answered { answer, ended: false },
                    (event, _) => return Outcome::platform(format!("out of turn: {event:?}")),
                },
                exit = self.process.wait() => return match answer {
                    Some(Answer::Truncated) => Outcome::Exited(exit),
                    Some(answer) => Outcome::Answered { answer, ended: true },
                    None => self.last_answer(clock, late).await.unwrap_or(Outcome::Exited(exit)),
                },
                () = &mut late => return Outcome::TimedOut { after },
            }
        }
    }
}
