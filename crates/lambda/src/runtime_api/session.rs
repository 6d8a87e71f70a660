//! The state machine of one runtime process. It refuses what it does not name.

use base::limits::lambda::RESPONSE_BYTES;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::stream::{Answering, Recipient};
use super::{Answer, Event, Invocation};

/// The states that AWS's own implementation names in its error texts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Started,
    InitError,
    Ready,
    Running {
        request_id: String,
    },
    /// The answer has begun.
    InvocationResponse,
    /// Answered, and `next` not asked yet.
    ResponseSent,
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::InitError => "InitError",
            Self::Ready => "Ready",
            Self::Running { .. } => "Running",
            Self::InvocationResponse => "InvocationResponse",
            // As AWS has it; the others have shorter names.
            Self::ResponseSent => "RuntimeResponseSentState",
        }
    }
}

/// Why a request of the process was refused; the HTTP transport answers with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Invalid request ID")]
    InvalidRequestId,
    #[error("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed")]
    InvalidStateTransition { from: &'static str, to: &'static str },
    #[error("Exceeded maximum allowed payload size ({limit} bytes).")]
    TooLarge { limit: usize },
    /// The environment is going away.
    #[error("Internal Server Error")]
    Closed,
}

/// One process's conversation with the platform; transports call it from one side, the environment from the other.
#[derive(Debug)]
pub(crate) struct Session {
    state: Mutex<State>,
    hand_over: mpsc::Sender<Invocation>,
    parked: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    /// The event that was given last.
    given: Mutex<Option<Invocation>>,
    /// Where the answer to the running event goes, until it begins.
    recipient: Mutex<Recipient>,
    events: mpsc::Sender<Event>,
}

