//! The Rust types that members may have, and how each comes from and becomes a [`Value`].

use base::{Timestamp, Value};
use bytes::Bytes;
use indexmap::IndexMap;

use crate::schema::Type;

/// A value of another type than the table promises: a fault of ours, not of the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} where the table promises {expected}")]
pub struct Malformed {
    pub expected: &'static str,
    pub found: String,
}

impl Malformed {
    pub fn new(expected: &'static str, found: &Value) -> Self {
        Self { expected, found: format!("{found:?}") }
    }
}

impl From<Malformed> for base::Fault {
    fn from(error: Malformed) -> Self {
        Self::internal(error)
    }
}

/// A type that a member can have.
pub trait Field: Sized {
    const TYPE: Type;
    /// Presence is part of the type: only an `Option` may be absent, so absent is never mistaken for empty.
    const REQUIRED: bool = true;

    fn from_value(value: Value) -> Result<Self, Malformed>;
    fn into_value(self) -> Value;

    /// What an absent member becomes; `None` if it must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// `None` if the member is left out.
    fn into_member(self) -> Option<Value> {
        Some(self.into_value())
    }
}

impl<T: Field> Field for Option<T> {
    const TYPE: Type = T::TYPE;
    const REQUIRED: bool = false;

    fn from_value(value: Value) -> Result<Self, Malformed> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }

    fn into_value(self) -> Value {
        self.map_or(Value::Null, T::into_value)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn into_member(self) -> Option<Value> {
        self.map(T::into_value)
    }
}

macro_rules! plain {
    ($($rust:ty: $ty:ident, $variant:ident;)*) => {$(
        impl Field for $rust {
            const TYPE: Type = Type::$ty;

            fn from_value(value: Value) -> Result<Self, Malformed> {
                match value {
                    Value::$variant(inner) => Ok(inner),
                    other => Err(Malformed::new(stringify!($ty), &other)),
                }
            }

            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
    )*};
}
plain! {
    String: String, String;
    bool: Boolean, Bool;
    i64: Long, Integer;
    Bytes: Blob, Blob;
    Timestamp: Timestamp, Timestamp;
}

impl Field for i32 {
    const TYPE: Type = Type::Integer;

    fn from_value(value: Value) -> Result<Self, Malformed> {
        match &value {
            Value::Integer(number) => Self::try_from(*number).map_err(|_| Malformed::new("Integer", &value)),
            other => Err(Malformed::new("Integer", other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Integer(i64::from(self))
    }
}

impl Field for f64 {
    const TYPE: Type = Type::Double;

    fn from_value(value: Value) -> Result<Self, Malformed> {
        match value {
            Value::Float(number) => Ok(number),
            Value::Integer(number) => Ok(number as Self),
            other => Err(Malformed::new("Double", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Float(self)
    }
}

/// Any JSON document.
impl Field for Value {
    const TYPE: Type = Type::Document;

    fn from_value(value: Value) -> Result<Self, Malformed> {
        Ok(value)
    }

    fn into_value(self) -> Value {
        self
    }
}

/// The raw body of a request or an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload(pub Bytes);

impl Field for Payload {
    const TYPE: Type = Type::Payload;

    fn from_value(value: Value) -> Result<Self, Malformed> {
        Bytes::from_value(value).map(Self)
    }

    fn into_value(self) -> Value {
        Value::Blob(self.0)
    }
}

impl<T: Field> Field for Vec<T> {
    const TYPE: Type = Type::List(&T::TYPE);

    fn from_value(value: Value) -> Result<Self, Malformed> {
        match value {
            Value::List(items) => items.into_iter().map(T::from_value).collect(),
            other => Err(Malformed::new("List", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }
}

/// Maps keep the order in which their entries came.
impl<T: Field> Field for IndexMap<String, T> {
    const TYPE: Type = Type::Map(&T::TYPE);

    fn from_value(value: Value) -> Result<Self, Malformed> {
        match value {
            Value::Map(fields) => {
                fields.into_iter().map(|(key, value)| Ok((key.into_owned(), T::from_value(value)?))).collect()
            }
            other => Err(Malformed::new("Map", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, value)| (key.into(), value.into_value())).collect())
    }
}

/// For structures that contain themselves.
impl<T: Field> Field for Box<T> {
    const TYPE: Type = T::TYPE;

    fn from_value(value: Value) -> Result<Self, Malformed> {
        T::from_value(value).map(Self::new)
    }

    fn into_value(self) -> Value {
        (*self).into_value()
    }
}
