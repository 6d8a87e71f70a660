//! The HTTP transport of the Runtime API, for custom runtimes and AWS's own runtime clients.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use base::limits::environment::RUNTIME_API_CONNECTIONS;
use base::limits::lambda::RESPONSE_BYTES;
use base::{Clock, Tasks};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::extensions_http::{self, Desk};
use super::session::{Refusal, Session};
use super::stream::Answering;
use super::{Answer, Invocation, next_connection};

const VERSION: &str = "/2018-06-01";
const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const WITH_CAUSE: &str = "application/vnd.aws.lambda.error.cause+json";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";

pub(super) type Reply = Response<Full<Bytes>>;

/// Serves the process of `session`, and its extensions, on `listener` until `ended`.
pub(crate) fn serve(
    listener: Arc<TcpListener>,
    (session, desk): (Arc<Session>, Arc<Desk>),
    clock: Clock,
    tasks: &Tasks,
    ended: CancellationToken,
) {
    let connections = tasks.clone();
    tasks.spawn("runtime api", async move {
        let room = Arc::new(Semaphore::new(RUNTIME_API_CONNECTIONS));
        while let Some((stream, place)) = next_connection(&ended, &clock, || accept(&listener, &room)).await {
            let (session, desk) = (session.clone(), desk.clone());
            let service = service_fn(move |request| {
                let (session, desk) = (session.clone(), desk.clone());
                async move { Ok::<_, Infallible>(handle(&session, &desk, request).await) }
            });
            // No header timeout: a runtime keeps its connection open between events for as long as it likes.
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            let ended = ended.clone();
            connections.spawn("runtime api connection", async move {
                let _place = place;
                // A broken connection is the process's affair; its exit is seen elsewhere.
                let _ = ended.run_until_cancelled(connection).await;
            });
        }
    });
}

/// A connection, once there is room for it: those over the limit wait in the kernel.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn handle(session: &Session, desk: &Desk, request: Request<Incoming>) -> Reply {
    match request.uri().path().starts_with(VERSION) {
        true => runtime(session, request).await,
        false => extensions_http::handle(desk, request).await,
    }
}

pub(super) async fn runtime(session: &Session, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    match (request.method(), path.strip_prefix(VERSION).unwrap_or_default()) {
        (&Method::GET, "/runtime/invocation/next") => match session.next().await {
            Ok(invocation) => event(invocation),
            Err(refusal) => refused(&refusal),
        },
        (&Method::POST, "/runtime/init/error") => init_error(session, request).await,
        (&Method::GET, "/ping") => text(StatusCode::OK, "pong"),
        (&Method::POST, _) => match path.strip_prefix(INVOCATION).and_then(|rest| rest.rsplit_once('/')) {
            Some((id, "response")) => response(session, id, request).await,
            Some((id, "error")) => error(session, id, request).await,
            _ => not_found(),
        },
        (_, "/runtime/invocation/next" | "/runtime/init/error" | "/ping") => not_allowed(),
        _ => not_found(),
    }
}

/// Whether the answer goes on as it comes is the caller's choice, not the process's: AWS's client for Go streams without
/// naming the mode.
async fn response(session: &Session, id: &str, request: Request<Incoming>) -> Reply {
    if header(request.headers(), RESPONSE_MODE).is_some_and(|mode| mode != "streaming") {
        return invalid_mode(session, id);
    }
    let content_type = header(request.headers(), "content-type");
    match session.begin(id, content_type) {
        Ok(answering) => pass_on(answering, request.into_body()).await,
        Err(refusal) => refused(&refusal),
    }
}

fn invalid_mode(session: &Session, id: &str) -> Reply {
    let body = br#"{"errorType":"Runtime.InvalidResponseModeHeader","errorMessage":"Invalid response mode header"}"#;
    let error_type = "Runtime.InvalidResponseModeHeader".to_owned();
    // The function's caller hears of it; the process gets its own answer either way.
    let _ = session.answer(id, Answer::Error { error_type, body: Bytes::from_static(body) });
    problem(StatusCode::BAD_REQUEST, "InvalidFunctionResponseMode", "Invalid function response mode")
}

