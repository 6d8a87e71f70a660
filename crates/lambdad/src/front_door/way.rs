//! The way of a request. The column of steps in `go` is the order; each says why it stands where it stands.

use std::time::Duration;

use base::limits::http::{BODY_BYTES, PAGE_BODY_BYTES};
use base::{Caller, Fault, Fields, Region, Scope};
use hyper::body::Incoming;
use wire::sigv4::{Accept, Claim};
use wire::{Body, Context, OperationSpec, Request, Response, ServiceSpec};

use super::bodies::{Room, Unread};
use super::{Auth, Door, House, bodies, connections, too_large};

/// How long somebody whose body is refused may go on sending it, so that he hears why.
const REFUSED_PATIENCE: Duration = Duration::from_secs(5);

/// A request that was recognized: it has a contract, and from here on errors are told in that service's envelope.
struct Recognized {
    spec: &'static ServiceSpec,
    operation: &'static OperationSpec,
    labels: Vec<(&'static str, String)>,
}

/// Who asks, and where the request acts.
struct Identified {
    caller: Caller,
    region: Region,
}

pub(super) async fn go(house: &House, door: Door, request: http::Request<Incoming>) -> Response<Body> {
    let request_id = house.random.uuid_v4().to_string();
    // Our own pages lie outside of AWS's names, and are not to be seen from inside of an environment.
    let own_page = door == Door::Front && request.uri().path().starts_with("/_lambdad/");
    let limit = if own_page { PAGE_BODY_BYTES } else { BODY_BYTES };
    // First, the body arrives, within its limit: signatures cover it. It takes room until it is answered.
    let (mut request, arrived) = arrive(house, door, request, limit).await;
    let _room = match arrived {
        Ok(room) => room,
        Err(late) => return incomplete(house, &request, late, limit, &request_id).into(),
    };
    if own_page {
        return house.pages.answer(request).await.into();
    }
    // The service is known before the signature is checked, since its envelope words even that refusal.
    let recognized = match recognize(house, &request) {
        Ok(recognized) => recognized,
        Err((spec, fault)) => return refuse(spec, &fault, &request_id).into(),
    };
    let spec = recognized.spec;
    match steps(house, door, recognized, &mut request, &request_id).await {
        Ok(response) => response,
        Err(fault) => refuse(Some(spec), &fault, &request_id).into(),
    }
}

async fn steps(
    house: &House,
    door: Door,
    recognized: Recognized,
    request: &mut Request,
    request_id: &str,
) -> Result<Response<Body>, Fault> {
    let Recognized { spec, operation, labels } = recognized;
    // Nothing of the request is believed before its signature: it may have been changed on the way.
    let Identified { caller, region } = identify(house, door, spec, request)?;
    // Its shape is checked before its permission, which asks for a resource that the input names.
    let input = understand(spec, operation, &labels, request)?;
    let context = context(house, request, caller, region, request_id);
    // Permission and handler are one call, so that no handler runs without the other.
    let output = house.registry.answer(spec, operation, context, input).await?;
    Ok(wire::encode_answer(spec, operation, output, request_id))
}

/// Why a body did not arrive whole.
enum Incomplete {
    Unread(Unread),
    /// Nobody who sends half a request keeps the house open.
    Closing,
}

/// The request; without its body if that did not arrive.
async fn arrive(
    house: &House,
    door: Door,
    request: http::Request<Incoming>,
    limit: usize,
) -> (Request, Result<Room, Incomplete>) {
    let (head, mut body) = request.into_parts();
    let mut request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: bytes::Bytes::new(),
    };
    let whose = || whose(house, door, &request);
    let collected = tokio::select! {
        collected = house.bodies.read(&mut body, limit, &house.clock, whose) => collected.map_err(Incomplete::Unread),
        () = connections::closing_is_over(house) => Err(Incomplete::Closing),
    };
    let arrived = match collected {
        Ok((whole, room)) => {
            request.body = whole;
            Ok(room)
        }
        Err(late) => {
            if matches!(late, Incomplete::Unread(Unread::Refused(_) | Unread::NoRoom)) {
                bodies::drain(&mut body, &house.clock, REFUSED_PATIENCE).await;
            }
            Err(late)
        }
    };
    (request, arrived)
}

/// The key to whose account a large body is put: one that is there. Whether it made the signature is seen when all of
/// what was signed has come.
fn whose(house: &House, door: Door, request: &Request) -> Result<String, Fault> {
    let claim = Claim::of(request);
    if house.auth == Auth::Open && door == Door::Front {
        return Ok(claim.map(|claim| claim.access_key).unwrap_or_default());
    }
    let claim = claim?;
    house.keys.find(&claim.access_key, claim.session_token.as_deref())?;
    Ok(claim.access_key)
}

