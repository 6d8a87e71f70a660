//! One commit on a function and what hangs on it: its versions, their archives, its aliases, its last number.
//!
//! The record of `$LATEST` is the turnstile: who changes any of these reads it first and writes it again, at the
//! revision that was read. So what was looked up beside it still holds when the commit is done: no version goes that an
//! alias leads to, no archive that a version needs, and no number is given out twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use store::Batch;
use store::engine::Revision;

use super::alias::AliasRecord;
use super::record::FunctionRecord;
use super::version::LastNumber;
use crate::code::{ArchiveKey, Incoming, archives};

/// A record, with the revision that a change may expect.
pub(crate) type Found = (Arc<FunctionRecord>, Revision);

/// What a commit does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(super) writes: Vec<Write>,
    pub(super) deletes: Vec<Found>,
    archive: Option<(ArchiveKey, Arc<Incoming>)>,
    number: Option<LastNumber>,
    pub(super) alias: Option<AliasRecord>,
    pub(super) deleted_aliases: Vec<Arc<AliasRecord>>,
}

#[derive(Clone, Debug)]
pub(super) struct Write {
    /// `None` for one that must not be there yet.
    pub before: Option<Found>,
    pub after: FunctionRecord,
}

impl Step {
    /// Leaves `$LATEST` as it is.
    pub(crate) fn beside(latest: Found) -> Self {
        let same = (*latest.0).clone();
        Self::default().update(latest, same)
    }

    pub(crate) fn insert(mut self, after: FunctionRecord) -> Self {
        self.writes.push(Write { before: None, after });
        self
    }

    pub(crate) fn update(mut self, before: Found, after: FunctionRecord) -> Self {
        self.writes.push(Write { before: Some(before), after });
        self
    }

    pub(crate) fn delete(mut self, before: Found) -> Self {
        self.deletes.push(before);
        self
    }

    /// The archive of `record`'s settings is new; `None` where a registry keeps its code.
    pub(crate) fn archive(mut self, record: &FunctionRecord, archive: Option<Arc<Incoming>>) -> Self {
        self.archive = archive.map(|archive| (record.archive_key(&record.settings.code), archive));
        self
    }

    /// A new version, and its number with it.
    pub(crate) fn publish(mut self, version: FunctionRecord, number: LastNumber) -> Self {
        self.number = Some(number);
        self.insert(version)
    }

    pub(crate) fn put_alias(mut self, alias: AliasRecord) -> Self {
        self.alias = Some(alias);
        self
    }

    pub(crate) fn delete_alias(mut self, alias: Arc<AliasRecord>) -> Self {
        self.deleted_aliases.push(alias);
        self
    }

    /// The records as they will be.
    pub(super) fn written(&self) -> Vec<&FunctionRecord> {
        self.writes.iter().map(|write| &write.after).collect()
    }

    /// The records as they are, of those that are written.
    pub(super) fn read(&self) -> Vec<&FunctionRecord> {
        self.writes.iter().filter_map(|write| write.before.as_ref()).map(|(record, _)| &**record).collect()
    }

    /// The records that are not afterwards what they were.
    fn replaced(&self) -> impl Iterator<Item = &Arc<FunctionRecord>> {
        let written = self.writes.iter().filter_map(|write| write.before.as_ref());
        written.chain(&self.deletes).map(|(record, _)| record)
    }

    /// The archives that were needed and are needed no more; `all` are the function's records before.
    pub(super) fn unneeded(&self, all: &[Arc<FunctionRecord>]) -> BTreeSet<ArchiveKey> {
        let replaced: BTreeSet<&str> = self.replaced().map(|record| record.version.as_str()).collect();
        let kept = all.iter().map(|record| &**record).filter(|record| !replaced.contains(record.version.as_str()));
        let after = kept.chain(self.writes.iter().map(|write| &write.after));
        let needed: BTreeSet<&str> = after.flat_map(FunctionRecord::codes).map(|code| code.id.as_str()).collect();
        let before = self.replaced().flat_map(|record| record.codes().map(|code| record.archive_key(code)));
        before.filter(|(.., id)| !needed.contains(id.as_str())).collect()
    }

    pub(super) fn fill(&self, batch: &mut Batch, unneeded: &BTreeSet<ArchiveKey>) {
        if let Some((key, archive)) = &self.archive {
            archives::put(batch, key.clone(), archive);
        }
        unneeded.iter().for_each(|key| archives::delete(batch, key));
        for Write { before, after } in &self.writes {
            match before {
                Some((_, revision)) => batch.update(after, *revision),
                None => batch.insert(after),
            };
        }
        for (record, revision) in &self.deletes {
            batch.delete_at::<FunctionRecord>(store::Record::key(&**record), *revision);
        }
        self.fill_aliases(batch);
    }

    fn fill_aliases(&self, batch: &mut Batch) {
        if let Some(number) = &self.number {
            batch.put(number);
        }
        if let Some(alias) = &self.alias {
            batch.put(alias);
        }
        for alias in &self.deleted_aliases {
            batch.delete::<AliasRecord>(store::Record::key(&**alias));
        }
    }
}
