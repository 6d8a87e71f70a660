//! All functions, in memory over their table: what the data plane asks, and the only way to change a record.

use std::collections::HashMap;
use std::sync::Arc;

use base::{Fault, Random, Scope};
use parking_lot::{Mutex, RwLock};
use store::{BlobId, Error, Space, Table, View};

use super::alias::AliasRecord;
use super::fault::{conflict, function_not_found};
use super::name::{FunctionName, LATEST};
use super::record::{Code, Config, FunctionRecord, Layer};
use super::step::{Found, Step};
use super::version::{self, LastNumber};
use crate::code::{CodeTree, Trees, trees};
use crate::image::Start;
use crate::layer::Layers;

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

/// What runs was changed, or how much of it may run at once.
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
    aliases: View<AliasRecord>,
    numbers: View<LastNumber>,
    trees: Arc<Trees>,
    layers: Arc<Layers>,
    /// Chooses between the two versions of an alias.
    random: Random,
    listeners: RwLock<Vec<Arc<dyn OnChange>>>,
    usage: Mutex<HashMap<Scope, Usage>>,
}

impl Functions {
    /// Loads every record of the space.
    pub async fn open(space: &Space, trees: Arc<Trees>, layers: Arc<Layers>) -> Result<Self, Error> {
        let functions = Self {
            table: space.table(),
            view: space.view_of(Shown::of).await?,
            aliases: space.view().await?,
            numbers: space.view().await?,
            trees,
            layers,
            random: space.random().clone(),
            listeners: RwLock::default(),
            usage: Mutex::default(),
        };
        for record in functions.all() {
            functions.count(None, Some(&record));
        }
        Ok(functions)
    }

    /// What an invocation of `name_form` runs, or why it can't. Source of the refusals: oracle 3.1. An alias of two
    /// versions leads to either, by weight.
    pub fn resolve(&self, scope: &Scope, name_form: &str, qualifier: Option<&str>) -> Result<Resolved, Fault> {
        let name = FunctionName::qualified(name_form, qualifier, scope)?;
        let given = name.qualifier.as_deref().unwrap_or(LATEST);
        let alias = self.alias(&name, given);
        let version = alias.as_ref().map_or(given, |alias| alias.pick(self.random.fraction()));
        let shown = self.shown(&name, version).ok_or_else(|| function_not_found(&name.arn_of(given)))?;
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
        match &code.image {
            None => self.trees.ensure(code.sha256, &function.archive_key(code)).await,
            Some(image) => self.trees.ensure_image(code.sha256, image).await,
        }
    }

    /// How the image is started that a tree holds.
    pub(crate) async fn image_start(&self, tree: &CodeTree) -> Result<Start, Fault> {
        self.trees.image_start(tree).await.map_err(Fault::internal)
    }

    /// The tree in which the layers of `config` lie over each other; `None` if it has none.
    pub(crate) async fn layers_tree(&self, config: &Config) -> Result<Option<Arc<CodeTree>>, trees::Error> {
        let archive = |layer: &Layer| Some((layer.code.sha256, layer.archive_key()?));
        let layers: Vec<_> = config.layers.iter().filter_map(archive).collect();
        self.trees.ensure_merged(&layers).await
    }

    /// `listener` hears of every change from now on.
    pub fn on_change(&self, listener: Arc<dyn OnChange>) {
        self.listeners.write().push(listener);
    }

    /// The record of a version, with the revision that a change may expect.
    pub(crate) fn find(&self, name: &FunctionName, version: &str) -> Option<Found> {
        let entry = self.view.entry(key(name, &version::key(version)?))?;
        Some((entry.value.record.clone(), entry.revision))
    }

    /// The record of `$LATEST`, or 404 in the words for the function itself.
    pub(crate) fn latest(&self, name: &FunctionName) -> Result<Found, Fault> {
        self.find(name, LATEST).ok_or_else(|| function_not_found(&name.arn()))
    }

    /// The record that the name's qualifier means; of an alias, the version that it stands for first.
    pub(crate) fn meant(&self, name: &FunctionName) -> Option<Found> {
        let given = name.qualifier.as_deref().unwrap_or(LATEST);
        match self.alias(name, given) {
            Some(alias) => self.find(name, &alias.version),
            None => self.find(name, given),
        }
    }

    fn shown(&self, name: &FunctionName, version: &str) -> Option<Arc<Shown>> {
        self.view.get(key(name, &version::key(version)?))
    }

    pub(crate) fn alias(&self, name: &FunctionName, alias: &str) -> Option<Arc<AliasRecord>> {
        // What names a version names no alias.
        if version::key(alias).is_some() { None } else { self.aliases.get(key(name, alias)) }
    }

    /// The aliases of a function after the one called `after`, by name.
    pub(crate) fn aliases(&self, name: &FunctionName, after: Option<&str>) -> Vec<Arc<AliasRecord>> {
        let after = after.map(|after| (name.account.clone(), name.region.clone(), name.name.clone(), after.to_owned()));
        self.aliases.list(prefix(name), after.as_ref(), usize::MAX)
    }

