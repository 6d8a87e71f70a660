//! CloudWatch Logs: groups of streams of events.

pub mod api;
mod group;
mod pattern;
