//! Values into JSON, in the order of the table; absent members are left out.

use base::{Fields, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{text, time};
use crate::codec::json_read::Carried;
use crate::schema::{Location, Schema, TimeFormat, Type};

/// A structure's members in the table's order. What the table doesn't name isn't written.
pub(crate) fn structure(fields: &Fields, schema: &Schema, carried: Carried) -> Vec<u8> {
    let mut out = String::with_capacity(256);
    members(&mut out, fields, schema, carried);
    out.into_bytes()
}

pub(crate) fn text(value: &Value, ty: &Type, format: TimeFormat) -> String {
    let mut out = String::new();
    write(&mut out, value, ty, format);
    out
}

/// `text` as a JSON string, quotes included.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    string(&mut out, text);
    out
}

fn members(out: &mut String, fields: &Fields, schema: &Schema, carried: Carried) {
    let mut separator = '{';
    for member in schema.members {
        if carried == Carried::BodyOnly && member.location != Location::Body {
            continue;
        }
        match fields.get(member.name) {
            None | Some(Value::Null) => {}
            Some(value) => {
                entry(out, &mut separator, member.name);
                write(out, value, &member.ty, member.time);
            }
        }
    }
    close(out, separator, '{', '}');
}

fn entry(out: &mut String, separator: &mut char, key: &str) {
    out.push(*separator);
    *separator = ',';
    string(out, key);
    out.push(':');
}

/// Closes what was opened by its first entry; opens it too if there was none.
fn close(out: &mut String, separator: char, opening: char, closing: char) {
    if separator == opening {
        out.push(opening);
    }
    out.push(closing);
}

fn write(out: &mut String, value: &Value, ty: &Type, format: TimeFormat) {
    match (value, ty) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Bool(truth), _) => out.push_str(if *truth { "true" } else { "false" }),
        (Value::Integer(number), Type::Double) => out.push_str(&text::write_double(*number as f64)),
        (Value::Integer(number), _) => out.push_str(&number.to_string()),
        (Value::Float(number), _) => float(out, *number),
        (Value::String(text), _) => string(out, text),
        (Value::Blob(bytes), _) => string(out, &STANDARD.encode(bytes)),
        (Value::Timestamp(at), _) => moment(out, &time::write(*at, format.or(TimeFormat::EpochSeconds)), format),
        (Value::List(items), Type::List(item)) => list(out, items, item, format),
        (Value::List(items), _) => list(out, items, &Type::Document, format),
        (Value::Map(fields), Type::Structure(schema)) => members(out, fields, schema(), Carried::All),
        (Value::Map(fields), Type::Map(item)) => map(out, fields, item, format),
        (Value::Map(fields), _) => map(out, fields, &Type::Document, format),
    }
}

/// Text formats are JSON strings, epoch formats numbers.
fn moment(out: &mut String, text: &str, format: TimeFormat) {
    match format {
        TimeFormat::Iso8601 | TimeFormat::HttpDate => string(out, text),
        TimeFormat::Default | TimeFormat::EpochSeconds | TimeFormat::EpochMillis => out.push_str(text),
    }
}

/// JSON has no word for what isn't finite; AWS writes strings.
fn float(out: &mut String, number: f64) {
    let text = text::write_double(number);
    if number.is_finite() { out.push_str(&text) } else { string(out, &text) }
}

fn list(out: &mut String, items: &[Value], item: &Type, format: TimeFormat) {
    let mut separator = '[';
    for value in items {
        out.push(separator);
        separator = ',';
        write(out, value, item, format);
    }
    close(out, separator, '[', ']');
}

fn map(out: &mut String, fields: &Fields, item: &Type, format: TimeFormat) {
    let mut separator = '{';
    for (key, value) in fields.iter() {
        entry(out, &mut separator, key);
        write(out, value, item, format);
    }
    close(out, separator, '{', '}');
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..at]);
        escape(out, byte);
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

fn escape(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        8 => out.push_str("\\b"),
        12 => out.push_str("\\f"),
        other => out.push_str(&format!("\\u{other:04x}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_is_what_serde_json_reads(text in ".{0,40}|[\u{0}-\u{20}\"\\\\]{0,20}") {
            let read: String = serde_json::from_str(&quote(&text)).expect("well formed");
            prop_assert_eq!(read, text);
        }

        #[test]
        fn a_double_is_what_serde_json_reads(number in proptest::num::f64::NORMAL) {
            let mut out = String::new();
            float(&mut out, number);
            let read: f64 = serde_json::from_str(&out).expect("well formed");
            prop_assert!((read - number).abs() <= number.abs() * f64::EPSILON);
        }
    }
}