impl Session {
    /// The session, and what it tells.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Event>) {
        let (hand_over, parked) = mpsc::channel(1);
        // The state machine lets at most an answer and a `next` wait at the same time.
        let (events, told) = mpsc::channel(4);
        let parked = tokio::sync::Mutex::new(parked);
        let (given, recipient) = (Mutex::default(), Mutex::default());
        (Self { state: Mutex::new(State::Started), hand_over, parked, given, recipient, events }, told)
    }

    /// The process asks for an event, and waits for it. While it works on one it is given the same again.
    pub(crate) async fn next(&self) -> Result<Invocation, Refusal> {
        if let Some(same) = self.working_on() {
            return Ok(same);
        }
        if self.become_ready()? {
            self.tell(Event::Ready)?;
        }
        let invocation = self.parked.lock().await.recv().await.ok_or(Refusal::Closed)?;
        *self.recipient.lock() = invocation.recipient.clone();
        // Without its recipient: who waits for the end of a stream must not wait for what is kept here.
        *self.given.lock() = Some(Invocation { recipient: Recipient::default(), ..invocation.clone() });
        *self.state.lock() = State::Running { request_id: invocation.request_id.clone() };
        Ok(invocation)
    }

    fn working_on(&self) -> Option<Invocation> {
        let running = matches!(*self.state.lock(), State::Running { .. });
        running.then(|| self.given.lock().clone()).flatten()
    }

    fn has_answered(&self, request_id: &str) -> bool {
        self.given.lock().as_ref().is_some_and(|given| given.request_id == request_id)
    }

    /// True if the process was not ready before.
    fn become_ready(&self) -> Result<bool, Refusal> {
        let mut state = self.state.lock();
        match *state {
            State::Started | State::ResponseSent => {
                *state = State::Ready;
                Ok(true)
            }
            // Its connection broke while it waited, and it asks again.
            State::Ready => Ok(false),
            State::InitError | State::Running { .. } | State::InvocationResponse => Err(not_allowed(&state, "Ready")),
        }
    }

    /// The process answers the event `request_id`.
    pub(crate) fn answer(&self, request_id: &str, answer: Answer) -> Result<(), Refusal> {
        let word =
            if matches!(answer, Answer::Error { .. }) { "InvocationErrorResponse" } else { "InvocationResponse" };
        self.leave_running(request_id, State::ResponseSent, word)?;
        match answer {
            Answer::Response(body) if body.len() > RESPONSE_BYTES => self.too_large(RESPONSE_BYTES),
            Answer::TooLarge { limit } => self.too_large(limit),
            answer => self.tell(Event::Answered(answer)),
        }
    }

    fn too_large(&self, limit: usize) -> Result<(), Refusal> {
        self.tell(Event::Answered(Answer::TooLarge { limit }))?;
        Err(Refusal::TooLarge { limit })
    }

    /// The process begins to answer the event `request_id`, piece by piece.
    pub(crate) fn begin(&self, request_id: &str, content_type: Option<&str>) -> Result<Answering<'_>, Refusal> {
        self.leave_running(request_id, State::InvocationResponse, "InvocationResponse")?;
        let recipient = std::mem::take(&mut *self.recipient.lock());
        Ok(Answering::begin(self, recipient, content_type))
    }

    /// What was begun has ended.
    pub(super) fn answered(&self, answer: Answer) -> Result<(), Refusal> {
        *self.state.lock() = State::ResponseSent;
        self.tell(Event::Answered(answer))
    }

    /// True between the beginning of an answer and its end.
    pub(crate) fn is_answering(&self) -> bool {
        *self.state.lock() == State::InvocationResponse
    }

    /// `word` is how AWS calls where the process wants to go.
    fn leave_running(&self, request_id: &str, to: State, word: &'static str) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        match &*state {
            State::Running { request_id: running } if running == request_id => {
                *state = to;
                Ok(())
            }
            State::InvocationResponse | State::ResponseSent if self.has_answered(request_id) => {
                Err(not_allowed(&state, word))
            }
            // The id is looked at before the state.
            _ => Err(Refusal::InvalidRequestId),
        }
    }

    /// The process could not initialize.
    pub(crate) fn init_error(&self, error_type: String, body: Bytes) -> Result<(), Refusal> {
        {
            let mut state = self.state.lock();
            if *state != State::Started {
                return Err(not_allowed(&state, "InitError"));
            }
            *state = State::InitError;
        }
        self.tell(Event::InitError { error_type, body })
    }

    /// Gives the waiting process an event. False if it is not waiting.
    pub(crate) fn give(&self, invocation: Invocation) -> bool {
        *self.state.lock() == State::Ready && self.hand_over.try_send(invocation).is_ok()
    }

    fn tell(&self, event: Event) -> Result<(), Refusal> {
        self.events.try_send(event).map_err(|_| Refusal::Closed)
    }
}

fn not_allowed(state: &State, to: &'static str) -> Refusal {
    Refusal::InvalidStateTransition { from: state.name(), to }
}

