//! The platform's log lines, to the tab (the oracle's section 2.6).

use std::time::Duration;

use base::Clock;

use super::{Capture, Launch, Outcome, outcome};
use crate::function::runtime::version_arn;

/// All that the END of an event says.
pub(super) struct Report<'a> {
    pub(super) request_id: &'a str,
    pub(super) duration: Duration,
    /// What INIT took, if this is the first event after it.
    pub(super) init: Option<Duration>,
    pub(super) memory_mb: u32,
    pub(super) max_memory_mb: u64,
    pub(super) outcome: &'a Outcome,
}

impl Report<'_> {
    /// INIT is billed, and a started millisecond counts whole.
    pub(super) fn billed(&self) -> Duration {
        let whole = self.duration + self.init.unwrap_or_default();
        Duration::from_millis(u64::try_from(whole.as_micros().div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// What happened, END and REPORT.
    pub(super) fn write(&self, clock: &Clock, capture: &Capture) {
        if let Some(line) = self.incident(clock) {
            capture.platform(&line);
        }
        capture.platform(&format!("END RequestId: {}\n", self.request_id));
        capture.platform(&self.line());
    }

    fn incident(&self, clock: &Clock) -> Option<String> {
        let id = self.request_id;
        match self.outcome {
            Outcome::TimedOut { after } => {
                let now = clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
                Some(format!("{now} {id} Task timed out after {}\n\n", outcome::seconds(*after)))
            }
            Outcome::Exited(exit) => {
                let error_type = self.outcome.error_type().unwrap_or_default();
                Some(format!("RequestId: {id} Error: {}\n{error_type}\n", outcome::reason(exit)))
            }
            Outcome::NoEntrypoint { why } | Outcome::NoWorkingDirectory { why } => {
                let error_type = self.outcome.error_type().unwrap_or_default();
                Some(format!("RequestId: {id} Error: {why}\n{error_type}\n"))
            }
            Outcome::Answered { .. } | Outcome::InitError { .. } | Outcome::Platform { .. } => None,
        }
    }

    fn line(&self) -> String {
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
            self.request_id,
            milliseconds(self.duration),
            self.billed().as_millis(),
            self.memory_mb,
            self.max_memory_mb,
        );
        if let Some(init) = self.init {
            line += &format!("Init Duration: {} ms\t", milliseconds(init));
        }
        line += &status(self.outcome);
        line + "\n"
    }
}

/// `Status: …`; a line without one ends with the tab of the field before.
fn status(outcome: &Outcome) -> String {
    match (outcome.status(), outcome.error_type()) {
        (Some(status), Some(error_type)) => format!("Status: {status}\tError Type: {error_type}"),
        (Some(status), None) => format!("Status: {status}"),
        (None, _) => String::new(),
    }
}

pub(super) fn init_start(launch: &Launch) -> String {
    let version = &launch.interpreter.version;
    let arn = version_arn(&launch.runtime, launch.scope.region.as_str());
    format!("INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n")
}

/// An INIT that failed, in its phase: `init` ahead of the first event, or `invoke` inside of one.
pub(super) fn init(took: Duration, phase: &str, outcome: &Outcome) -> String {
    format!("INIT_REPORT Init Duration: {} ms\tPhase: {phase}\t{}\n", milliseconds(took), status(outcome))
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use sandbox::{Exit, ExitStatus};

    use super::*;
    use crate::runtime_api::Answer;

    fn report(outcome: &Outcome, init: Option<Duration>) -> String {
        Report {
            request_id: "r",
            duration: Duration::from_micros(3010),
            init,
            memory_mb: 128,
            max_memory_mb: 36,
            outcome,
        }
        .line()
    }

    #[test]
    fn a_cold_start_bills_its_init() {
        let answered = Outcome::Answered { answer: Answer::Response(bytes::Bytes::new()), ended: false };
        assert_eq!(
            report(&answered, Some(Duration::from_micros(110_100))),
            "REPORT RequestId: r\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n"
        );
    }

    #[test]
    fn a_failure_has_its_status() {
        let exited = Outcome::Exited(Exit { status: ExitStatus::Code(1), out_of_memory: false });
        assert!(report(&exited, None).ends_with("MB\tStatus: error\tError Type: Runtime.ExitError\n"));
        let late = Outcome::TimedOut { after: Duration::from_secs(3) };
        assert!(report(&late, None).ends_with("MB\tStatus: timeout\n"));
    }

    #[test]
    fn a_failed_init_names_its_phase() {
        let late = Outcome::TimedOut { after: Duration::from_secs(10) };
        assert_eq!(
            init(Duration::from_micros(9_999_790), "init", &late),
            "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout\n"
        );
    }
}
