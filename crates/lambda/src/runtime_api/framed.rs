//! The framed transport of the Runtime API, for our own bootstraps of managed runtimes.
//!
//! A frame is `u32 header length | u32 body length | header | body`, big-endian; the header is a small JSON object. The
//! process sends `next`, `response` (or, of a streamed one, `response-begin`, `response-chunk` and `response-end`), `error`
//! and `init-error`; we send `invoke`. Drawn in `runtimes/README.md`.

use std::sync::Arc;

use base::limits::environment::STREAM_PIECE_BYTES;
use base::limits::lambda::RESPONSE_BYTES;
use base::{Clock, Tasks};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::session::{Refusal, Session, recorded_error_type};
use super::stream::Answering;
use super::{Answer, Invocation, next_connection};

/// A header is hostile input: ours are below 200 bytes.
pub(super) const HEADER_BYTES: usize = 4_096;
const TOO_LARGE: Answer = Answer::TooLarge { limit: RESPONSE_BYTES };

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum FromProcess {
    Next,
    Response {
        id: String,
    },
    ResponseBegin {
        id: String,
        #[serde(rename = "contentType")]
        content_type: Option<String>,
    },
    /// Of the answer that was begun last.
    ResponseChunk,
    ResponseEnd,
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
pub(super) enum Broken {
    #[error("connection: {0}")]
    Connection(#[from] std::io::Error),
    #[error("header of {0} bytes")]
    HeaderTooLarge(usize),
    #[error("header: {0}")]
    Header(#[from] serde_json::Error),
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    #[error("a message in the middle of an answer")]
    OutOfTurn,
}

pub(super) async fn converse(stream: UnixStream, session: &Session) -> Result<(), Broken> {
    let (mut read, mut write) = stream.into_split();
    let mut answering = None;
    loop {
        let (header, body_length) = receive(&mut read).await?;
        if let FromProcess::ResponseChunk = header {
            pass_on(&mut read, body_length, &mut answering).await?;
            continue;
        }
        let body = receive_body(&mut read, body_length).await?;
        match (header, answering.take()) {
            (FromProcess::Next, None) => send(&mut write, &session.next().await?).await?,
            (FromProcess::ResponseBegin { id, content_type }, None) => {
                answering = Some(session.begin(&id, content_type.as_deref())?);
            }
            (FromProcess::ResponseEnd, begun) => begun.map_or(Ok(()), Answering::finish)?,
            (FromProcess::Error { error_type, .. }, Some(begun)) => {
                begun.fail(recorded_error_type(&error_type), body.unwrap_or_default())?;
            }
            (FromProcess::Response { id }, None) => answer(session, &id, body.map_or(TOO_LARGE, Answer::Response))?,
            (FromProcess::Error { id, error_type }, None) => {
                let error_type = recorded_error_type(&error_type);
                let error = body.map_or(TOO_LARGE, |body| Answer::Error { error_type, body });
                answer(session, &id, error)?;
            }
            (FromProcess::InitError { error_type }, None) => {
                session.init_error(recorded_error_type(&error_type), body.unwrap_or_default())?;
            }
            (_, _) => return Err(Broken::OutOfTurn),
        }
    }
}

/// A piece of the answer that was begun, without holding more of it than one read. What follows an answer that is over
/// its limit, or was never begun, is thrown away.
async fn pass_on(read: &mut OwnedReadHalf, length: usize, answering: &mut Option<Answering<'_>>) -> Result<(), Broken> {
    let mut rest = length;
    while rest > 0 {
        let mut piece = BytesMut::zeroed(rest.min(STREAM_PIECE_BYTES));
        read.read_exact(&mut piece).await?;
        rest -= piece.len();
        if let Some(begun) = answering
            && begun.write(piece.freeze()).await.is_err()
        {
            // The caller has heard of it; the process may go on.
            *answering = None;
        }
    }
    Ok(())
}

/// Too large an answer is the caller's news, not a reason to hang up; of two the first one counts.
fn answer(session: &Session, id: &str, answer: Answer) -> Result<(), Refusal> {
    match session.answer(id, answer) {
        Ok(()) | Err(Refusal::TooLarge { .. } | Refusal::InvalidRequestId) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// The header, and how long the body is that follows.
async fn receive(read: &mut OwnedReadHalf) -> Result<(FromProcess, usize), Broken> {
    let header_length = read.read_u32().await? as usize;
    let body_length = read.read_u32().await? as usize;
    if header_length > HEADER_BYTES {
        return Err(Broken::HeaderTooLarge(header_length));
    }
    let mut header = vec![0; header_length];
    read.read_exact(&mut header).await?;
    Ok((serde_json::from_slice(&header)?, body_length))
}

/// `None` if it is larger than any answer may be; then it was read and thrown away.
async fn receive_body(read: &mut OwnedReadHalf, length: usize) -> Result<Option<Bytes>, Broken> {
    if length > RESPONSE_BYTES {
        tokio::io::copy(&mut read.take(length as u64), &mut tokio::io::sink()).await?;
        return Ok(None);
    }
    let mut body = BytesMut::zeroed(length);
    read.read_exact(&mut body).await?;
    Ok(Some(body.freeze()))
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

#[cfg(test)]
mod tests {
    use super::super::Event;
    use super::super::session::tests::invocation;
    use super::*;

    fn frame(header: &str, body: &[u8]) -> Vec<u8> {
        let lengths = [header.len(), body.len()].map(|length| u32::try_from(length).expect("short").to_be_bytes());
        [&lengths.concat()[..], header.as_bytes(), body].concat()
    }

    const NEXT: &str = r#"{"type":"next"}"#;
    const BEGIN: &str = r#"{"type":"response-begin","id":"a","contentType":"text/plain"}"#;
    const CHUNK: &str = r#"{"type":"response-chunk"}"#;
    const END: &str = r#"{"type":"response-end","id":"a"}"#;

    /// What a process that was given the event `a` is heard to answer when it writes `frames` and hangs up.
    async fn heard(frames: &[(&str, &[u8])]) -> Vec<Event> {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let (session, mut told) = Session::new();
        let process = async {
            theirs.write_all(&frame(NEXT, b"")).await.expect("read");
            assert_eq!(told.recv().await, Some(Event::Ready));
            assert!(session.give(invocation("a")));
            let lengths = (theirs.read_u32().await.expect("a frame"), theirs.read_u32().await.expect("a frame"));
            let mut invoke = vec![0; (lengths.0 + lengths.1) as usize];
            theirs.read_exact(&mut invoke).await.expect("the event");
            for (header, body) in frames {
                // Who speaks out of turn is hung up on.
                let _ = theirs.write_all(&frame(header, body)).await;
            }
            drop(theirs);
        };
        let (_, ()) = tokio::join!(converse(ours, &session), process);
        drop(session);
        std::iter::from_fn(|| told.try_recv().ok()).collect()
    }

    fn answered(answer: Answer) -> Event {
        Event::Answered(answer)
    }

    #[tokio::test]
    async fn pieces_become_an_answer() {
        let large = vec![b'x'; STREAM_PIECE_BYTES + 1];
        let frames: [(&str, &[u8]); 4] = [(BEGIN, b""), (CHUNK, b"one "), (CHUNK, &large), (END, b"")];
        let whole = [b"one ", &large[..]].concat().into();
        assert_eq!(heard(&frames).await, [answered(Answer::Response(whole))]);
    }

    #[tokio::test]
    async fn an_answer_without_its_end_was_cut_off() {
        assert_eq!(heard(&[(BEGIN, b""), (CHUNK, b"one")]).await, [answered(Answer::Truncated)]);
    }

    #[tokio::test]
    async fn an_error_may_end_what_was_begun() {
        let error = r#"{"type":"error","id":"a","errorType":"Function.Mine"}"#;
        let frames: [(&str, &[u8]); 3] = [(BEGIN, b""), (CHUNK, b"one"), (error, b"{}")];
        let body = Bytes::from_static(b"{}");
        let error = Answer::Error { error_type: "Function.Mine".to_owned(), body };
        assert_eq!(heard(&frames).await, [answered(error)]);
    }

    #[tokio::test]
    async fn nothing_else_is_said_in_the_middle_of_an_answer() {
        for header in [NEXT, BEGIN, r#"{"type":"response","id":"a"}"#] {
            assert_eq!(heard(&[(BEGIN, b""), (header, b"")]).await, [answered(Answer::Truncated)], "{header}");
        }
    }

    #[tokio::test]
    async fn what_follows_too_large_an_answer_is_thrown_away() {
        let piece = vec![b'x'; RESPONSE_BYTES];
        let frames: [(&str, &[u8]); 5] = [(BEGIN, b""), (CHUNK, &piece), (CHUNK, b"x"), (CHUNK, b"more"), (END, b"")];
        assert_eq!(heard(&frames).await, [answered(TOO_LARGE)]);
    }
}
