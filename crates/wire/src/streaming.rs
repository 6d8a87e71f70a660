//! Answers that come piece by piece. The stream travels beside the output and never enters a codec.
//!
//! A contract has a member of the type [`EventStream`]; its handler answers a [`Streaming`] output, whose bytes
//! [`events`] makes. A body that is one stream of plain bytes is a [`ByteStream`] of the handler's own.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use base::{Fault, Fields, Value};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::codec::json_read::{self, Carried};
use crate::codec::json_write;
use crate::eventstream::Message;
use crate::field::{Field, Malformed};
use crate::schema::{Location, Schema, Type};
use crate::shape::Shape;

/// What event streams call themselves.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Bytes as they come. An error ends them, and whoever receives them hears that the body was cut off.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Fault>> + Send>>;

/// The member of an output that is a stream of events. `E` is a union: a structure whose members are the events.
pub struct EventStream<E>(PhantomData<fn() -> E>);

/// What a handler of a streaming operation answers.
pub struct Streaming<T> {
    pub output: T,
    /// Beside those of the contract.
    pub headers: Vec<(&'static str, String)>,
    /// `None` if this answer has no body.
    pub stream: Option<ByteStream>,
}

/// An answer of any operation, before it is encoded.
pub struct Output {
    pub fields: Fields,
    /// Beside those of the contract.
    pub headers: Vec<(&'static str, String)>,
    pub stream: Option<ByteStream>,
}

impl Output {
    /// An answer that is whole.
    pub fn whole(fields: Fields) -> Self {
        Self { fields, headers: Vec::new(), stream: None }
    }

    /// The output for callers who can't take a stream.
    ///
    /// # Errors
    /// If it has one.
    pub fn without_stream(self) -> Result<Fields, Fault> {
        match self.stream {
            None => Ok(self.fields),
            Some(_) => Err(Fault::internal("a stream was answered where none can be taken")),
        }
    }
}

impl<T: Shape> From<Streaming<T>> for Output {
    fn from(streaming: Streaming<T>) -> Self {
        let Streaming { output, headers, stream } = streaming;
        Self { fields: output.into_fields(), headers, stream }
    }
}

/// Events as the bytes of an event stream. A fault is told in the stream itself, and is its last message.
pub fn events<E: Shape>(stream: impl Stream<Item = Result<E, Fault>> + Send + 'static) -> ByteStream {
    Box::pin(stream.map(|event| {
        let message = match event {
            Ok(event) => write_event(E::schema(), event.into_fields())?,
            Err(fault) => broken(&fault),
        };
        Ok(message.encode())
    }))
}

fn broken(fault: &Fault) -> Message {
    tracing::warn!(code = %fault.code, message = fault.message, cause = fault.cause, "a stream of events failed midway");
    Message::default()
        .with(":message-type", "error")
        .with(":error-code", &fault.code)
        .with(":error-message", &fault.message)
}

/// The one member of a union that is there, as a message.
fn write_event(union: &Schema, mut event: Fields) -> Result<Message, Fault> {
    for member in union.members {
        if let (Type::Structure(schema), Some(Value::Map(fields))) = (&member.ty, event.take(member.name)) {
            let (kind, payload) = write_payload(schema(), fields);
            return Ok(Message::new(payload)
                .with(":message-type", "event")
                .with(":event-type", member.name)
                .with(":content-type", kind));
        }
    }
    Err(Fault::internal(format!("an event of {} that is none of its members", union.name)))
}

fn write_payload(schema: &Schema, mut fields: Fields) -> (&'static str, Bytes) {
    match schema.members.iter().find(|member| member.location == Location::Payload) {
        Some(member) => match fields.take(member.name) {
            Some(Value::Blob(bytes)) => ("application/octet-stream", bytes),
            _ => ("application/octet-stream", Bytes::new()),
        },
        None => ("application/json", json_write::structure(&fields, schema, Carried::BodyOnly).into()),
    }
}

/// The event that a message carries. For clients.
///
/// # Errors
/// The fault that the stream tells, or one of ours if the message is not what the table promises.
pub fn read_event<E: Shape>(message: &Message) -> Result<E, Fault> {
    if message.header(":message-type") != Some("event") {
        let code = message.header(":error-code").or_else(|| message.header(":exception-type"));
        let words = message.header(":error-message").map(str::to_owned);
        let words = words.unwrap_or_else(|| String::from_utf8_lossy(&message.payload).into_owned());
        return Err(Fault::new(code.unwrap_or(Fault::INTERNAL).to_owned(), words));
    }
    let kind = message.header(":event-type").unwrap_or_default();
    let member = E::schema().member(kind).ok_or_else(|| Fault::internal(format!("an unknown event {kind:?}")))?;
    let Type::Structure(schema) = member.ty else {
        return Err(Fault::internal(format!("the event {kind} is no structure")));
    };
    let fields = read_payload(schema(), &message.payload)?;
    let mut union = Fields::new();
    union.push(member.name, Value::Map(fields));
    Ok(E::from_fields(union)?)
}

fn read_payload(schema: &Schema, payload: &Bytes) -> Result<Fields, Fault> {
    match schema.members.iter().find(|member| member.location == Location::Payload) {
        Some(member) => {
            let mut fields = Fields::new();
            fields.push(member.name, Value::Blob(payload.clone()));
            Ok(fields)
        }
        None => json_read::structure(payload, schema, Carried::BodyOnly).map_err(Fault::internal),
    }
}

impl<E: Shape> Field for EventStream<E> {
    const TYPE: Type = Type::Events(E::schema);
    const REQUIRED: bool = false;

