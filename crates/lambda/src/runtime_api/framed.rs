//! The framed transport of the Runtime API, for our own bootstraps of managed runtimes.
//!
//! A frame is `u32 header length | u32 body length | header | body`, big-endian; the header is a small JSON object. The
//! process sends `next`, `response`, `error` and `init-error`; we send `invoke`. Drawn in `runtimes/README.md`.

use std::sync::Arc;

use base::limits::lambda::RESPONSE_BYTES;
use base::{Clock, Tasks};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::session::{Refusal, Session, recorded_error_type};
use super::{Answer, Invocation, next_connection};

/// A header is hostile input: ours are below 200 bytes.
const HEADER_BYTES: usize = 4_096;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum FromProcess {
    Next,
    Response {
        id: String,
    },
    Error {
        id: String,
        #[serde(rename = "errorType", default)]
        error_type: String,
    },
    InitError {
        #[serde(rename = "errorType", default)]
        error_type: String,
    },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum ToProcess<'a> {
    #[serde(rename_all = "camelCase")]
    Invoke {
        id: &'a str,
        deadline_ms: i64,
        arn: &'a str,
        trace_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_context: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cognito_identity: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tenant_id: Option<&'a str>,
    },
}

/// Serves the process of `session` on `listener` until `ended`. One connection at a time: a process has one.
pub(crate) fn serve(
    listener: Arc<UnixListener>,
    session: Arc<Session>,
    clock: Clock,
    tasks: &Tasks,
    ended: CancellationToken,
) {
    tasks.spawn("framed runtime api", async move {
        while let Some((stream, _)) = next_connection(&ended, &clock, || listener.accept()).await {
            // A broken conversation is the process's affair; its exit is seen elsewhere.
            if let Some(Err(error)) = ended.run_until_cancelled(converse(stream, &session)).await {
                tracing::debug!(%error, "a runtime's conversation ended");
            }
        }
    });
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("connection: {0}")]
    Connection(#[from] std::io::Error),
    #[error("header of {0} bytes")]
    HeaderTooLarge(usize),
    #[error("header: {0}")]
    Header(#[from] serde_json::Error),
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
}

async fn converse(stream: UnixStream, session: &Session) -> Result<(), Broken> {
    let (mut read, mut write) = stream.into_split();
    loop {
        let (header, body) = receive(&mut read).await?;
        match header {
            FromProcess::Next => send(&mut write, &session.next().await?).await?,
            FromProcess::Response { id } => answer(session, &id, body.map_or(Answer::TooLarge, Answer::Response))?,
            FromProcess::Error { id, error_type } => {
                let error_type = recorded_error_type(&error_type);
                let error = body.map_or(Answer::TooLarge, |body| Answer::Error { error_type, body });
                answer(session, &id, error)?;
            }
            FromProcess::InitError { error_type } => {
                session.init_error(recorded_error_type(&error_type), body.unwrap_or_default())?;
            }
        }
    }
}

/// Too large an answer is the caller's news, not a reason to hang up.
fn answer(session: &Session, id: &str, answer: Answer) -> Result<(), Refusal> {
    match session.answer(id, answer) {
        Ok(()) | Err(Refusal::TooLarge) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// The body is `None` if it was larger than any answer may be; then it was read and thrown away.
async fn receive(read: &mut OwnedReadHalf) -> Result<(FromProcess, Option<Bytes>), Broken> {
    let header_length = read.read_u32().await? as usize;
    let body_length = read.read_u32().await? as usize;
    if header_length > HEADER_BYTES {
        return Err(Broken::HeaderTooLarge(header_length));
    }
    let mut header = vec![0; header_length];
    read.read_exact(&mut header).await?;
    let header = serde_json::from_slice(&header)?;
    if body_length > RESPONSE_BYTES {
        tokio::io::copy(&mut read.take(body_length as u64), &mut tokio::io::sink()).await?;
        return Ok((header, None));
    }
    let mut body = BytesMut::zeroed(body_length);
    read.read_exact(&mut body).await?;
    Ok((header, Some(body.freeze())))
}

async fn send(write: &mut OwnedWriteHalf, invocation: &Invocation) -> Result<(), Broken> {
    let header = serde_json::to_vec(&ToProcess::Invoke {
        id: &invocation.request_id,
        deadline_ms: invocation.deadline_ms,
        arn: &invocation.function_arn,
        trace_id: &invocation.trace_id,
        client_context: invocation.client_context.as_deref(),
        cognito_identity: invocation.cognito_identity.as_deref(),
        tenant_id: invocation.tenant_id.as_deref(),
    })?;
    let mut frame = BytesMut::with_capacity(8 + header.len() + invocation.event.len());
    for part in [&header[..], &invocation.event[..]] {
        // Both are bounded far below 4 GiB: the header by our own fields, the event by the payload limits.
        frame.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    }
    frame.extend_from_slice(&header);
    frame.extend_from_slice(&invocation.event);
    Ok(write.write_all(&frame).await?)
}
