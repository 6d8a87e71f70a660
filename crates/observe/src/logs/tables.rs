//! What is kept of groups and streams, in the space `meta`. Drawn in `docs/format/logs.md`.

use std::collections::{BTreeMap, BTreeSet};

use base::Scope;
use serde::{Deserialize, Serialize};
use store::key::{Encode, Key, KeyError, KeyOf, Reader};
use store::{Record, SpaceName};

use super::day::Day;

/// What a group or a stream is called inside: never used again, so that a new one of the same name finds nothing old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Id(pub(crate) u128);

impl Encode for Id {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_be_bytes());
    }
}

impl Key for Id {
    fn decode(from: &mut Reader<'_>) -> Result<Self, KeyError> {
        from.take().map(|bytes| Self(u128::from_be_bytes(bytes)))
    }
}

impl KeyOf<Self> for Id {}

/// A log group: `(account, region, name)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) id: Id,
    pub(crate) created_ms: i64,
    pub(crate) class: String,
    /// `None`: events never expire.
    pub(crate) retention_days: Option<i32>,
    pub(crate) kms_key: Option<String>,
    pub(crate) protected: bool,
    /// In the order in which they were set.
    pub(crate) tags: Vec<(String, String)>,
    /// The days on which it may have events, and how many bytes of them.
    pub(crate) days: BTreeMap<Day, u64>,
}

pub(crate) type GroupKey = (String, String, String);

pub(crate) fn group_key<'a>(scope: &'a Scope, name: &'a str) -> (&'a str, &'a str, &'a str) {
    (scope.account.as_str(), scope.region.as_str(), name)
}

impl Record for Group {
    const TABLE: &'static str = "logs-group";
    type Key = GroupKey;

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.region.clone(), self.name.clone())
    }
}

/// How many groups an account has in a region: `(account, region)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupCount {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) groups: u64,
}

impl Record for GroupCount {
    const TABLE: &'static str = "logs-count";
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.region.clone())
    }
}

/// A log stream: `(group, name)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) group: Id,
    pub(crate) name: String,
    pub(crate) id: Id,
    pub(crate) created_ms: i64,
    pub(crate) first_ms: Option<i64>,
    pub(crate) last_ms: Option<i64>,
    pub(crate) ingested_ms: Option<i64>,
    /// The days on which it may have events.
    pub(crate) days: BTreeSet<Day>,
}

impl Record for Stream {
    const TABLE: &'static str = "logs-stream";
    type Key = (Id, String);

    fn key(&self) -> Self::Key {
        (self.group, self.name.clone())
    }
}

/// A stream's name by its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StreamName {
    pub(crate) id: Id,
    pub(crate) name: String,
}

impl Record for StreamName {
    const TABLE: &'static str = "logs-name";
    type Key = Id;

    fn key(&self) -> Self::Key {
        self.id
    }
}

/// The streams of a group by the time of their last event: `(group, time, name)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent {
    pub(crate) group: Id,
    /// -1 before the first event.
    pub(crate) last_ms: i64,
    pub(crate) name: String,
}

impl Recent {
    pub(crate) fn of(stream: &Stream) -> Self {
        Self { group: stream.group, last_ms: stream.last_ms.unwrap_or(-1), name: stream.name.clone() }
    }
}

impl Record for Recent {
    const TABLE: &'static str = "logs-recent";
    type Key = (Id, i64, String);

    fn key(&self) -> Self::Key {
        (self.group, self.last_ms, self.name.clone())
    }
}

/// A group or stream that was deleted and whose events are still to be removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gone {
    pub(crate) id: Id,
    pub(crate) is_group: bool,
    pub(crate) days: BTreeSet<Day>,
    pub(crate) deleted_ms: i64,
}

impl Record for Gone {
    const TABLE: &'static str = "logs-gone";
    type Key = Id;

    fn key(&self) -> Self::Key {
        self.id
    }
}

/// Where the records above lie.
pub(crate) const META: &str = "meta";

/// The day of a space of events.
pub(crate) fn day_of(space: &SpaceName) -> Option<Day> {
    Day::of_space(space.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_comes_back_and_sorts_as_its_number(a: u128, b: u128) {
            prop_assert_eq!(Id::from_key(&Id(a).to_key()), Ok(Id(a)));
            prop_assert_eq!(Id(a).to_key().cmp(&Id(b).to_key()), a.cmp(&b));
        }
    }
}