    fn from_value(_: Value) -> Result<Self, Malformed> {
        Ok(Self::default())
    }

    fn into_value(self) -> Value {
        Value::Null
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn into_member(self) -> Option<Value> {
        None
    }
}

impl<E> Default for EventStream<E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E> Clone for EventStream<E> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<E> PartialEq for EventStream<E> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<E> fmt::Debug for EventStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

impl<T: fmt::Debug> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming").field("output", &self.output).finish_non_exhaustive()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("fields", &self.fields).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Payload;
    use crate::eventstream::Decoder;

    crate::shape! {
        struct Chunk {
            bytes: Option<Payload> = "Bytes" [payload],
        }

        struct End {
            code: Option<String> = "Code",
        }

        struct Happening {
            chunk: Option<Chunk> = "Chunk",
            end: Option<End> = "End",
        }
    }

    fn happenings() -> impl Strategy<Value = Happening> {
        let chunk = proptest::collection::vec(any::<u8>(), 0..100)
            .prop_map(|bytes| Happening { chunk: Some(Chunk { bytes: Some(Payload(bytes.into())) }), end: None });
        let end = proptest::option::of(".{0,30}").prop_map(|code| Happening { chunk: None, end: Some(End { code }) });
        prop_oneof![chunk, end]
    }

    fn messages(given: Vec<Result<Happening, Fault>>) -> Vec<Message> {
        let mut decoder = Decoder::default();
        for piece in
            futures_util::FutureExt::now_or_never(events(futures_util::stream::iter(given)).collect::<Vec<_>>())
                .expect("nothing waits")
        {
            decoder.push(&piece.expect("a message"));
        }
        std::iter::from_fn(|| decoder.next_message().expect("well formed")).collect()
    }

    proptest! {
        #[test]
        fn an_event_comes_back(happening in happenings()) {
            let sent = messages(vec![Ok(happening.clone())]);
            prop_assert_eq!(sent.len(), 1);
            prop_assert_eq!(read_event::<Happening>(&sent[0]).expect("an event"), happening);
        }
    }

    #[test]
    fn a_fault_is_told_in_the_stream() {
        let sent = messages(vec![Err(Fault::new("Broken", "in two"))]);
        let heard = read_event::<Happening>(&sent[0]).expect_err("a fault");
        assert_eq!((heard.code.as_ref(), heard.message.as_str()), ("Broken", "in two"));
    }

    #[test]
    fn an_event_names_itself_and_its_content() {
        let chunk = Happening { chunk: Some(Chunk { bytes: Some(Payload(Bytes::from_static(b"x"))) }), end: None };
        let end = Happening { chunk: None, end: Some(End { code: None }) };
        let sent = messages(vec![Ok(chunk), Ok(end)]);
        let told: Vec<_> = sent.iter().map(|one| (one.header(":event-type"), one.header(":content-type"))).collect();
        assert_eq!(told, [(Some("Chunk"), Some("application/octet-stream")), (Some("End"), Some("application/json"))]);
        assert_eq!((&sent[0].payload[..], &sent[1].payload[..]), (&b"x"[..], &b"{}"[..]));
    }
}
