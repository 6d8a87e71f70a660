//! How an invocation ended, and what the caller hears of it (the oracle's section 2.7).

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use sandbox::{Exit, ExitStatus};

use super::{Launch, MakeError};
use crate::runtime_api::Answer;
use crate::runtime_api::extensions::Failed;
use crate::telemetry::{Ending, Status};

/// ENOEXEC: a program for another machine, or no program.
pub(super) const EXEC_FORMAT: i32 = 8;

/// The error type of an answer whose end never came.
pub(crate) const TRUNCATED: &str = "Runtime.TruncatedResponse";

/// How an attempt at an event, or an INIT, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `ended` if the process exited after it had answered.
    Answered {
        answer: Answer,
        ended: bool,
    },
    InitError {
        error_type: String,
        body: Bytes,
    },
    Exited(Exit),
    /// An extension ended, or was never there.
    Extension(Failed),
    TimedOut {
        after: Duration,
    },
    /// The function brought nothing that can be started.
    NoEntrypoint {
        why: String,
    },
    /// The directory where the program should begin can't be entered.
    NoWorkingDirectory {
        why: String,
    },
    /// Ours, not the function's.
    Platform {
        cause: String,
    },
}

/// An event that was run to its end.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) outcome: Outcome,
    /// The last 4 KB of the event's log, if it was asked for.
    pub(crate) log_tail: Option<Vec<u8>>,
}

impl Outcome {
    /// What kept a process from being started: the function's own bootstrap, or something of ours.
    pub(super) fn not_started(error: &MakeError, launch: &Launch) -> Self {
        let MakeError::Sandbox(sandbox::Error::Start { source, step, .. }) = error else {
            return Self::platform(error);
        };
        let program = launch.interpreter.argv.first().map(String::as_str).unwrap_or_default();
        if step == sandbox::WORKING_DIRECTORY {
            return Self::NoWorkingDirectory { why: format!("chdir {}: {}", launch.interpreter.cwd, words(source)) };
        }
        let why = match source.kind() {
            _ if program.is_empty() => "the image names no entry point and no command".to_owned(),
            ErrorKind::NotFound if launch.is_image() && !program.contains('/') => {
                format!("exec: {program:?}: executable file not found in $PATH")
            }
            ErrorKind::NotFound | ErrorKind::NotADirectory if launch.is_image() => {
                format!("fork/exec {program}: {}", words(source))
            }
            ErrorKind::NotFound => "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned(),
            ErrorKind::PermissionDenied => format!("fork/exec {program}: permission denied"),
            _ if source.raw_os_error() == Some(EXEC_FORMAT) => format!("fork/exec {program}: exec format error"),
            _ => return Self::platform(error),
        };
        Self::NoEntrypoint { why }
    }

    pub(crate) fn platform(cause: impl fmt::Display) -> Self {
        Self::Platform { cause: cause.to_string() }
    }

    /// As the event's end: it had `timeout`, however much of that an INIT inside of it took.
    pub(super) fn of_event(self, timeout: Duration) -> Self {
        match self {
            Self::TimedOut { .. } => Self::TimedOut { after: timeout },
            other => other,
        }
    }

    /// The process is dead, or must not live on.
    pub(crate) fn needs_reset(&self) -> bool {
        !matches!(self, Self::Answered { ended: false, .. })
    }

    pub(crate) fn is_success(&self) -> bool {
        matches!(self, Self::Answered { answer: Answer::Response(_) | Answer::Streamed { .. }, .. })
    }

    /// As the log and subscribers hear of it. A function that answered with an error has run well.
    pub(crate) fn ending(&self) -> Ending {
        let status = match self {
            Self::Answered { .. } => Status::Success,
            Self::TimedOut { .. } => Status::Timeout,
            Self::Platform { .. } => Status::Failure,
            Self::InitError { .. }
            | Self::Exited(_)
            | Self::Extension(_)
            | Self::NoEntrypoint { .. }
            | Self::NoWorkingDirectory { .. } => Status::Error,
        };
        Ending { status, error_type: self.error_type().map(str::to_owned) }
    }

    /// The `Error Type` of log lines.
    pub(crate) fn error_type(&self) -> Option<&str> {
        match self {
            Self::Answered { .. } | Self::TimedOut { .. } => None,
            Self::InitError { error_type, .. } => Some(error_type),
            Self::Exited(exit) if exit.out_of_memory => Some("Runtime.OutOfMemory"),
            Self::Exited(_) => Some("Runtime.ExitError"),
            Self::Extension(failed) => Some(failed.error_type),
            Self::NoEntrypoint { .. } => Some("Runtime.InvalidEntrypoint"),
            Self::NoWorkingDirectory { .. } => Some("Runtime.InvalidWorkingDir"),
            Self::Platform { .. } => Some("Sandbox.Failure"),
        }
    }

