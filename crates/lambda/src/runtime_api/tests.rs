//! Environments that say anything at all: nobody panics, nothing grows, and what is heard of them has its form.

use std::convert::Infallible;
use std::sync::Arc;

use base::Random;
use base::limits::extensions::{EXTENSIONS, NAME_BYTES};
use base::limits::lambda::RESPONSE_BYTES;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::UnixStream;
use tokio::sync::mpsc::Receiver;

use super::extensions::{Extensions, Topic};
use super::extensions_http::{self, Function};
use super::framed::{self, Broken, HEADER_BYTES};
use super::session::tests::invocation;
use super::session::{Refusal, Session, recorded_error_type};
use super::*;

/// Time stands still until nobody has anything left to do.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

/// The platform's side: whoever is ready gets the event `a`. Ends when the session does.
async fn listen(session: &Session, told: &mut Receiver<Event>, heard: &mut Vec<Event>) {
    while let Some(event) = told.recv().await {
        if event == Event::Ready {
            assert!(session.give(invocation("a")), "it said that it waits");
        }
        heard.push(event);
    }
}

/// An answer for each time it was ready, at most; and nothing that is larger, or called otherwise, than we let through.
fn has_form(heard: &[Event]) -> Result<(), TestCaseError> {
    let mut is_running = false;
    for event in heard {
        let named = match event {
            Event::Ready => {
                prop_assert!(!std::mem::replace(&mut is_running, true), "ready twice");
                None
            }
            Event::Answered(answer) => {
                prop_assert!(std::mem::replace(&mut is_running, false), "answered twice");
                match answer {
                    Answer::Error { error_type, body } => Some((error_type, body)),
                    Answer::Response(body) => {
                        prop_assert!(body.len() <= RESPONSE_BYTES);
                        None
                    }
                    Answer::Streamed { .. } | Answer::TooLarge { .. } | Answer::Truncated => None,
                }
            }
            Event::InitError { error_type, body } => Some((error_type, body)),
        };
        if let Some((error_type, body)) = named {
            prop_assert_eq!(&recorded_error_type(error_type), error_type);
            prop_assert!(body.len() <= RESPONSE_BYTES);
        }
    }
    Ok(())
}

/// How a process's framed conversation ends that says `bytes` and hangs up, and what is heard of it.
fn converse(bytes: &[u8]) -> (Broken, Vec<Event>) {
    run(async {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let (session, mut told) = Session::new();
        let mut heard = Vec::new();
        let speaking = async {
            // Who is hung up on cannot finish.
            let _ = theirs.write_all(bytes).await;
            let _ = theirs.shutdown().await;
        };
        let ended = tokio::select! {
            (ended, ()) = async { tokio::join!(framed::converse(ours, &session), speaking) } => ended,
            () = listen(&session, &mut told, &mut heard) => unreachable!("the session is ours"),
        };
        heard.extend(std::iter::from_fn(|| told.try_recv().ok()));
        (ended.expect_err("it was hung up"), heard)
    })
}

fn framed(header: &[u8], length: u32, body: &[u8]) -> Vec<u8> {
    let header_length = u32::try_from(header.len()).expect("short");
    [&header_length.to_be_bytes()[..], &length.to_be_bytes(), header, body].concat()
}

fn next_frame() -> Vec<u8> {
    framed(br#"{"type":"next"}"#, 0, b"")
}

/// Names that mean something here, and others.
fn ids() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("a".to_owned()), 1 => ".{0,20}"]
}

fn error_types() -> impl Strategy<Value = String> {
    "(Runtime|Function)\\.[A-Za-z]{0,9}|.{0,30}"
}

const TYPES: [&str; 7] =
    ["next", "response", "response-begin", "response-chunk", "response-end", "error", "init-error"];

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let header =
        (select(&TYPES[..]), ids(), error_types(), ".{0,20}").prop_map(|(kind, id, error_type, content_type)| {
            let header =
                serde_json::json!({"type": kind, "id": id, "errorType": error_type, "contentType": content_type});
            header.to_string().into_bytes()
        });
    let header = prop_oneof![12 => header, 1 => vec(any::<u8>(), 0..60)];
    // A length that is a lie swallows what follows it.
    let lie = prop_oneof![12 => Just(None), 1 => any::<u32>().prop_map(Some)];
    (header, vec(any::<u8>(), 0..40), lie).prop_map(|(header, body, lie)| {
        let length = u32::try_from(body.len()).expect("short");
        framed(&header, lie.unwrap_or(length), &body)
    })
}

