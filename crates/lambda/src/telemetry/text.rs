//! The platform's events as lines of text, to the tab (the oracle's section 2.6).

use std::fmt::Write as _;
use std::time::Duration;

use super::event::{Ending, Extension, InitReport, InitStart, PlatformEvent, Report, Status, Subscription};

/// The line, with its end; `None` for what text does not tell.
pub(super) fn line(event: &PlatformEvent) -> Option<String> {
    match event {
        PlatformEvent::InitStart(start) => Some(init_start(start)),
        PlatformEvent::InitReport(report) => init_report(report),
        PlatformEvent::Start(start) => {
            Some(format!("START RequestId: {} Version: {}\n", start.request_id, start.version))
        }
        PlatformEvent::End { request_id } => Some(format!("END RequestId: {request_id}\n")),
        PlatformEvent::Report(it) => Some(report(it)),
        PlatformEvent::Extension(it) => Some(extension(it)),
        PlatformEvent::TelemetrySubscription(it) => Some(subscription("TELEMETRY", it)),
        PlatformEvent::LogsSubscription(it) => Some(subscription("LOGS", it)),
        PlatformEvent::Fault(words) => Some(words.clone()),
        PlatformEvent::InitRuntimeDone(_) | PlatformEvent::RuntimeDone(_) | PlatformEvent::LogsDropped(_) => None,
    }
}

fn init_start(start: &InitStart) -> String {
    let InitStart { runtime_version: version, runtime_version_arn: arn, .. } = start;
    format!("INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n")
}

/// Of an INIT that failed alone: one that went well is reported with the first event.
fn init_report(report: &InitReport) -> Option<String> {
    let InitReport { phase, ending, metrics, .. } = report;
    let failed = ending.status != Status::Success;
    let took = milliseconds(metrics.duration_ms);
    failed.then(|| format!("INIT_REPORT Init Duration: {took} ms\tPhase: {}\t{}\n", phase.name(), status(ending)))
}

fn report(report: &Report) -> String {
    let Report { request_id, metrics, ending, tracing, .. } = report;
    let mut line = format!(
        "REPORT RequestId: {request_id}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t\
         Max Memory Used: {} MB\t",
        milliseconds(metrics.duration_ms),
        metrics.billed_duration_ms,
        metrics.memory_size_mb,
        metrics.max_memory_used_mb,
    );
    let mut add = |text: std::fmt::Arguments<'_>| line.write_fmt(text).expect("a string takes all");
    if let Some(init) = metrics.init_duration_ms {
        add(format_args!("Init Duration: {} ms\t", milliseconds(init)));
    }
    add(format_args!("{}\n", status(ending)));
    if let Some(tracing) = tracing {
        let root = tracing.value.split(';').find_map(|part| part.trim().strip_prefix("Root=")).unwrap_or_default();
        add(format_args!("XRAY TraceId: {root}\tSegmentId: {}\tSampled: true\t\n", tracing.span_id));
    }
    line
}

/// `Status: …`; a line without one ends with the tab of the field before.
fn status(ending: &Ending) -> String {
    match (ending.status, &ending.error_type) {
        (Status::Success, _) => String::new(),
        (status, Some(error_type)) => format!("Status: {}\tError Type: {error_type}", status.name()),
        (status, None) => format!("Status: {}", status.name()),
    }
}

fn extension(extension: &Extension) -> String {
    let Extension { name, state, events, error_type } = extension;
    let mut line = format!("EXTENSION\tName: {name}\tState: {state}\tEvents: [{}]", events.join(", "));
    if let Some(error_type) = error_type {
        line.push_str("\tError Type: ");
        line.push_str(error_type);
    }
    line + "\n"
}

fn subscription(word: &str, subscription: &Subscription) -> String {
    let capitalised = |kind: &&str| kind[..1].to_ascii_uppercase() + &kind[1..];
    let types: Vec<_> = subscription.types.iter().map(capitalised).collect();
    format!("{word}\tName: {}\tState: {}\tTypes: [{}]\n", subscription.name, subscription.state, types.join(", "))
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::super::event::{Metrics, Phase, Tracing, TracingKind};
    use super::*;

    fn report_of(ending: Ending, init: Option<Duration>, tracing: Option<Tracing>) -> String {
        let metrics = Metrics::new(Duration::from_micros(3010), init, 128, 36);
        let report =
            Report { request_id: "r".to_owned(), metrics, ending, spans: Vec::new(), tenant_id: None, tracing };
        line(&PlatformEvent::Report(Box::new(report))).expect("it is told")
    }

    fn error(error_type: &str) -> Ending {
        Ending { status: Status::Error, error_type: Some(error_type.to_owned()) }
    }

    #[test]
    fn a_cold_start_bills_its_init() {
        assert_eq!(
            report_of(Ending::SUCCESS, Some(Duration::from_micros(110_100)), None),
            "REPORT RequestId: r\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n"
        );
    }

    #[test]
    fn a_failure_has_its_status() {
        let exited = report_of(error("Runtime.ExitError"), None, None);
        assert!(exited.ends_with("MB\tStatus: error\tError Type: Runtime.ExitError\n"));
        let late = Ending { status: Status::Timeout, error_type: None };
        assert!(report_of(late, None, None).ends_with("MB\tStatus: timeout\n"));
    }

    #[test]
    fn a_trace_is_a_second_line() {
        let value = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1".to_owned();
        let tracing = Tracing { span_id: "9a9197af755a6419".to_owned(), kind: TracingKind::AmznTraceId, value };
        assert!(report_of(Ending::SUCCESS, None, Some(tracing)).ends_with(
            "Max Memory Used: 36 MB\t\nXRAY TraceId: 1-5bef4de7-ad49b0e87f6ef6c87fc2e700\t\
             SegmentId: 9a9197af755a6419\tSampled: true\t\n"
        ));
    }

    #[test]
    fn a_failed_init_names_its_phase() {
        let late = Ending { status: Status::Timeout, error_type: None };
        let told = |ending| {
            line(&PlatformEvent::InitReport(InitReport::new(Phase::Init, ending, Duration::from_micros(9_999_790))))
        };
        assert_eq!(
            told(late).as_deref(),
            Some("INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout\n")
        );
        assert_eq!(told(Ending::SUCCESS), None);
    }

    #[test]
    fn extensions_and_subscriptions_have_their_tabs() {
        let ready =
            Extension { name: "e".to_owned(), state: "Ready", events: vec!["INVOKE", "SHUTDOWN"], error_type: None };
        assert_eq!(extension(&ready), "EXTENSION\tName: e\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n");
        let subscribed =
            Subscription { name: "e".to_owned(), state: "Subscribed", types: vec!["platform", "function"] };
        assert_eq!(
            subscription("TELEMETRY", &subscribed),
            "TELEMETRY\tName: e\tState: Subscribed\tTypes: [Platform, Function]\n"
        );
    }
}
