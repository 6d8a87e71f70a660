//! Codecs: one notation each, walked by the tables; the tongues choose among them.

pub(crate) mod form;
pub(crate) mod json_blame;
pub(crate) mod json_read;
pub(crate) mod json_write;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod xml_read;
pub(crate) mod xml_write;

use std::borrow::Cow;

use base::{Fields, Value};
use indexmap::IndexMap;

/// A map's entries, the last of equal keys. A hash finds equal keys: a scan would be quadratic.
pub(crate) fn unique<E>(entries: impl Iterator<Item = Result<(String, Value), E>>) -> Result<Fields, E> {
    let found: IndexMap<String, Value> = entries.collect::<Result<_, E>>()?;
    Ok(found.into_iter().map(|(key, value)| (Cow::Owned(key), value)).collect())
}

/// Why bytes are not what the table promises. The words are for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Not the notation at all.
    #[error("{words}")]
    Syntax { words: String },
    /// The notation, but not the member's type.
    #[error("{words}")]
    Type { words: String },
    #[error("The request has more than {limit} {what}")]
    TooMany { what: &'static str, limit: usize },
}

impl Unreadable {
    pub(crate) fn wrong_type(words: impl Into<String>) -> Self {
        Self::Type { words: words.into() }
    }
}