proptest! {
    #[test]
    fn hostile_frames_are_heard_in_their_form_or_end_the_conversation(sent in vec(frames(), 0..12), asks_first: bool) {
        let sent = if asks_first { [next_frame(), sent.concat()].concat() } else { sent.concat() };
        let (ended, heard) = converse(&sent);
        // We listen: there is always room for what the states let a process say.
        prop_assert!(!matches!(ended, Broken::Refused(Refusal::Closed)));
        has_form(&heard)?;
    }

    #[test]
    fn hostile_bytes_in_place_of_frames_end_the_conversation(bytes in vec(any::<u8>(), 0..200)) {
        let (_ended, heard) = converse(&[next_frame(), bytes].concat());
        prop_assert_eq!(heard, [Event::Ready]);
    }

    #[test]
    fn hostile_headers_that_name_nothing_are_refused(kind in "[a-zA-Z-]{0,20}|.{0,20}", id in ids()) {
        prop_assume!(!TYPES.contains(&kind.as_str()));
        let header = serde_json::json!({ "type": kind, "id": id }).to_string();
        let (ended, heard) = converse(&[next_frame(), framed(header.as_bytes(), 0, b"")].concat());
        prop_assert!(matches!(ended, Broken::Header(_)), "{ended}");
        prop_assert_eq!(heard, [Event::Ready]);
    }

    #[test]
    fn hostile_lengths_of_headers_are_refused_before_anything_is_kept(length: u32, body: u32) {
        let (ended, _) = converse(&[length.to_be_bytes(), body.to_be_bytes()].concat());
        let is_too_large = length as usize > HEADER_BYTES;
        prop_assert_eq!(matches!(ended, Broken::HeaderTooLarge(_)), is_too_large);
    }
}

/// An environment's listener over a wire in memory, with one extension that is known by its identifier.
struct Listener {
    session: Session,
    extensions: Extensions,
}

const OUTER: &str = "outer";

fn extensions() -> (Extensions, String) {
    let extensions = Extensions::new(Random::seeded(1));
    extensions.expect(OUTER);
    let id = extensions.register(OUTER, &["INVOKE".to_owned()]).expect("expected");
    extensions.tell(Topic::Invoke, &serde_json::json!({}));
    (extensions, id)
}

impl Listener {
    async fn serve(&self, wire: DuplexStream) {
        let function = Function {
            name: "f".to_owned(),
            version: "1".to_owned(),
            handler: "h".to_owned(),
            account: "123456789012".to_owned(),
        };
        let service = service_fn(async |request| {
            let reply = match hyper::Request::uri(&request).path().starts_with("/2018-06-01") {
                true => http::runtime(&self.session, request).await,
                false => extensions_http::extension(&function, &self.extensions, request).await,
            };
            Ok::<_, Infallible>(reply)
        });
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(wire), service).await;
    }
}

/// What is answered to a process that says `bytes`, and what is heard of it.
fn request(listener: Arc<Listener>, mut told: Receiver<Event>, bytes: &[u8]) -> (Vec<u8>, Vec<Event>) {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let mut heard = Vec::new();
        theirs.write_all(bytes).await.expect("room");
        let serving = tokio::time::timeout(Duration::from_secs(1), listener.serve(ours));
        tokio::select! {
            // One that waits for ever is given up once nobody has anything to do.
            _ = serving => {}
            () = listen(&listener.session, &mut told, &mut heard) => unreachable!("the session is ours"),
        }
        heard.extend(std::iter::from_fn(|| told.try_recv().ok()));
        let mut answered = Vec::new();
        theirs.read_to_end(&mut answered).await.expect("the wire holds");
        (answered, heard)
    })
}

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n";

fn targets() -> impl Strategy<Value = String> {
    let end = "(response|error|next|/|[a-z%/.]{0,8})";
    let known = select(vec![
        "/2018-06-01/runtime/invocation/next",
        "/2018-06-01/runtime/init/error",
        "/2018-06-01/ping",
        "/2020-01-01/extension/register",
        "/2020-01-01/extension/event/next",
        "/2020-01-01/extension/init/error",
        "/2020-01-01/extension/exit/error",
    ]);
    prop_oneof![
        4 => end.prop_map(|end| format!("/2018-06-01/runtime/invocation/a/{end}")),
        1 => ("[!-~]{0,20}", end).prop_map(|(id, end)| format!("/2018-06-01/runtime/invocation/{id}/{end}")),
        4 => known.prop_map(str::to_owned),
        1 => "/[!-~]{0,30}",
    ]
}

