//! All functions, in memory over their table: what the data plane asks, and the only way to change a record.

use std::collections::HashMap;
use std::sync::Arc;

use base::{Fault, Scope};
use parking_lot::{Mutex, RwLock};
use store::engine::Revision;
use store::{BlobId, Error, Space, Table, View};

use super::fault::{conflict, function_not_found, update_in_progress};
use super::name::{FunctionName, LATEST};
use super::record::{Code, FunctionRecord};
use crate::code::{CodeTree, Incoming, Trees, archives, trees};

/// What an invocation runs.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its `settings` are what runs now, also while an update is in progress.
    pub function: Arc<FunctionRecord>,
    /// As the caller named it: what the context shows as `invoked_function_arn`.
    pub arn_as_called: String,
    /// What `X-Amz-Executed-Version` answers.
    pub executed_version: String,
}

/// What runs was changed: environments of `before` are of no more use.
#[derive(Clone, Debug)]
pub struct Change {
    pub before: Option<Arc<FunctionRecord>>,
    /// `None` if the function was deleted.
    pub after: Option<Arc<FunctionRecord>>,
}

/// Hears of each change of what runs, before the caller who made it hears of its success. Must not wait.
pub trait OnChange: Send + Sync {
    fn changed(&self, change: &Change);
}

/// What an account uses in a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub functions: u64,
    /// Bytes of the archives of all versions, zipped.
    pub code_bytes: u64,
    /// Sum over the functions that reserve concurrency.
    pub reserved_concurrency: u32,
}

/// A record as the view keeps it: as the API shows it, and as it runs.
#[derive(Debug)]
struct Shown {
    record: Arc<FunctionRecord>,
    runs: Arc<FunctionRecord>,
}

/// The functions of all accounts and regions.
pub struct Functions {
    table: Table<FunctionRecord>,
    view: View<FunctionRecord, Shown>,
    trees: Arc<Trees>,
    listeners: RwLock<Vec<Arc<dyn OnChange>>>,
    usage: Mutex<HashMap<Scope, Usage>>,
}

impl Functions {
    /// Loads every record of the space.
    pub async fn open(space: &Space, trees: Arc<Trees>) -> Result<Self, Error> {
        let functions = Self {
            table: space.table(),
            view: space.view_of(Shown::of).await?,
            trees,
            listeners: RwLock::default(),
            usage: Mutex::default(),
        };
        for record in functions.all() {
            functions.count(None, Some(&record));
        }
        Ok(functions)
    }

    /// What an invocation of `name_form` runs, or why it can't. Source of the refusals: oracle 3.1.
    pub fn resolve(&self, scope: &Scope, name_form: &str, qualifier: Option<&str>) -> Result<Resolved, Fault> {
        let name = FunctionName::qualified(name_form, qualifier, scope)?;
        let version = name.qualifier.as_deref().unwrap_or(LATEST);
        let shown = self.shown(&name, version).ok_or_else(|| function_not_found(&name.arn_of(version)))?;
        shown.record.status.invocable()?;
        Ok(Resolved {
            function: shown.runs.clone(),
            arn_as_called: name.arn_as_given(),
            executed_version: version.to_owned(),
        })
    }

    /// Whether the settings of `function` are those that run now.
    pub(crate) fn runs(&self, function: &FunctionRecord) -> bool {
        let shown = self.view.get(store::Record::key(function));
        shown.is_some_and(|shown| shown.runs.settings.id == function.running().id)
    }

    /// The function's code, unpacked; unpacked now if it isn't. While the answer is held, the tree stays.
    pub async fn code_tree(&self, function: &FunctionRecord) -> Result<Arc<CodeTree>, Fault> {
        self.tree(function, &function.running().code).await.map_err(Fault::internal)
    }

    /// The tree of one of a function's codes.
    pub(crate) async fn tree(&self, function: &FunctionRecord, code: &Code) -> Result<Arc<CodeTree>, trees::Error> {
        self.trees.ensure(code.sha256, &function.archive_key(code)).await
    }

