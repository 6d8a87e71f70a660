//! Scalars as plain text: in labels, query strings, headers, forms and XML.

use base::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::time;
use crate::schema::{TimeFormat, Type};

/// `None` if the text is not of that type, or the type is not a scalar.
pub(crate) fn read(text: &str, ty: &Type, format: TimeFormat) -> Option<Value> {
    Some(match ty {
        Type::String | Type::Enum(_) => Value::String(text.to_owned()),
        Type::Blob | Type::Payload => Value::Blob(Bytes::from(STANDARD.decode(text).ok()?)),
        Type::Boolean => Value::Bool(text.parse().ok()?),
        Type::Integer => Value::Integer(i64::from(text.parse::<i32>().ok()?)),
        Type::Long => Value::Integer(text.parse().ok()?),
        Type::Double => Value::Float(double(text)?),
        Type::Timestamp => Value::Timestamp(time::parse(text, format)?),
        Type::Document => super::json_read::document(text.as_bytes()).ok()?,
        Type::List(_) | Type::Map(_) | Type::Structure(_) | Type::Events(_) => return None,
    })
}

/// The three names that AWS gives to what JSON can't write.
pub(crate) fn not_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn double(text: &str) -> Option<f64> {
    not_finite(text).or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()))
}

/// `None` if the value is not a scalar.
pub(crate) fn write(value: &Value, ty: &Type, format: TimeFormat) -> Option<String> {
    Some(match value {
        _ if matches!(ty, Type::Document) => super::json_write::text(value, ty, format),
        Value::String(text) => text.clone(),
        Value::Blob(bytes) => STANDARD.encode(bytes),
        Value::Bool(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => write_double(*number),
        Value::Timestamp(at) => time::write(*at, format),
        Value::Null | Value::List(_) | Value::Map(_) => return None,
    })
}

/// With a point or an exponent, as Java writes doubles.
pub(crate) fn write_double(number: f64) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => format!("{number:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, ty: Type, expect: Option<Value>) {
        assert_eq!(read(text, &ty, TimeFormat::Default), expect, "{text}");
    }

    #[test]
    fn types_are_strict() {
        check("true", Type::Boolean, Some(Value::Bool(true)));
        check("True", Type::Boolean, None);
        check("1", Type::Boolean, None);
        check("2147483647", Type::Integer, Some(Value::Integer(2_147_483_647)));
        check("2147483648", Type::Integer, None);
        check("2147483648", Type::Long, Some(Value::Integer(2_147_483_648)));
        check("1.0", Type::Long, None);
        check(" 1", Type::Long, None);
        check("", Type::Long, None);
        check("Infinity", Type::Double, Some(Value::Float(f64::INFINITY)));
        check("inf", Type::Double, None);
        check("1e999", Type::Double, None);
        check("aGk=", Type::Blob, Some(Value::Blob(Bytes::from_static(b"hi"))));
        check("aGk", Type::Blob, None);
        check("aG k=", Type::Blob, None);
    }
}