/// To the end of the body, or to its trailers, which may tell that the function failed midway.
async fn pass_on(mut answering: Answering<'_>, mut body: Incoming) -> Reply {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return truncated() };
        match frame.into_data() {
            Ok(bytes) => {
                if let Err(refusal) = answering.write(bytes).await {
                    return refused(&refusal);
                }
            }
            Err(frame) => {
                if let Some((error_type, body)) = frame.trailers_ref().and_then(trailing_error) {
                    return settled(answering.fail(error_type, body));
                }
            }
        }
    }
    settled(answering.finish())
}

async fn error(session: &Session, id: &str, request: Request<Incoming>) -> Reply {
    let error_type = error_type(request.headers());
    let with_cause = header(request.headers(), "content-type") == Some(WITH_CAUSE);
    match body(request).await {
        Ok(body) => {
            let body = if with_cause { without_cause(&body) } else { body };
            settled(session.answer(id, Answer::Error { error_type, body }))
        }
        Err(BodyFault::TooLarge) => settled(session.answer(id, Answer::TooLarge { limit: RESPONSE_BYTES })),
        Err(BodyFault::Truncated) => truncated(),
    }
}

async fn init_error(session: &Session, request: Request<Incoming>) -> Reply {
    let error_type = error_type(request.headers());
    match body(request).await {
        Ok(body) => settled(session.init_error(error_type, body)),
        Err(BodyFault::TooLarge) => refused(&Refusal::TooLarge { limit: RESPONSE_BYTES }),
        Err(BodyFault::Truncated) => truncated(),
    }
}

/// The caller hears the error; its cause was meant for X-Ray.
fn without_cause(body: &[u8]) -> Bytes {
    #[derive(serde::Deserialize, serde::Serialize)]
    #[serde(rename_all = "camelCase", default)]
    #[derive(Default)]
    struct Error {
        error_message: String,
        error_type: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        stack_trace: Vec<String>,
    }
    let error = serde_json::from_slice::<Error>(body);
    let kept = error.and_then(|error| serde_json::to_vec(&error));
    kept.map_or_else(|_| Bytes::from_static(b"\"Invalid error body\""), Bytes::from)
}

enum BodyFault {
    TooLarge,
    Truncated,
}

async fn body(request: Request<Incoming>) -> Result<Bytes, BodyFault> {
    let collected = Limited::new(request.into_body(), RESPONSE_BYTES)
        .collect()
        .await
        .map_err(|error| if error.is::<LengthLimitError>() { BodyFault::TooLarge } else { BodyFault::Truncated })?;
    Ok(collected.to_bytes())
}

/// The type and the body of the error that ends a streamed answer.
fn trailing_error(trailers: &HeaderMap) -> Option<(String, Bytes)> {
    use base64::Engine as _;
    header(trailers, ERROR_TYPE)?;
    let encoded = header(trailers, "lambda-runtime-function-error-body").unwrap_or_default();
    let body = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
    Some((error_type(trailers), body.into()))
}