    /// `listener` hears of every change from now on.
    pub fn on_change(&self, listener: Arc<dyn OnChange>) {
        self.listeners.write().push(listener);
    }

    /// The record of a version, with the revision that a change may expect.
    pub(crate) fn find(&self, name: &FunctionName, version: &str) -> Option<(Arc<FunctionRecord>, Revision)> {
        let key = (name.account.as_str(), name.region.as_str(), name.name.as_str(), version);
        self.view.entry(key).map(|entry| (entry.value.record.clone(), entry.revision))
    }

    fn shown(&self, name: &FunctionName, version: &str) -> Option<Arc<Shown>> {
        self.view.get((name.account.as_str(), name.region.as_str(), name.name.as_str(), version))
    }

    /// Up to `limit` records of a scope after the function and version `after`, by name.
    pub(crate) fn page(
        &self,
        scope: &Scope,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Vec<Arc<FunctionRecord>> {
        let (account, region) = (scope.account.as_str(), scope.region.as_str());
        let after = after.map(|(name, version)| (account.to_owned(), region.to_owned(), name.clone(), version.clone()));
        let found = self.view.list((account, region), after.as_ref(), limit);
        found.iter().map(|shown| shown.record.clone()).collect()
    }

    /// Every version of a function.
    pub(crate) fn versions(&self, name: &FunctionName) -> Vec<Arc<FunctionRecord>> {
        let prefix = (name.account.as_str(), name.region.as_str(), name.name.as_str());
        let found = self.view.list(prefix, None, usize::MAX);
        found.iter().map(|shown| shown.record.clone()).collect()
    }

    /// Told of every change of a record; for tests, which wait for a state.
    #[cfg(test)]
    pub(crate) async fn wake(&self) -> store::Wake {
        self.table.wake().await.expect("the memory store can be watched")
    }

    pub(crate) fn all(&self) -> Vec<Arc<FunctionRecord>> {
        self.view.list((), None, usize::MAX).iter().map(|shown| shown.record.clone()).collect()
    }

    /// Whether any function needs the archive of this name: whoever sweeps the blobs asks.
    pub fn needs(&self, archive: &BlobId) -> bool {
        self.trees.needs(archive)
    }

    pub fn usage(&self, scope: &Scope) -> Usage {
        self.usage.lock().get(scope).copied().unwrap_or_default()
    }

    /// The record and its archive in one commit. 409 if there is one of this name.
    pub(crate) async fn insert(
        &self,
        record: FunctionRecord,
        archive: &Incoming,
    ) -> Result<Arc<FunctionRecord>, Fault> {
        let mut batch = self.table.space().batch();
        archives::put(&mut batch, record.archive_key(&record.settings.code), archive);
        batch.insert(&record);
        match batch.commit().await {
            Ok(_) => Ok(self.settled(None, record)),
            Err(error) if error.is_conflict() => Err(already_there(&record.name)),
            Err(error) if self.is_written(&record) => Ok(self.settled_after(&error, None, record)),
            Err(error) => Err(error.into()),
        }
    }

    /// The record, its new archive if there is one, and the end of those that it needs no more, in one commit. 409 if
    /// somebody else changed the record meanwhile.
    pub(crate) async fn update(
        &self,
        before: &Arc<FunctionRecord>,
        revision: Revision,
        record: FunctionRecord,
        archive: Option<&Incoming>,
    ) -> Result<Arc<FunctionRecord>, Fault> {
        let mut batch = self.table.space().batch();
        if let Some(archive) = archive {
            archives::put(&mut batch, record.archive_key(&record.settings.code), archive);
        }
        for code in before.codes().filter(|code| record.codes().all(|needed| needed.id != code.id)) {
            archives::delete(&mut batch, &record.archive_key(code));
        }
        batch.update(&record, revision);
        match batch.commit().await {
            Ok(_) => Ok(self.settled(Some(before), record)),
            Err(error) if error.is_conflict() => Err(update_in_progress(&record.arn())),
            Err(error) if self.is_written(&record) => Ok(self.settled_after(&error, Some(before), record)),
            Err(error) => Err(error.into()),
        }
    }

    /// False if somebody else changed the record meanwhile, and nothing was deleted.
    pub(crate) async fn delete(&self, before: &Arc<FunctionRecord>, revision: Revision) -> Result<bool, Fault> {
        let mut batch = self.table.space().batch();
        batch.delete_at::<FunctionRecord>(store::Record::key(&**before), revision);
        for code in before.codes() {
            archives::delete(&mut batch, &before.archive_key(code));
        }
        match batch.commit().await {
            Ok(_) => {
                self.told(Some(before), None);
                Ok(true)
            }
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) if self.view.get(store::Record::key(&**before)).is_none() => {
                tracing::warn!(function = %before.arn(), %error, "a function was deleted, though the store failed");
                self.told(Some(before), None);
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A failed commit may have been done all the same: the view shows only what was.
    fn is_written(&self, record: &FunctionRecord) -> bool {
        self.view.get(store::Record::key(record)).is_some_and(|shown| *shown.record == *record)
    }

    fn settled_after(
        &self,
        error: &Error,
        before: Option<&Arc<FunctionRecord>>,
        record: FunctionRecord,
    ) -> Arc<FunctionRecord> {
        tracing::warn!(function = %record.arn(), %error, "a function was written, though the store failed");
        self.settled(before, record)
    }

    fn settled(&self, before: Option<&Arc<FunctionRecord>>, record: FunctionRecord) -> Arc<FunctionRecord> {
        let record = Arc::new(record);
        self.told(before, Some(&record));
        record
    }

    /// Counts, and tells the listeners.
    fn told(&self, before: Option<&Arc<FunctionRecord>>, after: Option<&Arc<FunctionRecord>>) {
        self.count(before, after);
        let (before, after) = (before.map(running), after.map(running));
        if before.as_ref().map(|record| &record.settings.id) == after.as_ref().map(|record| &record.settings.id) {
            return;
        }
        let change = Change { before, after };
        for listener in self.listeners.read().iter() {
            listener.changed(&change);
        }
    }

    /// What is new is counted before what is gone: code that both need is never without a need.
    fn count(&self, before: Option<&Arc<FunctionRecord>>, after: Option<&Arc<FunctionRecord>>) {
        after.into_iter().flat_map(|record| record.codes()).for_each(|code| self.trees.need(code.sha256));
        before.into_iter().flat_map(|record| record.codes()).for_each(|code| self.trees.release(code.sha256));
        let mut usage = self.usage.lock();
        if let Some((record, scope)) = before.and_then(|record| Some((record, record.scope()?))) {
            usage.entry(scope).or_default().remove(record);
        }
        if let Some((record, scope)) = after.and_then(|record| Some((record, record.scope()?))) {
            usage.entry(scope).or_default().add(record);
        }
    }
}

impl Usage {
    fn add(&mut self, record: &FunctionRecord) {
        self.functions += u64::from(record.is_latest());
        self.code_bytes += record.settings.code.size;
        self.reserved_concurrency += reserved(record);
    }

    fn remove(&mut self, record: &FunctionRecord) {
        self.functions = self.functions.saturating_sub(u64::from(record.is_latest()));
        self.code_bytes = self.code_bytes.saturating_sub(record.settings.code.size);
        self.reserved_concurrency = self.reserved_concurrency.saturating_sub(reserved(record));
    }
}

fn reserved(record: &FunctionRecord) -> u32 {
    record.reserved_concurrency.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

pub(crate) fn already_there(name: &str) -> Fault {
    conflict(format!("Function already exist: {name}"))
}

/// As it runs: `serving` is gone, `settings` are what runs.
fn running(record: &Arc<FunctionRecord>) -> Arc<FunctionRecord> {
    match &record.serving {
        None => record.clone(),
        Some(serving) => {
            Arc::new(FunctionRecord { settings: (**serving).clone(), serving: None, ..(**record).clone() })
        }
    }
}

impl Shown {
    fn of(record: FunctionRecord) -> Self {
        let record = Arc::new(record);
        Self { runs: running(&record), record }
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions").field("records", &self.view.len()).finish_non_exhaustive()
    }
}
