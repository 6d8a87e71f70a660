//! JSON into values, in one pass, straight by the table: nothing is built that the table doesn't name.
//!
//! Strict types, `null` is absent, unknown members are skipped, the last of equal keys wins. Nesting is limited by
//! `serde_json` (127 levels), the number of values by [`limits::wire::VALUES`].

use std::cell::{Cell, RefCell};
use std::fmt;

use base::{Fields, Value, limits};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Unreadable, json_blame, text, time, unique};
use crate::schema::{Location, Member, Schema, TimeFormat, Type};

/// Which members a body may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    All,
    /// Those that the rest tongues leave in the body.
    BodyOnly,
}

/// Reads a structure. An empty body and `null` are a structure without members.
pub(crate) fn structure(bytes: &[u8], schema: &Schema, carried: Carried) -> Result<Fields, Unreadable> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Fields::new());
    }
    match whole(bytes, Want::Members(schema, carried), TimeFormat::Default)? {
        Value::Map(fields) => Ok(fields),
        _ => Ok(Fields::new()),
    }
}

pub(crate) fn value(bytes: &[u8], ty: &Type, format: TimeFormat) -> Result<Value, Unreadable> {
    whole(bytes, Want::Type(ty), format)
}

/// Reads any JSON.
pub(crate) fn document(bytes: &[u8]) -> Result<Value, Unreadable> {
    whole(bytes, Want::Type(&Type::Document), TimeFormat::Default)
}

fn whole(bytes: &[u8], want: Want<'_>, format: TimeFormat) -> Result<Value, Unreadable> {
    let ledger = Ledger { left: Cell::new(limits::wire::VALUES), problem: RefCell::new(None) };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Reader { want, format, ledger: &ledger }.deserialize(&mut reader);
    match read.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => Err(ledger.problem.take().unwrap_or_else(|| json_blame::unreadable(bytes, &error))),
    }
}

/// What one whole reading shares.
struct Ledger {
    left: Cell<usize>,
    /// Ours; `serde_json` keeps text only.
    problem: RefCell<Option<Unreadable>>,
}

impl Ledger {
    fn refuse<E: serde::de::Error>(&self, problem: Unreadable) -> E {
        self.problem.replace(Some(problem));
        E::custom("refused by the table")
    }

    fn spend<E: serde::de::Error>(&self) -> Result<(), E> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.refuse(Unreadable::TooMany { what: "values", limit: limits::wire::VALUES })),
        }
    }
}

#[derive(Clone, Copy)]
enum Want<'a> {
    Type(&'a Type),
    Members(&'a Schema, Carried),
}

/// Reads one value of the wanted type.
#[derive(Clone, Copy)]
struct Reader<'a> {
    want: Want<'a>,
    format: TimeFormat,
    ledger: &'a Ledger,
}

impl<'a> Reader<'a> {
    fn of(&self, ty: &'a Type, format: TimeFormat) -> Self {
        Self { want: Want::Type(ty), format, ledger: self.ledger }
    }

    fn scalar(&self) -> Option<&'a Type> {
        match self.want {
            Want::Type(ty) => Some(ty),
            Want::Members(..) => None,
        }
    }

    /// `found` is the name that AWS's parser gives to the token.
    fn mismatch<E: serde::de::Error>(&self, found: &str) -> E {
        self.ledger.refuse(Unreadable::wrong_type(mismatch(self.want, found)))
    }
}

