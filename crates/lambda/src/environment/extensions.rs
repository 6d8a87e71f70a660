//! External extensions: the programs in /opt/extensions, started before the runtime, and told when the end comes.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use base::Clock;
use base::limits::extensions::{EXTENSIONS, SHUTDOWN_RUNTIME_MS};
use sandbox::Process;
use serde_json::json;

use super::process::Running;
use super::{Environment, MakeError, Outcome};
use crate::runtime_api::extensions::{Failed, Topic};
use crate::telemetry::{Extension, PlatformEvent};

/// One that was started.
#[derive(Debug)]
pub(super) struct External {
    pub(super) name: String,
    pub(super) process: Process,
}

/// Why an environment's processes end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Spindown,
    Timeout,
    Failure,
}

impl Reason {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        if matches!(outcome, Outcome::TimedOut { .. }) { Self::Timeout } else { Self::Failure }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Spindown => "spindown",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
        }
    }
}

impl Running {
    /// Starts all external extensions.
    pub(super) async fn start_extensions(
        &mut self,
        environment: &Environment,
        variables: &[(String, String)],
    ) -> Result<(), Outcome> {
        let Some(opt) = environment.launch.opt() else { return Ok(()) };
        let listing = environment.workshop.tasks.blocking(move || names(&opt)).await;
        let names = listing.map_err(Outcome::platform)?;
        for (index, name) in names.iter().enumerate() {
            self.extensions().expect(name);
            if index == EXTENSIONS {
                return Err(self.not_launched(name, "TooManyExtensions", "ErrTooManyExtensions".to_owned()));
            }
            if let Err(error) = self.start_extension(environment, name, variables).await {
                let (error_type, why) = launch_error(name, &error).ok_or_else(|| Outcome::platform(&error))?;
                return Err(self.not_launched(name, error_type, why));
            }
        }
        Ok(())
    }

    fn not_launched(&self, name: &str, error_type: &str, why: String) -> Outcome {
        self.extensions().not_launched(name, error_type);
        Outcome::Extension(Failed { error_type: "Extension.LaunchError", why })
    }

    /// How the extensions stand, for the log.
    pub(super) fn standings(&self) -> Vec<PlatformEvent> {
        let event = |standing: crate::runtime_api::extensions::Standing| {
            PlatformEvent::Extension(Extension {
                name: standing.name,
                state: standing.state,
                events: standing.topics,
                error_type: standing.error_type,
            })
        };
        self.extensions().standings().into_iter().map(event).collect()
    }

    /// Tells the runtime and the extensions of the end, and waits as long as they may take. What still runs then is the
    /// caller's to kill; without extensions there is nothing to wait for.
    pub(super) async fn shut_down(&self, clock: &Clock, reason: Reason) {
        let budget = Duration::from_millis(self.extensions().shutdown_ms());
        if budget.is_zero() {
            return;
        }
        let (started, deadline_ms) = (clock.instant(), clock.now_ms() + super::millis(budget));
        tokio::join!(self.end_runtime(clock, budget), self.tell_what_waits(clock));
        let event = json!({ "eventType": "SHUTDOWN", "deadlineMs": deadline_ms, "shutdownReason": reason.name() });
        self.extensions().tell(Topic::Shutdown, &event);
        let awaited = self.extensions().awaiting_shutdown();
        let awaited = self.externals.iter().filter(|external| awaited.contains(&external.name));
        let exits = futures_util::future::join_all(awaited.map(|external| external.process.wait()));
        tokio::select! {
            _ = exits => {}
            () = clock.sleep(budget.saturating_sub(started.elapsed())) => {
                tracing::debug!("an extension did not end in its time");
            }
        }
    }

    /// So that who goes at once when it hears of the end has heard all before.
    async fn tell_what_waits(&self, clock: &Clock) {
        tokio::select! {
            () = self.flush() => {}
            () = clock.sleep(Duration::from_millis(SHUTDOWN_RUNTIME_MS)) => {}
        }
    }

    /// SIGTERM, and SIGKILL when its part of the time is over.
    async fn end_runtime(&self, clock: &Clock, budget: Duration) {
        let Some(process) = self.process.as_ref().filter(|process| process.exit().is_none()) else { return };
        let part = if self.externals.is_empty() { budget } else { Duration::from_millis(SHUTDOWN_RUNTIME_MS) };
        let ended = async {
            process.terminate().await?;
            process.wait().await;
            Ok::<_, sandbox::Error>(())
        };
        let failed = tokio::select! {
            ended = ended => ended.err(),
            () = clock.sleep(part) => process.kill().await.err(),
        };
        if let Some(error) = failed {
            tracing::warn!(%error, "a runtime could not be told of its end");
        }
    }
}

/// The files in `extensions` below `opt`, by name; none where there is no such folder. A link is none: it would lead
/// elsewhere on the host than inside.
fn names(opt: &Path) -> std::io::Result<Vec<String>> {
    let folder = opt.join("extensions");
    if [opt, &folder].iter().any(|path| path.symlink_metadata().is_ok_and(|found| found.is_symlink())) {
        return Ok(Vec::new());
    }
    let entries = match std::fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // A name that is no text can't be registered under either.
        if let Some(name) = entry.file_name().to_str().filter(|_| entry.file_type().is_ok_and(|kind| !kind.is_dir())) {
            names.push(name.to_owned());
        }
        if names.len() > 10 * EXTENSIONS {
            break;
        }
    }
    names.sort();
    Ok(names)
}

/// The type that the log shows, and the words; `None` if it was ours.
fn launch_error(name: &str, error: &MakeError) -> Option<(&'static str, String)> {
    let MakeError::Sandbox(sandbox::Error::Start { source, .. }) = error else { return None };
    let words = |what: &str| format!("fork/exec /opt/extensions/{name}: {what}");
    Some(match source.kind() {
        ErrorKind::PermissionDenied => ("PermissionDenied", words("permission denied")),
        ErrorKind::NotFound => ("UnknownError", words("no such file or directory")),
        _ if source.raw_os_error() == Some(super::outcome::EXEC_FORMAT) => ("UnknownError", words("exec format error")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "lays out an image's root")]
    fn a_link_leads_nowhere() {
        let root = tempfile::tempdir().expect("a folder");
        let (real, linked) = (root.path().join("opt"), root.path().join("linked"));
        std::fs::create_dir_all(real.join("extensions")).expect("a folder");
        std::fs::write(real.join("extensions/one"), "").expect("a file");
        assert_eq!(names(&real).expect("read"), ["one"]);
        std::os::unix::fs::symlink(&real, &linked).expect("a link");
        assert_eq!(names(&linked).expect("read"), Vec::<String>::new());
        assert_eq!(names(&root.path().join("absent")).expect("read"), Vec::<String>::new());
    }
}
