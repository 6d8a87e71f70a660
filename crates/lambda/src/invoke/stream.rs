//! InvokeWithResponseStream: the answer as it comes, and at its end what became of the event.

use std::sync::Arc;

use base::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use wire::{EventStream, Payload, Permitted, Streaming, streaming};

use super::{Asked, Invoker};
use crate::api::enums::{InvocationType, LogType, ResponseStreamingInvocationType};
use crate::api::invoke::{
    InvokeResponseStreamUpdate, InvokeWithResponseStream, InvokeWithResponseStreamCompleteEvent,
    InvokeWithResponseStreamResponse, InvokeWithResponseStreamResponseEvent,
};
use crate::environment::{Finished, Outcome, TRUNCATED};
use crate::runtime_api::Answer;
use crate::runtime_api::stream::{Piece, way};

type Event = InvokeWithResponseStreamResponseEvent;
type Output = Streaming<InvokeWithResponseStreamResponse>;

/// What a function that answers whole sends.
const JSON: &str = "application/json";

pub(crate) async fn invoke_with_response_stream(
    invoker: Arc<Invoker>,
    request: Permitted<InvokeWithResponseStream>,
) -> Result<Output, Fault> {
    let Permitted { context, input } = request;
    let resolved = invoker.functions.resolve(&context.scope, &input.function_name, input.qualifier.as_deref())?;
    let asked = Asked {
        payload: input.payload,
        client_context: input.client_context,
        tenant_id: input.tenant_id,
        kind: InvocationType::RequestResponse,
    };
    let mut invocation = invoker.invocation(context, &resolved, asked)?;
    let executed_version = Some(resolved.executed_version.clone());
    if input.invocation_type == Some(ResponseStreamingInvocationType::DryRun) {
        return Ok(head(204, None, Vec::new()));
    }
    let headers = vec![("x-amzn-trace-id", invocation.trace_id.clone())];
    let (recipient, arriving) = way(invoker.clock.clone());
    invocation.recipient = recipient;
    let request_id = invocation.request_id.clone();
    let launch = invoker.launcher.launch(&resolved.function).await?;
    // A stream is complete when all is, extensions included.
    let (early, _) = oneshot::channel();
    let running = invoker.pool.start(launch, invocation, input.log_type == Some(LogType::Tail), early)?;
    let mut telling = Telling { running, finished: None, arriving, request_id, begun: false };
    let content_type = telling.begin().await?;
    let mut answer = head(200, executed_version, headers);
    answer.headers.push(("x-amz-response-stream-content-type", content_type));
    answer.stream = Some(wire::events(stream::unfold(Next::Running(Box::new(telling)), next)));
    Ok(answer)
}

