//! How a log stream is shown.

use base::Scope;
use store::log::Place;

use super::api::LogStream;
use super::tables::Stream;
use super::{group, place};

impl Stream {
    pub(crate) fn show(&self, scope: &Scope, group: &str) -> LogStream {
        LogStream {
            log_stream_name: self.name.clone(),
            creation_time: self.created_ms,
            first_event_timestamp: self.first_ms,
            last_event_timestamp: self.last_ms,
            last_ingestion_time: self.ingested_ms,
            upload_sequence_token: self.ingested_ms.map(|at_ms| place::event_id(Place::start_of(at_ms))),
            arn: format!("{}:log-stream:{}", group::arn(scope, group), self.name),
            stored_bytes: 0,
        }
    }
}