    /// What the function answered with, in bytes.
    pub(super) fn produced_bytes(&self) -> usize {
        match self {
            Self::Answered { answer: Answer::Response(body) | Answer::Error { body, .. }, .. } => body.len(),
            Self::Answered { answer: Answer::Streamed { bytes }, .. } => *bytes,
            _ => 0,
        }
    }

    /// What the caller of Invoke gets as payload.
    pub(crate) fn payload(&self, request_id: &str) -> Bytes {
        match self {
            Self::Answered { answer: Answer::Response(body) | Answer::Error { body, .. }, .. }
            | Self::InitError { body, .. } => body.clone(),
            Self::Answered { answer: Answer::Streamed { .. }, .. } => Bytes::new(),
            Self::Answered { answer: Answer::TooLarge { limit }, .. } => too_large(*limit),
            Self::Answered { answer: Answer::Truncated, .. } => {
                failure(TRUNCATED, request_id, "Response was truncated")
            }
            Self::Exited(exit) => failure(
                if exit.out_of_memory { "Runtime.OutOfMemory" } else { "Runtime.ExitError" },
                request_id,
                &reason(exit),
            ),
            Self::Extension(Failed { error_type, why }) => failure(error_type, request_id, why),
            Self::TimedOut { after } => {
                failure("Sandbox.Timedout", request_id, &format!("Task timed out after {}", seconds(*after)))
            }
            Self::NoEntrypoint { why } => failure("Runtime.InvalidEntrypoint", request_id, why),
            Self::NoWorkingDirectory { why } => failure("Runtime.InvalidWorkingDir", request_id, why),
            Self::Platform { .. } => failure("Sandbox.Failure", request_id, "The execution environment failed"),
        }
    }
}

/// As Go words a failed system call.
fn words(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "no such file or directory",
        ErrorKind::NotADirectory => "not a directory",
        ErrorKind::PermissionDenied => "permission denied",
        _ => "input/output error",
    }
}

fn failure(error_type: &str, request_id: &str, error: &str) -> Bytes {
    let message = format!("RequestId: {request_id} Error: {error}");
    serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string().into()
}

fn too_large(limit: usize) -> Bytes {
    let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
    serde_json::json!({ "errorMessage": message, "errorType": "Function.ResponseSizeTooLarge" }).to_string().into()
}

/// Why an extension ended.
pub(super) fn extension_exit(exit: &Exit) -> String {
    match exit.status {
        ExitStatus::Code(0) => "exit code 0".to_owned(),
        status => exit_words(status),
    }
}

/// `3.00 seconds`
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.2} seconds", duration.as_secs_f64())
}

/// Why a process ended, in the words of Go's `os/exec`, in which AWS's own supervisor speaks.
pub(super) fn reason(exit: &Exit) -> String {
    match exit.status {
        ExitStatus::Code(0) => "Runtime exited without providing a reason".to_owned(),
        status => format!("Runtime exited with error: {}", exit_words(status)),
    }
}

fn exit_words(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("exit status {code}"),
        ExitStatus::Signal(signal) => format!("signal: {}", signal_name(signal)),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        31 => "bad system call",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use base::limits::lambda::RESPONSE_BYTES;

    use super::*;

    fn exited(status: ExitStatus, out_of_memory: bool) -> Outcome {
        Outcome::Exited(Exit { status, out_of_memory })
    }

    fn check(outcome: &Outcome, payload: &str) {
        assert_eq!(outcome.payload("r"), payload.as_bytes());
    }

    #[test]
    fn each_end_has_awss_words() {
        check(
            &Outcome::TimedOut { after: Duration::from_secs(1) },
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 1.00 seconds"}"#,
        );
        check(
            &exited(ExitStatus::Code(0), false),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited without providing a reason"}"#,
        );
        check(
            &exited(ExitStatus::Code(127), false),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 127"}"#,
        );
        check(
            &exited(ExitStatus::Signal(9), true),
            r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}"#,
        );
        check(
            &Outcome::Answered { answer: Answer::TooLarge { limit: RESPONSE_BYTES }, ended: false },
            r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#,
        );
    }

    #[test]
    fn only_a_living_process_is_used_again() {
        let answer = Answer::Response(Bytes::from_static(b"1"));
        assert!(!Outcome::Answered { answer: answer.clone(), ended: false }.needs_reset());
        assert!(Outcome::Answered { answer, ended: true }.needs_reset());
        assert!(exited(ExitStatus::Code(0), false).needs_reset());
    }
}
