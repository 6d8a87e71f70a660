//! Forms (`a=1&b.member.1=2`) and query strings: names and values, and the tree that dotted names make.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base::{Fields, Value, limits};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use super::{Unreadable, text, unique};
use crate::schema::{Member, Schema, TimeFormat, Type};

/// All but RFC 3986's unreserved characters, as signatures want it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A path's segment or label. `None` if the bytes are not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    percent_decode(text.as_bytes()).decode_utf8().ok()
}

/// The names and values, decoded; `+` is a space. What isn't UTF-8 is replaced, not refused, as servlets do.
pub(crate) fn pairs(form: &[u8]) -> impl Iterator<Item = (String, String)> {
    form.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let mut half = || unplus(halves.next().unwrap_or_default());
        (half(), half())
    })
}

/// All names and values, in their order, unless there are absurdly many.
pub(crate) fn parameters(form: &[u8]) -> Result<Vec<(String, String)>, Unreadable> {
    let most = limits::wire::PARAMETERS;
    let found: Vec<_> = pairs(form).take(most + 1).collect();
    if found.len() > most { Err(Unreadable::TooMany { what: "parameters", limit: most }) } else { Ok(found) }
}

fn unplus(bytes: &[u8]) -> String {
    let spaced: Vec<u8> = bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// One level of dotted names.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    value: Option<String>,
    children: BTreeMap<String, Tree>,
}

impl Tree {
    pub(crate) fn read(form: &[u8]) -> Result<Self, Unreadable> {
        let mut root = Self::default();
        for (name, value) in parameters(form)? {
            root.add(&name, value)?;
        }
        Ok(root)
    }

    fn add(&mut self, name: &str, value: String) -> Result<(), Unreadable> {
        let mut node = self;
        for (depth, part) in name.split('.').enumerate() {
            if depth == limits::wire::DEPTH {
                return Err(Unreadable::TooMany { what: "levels", limit: limits::wire::DEPTH });
            }
            node = node.children.entry(part.to_owned()).or_default();
        }
        node.value = Some(value);
        Ok(())
    }

    /// A structure's members, by their query names.
    pub(crate) fn structure(&self, schema: &Schema) -> Result<Fields, Unreadable> {
        let mut fields = Fields::new();
        for member in schema.members {
            if let Some(node) = self.children.get(member.xml_name()) {
                fields.push(member.name, node.read_as(&member.ty, member)?);
            }
        }
        Ok(fields)
    }

    fn read_as(&self, ty: &Type, member: &Member) -> Result<Value, Unreadable> {
        match ty {
            Type::Structure(schema) => Ok(Value::Map(self.structure(schema())?)),
            Type::List(item) => self.list(item, member),
            Type::Map(item) => self.map(item, member),
            scalar => self.scalar(scalar, member.time),
        }
    }

    fn scalar(&self, ty: &Type, format: TimeFormat) -> Result<Value, Unreadable> {
        let given = self.value.as_deref().unwrap_or_default();
        text::read(given, ty, format).ok_or_else(|| Unreadable::wrong_type(format!("Invalid value for type {ty:?}")))
    }

    fn list(&self, item: &Type, member: &Member) -> Result<Value, Unreadable> {
        let items = self.numbered(member, member.element);
        items.into_iter().map(|node| node.read_as(item, member)).collect::<Result<_, _>>().map(Value::List)
    }

    fn map(&self, item: &Type, member: &Member) -> Result<Value, Unreadable> {
        let entries = self.numbered(member, "entry").into_iter().filter_map(|node| {
            let key = node.children.get("key").and_then(|key| key.value.clone()).unwrap_or_default();
            let value = node.children.get("value")?.read_as(item, member);
            Some(value.map(|value| (key, value)))
        });
        unique(entries).map(Value::Map)
    }

    /// The nodes `1`, `2`, … in the order of their numbers; gaps are allowed, as AWS allows them.
    fn numbered(&self, member: &Member, element: &str) -> Vec<&Self> {
        let holder = if member.flattened { Some(self) } else { self.children.get(element) };
        let children = holder.into_iter().flat_map(|node| &node.children);
        let mut found: Vec<(u32, &Self)> =
            children.filter_map(|(name, node)| Some((name.parse().ok()?, node))).collect();
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, node)| node).collect()
    }
}

/// Writes a structure as a form; the opposite of [`Tree::structure`].
#[derive(Debug, Default)]
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn pair(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(&encode(name));
        self.0.push('=');
        self.0.push_str(&encode(value));
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// `prefix` ends with a dot unless it is empty.
    pub(crate) fn structure(&mut self, prefix: &str, fields: &Fields, schema: &Schema) {
        for member in schema.members {
            match fields.get(member.name) {
                None | Some(Value::Null) => {}
                Some(value) => self.value(&format!("{prefix}{}", member.xml_name()), value, &member.ty, member),
            }
        }
    }

    fn value(&mut self, name: &str, value: &Value, ty: &Type, member: &Member) {
        match (value, ty) {
            (Value::Map(fields), Type::Structure(_) | Type::Map(_)) if fields.is_empty() => self.pair(name, ""),
            (Value::List(items), Type::List(_)) if items.is_empty() => self.pair(name, ""),
            (Value::Map(fields), Type::Structure(schema)) => self.structure(&format!("{name}."), fields, schema()),
            (Value::List(items), Type::List(item)) => self.list(name, items, item, member),
            (Value::Map(fields), Type::Map(item)) => self.map(name, fields, item, member),
            (scalar, _) => self.pair(name, &text::write(scalar, ty, member.time).unwrap_or_default()),
        }
    }

    fn list(&mut self, name: &str, items: &[Value], ty: &Type, member: &Member) {
        for (value, number) in items.iter().zip(1..) {
            self.value(&numbered(name, member, member.element, number), value, ty, member);
        }
    }

    fn map(&mut self, name: &str, fields: &Fields, ty: &Type, member: &Member) {
        for ((key, value), number) in fields.iter().zip(1..) {
            let entry = numbered(name, member, "entry", number);
            self.pair(&format!("{entry}.key"), key);
            self.value(&format!("{entry}.value"), value, ty, member);
        }
    }
}

fn numbered(name: &str, member: &Member, element: &str, number: usize) -> String {
    if member.flattened { format!("{name}.{number}") } else { format!("{name}.{element}.{number}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plus_is_a_space_and_a_percent_sign_stays_one() {
        let read: Vec<_> = pairs(b"a+b=c%2Bd&&flag&x=1=2&%zz=%").collect();
        let expect = [("a b", "c+d"), ("flag", ""), ("x", "1=2"), ("%zz", "%")];
        assert_eq!(read, expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn too_many_names_are_refused() {
        let form = "a=1&".repeat(limits::wire::PARAMETERS + 1);
        assert!(matches!(Tree::read(form.as_bytes()), Err(Unreadable::TooMany { .. })));
        let form = "a.".repeat(limits::wire::DEPTH + 1);
        assert!(matches!(Tree::read(form.as_bytes()), Err(Unreadable::TooMany { .. })));
    }

    proptest! {
        #[test]
        fn text_comes_back(name in ".{1,20}", value in ".{0,40}") {
            let mut writer = Writer::default();
            writer.pair(&name, &value);
            prop_assert_eq!(pairs(writer.finish().as_bytes()).next(), Some((name, value)));
        }
    }
}
