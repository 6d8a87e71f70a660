//! All layers, in memory over their tables: what functions find, and the only way to change a record.
//!
//! A deleted version stays, hidden, while a function's record holds it. Who holds what is counted from the functions'
//! records themselves, so that a crash can't make the count wrong. A commit that makes a function hold a version and the
//! removal of what nobody holds never run at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::doors::Question;
use base::limits::lambda::LAYER_NAMES;
use base::{Account, Clock, Fault, Region, Scope, Tasks};
use parking_lot::Mutex;
use store::engine::{Expect, Revision};
use store::{Batch, BlobId, Error, Record as _, Space, Table, View};
use tokio::sync::{Notify, RwLock, RwLockReadGuard};

use super::{LayerName, LayerRecord, LayerVersionRecord, policy};
use crate::code::{Incoming, archives};
use crate::function::fault::invalid;
use crate::function::{FunctionRecord, Layer};

/// How long to wait when the store can't be used.
const AGAIN: Duration = Duration::from_millis(500);

/// The layers of all accounts and regions.
pub struct Layers {
    space: Space,
    names: Table<LayerRecord>,
    versions: View<LayerVersionRecord>,
    known: View<LayerRecord>,
    /// How often the records of functions name a version, by its ARN.
    held: Mutex<HashMap<String, usize>>,
    turn: RwLock<()>,
    removable: Notify,
}

