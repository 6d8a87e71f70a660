//! Invoke: one event, answered (RequestResponse), accepted (Event) or only checked (DryRun).

mod queue;
mod stream;
mod trace;
mod worker;

use std::sync::Arc;

use base::limits::lambda::{ASYNC_PAYLOAD_BYTES, SYNC_PAYLOAD_BYTES};
use base::{Clock, Fault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use wire::{Context, Payload, Permitted};

use queue::Accepted;
pub use queue::AsyncQueue;
pub(crate) use stream::invoke_with_response_stream;
pub(crate) use trace::Tracer;

use crate::api::enums::{InvocationType, LogType, TracingMode};
use crate::api::invoke::{InvocationResponse, Invoke};
use crate::function::{Functions, Resolved};
use crate::launch::Launcher;
use crate::pool::Pool;
use crate::runtime_api::Invocation;
use crate::runtime_api::stream::Recipient;

/// What invocations need.
#[derive(Debug)]
pub struct Invoker {
    pub(crate) functions: Arc<Functions>,
    pub(crate) launcher: Launcher,
    pub(crate) pool: Arc<Pool>,
    pub(crate) queue: AsyncQueue,
    pub(crate) clock: Clock,
    pub(crate) tracer: Tracer,
}

/// The event of an invocation that asks for nothing in particular.
const NO_EVENT: &[u8] = b"{}";

pub(crate) async fn invoke(invoker: Arc<Invoker>, request: Permitted<Invoke>) -> Result<InvocationResponse, Fault> {
    let Permitted { context, input } = request;
    let resolved = invoker.functions.resolve(&context.scope, &input.function_name, input.qualifier.as_deref())?;
    let kind = input.invocation_type.unwrap_or(InvocationType::RequestResponse);
    let asked =
        Asked { payload: input.payload, client_context: input.client_context, tenant_id: input.tenant_id, kind };
    let invocation = invoker.invocation(context, &resolved, asked)?;
    match kind {
        InvocationType::RequestResponse => {
            invoker.answer(resolved, invocation, input.log_type == Some(LogType::Tail)).await
        }
        InvocationType::Event => invoker.accept(&resolved, invocation).await,
        InvocationType::DryRun => Ok(status(204)),
    }
}

/// What every kind of invocation brings.
struct Asked {
    payload: Option<Payload>,
    client_context: Option<String>,
    tenant_id: Option<String>,
    kind: InvocationType,
}

impl Invoker {
    /// The invocation that was asked for, if its event and its context are well formed.
    fn invocation(&self, context: Context, resolved: &Resolved, asked: Asked) -> Result<Invocation, Fault> {
        let event = event(asked.payload, asked.kind)?;
        Ok(Invocation {
            trace_id: self.tracer.header(context.trace_id.as_deref(), is_traced(resolved)),
            client_context: client_context(asked.client_context.as_deref())?,
            request_id: context.request_id,
            // Set when it begins.
            deadline_ms: 0,
            function_arn: resolved.arn_as_called.clone(),
            cognito_identity: None,
            tenant_id: asked.tenant_id,
            event,
            recipient: Recipient::Whole,
        })
    }

    /// Runs the event and waits for its end.
    async fn answer(
        &self,
        resolved: Resolved,
        invocation: Invocation,
        tail: bool,
    ) -> Result<InvocationResponse, Fault> {
        let (request_id, trace_id) = (invocation.request_id.clone(), invocation.trace_id.clone());
        let launch = self.launcher.launch(&resolved.function).await?;
        let finished = self.pool.run(launch, invocation, tail).await?;
        Ok(InvocationResponse {
            function_error: (!finished.outcome.is_success()).then(|| "Unhandled".to_owned()),
            log_result: finished.log_tail.as_ref().map(|tail| STANDARD.encode(tail)),
            payload: Some(Payload(finished.outcome.payload(&request_id))),
            executed_version: Some(resolved.executed_version),
            trace_id: Some(trace_id),
            ..status(200)
        })
    }

    /// Durable before its 202.
    async fn accept(&self, resolved: &Resolved, invocation: Invocation) -> Result<InvocationResponse, Fault> {
        let trace_id = Some(invocation.trace_id.clone());
        let accepted = Accepted::new(resolved, invocation, self.clock.now_ms());
        self.queue.accept(&resolved.function.name, &accepted).await?;
        Ok(InvocationResponse { trace_id, ..status(202) })
    }
}

fn is_traced(resolved: &Resolved) -> bool {
    resolved.function.running().config.tracing == TracingMode::Active
}

fn status(code: i32) -> InvocationResponse {
    InvocationResponse { status_code: Some(code), ..InvocationResponse::default() }
}

/// The event, within its limit and well formed.
fn event(payload: Option<Payload>, kind: InvocationType) -> Result<Bytes, Fault> {
    let given = payload.unwrap_or_default().0;
    let limit = if kind == InvocationType::Event { ASYNC_PAYLOAD_BYTES } else { SYNC_PAYLOAD_BYTES };
    if given.len() > limit {
        let (size, kind) = (given.len(), kind.as_str());
        let message = format!("{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)");
        return Err(Fault::new("RequestTooLargeException", message));
    }
    if given.is_empty() {
        return Ok(Bytes::from_static(NO_EVENT));
    }
    match wire::json_problem(&given) {
        None => Ok(given),
        Some(problem) => Err(not_json(&problem)),
    }
}

/// AWS's parser speaks twice of the same thing.
fn not_json(problem: &str) -> Fault {
    let message = format!("Could not parse request body into json: Could not parse payload into json: {problem}");
    Fault::new("InvalidRequestContentException", message)
}

fn client_context(encoded: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(encoded) = encoded else { return Ok(None) };
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.filter(|text| wire::json_problem(text.as_bytes()).is_none());
    let refused =
        || Fault::new("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.");
    decoded.map(Some).ok_or_else(refused)
}
