//! The Extensions API, the Telemetry API and the Logs API, on the listener of the Runtime API.

use std::sync::Arc;

use base::limits::extensions::REQUEST_BYTES;
use base::{Clock, Tasks};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use sandbox::WayIn;
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::extensions::{Extensions, Refused};
use super::http::{Reply, accepted, header, json, not_allowed, not_found, problem};
use crate::environment::Capture;
use crate::telemetry::{self, Api, Hub, PlatformEvent, Subscription};

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: &str = "lambda-extension-identifier";
const EVENT_IDENTIFIER: &str = "lambda-extension-event-identifier";
const FEATURES: &str = "lambda-extension-accept-feature";
const ERROR_TYPE: &str = "lambda-extension-function-error-type";

/// What a registered extension is told of its function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) handler: String,
    pub(crate) account: String,
}

/// What extensions talk to: the state machine of one process of a runtime, and its telemetry.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) function: Function,
    pub(crate) extensions: Extensions,
    pub(crate) audience: Audience,
}

/// Where subscribers are taken in and served.
#[derive(Debug)]
pub(crate) struct Audience {
    pub(crate) hub: Arc<Hub>,
    pub(crate) capture: Arc<Capture>,
    pub(crate) network: Arc<WayIn>,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) ended: CancellationToken,
}

pub(super) async fn handle(desk: &Desk, request: Request<Incoming>) -> Reply {
    match (request.method(), request.uri().path()) {
        (&Method::PUT, "/2022-07-01/telemetry") => subscribe(desk, Api::Telemetry, request).await,
        (&Method::PUT, "/2020-08-15/logs") => subscribe(desk, Api::Logs, request).await,
        _ => extension(&desk.function, &desk.extensions, request).await,
    }
}

/// The Extensions API alone.
pub(super) async fn extension(function: &Function, extensions: &Extensions, request: Request<Incoming>) -> Reply {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/2020-01-01/extension/register") => register(function, extensions, request).await,
        (&Method::GET, "/2020-01-01/extension/event/next") => next(extensions, request.headers()).await,
        (&Method::POST, "/2020-01-01/extension/init/error") => {
            reported(request.headers(), |id, error_type| extensions.init_error(id, error_type))
        }
        (&Method::POST, "/2020-01-01/extension/exit/error") => {
            reported(request.headers(), |id, error_type| extensions.exit_error(id, error_type))
        }
        (_, known) if PATHS.contains(&known) => not_allowed(),
        _ => not_found(),
    }
}

const PATHS: [&str; 6] = [
    "/2020-01-01/extension/register",
    "/2020-01-01/extension/event/next",
    "/2020-01-01/extension/init/error",
    "/2020-01-01/extension/exit/error",
    "/2022-07-01/telemetry",
    "/2020-08-15/logs",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    configuration_keys: Vec<String>,
}

async fn register(function: &Function, extensions: &Extensions, request: Request<Incoming>) -> Reply {
    let name = header(request.headers(), NAME).unwrap_or_default().to_owned();
    if name.is_empty() {
        return forbidden("Extension.InvalidExtensionName", "Empty extension name");
    }
    let wants_account = header(request.headers(), FEATURES)
        .is_some_and(|features| features.split(',').any(|feature| feature.trim() == "accountId"));
    let registration = match registration(request).await {
        Ok(registration) => registration,
        Err(message) => return forbidden("InvalidRequestFormat", &message),
    };
    match extensions.register(&name, &registration.events) {
        Ok(id) => registered(function, &id, wants_account),
        Err(refused) => refusal(&refused),
    }
}

async fn registration(request: Request<Incoming>) -> Result<Registration, String> {
    let registration: Registration =
        serde_json::from_slice(&body(request).await?).map_err(|error| error.to_string())?;
    if registration.configuration_keys.is_empty() {
        return Ok(registration);
    }
    Err("configurationKeys are deprecated; use environment variables instead".to_owned())
}

fn registered(function: &Function, id: &str, wants_account: bool) -> Reply {
    let Function { name, version, handler, account } = function;
    let mut told = json!({ "functionName": name, "functionVersion": version, "handler": handler });
    if wants_account {
        told["accountId"] = account.as_str().into();
    }
    with_header(json(StatusCode::OK, format!("{told}\n").into()), IDENTIFIER, id)
}