fn head(status: i32, executed_version: Option<String>, headers: Vec<(&'static str, String)>) -> Output {
    let output = InvokeWithResponseStreamResponse {
        status_code: Some(status),
        executed_version,
        event_stream: EventStream::default(),
        response_stream_content_type: Some(streaming::CONTENT_TYPE.to_owned()),
    };
    Streaming { output, headers, stream: None }
}

/// An event that runs, and what of its answer has arrived.
#[derive(Debug)]
struct Telling {
    running: JoinHandle<Result<Finished, Fault>>,
    finished: Option<Result<Finished, Fault>>,
    arriving: mpsc::Receiver<Piece>,
    request_id: String,
    /// The function has begun to answer piece by piece.
    begun: bool,
}

impl Telling {
    /// Waits for the beginning of the answer, or for the end of the event; the answer's content type.
    ///
    /// # Errors
    /// If the event could not be run at all: the caller hears of it without a stream.
    async fn begin(&mut self) -> Result<String, Fault> {
        if let Some(Piece::Begin { content_type }) = self.piece().await {
            self.begun = true;
            return Ok(content_type);
        }
        match &self.finished {
            Some(Err(fault)) => Err(fault.clone()),
            _ => Ok(JSON.to_owned()),
        }
    }

    /// What arrives next; `None` when the event has ended and nothing more can.
    async fn piece(&mut self) -> Option<Piece> {
        if self.finished.is_none() {
            let finished = tokio::select! {
                biased;
                Some(piece) = self.arriving.recv() => return Some(piece),
                finished = &mut self.running => finished,
            };
            self.finished = Some(finished.unwrap_or_else(|error| Err(Fault::internal(error))));
        }
        self.arriving.try_recv().ok()
    }

    /// The last events: the answer, if it is whole, and what became of it.
    fn end(self) -> Vec<Result<Event, Fault>> {
        let finished = match self.finished {
            Some(Ok(finished)) => finished,
            Some(Err(fault)) => return vec![Err(fault)],
            None => return Vec::new(),
        };
        let mut events = Vec::with_capacity(2);
        if let Outcome::Answered { answer: Answer::Response(body), .. } = &finished.outcome {
            events.push(Ok(chunk(body.clone())));
        }
        events.push(Ok(complete(&finished, self.begun, &self.request_id)));
        events
    }
}

enum Next {
    Running(Box<Telling>),
    Ended(std::vec::IntoIter<Result<Event, Fault>>),
}

async fn next(state: Next) -> Option<(Result<Event, Fault>, Next)> {
    let mut ending = match state {
        Next::Ended(events) => events,
        Next::Running(mut telling) => loop {
            match telling.piece().await {
                Some(Piece::Bytes(bytes)) => return Some((Ok(chunk(bytes)), Next::Running(telling))),
                Some(Piece::Begin { .. }) => {}
                None => break telling.end().into_iter(),
            }
        },
    };
    let event = ending.next()?;
    Some((event, Next::Ended(ending)))
}

fn chunk(bytes: Bytes) -> Event {
    let update = InvokeResponseStreamUpdate { payload: Some(Payload(bytes)) };
    Event { payload_chunk: Some(update), invoke_complete: None }
}

fn complete(finished: &Finished, begun: bool, request_id: &str) -> Event {
    let (error_code, error_details) = error(&finished.outcome, begun, request_id).unzip();
    let log_result = finished.log_tail.as_ref().map(|tail| STANDARD.encode(tail));
    let complete =
        InvokeWithResponseStreamCompleteEvent { error_code, error_details: error_details.flatten(), log_result };
    Event { payload_chunk: None, invoke_complete: Some(complete) }
}

/// Code and details, in AWS's words (decision 0023): what the function itself tells is `Unhandled`; an answer that was cut
/// off by the end of its process has no details.
fn error(outcome: &Outcome, begun: bool, request_id: &str) -> Option<(String, Option<String>)> {
    let code = match outcome {
        _ if outcome.is_success() => return None,
        Outcome::Exited(_) if begun => return Some((TRUNCATED.to_owned(), None)),
        Outcome::Answered { answer: Answer::Truncated, .. } => return Some((TRUNCATED.to_owned(), None)),
        Outcome::Answered { answer: Answer::TooLarge { .. }, .. } => "Function.ResponseSizeTooLarge",
        Outcome::Answered { .. } | Outcome::InitError { .. } => "Unhandled",
        Outcome::TimedOut { .. } => "Sandbox.Timedout",
        Outcome::Exited(_)
        | Outcome::Extension(_)
        | Outcome::NoEntrypoint { .. }
        | Outcome::NoWorkingDirectory { .. }
        | Outcome::Platform { .. } => outcome.error_type().unwrap_or("Unhandled"),
    };
    let details = String::from_utf8_lossy(&outcome.payload(request_id)).into_owned();
    Some((code.to_owned(), Some(details)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sandbox::{Exit, ExitStatus};

    use super::*;

    fn check(outcome: Outcome, begun: bool, code: Option<&str>, details: Option<&str>) {
        let told = error(&outcome, begun, "r");
        let expected = code.map(|code| (code.to_owned(), details.map(str::to_owned)));
        assert_eq!(told, expected, "{outcome:?}");
    }

    fn answered(answer: Answer) -> Outcome {
        Outcome::Answered { answer, ended: false }
    }

    #[test]
    fn each_end_has_its_code() {
        let mine = Answer::Error { error_type: "Function.Mine".to_owned(), body: Bytes::from_static(b"{}") };
        let killed = || Outcome::Exited(Exit { status: ExitStatus::Signal(9), out_of_memory: false });
        check(answered(Answer::Streamed { bytes: 1 }), true, None, None);
        check(answered(Answer::Response(Bytes::new())), false, None, None);
        check(answered(mine), true, Some("Unhandled"), Some("{}"));
        check(answered(Answer::Truncated), true, Some(TRUNCATED), None);
        check(killed(), true, Some(TRUNCATED), None);
        check(
            killed(),
            false,
            Some("Runtime.ExitError"),
            Some(
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}"#,
            ),
        );
        check(
            Outcome::TimedOut { after: Duration::from_secs(1) },
            true,
            Some("Sandbox.Timedout"),
            Some(
                r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 1.00 seconds"}"#,
            ),
        );
        check(
            answered(Answer::TooLarge { limit: 209_715_200 }),
            true,
            Some("Function.ResponseSizeTooLarge"),
            Some(
                r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (209715200 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#,
            ),
        );
    }
}