/// The platform's record of an error's type: kept if it has the known form, else named unknown.
pub(crate) fn recorded_error_type(sent: &str) -> String {
    let known = ["Runtime.", "Function."].into_iter().any(|prefix| {
        sent.strip_prefix(prefix).is_some_and(|name| {
            name.len() > 1
                && name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_alphabetic())
        })
    });
    match sent {
        _ if known => sent.to_owned(),
        _ if sent.starts_with("Function.") => "Function.Unknown".to_owned(),
        _ => "Runtime.Unknown".to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn invocation(id: &str) -> Invocation {
        Invocation {
            request_id: id.to_owned(),
            deadline_ms: 0,
            function_arn: String::new(),
            trace_id: String::new(),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            event: Bytes::from_static(b"{}"),
            recipient: Recipient::Whole,
        }
    }

    fn response() -> Answer {
        Answer::Response(Bytes::from_static(b"1"))
    }

    /// A session whose process is working on event `a`.
    async fn running() -> (Session, mpsc::Receiver<Event>) {
        running_for(Recipient::Whole).await
    }

    pub(in super::super) async fn running_for(recipient: Recipient) -> (Session, mpsc::Receiver<Event>) {
        let (session, mut told) = Session::new();
        let invocation = Invocation { recipient, ..invocation("a") };
        let (next, given) = tokio::join!(session.next(), async {
            assert_eq!(told.recv().await, Some(Event::Ready));
            session.give(invocation)
        });
        assert!(given);
        assert_eq!(next.expect("given").request_id, "a");
        (session, told)
    }

    #[tokio::test]
    async fn an_event_goes_in_and_its_answer_out() {
        let (session, mut told) = running().await;
        session.answer("a", response()).expect("running");
        assert_eq!(told.recv().await, Some(Event::Answered(response())));
    }

    #[tokio::test]
    async fn an_answer_to_another_event_is_refused() {
        let (session, _told) = running().await;
        assert_eq!(session.answer("b", response()), Err(Refusal::InvalidRequestId));
    }

    #[tokio::test]
    async fn an_event_is_answered_once() {
        let (session, _told) = running().await;
        session.answer("a", response()).expect("running");
        assert_eq!(
            session.answer("a", response()).expect_err("answered").to_string(),
            "State transition from RuntimeResponseSentState to InvocationResponse failed for runtime. Error: State \
             transition is not allowed"
        );
        assert_eq!(session.answer("b", response()), Err(Refusal::InvalidRequestId));
    }

    #[tokio::test]
    async fn next_before_the_answer_gives_the_same_event_again() {
        let (session, mut told) = running().await;
        assert_eq!(session.next().await.expect("running").request_id, "a");
        session.answer("a", response()).expect("still running");
        assert_eq!(told.recv().await, Some(Event::Answered(response())));
    }

    #[tokio::test]
    async fn an_init_error_is_taken_only_before_the_first_next() {
        let (session, _told) = running().await;
        assert!(session.init_error("Runtime.X".to_owned(), Bytes::new()).is_err());
    }

    #[tokio::test]
    async fn nothing_is_given_to_a_process_that_does_not_wait() {
        let (session, _told) = Session::new();
        assert!(!session.give(invocation("a")));
    }

    #[tokio::test]
    async fn too_large_an_answer_is_not_kept() {
        let (session, mut told) = running().await;
        let large = Bytes::from(vec![b'1'; RESPONSE_BYTES + 1]);
        assert_eq!(session.answer("a", Answer::Response(large)), Err(Refusal::TooLarge { limit: RESPONSE_BYTES }));
        assert_eq!(told.recv().await, Some(Event::Answered(Answer::TooLarge { limit: RESPONSE_BYTES })));
    }

    #[tokio::test]
    async fn an_answer_that_has_begun_is_the_only_one() {
        let (session, mut told) = running().await;
        let answering = session.begin("a", None).expect("running");
        assert!(session.is_answering());
        let refused = session.next().await.expect_err("it has begun");
        assert!(refused.to_string().starts_with("State transition from InvocationResponse to Ready failed"));
        assert!(matches!(session.answer("a", response()), Err(Refusal::InvalidStateTransition { .. })));
        assert!(session.begin("a", None).is_err());
        answering.finish().expect("begun");
        assert!(!session.is_answering());
        assert_eq!(session.answer("a", response()), Err(not_allowed(&State::ResponseSent, "InvocationResponse")));
        assert_eq!(told.recv().await, Some(Event::Answered(Answer::Response(Bytes::new()))));
    }

    #[tokio::test]
    async fn an_answer_to_another_event_does_not_begin() {
        let (session, _told) = running().await;
        assert!(session.begin("b", None).is_err());
        assert!(session.begin("a", None).is_ok());
    }

    #[test]
    fn error_types_are_recorded_in_the_known_form() {
        for (sent, recorded) in [
            ("Runtime.ImportModuleError", "Runtime.ImportModuleError"),
            ("Function.Mine", "Function.Mine"),
            ("Function.mine", "Function.Unknown"),
            ("ValueError", "Runtime.Unknown"),
            ("Runtime.", "Runtime.Unknown"),
        ] {
            assert_eq!(recorded_error_type(sent), recorded);
        }
    }
}
