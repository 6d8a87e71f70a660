//! The rest-json tongue: members in path, query string, headers and status; the rest in a JSON body, or one member as
//! the whole body.

use base::{Fault, Fields, Value};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::codec::json_read::Carried;
use crate::codec::{Unreadable, form, json_read, json_write, text};
use crate::message::{Request, Response};
use crate::operation::OperationSpec;
use crate::route::{Part, Template};
use crate::schema::{Location, Member, Schema, TimeFormat, Type};

type Read = Result<Option<Value>, Unreadable>;

pub(crate) fn read_request(
    schema: &Schema,
    labels: &[(&'static str, String)],
    request: &Request,
) -> Result<Fields, Unreadable> {
    let mut fields = read_body(schema, &request.body)?;
    let query = form::parameters(request.query.as_bytes())?;
    for member in schema.members {
        let value = match member.location {
            Location::Label => read_label(member, labels)?,
            Location::Query(name) => read_query(member, name, &query)?,
            Location::Header(name) => read_header(member, name, &request.headers)?,
            Location::Body | Location::Payload | Location::Status => None,
        };
        if let Some(value) = value {
            fields.push(member.name, value);
        }
    }
    Ok(fields)
}

pub(crate) fn read_response(schema: &Schema, response: &Response) -> Result<Fields, Unreadable> {
    let mut fields = read_body(schema, &response.body)?;
    for member in schema.members {
        let value = match member.location {
            Location::Status => Some(Value::Integer(i64::from(response.status))),
            Location::Header(name) => read_header(member, name, &response.headers)?,
            _ => None,
        };
        if let Some(value) = value {
            fields.push(member.name, value);
        }
    }
    Ok(fields)
}

/// The member that is the whole body, or those that share it. A body that nobody expects is not looked at.
fn read_body(schema: &Schema, body: &Bytes) -> Result<Fields, Unreadable> {
    let mut fields = Fields::new();
    if let Some(member) = payload_of(schema) {
        if let Some(value) = read_payload(member, body)? {
            fields.push(member.name, value);
        }
    } else if has_body(schema) {
        fields = json_read::structure(body, schema, Carried::BodyOnly)?;
    }
    Ok(fields)
}

fn payload_of(schema: &Schema) -> Option<&'static Member> {
    schema.members.iter().find(|member| member.location == Location::Payload)
}

fn has_body(schema: &Schema) -> bool {
    schema.members.iter().any(|member| member.location == Location::Body)
}

/// HTTP can't tell an absent body from an empty one: empty is absent unless the member must be there.
fn read_payload(member: &Member, body: &Bytes) -> Read {
    if body.is_empty() && !member.required {
        return Ok(None);
    }
    match &member.ty {
        Type::Events(_) => Ok(None),
        Type::Payload | Type::Blob => Ok(Some(Value::Blob(body.clone()))),
        Type::String | Type::Enum(_) => match String::from_utf8(body.to_vec()) {
            Ok(text) => Ok(Some(Value::String(text))),
            Err(_) => Err(Unreadable::wrong_type("The body is not UTF-8")),
        },
        ty => json_read::value(body, ty, member.time).map(Some),
    }
}

fn read_label(member: &Member, labels: &[(&'static str, String)]) -> Read {
    match labels.iter().find(|(name, _)| *name == member.name) {
        Some((_, label)) => scalar(member, &member.ty, label, TimeFormat::Iso8601).map(Some),
        None => Ok(None),
    }
}

/// A list is its name repeated; of a scalar given twice the first counts.
fn read_query(member: &Member, name: &str, query: &[(String, String)]) -> Read {
    let mut given = query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).peekable();
    if given.peek().is_none() {
        return Ok(None);
    }
    let read = |ty, value| scalar(member, ty, value, TimeFormat::Iso8601);
    match &member.ty {
        Type::List(item) => given.map(|value| read(item, value)).collect::<Result<_, _>>().map(Value::List).map(Some),
        ty => given.next().map(|value| read(ty, value)).transpose(),
    }
}

/// A list is cut at its commas.
fn read_header(member: &Member, name: &str, headers: &HeaderMap) -> Read {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let value = String::from_utf8_lossy(value.as_bytes());
    let read = |ty, value: &str| scalar(member, ty, value, TimeFormat::HttpDate);
    match &member.ty {
        Type::List(item) => {
            let items = value.split(',').map(|item_text| read(item, item_text.trim()));
            items.collect::<Result<_, _>>().map(Value::List).map(Some)
        }
        ty => read(ty, &value).map(Some),
    }
}

fn scalar(member: &Member, ty: &Type, given: &str, usual: TimeFormat) -> Result<Value, Unreadable> {
    text::read(given, ty, member.time.or(usual))
        .ok_or_else(|| Unreadable::wrong_type(format!("STRING_VALUE cannot be converted for {}", member.name)))
}

pub(crate) fn write_response(operation: &OperationSpec, schema: &Schema, mut output: Fields) -> Response {
    let mut response = Response::new(operation.http.status, Bytes::new());
    for member in schema.members {
        match (member.location, output.get(member.name)) {
            (Location::Status, Some(Value::Integer(status))) => {
                response.status = u16::try_from(*status).unwrap_or(response.status);
            }
            (Location::Header(name), Some(value)) => {
                if let Err(problem) = set_header(&mut response.headers, name, value, member) {
                    tracing::warn!(operation = operation.name, %problem, "a header of an answer is left out");
                }
            }
            _ => {}
        }
    }
    // By HTTP's rules a 204 has no body.
    if response.status != 204 {
        response.body = write_body(schema, &mut output);
    }
    // An output may name its own. A payload that isn't there has none: AWS answers so where an event is only taken in.
    let has_no_payload = response.body.is_empty() && payload_of(schema).is_some();
    if !has_no_payload && !response.headers.contains_key(CONTENT_TYPE) {
        response = response.with("content-type", "application/json");
    }
    response
}

fn write_body(schema: &Schema, fields: &mut Fields) -> Bytes {
    let Some(member) = payload_of(schema) else {
        let body = has_body(schema).then(|| json_write::structure(fields, schema, Carried::BodyOnly));
        return body.unwrap_or_default().into();
    };
    match (fields.take(member.name), &member.ty) {
        (None | Some(Value::Null), _) => Bytes::new(),
        (Some(Value::Blob(bytes)), _) => bytes,
        (Some(Value::String(text)), Type::String | Type::Enum(_)) => text.into(),
        (Some(value), ty) => json_write::text(&value, ty, member.time).into(),
    }
}

fn set_header(headers: &mut HeaderMap, name: &str, value: &Value, member: &Member) -> Result<(), String> {
    let format = member.time.or(TimeFormat::HttpDate);
    let text = match (value, &member.ty) {
        (Value::Null, _) => return Ok(()),
        (Value::List(items), Type::List(item)) => {
            let texts: Vec<_> = items.iter().filter_map(|value| text::write(value, item, format)).collect();
            texts.join(",")
        }
        (value, ty) => text::write(value, ty, format).unwrap_or_default(),
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name} is no header's name"))?;
    let value = HeaderValue::from_str(&text).map_err(|_| format!("the value of {} is no header's", member.name))?;
    headers.insert(name, value);
    Ok(())
}

pub(crate) fn write_request(operation: &OperationSpec, schema: &Schema, mut input: Fields) -> Result<Request, Fault> {
    let template = Template::parse(operation.http.uri);
    let mut headers = HeaderMap::new();
    let mut query = form::Writer::default();
    for (name, value) in &template.query {
        query.pair(name, value);
    }
    for member in schema.members {
        match (member.location, input.get(member.name)) {
            (Location::Query(name), Some(value)) => write_query(&mut query, name, value, member),
            (Location::Header(name), Some(value)) => {
                set_header(&mut headers, name, value, member).map_err(Fault::internal)?;
            }
            _ => {}
        }
    }
    if payload_of(schema).is_none() && has_body(schema) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let path = write_path(&template, schema, &input)?;
    let method = operation.http.method.parse::<Method>().map_err(Fault::internal)?;
    Ok(Request { method, path, query: query.finish(), headers, body: write_body(schema, &mut input) })
}

fn write_query(query: &mut form::Writer, name: &str, value: &Value, member: &Member) {
    let format = member.time.or(TimeFormat::Iso8601);
    match (value, &member.ty) {
        (Value::Null, _) => {}
        (Value::List(items), Type::List(item)) => {
            for value in items {
                query.pair(name, &text::write(value, item, format).unwrap_or_default());
            }
        }
        (value, ty) => query.pair(name, &text::write(value, ty, format).unwrap_or_default()),
    }
}

fn write_path(template: &Template, schema: &Schema, input: &Fields) -> Result<String, Fault> {
    let mut path = String::new();
    for part in &template.parts {
        path.push('/');
        match part {
            Part::Literal(text) => path.push_str(text),
            Part::Label(name) => path.push_str(&form::encode(&label(schema, input, name)?)),
            Part::Greedy(name) => {
                let segments = label(schema, input, name)?;
                let encoded: Vec<_> = segments.split('/').map(form::encode).collect();
                path.push_str(&encoded.join("/"));
            }
        }
    }
    Ok(if path.is_empty() { "/".to_owned() } else { path })
}

fn label(schema: &Schema, input: &Fields, name: &str) -> Result<String, Fault> {
    let member = schema.member(name);
    let value = member.zip(input.get(name));
    let text = value.and_then(|(member, value)| text::write(value, &member.ty, member.time.or(TimeFormat::Iso8601)));
    match text {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Fault::new(Fault::VALIDATION, format!("{name} must not be empty: it stands in the path."))),
    }
}