async fn next(extensions: &Extensions, headers: &HeaderMap) -> Reply {
    let id = match identifier(headers) {
        Ok(id) => id,
        Err(refused) => return refusal(&refused),
    };
    match extensions.next(id).await {
        Ok(event) => with_header(json(StatusCode::OK, event.into()), EVENT_IDENTIFIER, &extensions.event_id()),
        Err(refused) => refusal(&refused),
    }
}

fn reported(headers: &HeaderMap, report: impl FnOnce(&str, &str) -> Result<(), Refused>) -> Reply {
    let done = identifier(headers).and_then(|id| match header(headers, ERROR_TYPE).filter(|given| !given.is_empty()) {
        Some(error_type) => report(id, error_type),
        None => Err(Refused {
            error_type: "Extension.MissingHeader",
            message: "Lambda-Extension-Function-Error-Type not found".to_owned(),
        }),
    });
    match done {
        Ok(()) => accepted(),
        Err(refused) => refusal(&refused),
    }
}

async fn subscribe(desk: &Desk, api: Api, request: Request<Incoming>) -> Reply {
    let name = identifier(request.headers()).and_then(|id| {
        let unknown = || Refused {
            error_type: "Extension.UnknownExtensionIdentifier",
            message: format!("Unknown extension {id}"),
        };
        desk.extensions.name_of(id).ok_or_else(unknown)
    });
    let name = match name {
        Ok(name) => name,
        Err(refused) => return refusal(&refused),
    };
    let asked = match body(request).await.and_then(|body| telemetry::Request::parse(api, &body)) {
        Ok(asked) => asked,
        Err(message) => return problem(StatusCode::BAD_REQUEST, "ValidationError", &message),
    };
    desk.audience.take_in(&name, asked)
}

impl Audience {
    fn take_in(&self, name: &str, asked: telemetry::Request) -> Reply {
        let api = asked.api;
        let told = Subscription { name: name.to_owned(), state: "Subscribed", types: asked.type_names() };
        let Ok(subscriber) = self.hub.subscribe(name, asked) else {
            let (error_type, api) = (format!("{}.SubscriptionClosed", api.name()), api.name());
            return forbidden(&error_type, &format!("{api} API subscription is closed already"));
        };
        self.capture.platform(&match api {
            Api::Telemetry => PlatformEvent::TelemetrySubscription(told),
            Api::Logs => PlatformEvent::LogsSubscription(told),
        });
        let (ended, delivering) =
            (self.ended.clone(), telemetry::deliver(subscriber, self.network.clone(), self.clock.clone()));
        self.tasks.spawn("deliver telemetry", async move {
            ended.run_until_cancelled(delivering).await;
        });
        json(StatusCode::OK, Bytes::from_static(b"\"OK\""))
    }
}

/// Whoever asks; its form is looked at, not yet whether somebody has it.
fn identifier(headers: &HeaderMap) -> Result<&str, Refused> {
    let refused = |error_type, message: &str| Err(Refused { error_type, message: message.to_owned() });
    match header(headers, IDENTIFIER).unwrap_or_default() {
        "" => refused("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"),
        id if !is_uuid(id) => refused("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"),
        id => Ok(id),
    }
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

async fn body(request: Request<Incoming>) -> Result<Bytes, String> {
    let limit = REQUEST_BYTES.max(base::limits::telemetry::REQUEST_BYTES);
    let collected = Limited::new(request.into_body(), limit).collect().await;
    collected.map(|whole| whole.to_bytes()).map_err(|error| error.to_string())
}

fn refusal(refused: &Refused) -> Reply {
    forbidden(refused.error_type, &refused.message)
}

fn forbidden(error_type: &str, message: &str) -> Reply {
    problem(StatusCode::FORBIDDEN, error_type, message)
}

fn with_header(mut reply: Response<Full<Bytes>>, name: &'static str, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_a_uuid() {
        for (id, is_one) in [
            ("01234567-89ab-cdef-0123-456789abcdef", true),
            ("01234567-89ab-cdef-0123-456789abcdeg", false),
            ("0123456789abcdef0123456789abcdef", false),
            ("", false),
        ] {
            assert_eq!(is_uuid(id), is_one, "{id}");
        }
    }
}