fn headers(id: String) -> impl Strategy<Value = String> {
    let meant = select(vec![
        ("lambda-runtime-function-error-type", "Function.Mine".to_owned()),
        ("lambda-runtime-function-response-mode", "streaming".to_owned()),
        ("content-type", "application/vnd.aws.lambda.error.cause+json".to_owned()),
        ("lambda-extension-name", "inner".to_owned()),
        ("lambda-extension-identifier", id),
        ("lambda-extension-accept-feature", "accountId".to_owned()),
        ("lambda-extension-function-error-type", "Extension.Mine".to_owned()),
    ]);
    let other = prop_oneof![3 => Just(None), 1 => "\\PC{0,60}".prop_map(Some)];
    (meant, other).prop_map(|((name, value), other)| format!("{name}: {}\r\n", other.unwrap_or(value)))
}

/// A body with its length, in chunks with trailers, or with a length that is a lie.
fn bodies() -> impl Strategy<Value = String> {
    let body = prop_oneof![
        Just(r#"{"events":["INVOKE"]}"#.to_owned()),
        r#"\{"events":\["[A-Z]{0,9}"\],"configurationKeys":\[\]\}"#,
        "\\PC{0,40}",
    ];
    (body, 0..12_u8, any::<u32>(), error_types(), "[A-Za-z0-9+/=]{0,20}").prop_map(
        |(body, kind, lie, error, encoded)| {
            let length = body.len();
            match kind {
                0 => format!("content-length: {lie}\r\n\r\n{body}"),
                1 => format!("transfer-encoding: chunked\r\n\r\n{lie:x}\r\n{body}\r\n0\r\n\r\n"),
                2 => format!(
                    "transfer-encoding: chunked\r\n\
                 trailer: lambda-runtime-function-error-type, lambda-runtime-function-error-body\r\n\r\n\
                 {length:x}\r\n{body}\r\n0\r\nlambda-runtime-function-error-type: {error}\r\n\
                 lambda-runtime-function-error-body: {encoded}\r\n\r\n"
                ),
                _ => format!("content-length: {length}\r\n\r\n{body}"),
            }
        },
    )
}

fn requests(id: String) -> impl Strategy<Value = String> {
    let method = prop_oneof![8 => Just("POST"), 2 => Just("GET"), 1 => select(vec!["PUT", "X"])];
    (method, targets(), vec(headers(id), 0..6), bodies()).prop_map(|(method, target, headers, body)| {
        format!("{method} {target} HTTP/1.1\r\nhost: x\r\n{}{body}", headers.concat())
    })
}

fn listener() -> (Arc<Listener>, Receiver<Event>) {
    let (session, told) = Session::new();
    (Arc::new(Listener { session, extensions: extensions().0 }), told)
}

/// Whole answers, none of which says that we are to blame; and no more extensions, nor longer names, than there may be.
fn is_unharmed(listener: &Listener, answered: &[u8]) -> Result<(), TestCaseError> {
    let answered = String::from_utf8_lossy(answered);
    prop_assert!(answered.is_empty() || answered.starts_with("HTTP/1."), "{answered}");
    prop_assert!(!answered.contains("HTTP/1.1 5"), "{answered}");
    let standings = listener.extensions.standings();
    prop_assert!(standings.len() <= EXTENSIONS + 1);
    prop_assert!(standings.iter().all(|one| one.name.len() <= NAME_BYTES));
    Ok(())
}

proptest! {
    #[test]
    fn hostile_requests_are_answered_and_heard_in_their_form(
        sent in vec(requests(extensions().1), 1..5), asks_first: bool
    ) {
        let (listener, told) = listener();
        let sent = if asks_first { NEXT.to_owned() + &sent.concat() } else { sent.concat() };
        let (answered, heard) = request(listener.clone(), told, sent.as_bytes());
        is_unharmed(&listener, &answered)?;
        has_form(&heard)?;
    }

    #[test]
    fn hostile_bytes_in_place_of_requests_are_not_heard(bytes in vec(any::<u8>(), 0..200), line in "\\PC{0,80}") {
        for sent in [bytes, line.clone().into_bytes(), format!("POST {line} HTTP/1.1\r\n{line}\r\n\r\n").into_bytes()] {
            let (listener, told) = listener();
            let (answered, heard) = request(listener.clone(), told, &sent);
            is_unharmed(&listener, &answered)?;
            prop_assert_eq!(heard, []);
        }
    }
}
