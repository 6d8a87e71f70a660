//! What the platform says of an environment, and in which forms: text lines, JSON lines, records for subscribers.

mod deliver;
mod event;
mod hub;
mod subscribe;
mod text;

use base::Timestamp;
use serde::Serialize;

pub(crate) use event::{
    Ending, Extension, InitReport, InitRuntimeDone, InitStart, Metrics, Phase, PlatformEvent, Report, RuntimeDone,
    RuntimeMetrics, Span, Start, Status, Subscription, Tracing,
};

pub(crate) use deliver::deliver;
pub(crate) use hub::{Hub, Kind};
pub(crate) use subscribe::{Api, Request};

use crate::api::{ApplicationLogLevel, SystemLogLevel};

/// How a function's log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogStyle {
    #[default]
    Text,
    Json {
        application: ApplicationLogLevel,
        system: SystemLogLevel,
    },
}

impl LogStyle {
    /// The event as a line of the log, with its end; `None` if this log doesn't tell it.
    pub(crate) fn line(self, at: Timestamp, event: &PlatformEvent) -> Option<String> {
        match self {
            Self::Text => text::line(event),
            // Levels are declared from the most verbose on.
            Self::Json { system, .. } if event.level() as u8 >= system as u8 => match event {
                PlatformEvent::End { .. } => None,
                _ => Some(record(at, event) + "\n"),
            },
            Self::Json { .. } => None,
        }
    }

    /// Whether a line that the function wrote itself belongs into its log. AWS's runtime clients filter what goes through
    /// their loggers; here JSON is filtered that a function prints, if it tells its level and a valid time. What tells
    /// neither counts as INFO, and text that is no JSON is kept.
    pub(crate) fn keeps(self, line: &[u8]) -> bool {
        let Self::Json { application, .. } = self else { return true };
        if !line.trim_ascii_start().starts_with(b"{") {
            return true;
        }
        let Ok(line) = serde_json::from_slice::<PrintedLine>(line) else { return true };
        line.level() as u8 >= application as u8
    }
}

/// `{"time": …, "type": …, "record": …}`
pub(crate) fn record(at: Timestamp, event: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Line<'a, T> {
        time: String,
        #[serde(flatten)]
        event: &'a T,
    }
    serde_json::to_string(&Line { time: time(at), event }).expect("platform events have text keys only")
}

/// As AWS writes a time: `2026-10-08T07:30:27.768Z`.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The keys of a JSON line that say how important it is.
#[derive(serde::Deserialize)]
struct PrintedLine {
    #[serde(default)]
    level: serde_json::Value,
    #[serde(default, alias = "time", alias = "@timestamp")]
    timestamp: serde_json::Value,
}

impl PrintedLine {
    fn level(&self) -> ApplicationLogLevel {
        let has_time = self.timestamp.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok());
        let level = self.level.as_str().filter(|_| has_time).and_then(|level| {
            use ApplicationLogLevel as Level;
            let all = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];
            all.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(level))
        });
        level.unwrap_or(ApplicationLogLevel::Info)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const JSON: LogStyle = LogStyle::Json { application: ApplicationLogLevel::Info, system: SystemLogLevel::Info };

    fn at() -> Timestamp {
        "2026-10-08T07:30:27.768Z".parse().expect("a time")
    }

    fn style(system: SystemLogLevel) -> LogStyle {
        LogStyle::Json { application: ApplicationLogLevel::Info, system }
    }

    fn init_start() -> PlatformEvent {
        PlatformEvent::InitStart(InitStart {
            initialization_type: InitStart::INITIALIZATION_TYPE,
            phase: Phase::Init,
            runtime_version: "nodejs:22.mainline.v122".to_owned(),
            runtime_version_arn: "arn".to_owned(),
            function_name: "f".to_owned(),
            function_version: "$LATEST".to_owned(),
            instance_id: "2026/10/08/f[$LATEST]00".to_owned(),
            instance_max_memory: 268_435_456,
        })
    }

    fn report(ending: Ending) -> PlatformEvent {
        let (duration, init) = (Duration::from_micros(1_233_960), Duration::from_micros(463_512));
        PlatformEvent::Report(Box::new(Report {
            request_id: "r".to_owned(),
            metrics: Metrics::new(duration, Some(init), 256, 123),
            ending,
            spans: Vec::new(),
            tenant_id: None,
            tracing: None,
        }))
    }

    #[test]
    fn json_lines_are_as_aws_writes_them() {
        let cases = [
            (
                init_start(),
                r#"{"time":"2026-10-08T07:30:27.768Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:22.mainline.v122","runtimeVersionArn":"arn","functionName":"f","functionVersion":"$LATEST","instanceId":"2026/10/08/f[$LATEST]00","instanceMaxMemory":268435456}}"#,
            ),
            (
                report(Ending::SUCCESS),
                r#"{"time":"2026-10-08T07:30:27.768Z","type":"platform.report","record":{"requestId":"r","metrics":{"durationMs":1233.96,"billedDurationMs":1698,"memorySizeMB":256,"maxMemoryUsedMB":123,"initDurationMs":463.512},"status":"success"}}"#,
            ),
        ];
        for (event, line) in cases {
            assert_eq!(JSON.line(at(), &event), Some(format!("{line}\n")));
        }
    }

    #[test]
    fn json_has_no_end() {
        let end = PlatformEvent::End { request_id: "r".to_owned() };
        assert_eq!(style(SystemLogLevel::Debug).line(at(), &end), None);
        assert_eq!(LogStyle::Text.line(at(), &end).as_deref(), Some("END RequestId: r\n"));
    }

    #[test]
    fn a_system_level_leaves_out_what_is_finer() {
        let failed = Ending { status: Status::Timeout, error_type: None };
        let done = PlatformEvent::InitRuntimeDone(InitRuntimeDone::new(Phase::Init, Ending::SUCCESS));
        let told = |level, event: &PlatformEvent| style(level).line(at(), event).is_some();
        for (event, debug, info, warn) in [
            (init_start(), true, true, false),
            (done, true, false, false),
            (report(Ending::SUCCESS), true, true, false),
            (report(failed), true, true, true),
        ] {
            let heard = [SystemLogLevel::Debug, SystemLogLevel::Info, SystemLogLevel::Warn].map(|l| told(l, &event));
            assert_eq!(heard, [debug, info, warn], "{event:?}");
        }
    }

    #[test]
    fn printed_json_is_filtered_by_the_level_that_it_tells() {
        let warn = LogStyle::Json { application: ApplicationLogLevel::Warn, system: SystemLogLevel::Info };
        for (line, kept) in [
            (r#"{"level":"debug","timestamp":"2024-11-02T16:51:31.587199Z","m":1}"#, false),
            (r#"{"level":"ERROR","timestamp":"2024-11-02T16:51:31.587199Z"}"#, true),
            (r#"{"level":"ERROR","timestamp":"yesterday"}"#, false),
            (r#"{"m":"no level is INFO"}"#, false),
            ("plain text", true),
            ("{not json", true),
        ] {
            assert_eq!(warn.keeps(line.as_bytes()), kept, "{line}");
            assert!(LogStyle::Text.keeps(line.as_bytes()));
        }
    }
}
