//! Finds groups and streams, and changes them against others who do so at the same time.

use std::collections::BTreeSet;

use base::{Fault, Scope};
use store::Versioned;

use super::api::{aborted, no_such_group, no_such_stream};
use super::day::Day;
use super::service::Logs;
use super::tables::{Group, Id, Stream, group_key};

/// How often a change that others got ahead of is tried again.
pub(super) const TRIES: usize = 16;

/// Which stream of whose group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address {
    pub(super) scope: Scope,
    pub(super) group: String,
    pub(super) stream: String,
}

/// The group and the stream that an address stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) group: Id,
    pub(super) stream: Id,
}

impl Logs {
    pub(super) fn new_id(&self) -> Id {
        Id(self.random.uuid_v7(self.clock.now()).as_u128())
    }

    pub(super) async fn find_group(&self, scope: &Scope, name: &str) -> Result<Versioned<Group>, Fault> {
        let found = self.meta.table::<Group>().get(group_key(scope, name)).await?;
        found.ok_or_else(no_such_group)
    }

    pub(super) async fn find_stream(&self, group: Id, name: &str) -> Result<Versioned<Stream>, Fault> {
        let found = self.meta.table::<Stream>().get((group, name)).await?;
        found.ok_or_else(no_such_stream)
    }

    /// Reads a group, changes it and writes it back, again if others were faster.
    pub(super) async fn change_group<F>(&self, scope: &Scope, name: &str, change: F) -> Result<(), Fault>
    where
        F: Fn(&mut Group) -> Result<(), Fault>,
    {
        for _ in 0..TRIES {
            let Versioned { record: mut group, revision } = self.find_group(scope, name).await?;
            change(&mut group)?;
            match self.meta.table().update(&group, revision).await {
                Err(error) if error.is_conflict() => {}
                done => return done.map(|_| ()).map_err(Fault::from),
            }
        }
        Err(aborted(format!("the group {name} was changed by others {TRIES} times")))
    }

    /// The ids of an address, once group and stream both say that they may have events on `days`: whoever reads or
    /// removes events goes by these days, so that they stand before the first event does.
    pub(super) async fn register(&self, address: &Address, days: &BTreeSet<Day>) -> Result<Ids, Fault> {
        for _ in 0..TRIES {
            let group = self.find_group(&address.scope, &address.group).await?;
            let stream = self.find_stream(group.id, &address.stream).await?;
            let ids = Ids { group: group.id, stream: stream.id };
            let mut batch = self.meta.batch();
            if let Some(changed) = group_with_days(&group, days) {
                batch.update(&changed, group.revision);
            }
            if !days.is_subset(&stream.days) {
                let days = stream.days.union(days).copied().collect();
                batch.update(&Stream { days, ..stream.record.clone() }, stream.revision);
            }
            if batch.is_empty() {
                return Ok(ids);
            }
            match batch.commit().await {
                Err(error) if error.is_conflict() => {}
                done => return done.map(|_| ids).map_err(Fault::from),
            }
        }
        Err(aborted(format!("the stream {} was changed by others {TRIES} times", address.stream)))
    }
}

/// `None` if the group knows the days already.
fn group_with_days(group: &Group, days: &BTreeSet<Day>) -> Option<Group> {
    if days.iter().all(|day| group.days.contains_key(day)) {
        return None;
    }
    let mut changed = group.clone();
    for day in days {
        changed.days.entry(*day).or_insert(0);
    }
    Some(changed)
}
