//! The door `emit`: log lines and metric points. Bounded, and never waits; a crash can lose the last 200 ms.

use bytes::Bytes;

use crate::{Scope, Timestamp};

/// One event of a log stream.
#[derive(Clone, Debug)]
pub struct LogLine {
    pub scope: Scope,
    pub group: std::sync::Arc<str>,
    pub stream: std::sync::Arc<str>,
    pub at: Timestamp,
    pub message: Bytes,
}

/// One value of a metric.
#[derive(Clone, Debug)]
pub struct MetricPoint {
    pub scope: Scope,
    pub namespace: &'static str,
    pub name: &'static str,
    pub dimensions: Vec<(&'static str, String)>,
    pub value: f64,
    pub unit: &'static str,
    pub at: Timestamp,
}

/// Takes what is seen. Neither method waits; what finds no room is dropped and counted.
pub trait Emit: Send + Sync {
    fn log(&self, line: LogLine);
    fn metric(&self, point: MetricPoint);
}
