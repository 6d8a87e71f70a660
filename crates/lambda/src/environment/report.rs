//! What happened in an environment, as events of the platform.

use std::time::Duration;

use base::{Clock, Timestamp};
use tokio::time::Instant;

use super::process::Moments;
use super::{Launch, Outcome, outcome};
use crate::function::runtime::version_arn;
use crate::runtime_api::Invocation;
use crate::runtime_api::extensions::Failed;
use crate::telemetry::{
    Ending, InitStart, Metrics, Phase, PlatformEvent, Report, RuntimeDone, RuntimeMetrics, Span, Start, Tracing, time,
};

/// `stream` is the environment's log stream.
pub(super) fn init_start(launch: &Launch, stream: &str, phase: Phase) -> PlatformEvent {
    PlatformEvent::InitStart(InitStart {
        initialization_type: InitStart::INITIALIZATION_TYPE,
        phase,
        runtime_version: launch.interpreter.version.clone(),
        runtime_version_arn: version_arn(&launch.runtime, launch.scope.region.as_str()),
        function_name: launch.function_name.clone(),
        function_version: launch.version.clone(),
        instance_id: instance(launch, stream),
        instance_max_memory: u64::from(launch.memory_mb) << 20,
    })
}

/// Its log stream's name, with the function's name in it in every group.
fn instance(launch: &Launch, stream: &str) -> String {
    let (day, rest) = stream.rsplit_once('/').unwrap_or_default();
    let rest = rest.strip_prefix(launch.function_name.as_str()).unwrap_or(rest);
    format!("{day}/{}{rest}", launch.function_name)
}

/// An event, as the platform speaks of it.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) request_id: String,
    function_arn: String,
    tenant_id: Option<String>,
    /// Where the function is traced, and this event sampled.
    tracing: Option<Tracing>,
}

impl Event {
    pub(super) fn of(launch: &Launch, invocation: &Invocation) -> Self {
        Self {
            request_id: invocation.request_id.clone(),
            function_arn: invocation.function_arn.clone(),
            tenant_id: invocation.tenant_id.clone(),
            tracing: launch.is_traced.then(|| Tracing::sampled(&invocation.trace_id)).flatten(),
        }
    }

    pub(super) fn start(&self, launch: &Launch) -> PlatformEvent {
        PlatformEvent::Start(Start {
            request_id: self.request_id.clone(),
            function_arn: self.function_arn.clone(),
            version: launch.version.clone(),
            tenant_id: self.tenant_id.clone(),
            tracing: self.tracing.clone(),
        })
    }

    /// The runtime has done with it, or will not.
    pub(super) fn runtime_done(&self, clock: &Clock, moments: Moments, outcome: &Outcome) -> PlatformEvent {
        let ready = moments.ready.unwrap_or_else(|| clock.instant());
        PlatformEvent::RuntimeDone(RuntimeDone {
            request_id: self.request_id.clone(),
            ending: outcome.ending(),
            metrics: RuntimeMetrics {
                duration_ms: moments.given.map_or(Duration::ZERO, |given| ready - given),
                produced_bytes: outcome.produced_bytes(),
            },
            spans: spans(clock, moments),
            tenant_id: self.tenant_id.clone(),
            tracing: self.tracing.clone(),
        })
    }

    pub(super) fn report(&self, metrics: Metrics, ending: Ending) -> PlatformEvent {
        PlatformEvent::Report(Box::new(Report {
            request_id: self.request_id.clone(),
            metrics,
            ending,
            spans: Vec::new(),
            tenant_id: self.tenant_id.clone(),
            tracing: self.tracing.clone(),
        }))
    }
}

/// Of an event that was answered.
fn spans(clock: &Clock, moments: Moments) -> Vec<Span> {
    let (Some(given), Some(answered)) = (moments.given, moments.answered) else { return Vec::new() };
    let ready = moments.ready.unwrap_or(answered);
    let span = |name, start: Instant, duration_ms| {
        let start = clock.now().checked_sub(clock.instant() - start).unwrap_or(Timestamp::MIN);
        Span { name, start: time(start), duration_ms }
    };
    vec![
        span("responseLatency", given, answered - given),
        span("responseDuration", answered, Duration::ZERO),
        span("runtimeOverhead", answered, ready - answered),
    ]
}

/// What went wrong in the event `id`, in the platform's words.
pub(super) fn fault(id: &str, outcome: &Outcome, at: Timestamp) -> Option<PlatformEvent> {
    let told = |error: &str| {
        let error_type = outcome.error_type().unwrap_or_default();
        Some(PlatformEvent::Fault(format!("RequestId: {id} Error: {error}\n{error_type}\n")))
    };
    match outcome {
        Outcome::TimedOut { after } => {
            let line = format!("{} {id} Task timed out after {}\n\n", time(at), outcome::seconds(*after));
            Some(PlatformEvent::Fault(line))
        }
        Outcome::Exited(exit) => told(&outcome::reason(exit)),
        Outcome::NoEntrypoint { why }
        | Outcome::NoWorkingDirectory { why }
        | Outcome::Extension(Failed { why, .. }) => told(why),
        Outcome::Answered { .. } | Outcome::InitError { .. } | Outcome::Platform { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use sandbox::{Exit, ExitStatus};

    use super::*;

    #[test]
    fn a_fault_is_told_in_the_platforms_words() {
        let at = "2026-10-08T07:30:27.768Z".parse().expect("a time");
        let exited = Outcome::Exited(Exit { status: ExitStatus::Code(1), out_of_memory: false });
        let late = Outcome::TimedOut { after: Duration::from_secs(3) };
        for (outcome, words) in [
            (exited, "RequestId: r Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n"),
            (late, "2026-10-08T07:30:27.768Z r Task timed out after 3.00 seconds\n\n"),
        ] {
            assert_eq!(fault("r", &outcome, at), Some(PlatformEvent::Fault(words.to_owned())));
        }
    }
}