fn mismatch(want: Want<'_>, found: &str) -> String {
    let name = match want {
        Want::Members(..) | Want::Type(Type::Structure(_) | Type::Events(_) | Type::Map(_)) => {
            return "Unexpected value type in payload".to_owned();
        }
        Want::Type(Type::List(_)) => return "Expected list or null".to_owned(),
        Want::Type(Type::String | Type::Enum(_)) => "String",
        Want::Type(Type::Blob | Type::Payload) => "Blob",
        Want::Type(Type::Boolean) => "Boolean",
        Want::Type(Type::Integer) => "Integer",
        Want::Type(Type::Long) => "Long",
        Want::Type(Type::Double) => "Double",
        Want::Type(Type::Timestamp) => "Timestamp",
        Want::Type(Type::Document) => "Document",
    };
    format!("{found} cannot be converted to {name}")
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.ledger.spend()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("what the table names")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Value, E> {
        match self.scalar() {
            Some(Type::Boolean | Type::Document) => Ok(Value::Bool(truth)),
            _ => Err(self.mismatch(if truth { "TRUE_VALUE" } else { "FALSE_VALUE" })),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        match self.scalar() {
            Some(Type::Integer) if i32::try_from(number).is_ok() => Ok(Value::Integer(number)),
            Some(Type::Long | Type::Document) => Ok(Value::Integer(number)),
            Some(Type::Double) => Ok(Value::Float(number as f64)),
            Some(Type::Timestamp) => self.moment(number as f64),
            _ => Err(self.mismatch("NUMBER_VALUE")),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        match self.scalar() {
            Some(Type::Double | Type::Document) => Ok(Value::Float(number)),
            Some(Type::Timestamp) => self.moment(number),
            // 3.0 and 1e3 are whole numbers too; a double knows them exactly up to 2^53.
            Some(Type::Integer | Type::Long) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => {
                self.visit_i64(number as i64)
            }
            _ => Err(self.mismatch("DECIMAL_VALUE")),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        match self.scalar() {
            Some(Type::String | Type::Enum(_) | Type::Document) => Ok(Value::String(text.to_owned())),
            Some(Type::Blob | Type::Payload) => match STANDARD.decode(text) {
                Ok(bytes) => Ok(Value::Blob(Bytes::from(bytes))),
                Err(_) => Err(self.mismatch("STRING_VALUE")),
            },
            Some(ty @ (Type::Timestamp | Type::Double)) => {
                let read = if matches!(ty, Type::Double) {
                    text::not_finite(text).map(Value::Float)
                } else {
                    time::parse(text, self.format).map(Value::Timestamp)
                };
                read.ok_or_else(|| self.mismatch("STRING_VALUE"))
            }
            _ => Err(self.mismatch("STRING_VALUE")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let item = match self.want {
            Want::Type(Type::List(item)) => self.of(item, self.format),
            Want::Type(Type::Document) => self,
            _ => return Err(self.refuse_start("list")),
        };
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(item)? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Value, A::Error> {
        match self.want {
            Want::Type(Type::Structure(schema)) => self.members(schema(), Carried::All, entries),
            Want::Members(schema, carried) => self.members(schema, carried, entries),
            Want::Type(Type::Map(item)) => self.of(item, self.format).entries(entries),
            Want::Type(Type::Document) => self.entries(entries),
            Want::Type(_) => Err(self.refuse_start("structure or map")),
        }
    }
}

impl Reader<'_> {
    fn refuse_start<E: serde::de::Error>(&self, what: &str) -> E {
        self.ledger.refuse(Unreadable::wrong_type(format!("Start of {what} found where not expected")))
    }

    fn moment<E: serde::de::Error>(&self, number: f64) -> Result<Value, E> {
        match time::from_number(number, self.format) {
            Some(at) => Ok(Value::Timestamp(at)),
            None => Err(self.mismatch("NUMBER_VALUE")),
        }
    }

    fn members<'de, A: MapAccess<'de>>(
        self,
        schema: &Schema,
        carried: Carried,
        mut entries: A,
    ) -> Result<Value, A::Error> {
        let mut fields = Fields::new();
        while let Some(member) = entries.next_key_seed(Key { schema, carried })? {
            let Some(member) = member else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            let reader = Reader { want: Want::Type(&member.ty), format: member.time, ledger: self.ledger };
            match entries.next_value_seed(reader)? {
                Value::Null => drop(fields.take(member.name)),
                value => fields.set(member.name, value),
            }
        }
        Ok(Value::Map(fields))
    }

    /// A map's entries, each value read by `self`.
    fn entries<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut next = || match entries.next_key::<String>()? {
            Some(key) => entries.next_value_seed(self).map(|value| Some((key, value))),
            None => Ok(None),
        };
        unique(std::iter::from_fn(|| next().transpose())).map(Value::Map)
    }
}

/// Finds the member that a key names, without keeping the key.
struct Key<'a> {
    schema: &'a Schema,
    carried: Carried,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<&'static Member>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<&'static Member>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let here = |member: &&Member| self.carried == Carried::All || member.location == Location::Body;
        Ok(self.schema.member(name).filter(here))
    }
}
