//! The door `source`: what an event source mapping polls: shards or messages, leased, read and acknowledged.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Arn, Fault, Timestamp};

/// One record or message.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What acknowledges it: a receipt handle or a sequence number.
    pub handle: String,
    /// The shard or message group in which order holds; empty if none.
    pub group: String,
    pub body: Bytes,
    pub attributes: Vec<(String, String)>,
    pub at: Timestamp,
}

/// Where records come from. A remote endpoint implements it as well as a service of this house.
#[async_trait]
pub trait Source: Send + Sync {
    /// Up to `limit` records that nobody else holds, held for `hold`; waits at most `wait` for the first.
    async fn lease(&self, from: &Arn, limit: usize, hold: Duration, wait: Duration) -> Result<Vec<Record>, Fault>;

    /// The records were processed: they never come again.
    async fn acknowledge(&self, from: &Arn, handles: &[String]) -> Result<(), Fault>;

    /// Holds the records longer (or, with zero, gives them back at once).
    async fn extend(&self, from: &Arn, handles: &[String], hold: Duration) -> Result<(), Fault>;
}