impl Layers {
    /// Loads every record of the space.
    pub async fn open(space: &Space) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self {
            space: space.clone(),
            names: space.table(),
            versions: space.view().await?,
            known: space.view().await?,
            held: Mutex::default(),
            turn: RwLock::default(),
            removable: Notify::new(),
        }))
    }

    /// The version, unless it was deleted.
    pub fn find(&self, layer: &LayerName, version: u64) -> Option<(Arc<LayerVersionRecord>, Revision)> {
        let entry = self.versions.entry((&*layer.account, &*layer.region, &*layer.name, version))?;
        (!entry.value.deleted).then_some((entry.value, entry.revision))
    }

    /// Whether the policy of a version lets a caller of another account use it.
    pub fn grants(&self, question: &Question<'_>) -> bool {
        let named = LayerName::of_version_arn(question.resource).filter(|_| question.action == policy::ACTION);
        let found = named.and_then(|(layer, version)| self.find(&layer, version));
        let policy = found.as_ref().and_then(|(record, _)| record.policy.as_ref());
        policy.is_some_and(|policy| policy.grants(question.caller))
    }

    /// Every version, hidden ones too.
    #[cfg(test)]
    pub(crate) fn all(&self) -> Vec<Arc<LayerVersionRecord>> {
        self.versions.list((), None, usize::MAX)
    }

    /// The versions of a layer that were not deleted, in the order of their numbers.
    pub fn versions(&self, layer: &LayerName) -> Vec<Arc<LayerVersionRecord>> {
        let mut found = self.versions.list((&*layer.account, &*layer.region, &*layer.name), None, usize::MAX);
        found.retain(|record| !record.deleted);
        found
    }

    /// Up to `limit` names of layers that ever were, in order, after one of them.
    pub fn names(&self, scope: &Scope, after: Option<&str>, limit: usize) -> Vec<LayerName> {
        let (account, region) = (scope.account.as_str(), scope.region.as_str());
        let after = after.map(|name| (account.to_owned(), region.to_owned(), name.to_owned()));
        let found = self.known.list((account, region), after.as_ref(), limit);
        let name = |layer: &Arc<LayerRecord>| LayerName {
            region: layer.region.clone(),
            account: layer.account.clone(),
            name: layer.name.clone(),
        };
        found.iter().map(name).collect()
    }

    /// Bytes of the archives, zipped; those of hidden versions too.
    pub fn code_bytes(&self, account: &Account, region: &Region) -> u64 {
        let found = self.versions.list((account.as_str(), region.as_str()), None, usize::MAX);
        found.iter().map(|record| record.code.size).sum()
    }

    /// Whether any version needs the archive of this name.
    pub fn needs(&self, archive: &BlobId) -> bool {
        self.versions.list((), None, usize::MAX).iter().any(|record| record.code.sha256 == *archive)
    }

    /// The next version of a layer: both records and the archive in one commit. `make` makes it of its number.
    pub(crate) async fn publish(
        &self,
        layer: &LayerName,
        make: impl Fn(u64) -> LayerVersionRecord,
        archive: &Incoming,
    ) -> Result<Arc<LayerVersionRecord>, Fault> {
        loop {
            let before = self.names.get((&*layer.account, &*layer.region, &*layer.name)).await?;
            if before.is_none() {
                self.check_names(layer, LAYER_NAMES)?;
            }
            let record = make(before.as_ref().map_or(0, |before| before.last_version) + 1);
            let mut batch = self.space.batch();
            archives::put(&mut batch, record.archive_key(), archive);
            batch.insert(&record);
            let last = LayerRecord {
                account: layer.account.clone(),
                region: layer.region.clone(),
                name: layer.name.clone(),
                last_version: record.version,
            };
            match before {
                Some(before) => batch.update(&last, before.revision),
                None => batch.insert(&last),
            };
            match batch.commit().await {
                // Somebody else has published a version meanwhile: the next number is ours.
                Err(error) if error.is_conflict() => {}
                done => return self.settled(record, done.map(drop)),
            }
        }
    }

    /// A layer's name is never forgotten, so that there may not be any number of them.
    fn check_names(&self, layer: &LayerName, limit: usize) -> Result<(), Fault> {
        let known = self.known.list((&*layer.account, &*layer.region), None, limit);
        if known.len() < limit {
            return Ok(());
        }
        Err(Fault::new("CodeStorageExceededException", format!("No more than {limit} layers can be made.")))
    }

    /// `None` if somebody else changed the record meanwhile, and nothing was done.
    pub(crate) async fn update(
        &self,
        record: LayerVersionRecord,
        revision: Revision,
    ) -> Result<Option<Arc<LayerVersionRecord>>, Fault> {
        let mut batch = self.space.batch();
        batch.update(&record, revision);
        match batch.commit().await {
            Err(error) if error.is_conflict() => Ok(None),
            done => self.settled(record, done.map(drop)).map(Some),
        }
    }

    /// A failed commit may have been done all the same: the view shows only what was.
    fn settled(&self, record: LayerVersionRecord, done: Result<(), Error>) -> Result<Arc<LayerVersionRecord>, Fault> {
        let written = || self.versions.get(record.key()).is_some_and(|shown| *shown == record);
        match done {
            Err(error) if written() => {
                tracing::warn!(layer = record.arn(), %error, "a layer version was written, though the store failed");
            }
            done => done?,
        }
        if record.deleted {
            self.removable.notify_one();
        }
        Ok(Arc::new(record))
    }

    /// While the answer lives, nothing is removed that the records `after` are about to hold and those `before` them
    /// don't; the commit fails if it was removed before. Asked once for a commit.
    pub(crate) async fn keep(
        &self,
        batch: &mut Batch,
        after: &[&FunctionRecord],
        before: &[&FunctionRecord],
    ) -> Option<RwLockReadGuard<'_, ()>> {
        let held = |layer: &&Layer| layers_of(before).any(|known| known.arn == layer.arn);
        let new: Vec<_> =
            layers_of(after).filter(|layer| !held(layer)).filter_map(|layer| layer.record_key()).collect();
        if new.is_empty() {
            return None;
        }
        for key in &new {
            batch.require::<LayerVersionRecord>(&key, Expect::Present);
        }
        Some(self.turn.read().await)
    }

    /// The refusal, if it was a layer of these records that was not there any more.
    pub(crate) fn lost(&self, error: &Error, records: &[&FunctionRecord]) -> Option<Fault> {
        let lost =
            |layer: &&Layer| layer.record_key().is_some_and(|key| error.is_conflict_of::<LayerVersionRecord>(&&key));
        layers_of(records).find(lost).map(|layer| invalid(format!("Layer version {} does not exist.", layer.arn)))
    }

    /// One more mention by a function's record.
    pub(crate) fn hold(&self, arn: &str) {
        *self.held.lock().entry(arn.to_owned()).or_insert(0) += 1;
    }

    /// One mention less.
    pub(crate) fn release(&self, arn: &str) {
        let mut held = self.held.lock();
        let Some(count) = held.get_mut(arn) else { return };
        *count -= 1;
        if *count == 0 {
            held.remove(arn);
            self.removable.notify_one();
        }
    }

    fn is_held(&self, arn: &str) -> bool {
        self.held.lock().contains_key(arn)
    }

    /// Removes deleted versions that no function holds any more, whenever there may be some. Begun when the functions
    /// have been counted.
    pub async fn collect_always(self: Arc<Self>, tasks: Tasks, clock: Clock) {
        loop {
            let failed = self.collect_once().await.err();
            if let Some(error) = &failed {
                tracing::warn!(%error, "deleted layer versions can't be removed yet");
            }
            tokio::select! {
                () = tasks.closing().cancelled() => return,
                () = self.removable.notified() => {}
                () = clock.sleep(AGAIN), if failed.is_some() => {}
            }
        }
    }

    pub(crate) async fn collect_once(&self) -> Result<(), Error> {
        let mut gone = self.versions.list((), None, usize::MAX);
        gone.retain(|record| record.deleted && !self.is_held(&record.arn()));
        for record in gone {
            let _turn = self.turn.write().await;
            if self.is_held(&record.arn()) {
                continue;
            }
            let mut batch = self.space.batch();
            batch.delete::<LayerVersionRecord>(&record.key());
            archives::delete(&mut batch, &record.archive_key());
            batch.commit().await?;
        }
        Ok(())
    }
}

fn layers_of<'a>(records: &'a [&FunctionRecord]) -> impl Iterator<Item = &'a Layer> {
    records.iter().flat_map(|record| record.layers())
}

impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layers").field("versions", &self.versions.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base::Random;
    use store::Store;
    use store::engine::memory::Disk;

    use super::*;

    #[tokio::test]
    async fn layers_have_a_limit() {
        let store = Store::on_disk(&Disk::new(), Clock::wall(), Random::from_os());
        let space = store.space("meta").expect("a space");
        let layers = Layers::open(&space).await.expect("it opens");
        let layer = LayerName { region: "r".to_owned(), account: "a".to_owned(), name: "l".to_owned() };
        assert!(layers.check_names(&layer, 1).is_ok());
        let LayerName { region, account, name } = layer.clone();
        let known = LayerRecord { account, region, name, last_version: 1 };
        layers.names.put(&known).await.expect("the memory store works");
        assert_eq!(layers.check_names(&layer, 1).expect_err("full").code, "CodeStorageExceededException");
        let elsewhere = LayerName { region: "s".to_owned(), ..layer };
        assert!(layers.check_names(&elsewhere, 1).is_ok());
    }
}