/// In the words of the operation that was meant, as far as path and headers tell it.
fn incomplete(house: &House, request: &Request, late: Incomplete, limit: usize, request_id: &str) -> Response {
    let recognized = recognize(house, request).ok();
    let fault = match late {
        Incomplete::Unread(Unread::TooLarge) => {
            too_large(limit, recognized.as_ref().map(|recognized| recognized.operation.name))
        }
        Incomplete::Closing => Fault::unavailable("the house closes"),
        Incomplete::Unread(Unread::NoRoom) => Fault::unavailable("the bodies of other requests take all the room"),
        Incomplete::Unread(Unread::Refused(fault)) => fault,
        Incomplete::Unread(Unread::Silent) => Fault::new(
            "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the timeout period.",
        ),
        Incomplete::Unread(Unread::Broken(cause)) => {
            Fault::new("IncompleteBody", "The request's body did not arrive.").caused_by(cause)
        }
    };
    refuse(recognized.map(|recognized| recognized.spec), &fault, request_id)
}

fn recognize(house: &House, request: &Request) -> Result<Recognized, (Option<&'static ServiceSpec>, Fault)> {
    match house.router.recognize(request) {
        Ok(wire::Recognized { service, operation, labels }) => Ok(Recognized { spec: service, operation, labels }),
        Err(unrecognized) => Err((unrecognized.service, unrecognized.fault)),
    }
}

fn identify(house: &House, door: Door, spec: &ServiceSpec, request: &mut Request) -> Result<Identified, Fault> {
    if house.auth == Auth::Open && door == Door::Front {
        return claimed(house, request);
    }
    let signed = house.verifier.verify(request, &Accept::service(&spec.signing_name), house.keys.as_ref())?;
    if let Some(body) = signed.body {
        request.body = body;
    }
    Ok(Identified { caller: signed.caller, region: Region::new(&signed.region) })
}

/// Under `--auth open` a signature is a claim, and need not even be there.
fn claimed(house: &House, request: &Request) -> Result<Identified, Fault> {
    let (access_key, token, region) = match Claim::of(request) {
        Ok(claim) => (claim.access_key, claim.session_token, Region::new(&claim.scope.region)),
        Err(_) => (String::new(), None, house.region.clone()),
    };
    Ok(Identified { caller: house.keys.open_caller(&access_key, token.as_deref())?, region })
}

fn understand(
    spec: &'static ServiceSpec,
    operation: &'static OperationSpec,
    labels: &[(&'static str, String)],
    request: &Request,
) -> Result<Fields, Fault> {
    // An operation that is not built yet has no shape; `perform` says so.
    if operation.is_done() { wire::understand(spec, operation, labels, request) } else { Ok(Fields::new()) }
}

fn context(house: &House, request: &Request, caller: Caller, region: Region, request_id: &str) -> Context {
    let origin = match request.header("host") {
        Some(host) => format!("http://{host}"),
        None => house.origin.clone(),
    };
    Context {
        scope: Scope::new(caller.account.clone(), region),
        caller,
        request_id: request_id.to_owned(),
        trace_id: request.header("x-amzn-trace-id").map(str::to_owned),
        origin,
    }
}

fn refuse(spec: Option<&'static ServiceSpec>, fault: &Fault, request_id: &str) -> Response {
    let response = wire::encode_fault(spec, fault, request_id);
    let (code, message, cause) = (&fault.code, &fault.message, fault.cause.as_deref());
    // What a caller did wrong is for the caller to read; what we did wrong is for whoever operates the house.
    if response.status < 500 {
        tracing::debug!(request_id, %code, message, cause, "a request was refused");
    } else {
        tracing::warn!(request_id, %code, message, cause, "a request failed");
    }
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};
    use std::sync::Arc;

    use super::*;

    fn logged(fault: &Fault) -> String {
        let log = Arc::new(tempfile::tempfile().expect("a file"));
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || refuse(None, fault, "id"));
        let (mut log, mut text) = (log.as_ref(), String::new());
        log.rewind().and_then(|()| log.read_to_string(&mut text)).expect("it reads");
        text
    }

    #[test]
    fn an_operator_is_told_of_our_errors_and_not_of_callers() {
        let ours = logged(&Fault::internal("the disk is gone"));
        assert!(ours.contains("WARN") && ours.contains("the disk is gone"), "{ours}");
        assert_eq!(logged(&Fault::new(Fault::ACCESS_DENIED, "No.").caused_by("no policy allows it")), "");
    }
}
