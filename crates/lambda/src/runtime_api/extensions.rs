//! The extensions of one process of a runtime: who is registered, what each waits for, and what went wrong.
//!
//! External ones are programs in /opt/extensions that were started before the runtime; internal ones live in the
//! runtime's process. The states and the words are those of AWS's own code (the oracle's section 2.2).

use base::Random;
use base::limits::extensions::{EXTENSIONS, NAME_BYTES, SHUTDOWN_EXTERNAL_MS, SHUTDOWN_INTERNAL_MS};
use parking_lot::Mutex;
use tokio::sync::watch;

/// What an extension may ask to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Invoke,
    Shutdown,
}

impl Topic {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Invoke => "INVOKE",
            Self::Shutdown => "SHUTDOWN",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Invoke, Self::Shutdown].into_iter().find(|topic| topic.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Started,
    Registered,
    Ready,
    Running,
    InitError,
    ExitError,
    LaunchError,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Registered => "Registered",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::InitError => "InitError",
            Self::ExitError => "ExitError",
            Self::LaunchError => "LaunchError",
        }
    }
}

#[derive(Debug)]
struct Extension {
    name: String,
    id: String,
    external: bool,
    state: State,
    topics: Vec<Topic>,
    /// What it reported itself.
    error_type: Option<String>,
    /// What its `next` is to answer.
    event: Option<String>,
}

impl Extension {
    fn hears(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }
}

/// Why an extension's request was refused: 403, with these two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refused {
    pub(crate) error_type: &'static str,
    pub(crate) message: String,
}

fn refused<T>(error_type: &'static str, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { error_type, message: message.into() })
}

/// An extension that the environment can't live on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// As the platform records it: `Extension.Crash` and the like.
    pub(crate) error_type: &'static str,
    /// In the platform's words.
    pub(crate) why: String,
}

/// How an extension stands when INIT has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) topics: Vec<&'static str>,
    pub(crate) error_type: Option<String>,
}

#[derive(Debug, Default)]
struct Table {
    extensions: Vec<Extension>,
    /// INIT has ended: nobody registers any more.
    closed: bool,
    /// The environment is going away: who exits now does what it should.
    going: bool,
    /// The first thing that an extension reported, or that was seen of it.
    reported: Option<&'static str>,
    failed: Option<Failed>,
}

/// All extensions of one process of a runtime.
#[derive(Debug)]
pub(crate) struct Extensions {
    table: Mutex<Table>,
    /// Something in the table has changed.
    changed: watch::Sender<()>,
    random: Random,
}

impl Extensions {
    pub(crate) fn new(random: Random) -> Self {
        Self { table: Mutex::default(), changed: watch::Sender::new(()), random }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let changed = change(&mut self.table.lock());
        self.changed.send_replace(());
        changed
    }

