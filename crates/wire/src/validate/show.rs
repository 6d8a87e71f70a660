//! Values as AWS shows them in a refusal: as Java prints them.

use base::{Fields, Value, limits};

use crate::codec::text;
use crate::schema::{Schema, Type};

/// At most [`limits::wire::SHOWN_CHARS`] characters: a refusal must not send megabytes back.
pub(super) fn show(value: &Value, ty: &Type) -> String {
    let mut out = String::new();
    write(&mut out, value, ty);
    match out.char_indices().nth(limits::wire::SHOWN_CHARS) {
        Some((end, _)) => format!("{}...", &out[..end]),
        None => out,
    }
}

fn write(out: &mut String, value: &Value, ty: &Type) {
    if out.len() > limits::wire::SHOWN_CHARS * 4 {
        return;
    }
    match (value, ty) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Bool(truth), _) => out.push_str(&truth.to_string()),
        (Value::Integer(number), _) => out.push_str(&number.to_string()),
        (Value::Float(number), _) => out.push_str(&text::write_double(*number)),
        (Value::String(text), _) => out.push_str(text),
        (Value::Timestamp(at), _) => out.push_str(&at.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()),
        (Value::Blob(bytes), _) => {
            let length = bytes.len();
            out.push_str(&format!("java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"));
        }
        (Value::List(items), Type::List(item)) => list(out, items, item),
        (Value::List(items), _) => list(out, items, &Type::Document),
        (Value::Map(fields), Type::Structure(schema)) => structure(out, fields, schema()),
        (Value::Map(fields), Type::Map(item)) => map(out, fields, item),
        (Value::Map(fields), _) => map(out, fields, &Type::Document),
    }
}

fn list(out: &mut String, items: &[Value], item: &Type) {
    out.push('[');
    for (number, value) in items.iter().enumerate() {
        separate(out, number);
        write(out, value, item);
    }
    out.push(']');
}

fn map(out: &mut String, fields: &Fields, item: &Type) {
    out.push('{');
    for (number, (key, value)) in fields.iter().enumerate() {
        separate(out, number);
        out.push_str(key);
        out.push('=');
        write(out, value, item);
    }
    out.push('}');
}

/// `OnSuccess(destination=arn:…, other=null)`, as recorded for DestinationConfig.
fn structure(out: &mut String, fields: &Fields, schema: &Schema) {
    out.push_str(schema.name);
    out.push('(');
    for (number, member) in schema.members.iter().enumerate() {
        separate(out, number);
        out.push_str(&super::lower_first(member.name));
        out.push('=');
        match fields.get(member.name) {
            Some(_) if member.sensitive => out.push_str("***"),
            value => write(out, value.unwrap_or(&Value::Null), &member.ty),
        }
    }
    out.push(')');
}

fn separate(out: &mut String, number: usize) {
    if number > 0 {
        out.push_str(", ");
    }
}
