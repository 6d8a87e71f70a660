//! What the platform has to say about an environment: one model, of which text lines, JSON lines and records are made.
//!
//! The order of the fields is the order in which AWS writes them (the oracle's sections 2.3 and 2.6).

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::api::SystemLogLevel;

/// As a record of the Telemetry API: `{"type": …, "record": …}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "record")]
pub(crate) enum PlatformEvent {
    #[serde(rename = "platform.initStart")]
    InitStart(InitStart),
    #[serde(rename = "platform.initRuntimeDone")]
    InitRuntimeDone(InitRuntimeDone),
    #[serde(rename = "platform.initReport")]
    InitReport(InitReport),
    #[serde(rename = "platform.start")]
    Start(Start),
    #[serde(rename = "platform.runtimeDone")]
    RuntimeDone(RuntimeDone),
    /// Text and the Logs API alone know it.
    #[serde(rename = "platform.end", rename_all = "camelCase")]
    End { request_id: String },
    #[serde(rename = "platform.report")]
    Report(Box<Report>),
    #[serde(rename = "platform.extension")]
    Extension(Extension),
    #[serde(rename = "platform.telemetrySubscription")]
    TelemetrySubscription(Subscription),
    #[serde(rename = "platform.logsSubscription")]
    LogsSubscription(Subscription),
    #[serde(rename = "platform.logsDropped")]
    LogsDropped(LogsDropped),
    /// What went wrong, in words; the Telemetry API has no such record.
    #[serde(rename = "platform.fault")]
    Fault(String),
}

impl PlatformEvent {
    /// The least verbose SystemLogLevel at which it is written, in JSON.
    pub(crate) fn level(&self) -> SystemLogLevel {
        match self {
            Self::InitStart(_) | Self::Start(_) | Self::TelemetrySubscription(_) | Self::LogsSubscription(_) => {
                SystemLogLevel::Info
            }
            Self::Report(report) => report.ending.level(SystemLogLevel::Info),
            Self::InitRuntimeDone(done) => done.ending.level(SystemLogLevel::Debug),
            // An environment on demand reports its INIT with its first event.
            Self::InitReport(report) => report.ending.level(SystemLogLevel::Debug),
            Self::RuntimeDone(done) => done.ending.level(SystemLogLevel::Debug),
            Self::Extension(extension) if extension.error_type.is_none() => SystemLogLevel::Info,
            Self::Extension(_) | Self::LogsDropped(_) | Self::Fault(_) => SystemLogLevel::Warn,
            Self::End { .. } => SystemLogLevel::Debug,
        }
    }
}

/// `init` ahead of the first event, `invoke` inside of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Init,
    Invoke,
}

impl Phase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Invoke => "invoke",
        }
    }
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Success,
    /// Ours, not the function's.
    Failure,
    Error,
    Timeout,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ending {
    pub(crate) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_type: Option<String>,
}

impl Ending {
    pub(crate) const SUCCESS: Self = Self { status: Status::Success, error_type: None };

    fn level(&self, success: SystemLogLevel) -> SystemLogLevel {
        if self.status == Status::Success { success } else { SystemLogLevel::Warn }
    }
}

const ON_DEMAND: &str = "on-demand";

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitStart {
    pub(crate) initialization_type: &'static str,
    pub(crate) phase: Phase,
    pub(crate) runtime_version: String,
    pub(crate) runtime_version_arn: String,
    pub(crate) function_name: String,
    pub(crate) function_version: String,
    pub(crate) instance_id: String,
    /// Bytes.
    pub(crate) instance_max_memory: u64,
}

impl InitStart {
    pub(crate) const INITIALIZATION_TYPE: &'static str = ON_DEMAND;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitRuntimeDone {
    initialization_type: &'static str,
    phase: Phase,
    #[serde(flatten)]
    ending: Ending,
}

impl InitRuntimeDone {
    pub(crate) const fn new(phase: Phase, ending: Ending) -> Self {
        Self { initialization_type: ON_DEMAND, phase, ending }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitReport {
    initialization_type: &'static str,
    pub(crate) phase: Phase,
    #[serde(flatten)]
    pub(crate) ending: Ending,
    pub(crate) metrics: InitMetrics,
}

impl InitReport {
    pub(crate) const fn new(phase: Phase, ending: Ending, took: Duration) -> Self {
        Self { initialization_type: ON_DEMAND, phase, ending, metrics: InitMetrics { duration_ms: took } }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitMetrics {
    #[serde(serialize_with = "milliseconds")]
    pub(crate) duration_ms: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    pub(crate) request_id: String,
    /// As the caller named the function.
    pub(crate) function_arn: String,
    pub(crate) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracing: Option<Tracing>,
}

/// The trace of an event, where it is sampled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tracing {
    pub(crate) span_id: String,
    #[serde(rename = "type")]
    pub(crate) kind: TracingKind,
    pub(crate) value: String,
}

impl Tracing {
    /// The trace that a header names; `None` if it is not sampled.
    pub(crate) fn sampled(header: &str) -> Option<Self> {
        let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name));
        let span_id = part("Parent=").unwrap_or_default().to_owned();
        let tracing = Self { span_id, kind: TracingKind::AmznTraceId, value: header.to_owned() };
        (part("Sampled=") == Some("1")).then_some(tracing)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum TracingKind {
    #[serde(rename = "X-Amzn-Trace-Id")]
    AmznTraceId,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuntimeDone {
    pub(crate) request_id: String,
    #[serde(flatten)]
    pub(crate) ending: Ending,
    pub(crate) metrics: RuntimeMetrics,
    pub(crate) spans: Vec<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracing: Option<Tracing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuntimeMetrics {
    #[serde(serialize_with = "milliseconds")]
    pub(crate) duration_ms: Duration,
    pub(crate) produced_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    /// ISO 8601.
    pub(crate) start: String,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) duration_ms: Duration,
}

/// All that the end of an event says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) request_id: String,
    pub(crate) metrics: Metrics,
    #[serde(flatten)]
    pub(crate) ending: Ending,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) spans: Vec<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracing: Option<Tracing>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metrics {
    #[serde(serialize_with = "milliseconds")]
    pub(crate) duration_ms: Duration,
    pub(crate) billed_duration_ms: u64,
    #[serde(rename = "memorySizeMB")]
    pub(crate) memory_size_mb: u32,
    #[serde(rename = "maxMemoryUsedMB")]
    pub(crate) max_memory_used_mb: u64,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_milliseconds")]
    pub(crate) init_duration_ms: Option<Duration>,
}

impl Metrics {
    /// INIT is billed, and a started millisecond counts whole.
    pub(crate) fn new(duration: Duration, init: Option<Duration>, memory_mb: u32, max_memory_mb: u64) -> Self {
        let whole = duration + init.unwrap_or_default();
        Self {
            duration_ms: duration,
            billed_duration_ms: u64::try_from(whole.as_micros().div_ceil(1000)).unwrap_or(u64::MAX),
            memory_size_mb: memory_mb,
            max_memory_used_mb: max_memory_mb,
            init_duration_ms: init,
        }
    }
}

/// An extension, when INIT has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extension {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) events: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Subscription {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) types: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogsDropped {
    pub(crate) reason: String,
    pub(crate) dropped_records: u64,
    pub(crate) dropped_bytes: u64,
}

/// With microseconds.
fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1_000_000.0).round() / 1000.0)
}

fn maybe_milliseconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    milliseconds(&duration.unwrap_or_default(), serializer)
}