fn error_type(headers: &HeaderMap) -> String {
    super::session::recorded_error_type(header(headers, ERROR_TYPE).unwrap_or_default())
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The answer to `next`.
fn event(invocation: Invocation) -> Reply {
    let headers = [
        ("lambda-runtime-aws-request-id", Some(invocation.request_id)),
        ("lambda-runtime-deadline-ms", Some(invocation.deadline_ms.to_string())),
        ("lambda-runtime-invoked-function-arn", Some(invocation.function_arn)),
        ("lambda-runtime-trace-id", Some(invocation.trace_id)),
        ("lambda-runtime-client-context", invocation.client_context),
        ("lambda-runtime-cognito-identity", invocation.cognito_identity),
        ("lambda-runtime-aws-tenant-id", invocation.tenant_id),
        ("content-type", Some("application/json".to_owned())),
    ];
    let mut reply = Response::new(Full::new(invocation.event));
    for (name, value) in headers {
        if let Some(value) = value.filter(|text| !text.is_empty()).and_then(|text| header_value(&text)) {
            reply.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    reply
}

/// As UTF-8, which a client context may need. White space between the tokens of its JSON may be lines, which a header
/// can't have; inside of JSON's strings there are none.
fn header_value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(text.replace(['\r', '\n', '\t'], " ").as_bytes()).ok()
}

fn settled(result: Result<(), Refusal>) -> Reply {
    match result {
        Ok(()) => accepted(),
        Err(refusal) => refused(&refusal),
    }
}

pub(super) fn accepted() -> Reply {
    json(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}\n"))
}

fn refused(refusal: &Refusal) -> Reply {
    let (status, error_type) = match refusal {
        Refusal::InvalidRequestId => (StatusCode::BAD_REQUEST, "InvalidRequestID"),
        Refusal::InvalidStateTransition { .. } => (StatusCode::FORBIDDEN, "InvalidStateTransition"),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
        Refusal::Closed => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
    };
    problem(status, error_type, &refusal.to_string())
}

fn truncated() -> Reply {
    problem(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "HTTP request detected as truncated")
}

/// A path that is known, asked with another method.
pub(super) fn not_allowed() -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    reply
}

/// Also for SnapStart's `restore/next` and `restore/error`, which environments on demand don't have.
pub(super) fn not_found() -> Reply {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn text(status: StatusCode, text: &'static str) -> Reply {
    with_type(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

pub(super) fn problem(status: StatusCode, error_type: &str, message: &str) -> Reply {
    let body = serde_json::json!({ "errorMessage": message, "errorType": error_type });
    json(status, Bytes::from(body.to_string() + "\n"))
}

pub(super) fn json(status: StatusCode, body: Bytes) -> Reply {
    with_type(status, "application/json", body)
}

fn with_type(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_client_context_of_any_json_is_shown() {
        let shown = header_value("{\r\n\t\"name\": \"Zoë\"\n}").expect("a header can carry it");
        assert_eq!(shown.as_bytes(), "{   \"name\": \"Zoë\" }".as_bytes());
    }

    proptest! {
        #[test]
        fn hostile_trailers_make_an_error_of_a_known_form(
            kind: Vec<u8>, named in ".{0,40}", body in "[A-Za-z0-9+/=]{0,40}|.{0,40}"
        ) {
            for kind in [kind.as_slice(), named.as_bytes()] {
                let mut trailers = HeaderMap::new();
                for (name, value) in [(ERROR_TYPE, kind), ("lambda-runtime-function-error-body", body.as_bytes())] {
                    let value = HeaderValue::from_bytes(value).ok();
                    trailers.extend(value.map(|value| (HeaderName::from_static(name), value)));
                }
                let error = trailing_error(&trailers);
                prop_assert_eq!(error.is_some(), header(&trailers, ERROR_TYPE).is_some());
                if let Some((kind, read)) = error {
                    prop_assert!(kind.starts_with("Runtime.") || kind.starts_with("Function."), "{kind}");
                    prop_assert!(read.len() <= body.len(), "no larger than what was sent");
                }
            }
        }

        #[test]
        fn hostile_errors_with_a_cause_stay_json(
            noise: Vec<u8>, message in ".{0,20}", trace in ".{0,20}", kind in "\"x\"|1|null|\\[\\]|"
        ) {
            let error = serde_json::json!({ "errorMessage": message, "stackTrace": [trace], "cause": message });
            let text = error.to_string().replacen('{', &format!("{{\"errorType\":{kind},"), 1);
            for sent in [noise, error.to_string().into_bytes(), text.into_bytes()] {
                let kept = serde_json::from_slice::<serde_json::Value>(&without_cause(&sent)).expect("it is JSON");
                prop_assert!(kept.get("cause").is_none());
            }
        }

        #[test]
        fn hostile_client_contexts_are_one_line_or_left_out(text in "(.|[\r\n\t\0]){0,60}") {
            if let Some(shown) = header_value(&text) {
                prop_assert!(shown.as_bytes().iter().all(|byte| *byte >= b' ' && *byte != 0x7f));
            }
        }
    }
}
