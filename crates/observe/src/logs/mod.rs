//! CloudWatch Logs: groups of streams of events, kept by day; and where the log lines of functions arrive.
//!
//! Kept: groups with retention, tags, class and deletion protection; streams; events in order of their own time. Lines
//! that come through the door `emit` are stored within 200 ms; PutLogEvents is durable before its 200.
//! Left out for now, recognized and answered as unknown: Insights queries, live tail, metric and subscription filters,
//! exports, deliveries, KMS (a key's name is kept, nothing is encrypted), data protection, account policies. The class of
//! a group is kept and shown, and changes nothing.
//!
//! `api` is the contract, `tables` and `event` what is kept (drawn in `docs/format/logs.md`), `ops` the operations.

pub mod api;
mod append;
mod cursor;
mod day;
mod emit;
mod event;
mod find;
mod flush;
mod group;
mod ops;
mod pattern;
mod place;
mod service;
mod stats;
mod stream;
mod sweep;
mod tables;

#[cfg(test)]
mod tests;

pub use service::{Counters, Logs};