    /// Waits until the table answers.
    async fn until<T>(&self, mut ask: impl FnMut(&mut Table) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if let Some(answer) = ask(&mut self.table.lock()) {
                return answer;
            }
            // We hold the sender ourselves: it does not end while we wait.
            let _always = changed.changed().await;
        }
    }

    /// An external extension is started; it has to register.
    pub(crate) fn expect(&self, name: &str) {
        let extension = self.extension(name, true);
        self.change(|table| table.extensions.push(extension));
    }

    fn extension(&self, name: &str, external: bool) -> Extension {
        let id = self.random.uuid_v4().to_string();
        let (topics, error_type, event) = (Vec::new(), None, None);
        Extension { name: name.to_owned(), id, external, state: State::Started, topics, error_type, event }
    }

    /// Registers an extension for the events named; its identifier.
    pub(crate) fn register(&self, name: &str, topics: &[String]) -> Result<String, Refused> {
        if name.is_empty() || name.len() > NAME_BYTES {
            return refused("Extension.InvalidExtensionName", "Empty extension name");
        }
        let internal = self.extension(name, false);
        self.change(|table| {
            let external = table.extensions.iter().position(|known| known.external && known.name == name);
            let topics = topics_of(topics, external.is_some())?;
            let at = match external {
                Some(at) => at,
                None => table.take_in(internal)?,
            };
            let extension = &mut table.extensions[at];
            extension.move_to(State::Registered, &[State::Started], "Registered", name)?;
            extension.topics = topics;
            Ok(extension.id.clone())
        })
    }

    /// The name of a registered extension.
    pub(crate) fn name_of(&self, id: &str) -> Option<String> {
        self.table.lock().extensions.iter().find(|known| known.id == id).map(|known| known.name.clone())
    }

    /// An extension asks for its next event, and waits for it: a JSON text.
    pub(crate) async fn next(&self, id: &str) -> Result<String, Refused> {
        self.change(|table| {
            let extension = table.find(id, |id| format!("Unknown extension {id}"))?;
            extension.move_to(State::Ready, &[State::Registered, State::Running], "Ready", id)
        })?;
        self.until(|table| {
            let Ok(extension) = table.find(id, str::to_owned) else { return Some(gone()) };
            if extension.state != State::Ready {
                return Some(gone());
            }
            let event = extension.event.take()?;
            extension.state = State::Running;
            Some(Ok(event))
        })
        .await
    }

    /// A name for an event that is handed out.
    pub(crate) fn event_id(&self) -> String {
        self.random.uuid_v4().to_string()
    }

    /// An extension could not initialize. Its exit is awaited.
    pub(crate) fn init_error(&self, id: &str, error_type: &str) -> Result<(), Refused> {
        let from = [State::Registered, State::InitError];
        self.report(id, error_type, (State::InitError, &from, "InitError"), "Extension.InitError")
    }

    /// An extension is about to exit with an error.
    pub(crate) fn exit_error(&self, id: &str, error_type: &str) -> Result<(), Refused> {
        let from = [State::Registered, State::Ready, State::Running, State::ExitError];
        self.report(id, error_type, (State::ExitError, &from, "Exited"), "Extension.ExitError")
    }

    fn report(
        &self,
        id: &str,
        error_type: &str,
        (to, from, word): (State, &[State], &'static str),
        recorded: &'static str,
    ) -> Result<(), Refused> {
        self.change(|table| {
            let extension = table.find(id, |_| "Unknown Lambda-Extension-Identifier".to_owned())?;
            extension.move_to(to, from, word, id)?;
            // The first report counts.
            extension.error_type.get_or_insert_with(|| error_type.to_owned());
            table.reported.get_or_insert(recorded);
            Ok(())
        })
    }

    /// An external extension could not be started.
    pub(crate) fn not_launched(&self, name: &str, error_type: &str) {
        self.change(|table| {
            if let Some(extension) = table.extensions.iter_mut().find(|known| known.name == name) {
                extension.state = State::LaunchError;
                extension.error_type = Some(error_type.to_owned());
            }
        });
    }

    /// An external extension's process has ended, and why, in the platform's words.
    pub(crate) fn exited(&self, why: String) {
        self.change(|table| {
            if !table.going {
                let error_type = table.reported.unwrap_or("Extension.Crash");
                table.failed.get_or_insert(Failed { error_type, why });
            }
        });
    }

    /// Waits until all external extensions are registered.
    pub(crate) async fn registered(&self) {
        self.until(|table| table.all(|known| !known.external || known.state != State::Started)).await;
    }

    /// INIT is over for the runtime: nobody registers any more.
    pub(crate) fn close(&self) {
        self.change(|table| table.closed = true);
    }

    /// Waits until all extensions wait for an event.
    pub(crate) async fn ready(&self) {
        self.until(|table| table.all(|known| known.state == State::Ready && known.event.is_none())).await;
    }

    /// Waits until those that hear of events have done with the last one.
    pub(crate) async fn done(&self) {
        let done =
            |known: &Extension| !known.hears(Topic::Invoke) || (known.state == State::Ready && known.event.is_none());
        self.until(|table| table.all(done)).await;
    }

    /// Waits until an extension fails: for ever, where none does.
    pub(crate) async fn failed(&self) -> Failed {
        self.until(|table| table.failed.clone()).await
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.table.lock().failed.is_some()
    }

    /// An event for those that hear of it.
    pub(crate) fn tell(&self, topic: Topic, event: &serde_json::Value) {
        let event = event.to_string();
        self.change(|table| {
            table.going |= topic == Topic::Shutdown;
            for extension in table.extensions.iter_mut().filter(|known| known.hears(topic)) {
                extension.event = Some(event.clone());
            }
        });
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.table.lock().extensions.len()
    }

    /// The external ones that want to hear of the end.
    pub(crate) fn awaiting_shutdown(&self) -> Vec<String> {
        let table = self.table.lock();
        let wanting = table.extensions.iter().filter(|known| known.external && known.hears(Topic::Shutdown));
        wanting.map(|known| known.name.clone()).collect()
    }

    /// What the end may take, in milliseconds.
    pub(crate) fn shutdown_ms(&self) -> u64 {
        let table = self.table.lock();
        match &table.extensions {
            none if none.is_empty() => 0,
            some if some.iter().any(|known| known.external) => SHUTDOWN_EXTERNAL_MS,
            _ => SHUTDOWN_INTERNAL_MS,
        }
    }

    pub(crate) fn standings(&self) -> Vec<Standing> {
        let standing = |known: &Extension| Standing {
            name: known.name.clone(),
            state: known.state.name(),
            topics: known.topics.iter().map(|topic| topic.name()).collect(),
            error_type: known.error_type.clone(),
        };
        self.table.lock().extensions.iter().map(standing).collect()
    }

    /// The type under which the runtime's exit is recorded, if an extension in it has said something.
    pub(crate) fn reported(&self) -> Option<&'static str> {
        self.table.lock().reported
    }
}

