//! Values into XML, as the query tongue answers: lists of `member`, maps of `entry`, in the table's order.

use base::{Fields, Value};

use super::text;
use crate::schema::{Member, Schema, Type};

/// An XML text that grows.
#[derive(Debug, Default)]
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// `attributes` stands as it is.
    pub(crate) fn open(&mut self, name: &str, attributes: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str(attributes);
        self.0.push('>');
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    pub(crate) fn leaf(&mut self, name: &str, text: &str) {
        self.open(name, "");
        escape(&mut self.0, text);
        self.close(name);
    }

    pub(crate) fn structure(&mut self, fields: &Fields, schema: &Schema) {
        for member in schema.members {
            match fields.get(member.name) {
                None | Some(Value::Null) => {}
                Some(value) => self.member(value, member),
            }
        }
    }

    fn member(&mut self, value: &Value, member: &Member) {
        let name = member.xml_name();
        match (value, &member.ty) {
            (Value::List(items), Type::List(item)) if member.flattened => self.items(name, items, item, member),
            (Value::Map(fields), Type::Map(item)) if member.flattened => self.entries(name, fields, item, member),
            (value, ty) => self.value(name, value, ty, member),
        }
    }

    fn value(&mut self, name: &str, value: &Value, ty: &Type, member: &Member) {
        match (value, ty) {
            (Value::Map(_) | Value::List(_), Type::Structure(_) | Type::Map(_) | Type::List(_)) => {
                self.open(name, "");
                self.content(value, ty, member);
                self.close(name);
            }
            (scalar, _) => self.leaf(name, &text::write(scalar, ty, member.time).unwrap_or_default()),
        }
    }

    fn content(&mut self, value: &Value, ty: &Type, member: &Member) {
        match (value, ty) {
            (Value::Map(fields), Type::Structure(schema)) => self.structure(fields, schema()),
            (Value::Map(fields), Type::Map(item)) => self.entries("entry", fields, item, member),
            (Value::List(items), Type::List(item)) => self.items(member.element, items, item, member),
            _ => {}
        }
    }

    fn items(&mut self, name: &str, items: &[Value], ty: &Type, member: &Member) {
        for value in items {
            self.value(name, value, ty, member);
        }
    }

    fn entries(&mut self, name: &str, fields: &Fields, ty: &Type, member: &Member) {
        for (key, value) in fields.iter() {
            self.open(name, "");
            self.leaf("key", key);
            self.value("value", value, ty, member);
            self.close(name);
        }
    }
}

/// XML 1.0 has no way to write most control characters: each becomes U+FFFD. A carriage return would be read as a
/// newline, so it is written as a reference.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}
