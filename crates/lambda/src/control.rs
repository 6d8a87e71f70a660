//! The control plane: opens the functions of a store, carries out the operations on them, and finishes in the
//! background what they begin.

use std::path::PathBuf;
use std::sync::Arc;

use base::doors::{Call, Permit};
use base::{Clock, Random, Scope, Tasks};
use store::Store;
use wire::Service;

use crate::api;
use crate::code::unpacker::Unpacker;
use crate::code::{Archives, Links, Trees};
use crate::function::settings::World;
use crate::function::{Functions, Interpreters};
use crate::image::Registry;
use crate::ops;

/// What the control plane stands on.
#[derive(Clone)]
pub struct Deps {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    pub tasks: Tasks,
    /// Reaches STS (the execution role) and S3 (code).
    pub call: Arc<dyn Call>,
    /// Asked for `iam:PassRole`.
    pub permit: Arc<dyn Permit>,
    pub interpreters: Arc<dyn Interpreters>,
    /// Unpacks code, apart from us.
    pub unpacker: Arc<dyn Unpacker>,
    pub registry: Arc<Registry>,
    /// Code is unpacked into `code/` below it.
    pub data_dir: PathBuf,
    /// Events that run at once in an account and region.
    pub concurrency: i32,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// The control plane of Lambda.
pub struct Control {
    pub(crate) deps: Deps,
    pub(crate) functions: Arc<Functions>,
    pub(crate) archives: Archives,
    pub(crate) trees: Arc<Trees>,
    pub(crate) links: Links,
    /// Whoever reserves concurrency has its turn.
    pub(crate) reserving: tokio::sync::Mutex<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot read the functions: {0}")]
    Store(#[from] store::Error),
    #[error("cannot keep unpacked code: {0}")]
    Trees(#[from] crate::code::trees::Error),
}

/// Functions are few and precious: they lie in the space of all such things.
const SPACE: &str = "meta";

impl Control {
    /// Loads the functions, and finishes what a crash has interrupted: see [`ops::prepare`].
    pub async fn open(deps: Deps) -> Result<Arc<Self>, OpenError> {
        let space = deps.store.space(SPACE)?;
        let blobs = deps.store.blobs().clone();
        let archives = Archives::new(&space, blobs);
        let root = deps.data_dir.join("code");
        let trees = Trees::open(
            root,
            archives.clone(),
            deps.unpacker.clone(),
            deps.registry.clone(),
            deps.tasks.clone(),
            deps.random.clone(),
        )
        .await?;
        let functions = Arc::new(Functions::open(&space, trees.clone()).await?);
        let links = Links::open_in(&space, archives.clone()).await?;
        let control = Arc::new(Self { deps, functions, archives, trees, links, reserving: Default::default() });
        control.deps.tasks.spawn("code_collect", control.trees.clone().collect_always());
        ops::prepare::resume(&control);
        Ok(control)
    }

    /// What the data plane asks.
    pub fn functions(&self) -> &Arc<Functions> {
        &self.functions
    }

    /// What the front door serves below [`crate::code::links::PREFIX`].
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// What the rules of functions need to know of the world.
    pub(crate) fn world<'a>(&'a self, scope: &'a Scope) -> World<'a> {
        // There are no layers yet.
        World { scope, interpreters: &*self.deps.interpreters, find_layer: &|_| None }
    }

    /// A new revision id, or the id of new settings or of new code.
    pub(crate) fn new_id(&self) -> String {
        self.deps.random.uuid_v4().to_string()
    }

    /// Gives the service the handlers of the control plane.
    #[must_use]
    pub fn operations(self: &Arc<Self>, service: Service) -> Service {
        service
            .on::<api::CreateFunction, _, _, _>(self, ops::create_function::handle)
            .on::<api::GetFunction, _, _, _>(self, ops::functions::get)
            .on::<api::GetFunctionConfiguration, _, _, _>(self, ops::functions::get_configuration)
            .on::<api::ListFunctions, _, _, _>(self, ops::functions::list)
            .on::<api::ListVersionsByFunction, _, _, _>(self, ops::functions::list_versions)
            .on::<api::UpdateFunctionCode, _, _, _>(self, ops::update_function_code::handle)
            .on::<api::UpdateFunctionConfiguration, _, _, _>(self, ops::update_function_configuration::handle)
            .on::<api::DeleteFunction, _, _, _>(self, ops::delete_function::handle)
            .on::<api::PublishVersion, _, _, _>(self, ops::publish::handle)
            .on::<api::CreateAlias, _, _, _>(self, ops::aliases::create)
            .on::<api::GetAlias, _, _, _>(self, ops::aliases::get)
            .on::<api::UpdateAlias, _, _, _>(self, ops::aliases::update)
            .on::<api::DeleteAlias, _, _, _>(self, ops::aliases::delete)
            .on::<api::ListAliases, _, _, _>(self, ops::aliases::list)
            .on::<api::PutFunctionConcurrency, _, _, _>(self, ops::concurrency::put)
            .on::<api::GetFunctionConcurrency, _, _, _>(self, ops::concurrency::get)
            .on::<api::DeleteFunctionConcurrency, _, _, _>(self, ops::concurrency::delete)
            .on::<api::GetFunctionCodeSigningConfig, _, _, _>(self, ops::functions::get_code_signing_config)
            .on::<api::GetFunctionRecursionConfig, _, _, _>(self, ops::functions::get_recursion_config)
            .on::<api::GetRuntimeManagementConfig, _, _, _>(self, ops::functions::get_runtime_management_config)
            .on::<api::TagResource, _, _, _>(self, ops::tags::tag)
            .on::<api::UntagResource, _, _, _>(self, ops::tags::untag)
            .on::<api::ListTags, _, _, _>(self, ops::tags::list)
            .on::<api::GetAccountSettings, _, _, _>(self, ops::account::get_settings)
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("functions", &self.functions).finish_non_exhaustive()
    }
}
