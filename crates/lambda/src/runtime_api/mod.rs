//! What a function's process sees: AWS's Runtime API, as one state machine under two transports.
//!
//! The HTTP listener exists in every environment; our own bootstraps use length-framed messages over a Unix socket. The
//! first `next` decides which of them a process speaks. Behaviour: the oracle's section 2.1, which is AWS's own code.

pub(crate) mod extensions;
pub(crate) mod extensions_http;
pub(crate) mod framed;
pub(crate) mod http;
pub(crate) mod session;
pub(crate) mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

/// Out of descriptors, most likely: some are given back by then.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// The next connection, until `ended`. That is looked at first: who connects after it is another process.
async fn next_connection<T, F>(ended: &CancellationToken, clock: &Clock, accept: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = io::Result<T>>,
{
    loop {
        let accepted = tokio::select! {
            biased;
            () = ended.cancelled() => return None,
            accepted = accept() => accepted,
        };
        match accepted {
            Ok(connection) => return Some(connection),
            Err(error) => {
                tracing::warn!(%error, "a connection from inside of an environment could not be accepted");
                clock.sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// One event on its way into a process.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub request_id: String,
    /// Milliseconds since the epoch.
    pub deadline_ms: i64,
    pub function_arn: String,
    pub trace_id: String,
    /// Decoded JSON, as the function's context shows it.
    pub client_context: Option<String>,
    pub cognito_identity: Option<String>,
    pub tenant_id: Option<String>,
    pub event: Bytes,
    /// Where the answer goes.
    pub(crate) recipient: stream::Recipient,
}

/// What a process made of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Response(Bytes),
    /// The function failed; the body goes to the caller unchanged.
    Error {
        error_type: String,
        body: Bytes,
    },
    /// The answer has gone out piece by piece, all of it.
    Streamed {
        bytes: usize,
    },
    /// The answer was larger than Lambda lets through; nothing more of it is kept.
    TooLarge {
        limit: usize,
    },
    /// The answer had begun, and its end never came.
    Truncated,
}

/// What a process tells us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It asks for the next event: its initialization, or the last event, is done.
    Ready,
    Answered(Answer),
    InitError {
        error_type: String,
        body: Bytes,
    },
}