impl Table {
    fn find(&mut self, id: &str, unknown: impl FnOnce(&str) -> String) -> Result<&mut Extension, Refused> {
        match self.extensions.iter_mut().find(|known| known.id == id) {
            Some(extension) => Ok(extension),
            None => refused("Extension.UnknownExtensionIdentifier", unknown(id)),
        }
    }

    /// Room for an internal extension; its place.
    fn take_in(&mut self, extension: Extension) -> Result<usize, Refused> {
        if self.closed {
            return refused("Extension.RegistrationClosed", "Extension registration closed already");
        }
        if self.extensions.len() >= EXTENSIONS {
            return refused("Extension.TooManyExtensions", format!("Extension limit ({EXTENSIONS}) reached"));
        }
        if self.extensions.iter().any(|known| known.name == extension.name) {
            return refused("Extension.InvalidExtensionState", "Extension with this name already registered");
        }
        self.extensions.push(extension);
        Ok(self.extensions.len() - 1)
    }

    fn all(&self, is_so: impl Fn(&Extension) -> bool) -> Option<()> {
        self.extensions.iter().all(is_so).then_some(())
    }
}

impl Extension {
    /// `named` is how the refusal calls it.
    fn move_to(&mut self, to: State, from: &[State], word: &'static str, named: &str) -> Result<(), Refused> {
        if !from.contains(&self.state) {
            let (state, error) = (self.state.name(), "State transition is not allowed");
            let message =
                format!("State transition from {state} to {word} failed for extension {named}. Error: {error}");
            return refused("Extension.InvalidExtensionState", message);
        }
        self.state = to;
        Ok(())
    }
}

/// Internal ones end with the runtime, and so hear nothing of the end.
fn topics_of(names: &[String], external: bool) -> Result<Vec<Topic>, Refused> {
    let mut topics = Vec::new();
    for name in names {
        let (error_type, topic) = ("Extension.InvalidEventType", Topic::parse(name));
        match topic {
            None => return refused(error_type, format!("{name}: ErrorInvalidEventType")),
            Some(Topic::Shutdown) if !external => {
                return refused(error_type, format!("{name}: ShutdownEventNotSupportedForInternalExtension"));
            }
            Some(topic) if topics.contains(&topic) => {}
            Some(topic) => topics.push(topic),
        }
    }
    Ok(topics)
}