    /// The number of the version that was published last, 0 if none was.
    pub(crate) fn last_number(&self, name: &FunctionName) -> u64 {
        self.numbers.get(prefix(name)).map_or(0, |last| last.number)
    }

    /// Up to `limit` records of a scope after the function and version `after`, by name.
    pub(crate) fn page(
        &self,
        scope: &Scope,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Vec<Arc<FunctionRecord>> {
        let (account, region) = (scope.account.as_str(), scope.region.as_str());
        let version_key = |version: &String| version::key(version).unwrap_or_else(|| version.clone());
        let after =
            after.map(|(name, version)| (account.to_owned(), region.to_owned(), name.clone(), version_key(version)));
        let found = self.view.list((account, region), after.as_ref(), limit);
        found.iter().map(|shown| shown.record.clone()).collect()
    }

    /// Every version of a function, `$LATEST` first, then by number.
    pub(crate) fn versions(&self, name: &FunctionName) -> Vec<Arc<FunctionRecord>> {
        let found = self.view.list(prefix(name), None, usize::MAX);
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

    /// Whether any function needs the archive of this name.
    pub fn needs(&self, archive: &BlobId) -> bool {
        self.trees.needs(archive)
    }

    pub fn usage(&self, scope: &Scope) -> Usage {
        self.usage.lock().get(scope).copied().unwrap_or_default()
    }

    /// The records as they were written; `None` if somebody else changed one of them meanwhile, and nothing was done.
    pub(crate) async fn commit(&self, step: Step) -> Result<Option<Vec<Arc<FunctionRecord>>>, Fault> {
        let mut batch = self.table.space().batch();
        step.fill(&mut batch, &step.unneeded(&self.family(&step)));
        let _kept = self.layers.keep(&mut batch, &step.written(), &step.read()).await;
        match batch.commit().await {
            Ok(_) => Ok(Some(self.settled(step))),
            Err(error) if error.is_conflict() => self.layers.lost(&error, &step.written()).map_or(Ok(None), Err),
            Err(error) if self.is_done(&step) => {
                tracing::warn!(%error, "a function was changed, though the store failed");
                Ok(Some(self.settled(step)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// All records of the function that a step is about.
    fn family(&self, step: &Step) -> Vec<Arc<FunctionRecord>> {
        let written = step.writes.iter().map(|write| &write.after);
        let any = written.chain(step.deletes.iter().map(|(record, _)| &**record)).next();
        any.map_or_else(Vec::new, |record| self.versions(&record.function_name()))
    }

    /// A failed commit may have been done all the same: the view shows only what was.
    fn is_done(&self, step: &Step) -> bool {
        let record = |record: &FunctionRecord| self.view.get(store::Record::key(record));
        let alias = |alias: &AliasRecord| self.aliases.get(store::Record::key(alias));
        step.writes.iter().all(|write| record(&write.after).is_some_and(|shown| *shown.record == write.after))
            && step.deletes.iter().all(|(deleted, _)| record(deleted).is_none())
            && step.alias.iter().all(|put| alias(put).is_some_and(|shown| *shown == *put))
            && step.deleted_aliases.iter().all(|deleted| alias(deleted).is_none())
    }

    fn settled(&self, step: Step) -> Vec<Arc<FunctionRecord>> {
        let mut written = Vec::new();
        for write in step.writes {
            let after = Arc::new(write.after);
            self.told(write.before.as_ref().map(|(before, _)| before), Some(&after));
            written.push(after);
        }
        for (before, _) in &step.deletes {
            self.told(Some(before), None);
        }
        written
    }

    /// Counts, and tells the listeners.
    fn told(&self, before: Option<&Arc<FunctionRecord>>, after: Option<&Arc<FunctionRecord>>) {
        self.count(before, after);
        let (before, after) = (before.map(running), after.map(running));
        let matters = |record: &Arc<FunctionRecord>| (record.settings.id.clone(), record.reserved_concurrency);
        if before.as_ref().map(matters) == after.as_ref().map(matters) {
            return;
        }
        let change = Change { before, after };
        for listener in self.listeners.read().iter() {
            listener.changed(&change);
        }
    }

    /// What is new is counted before what is gone: code that both need is never without a need.
    fn count(&self, before: Option<&Arc<FunctionRecord>>, after: Option<&Arc<FunctionRecord>>) {
        after.into_iter().flat_map(|record| record.trees()).for_each(|tree| self.trees.need(tree));
        after.into_iter().flat_map(|record| record.layers()).for_each(|layer| self.layers.hold(&layer.arn));
        before.into_iter().flat_map(|record| record.trees()).for_each(|tree| self.trees.release(tree));
        before.into_iter().flat_map(|record| record.layers()).for_each(|layer| self.layers.release(&layer.arn));
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

fn key<'a>(name: &'a FunctionName, last: &'a str) -> (&'a str, &'a str, &'a str, &'a str) {
    (&name.account, &name.region, &name.name, last)
}

fn prefix(name: &FunctionName) -> (&str, &str, &str) {
    (&name.account, &name.region, &name.name)
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