/// Its state was changed under it while it waited.
fn gone<T>() -> Result<T, Refused> {
    refused("Extension.InvalidExtensionState", "Concurrent state modification")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions() -> Extensions {
        let extensions = Extensions::new(Random::seeded(1));
        extensions.expect("outer");
        extensions
    }

    fn names(topics: &[&str]) -> Vec<String> {
        topics.iter().map(|&topic| topic.to_owned()).collect()
    }

    fn error_type<T>(result: Result<T, Refused>) -> &'static str {
        result.err().expect("refused").error_type
    }

    #[tokio::test]
    async fn an_event_goes_to_those_that_hear_of_it_and_is_over_when_they_ask_again() {
        let extensions = extensions();
        let outer = extensions.register("outer", &names(&["INVOKE", "SHUTDOWN"])).expect("expected");
        let inner = extensions.register("inner", &[]).expect("there is room");
        extensions.registered().await;
        extensions.close();
        let waiting = |id: String| {
            let extensions = &extensions;
            async move { extensions.next(&id).await }
        };
        let (first, _) = tokio::join!(waiting(outer.clone()), async {
            extensions.tell(Topic::Invoke, &serde_json::json!({"n": 1}));
        });
        assert_eq!(first.as_deref(), Ok(r#"{"n":1}"#));
        // It works on the event; the other one has never asked, and needn't.
        assert_eq!(error_type(extensions.register("late", &[])), "Extension.RegistrationClosed");
        let second = tokio::join!(waiting(outer), async {
            extensions.done().await;
            extensions.tell(Topic::Shutdown, &serde_json::json!({"n": 2}));
        });
        assert_eq!(second.0.as_deref(), Ok(r#"{"n":2}"#));
        assert!(extensions.name_of(&inner).is_some());
    }

    #[test]
    fn what_is_not_allowed_has_its_error_type() {
        let extensions = extensions();
        assert_eq!(error_type(extensions.register("", &[])), "Extension.InvalidExtensionName");
        assert_eq!(error_type(extensions.register("inner", &names(&["SHUTDOWN"]))), "Extension.InvalidEventType");
        assert_eq!(error_type(extensions.register("outer", &names(&["OTHER"]))), "Extension.InvalidEventType");
        let id = extensions.register("outer", &[]).expect("expected");
        assert_eq!(error_type(extensions.register("outer", &[])), "Extension.InvalidExtensionState");
        assert_eq!(error_type(extensions.init_error("unknown", "X")), "Extension.UnknownExtensionIdentifier");
        for n in 0..EXTENSIONS - 1 {
            extensions.register(&format!("inner-{n}"), &[]).expect("there is room");
        }
        assert_eq!(error_type(extensions.register("one-more", &[])), "Extension.TooManyExtensions");
        extensions.init_error(&id, "Extension.Mine").expect("registered");
        let refusal = extensions.exit_error(&id, "Extension.Mine").expect_err("it has ended");
        assert_eq!(
            refusal.message,
            format!(
                "State transition from InitError to Exited failed for extension {id}. Error: State transition is not allowed"
            )
        );
    }

    #[tokio::test]
    async fn an_exit_is_recorded_under_what_was_reported_before_it() {
        let why = "exit status 1".to_owned();
        let crashed = extensions();
        crashed.exited(why.clone());
        assert_eq!(crashed.failed().await, Failed { error_type: "Extension.Crash", why: why.clone() });
        let reported = extensions();
        let id = reported.register("outer", &[]).expect("expected");
        reported.init_error(&id, "Extension.Mine").expect("registered");
        reported.exited(why.clone());
        assert_eq!(reported.failed().await, Failed { error_type: "Extension.InitError", why });
        let standing = &reported.standings()[0];
        assert_eq!((standing.state, standing.error_type.as_deref()), ("InitError", Some("Extension.Mine")));
    }
}
