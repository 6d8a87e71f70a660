//! The control plane: opens the functions of a store, carries out the operations on them, and finishes in the
//! background what they begin.

use std::path::PathBuf;
use std::sync::Arc;

use base::doors::{Call, Permit};
use base::{Clock, Random, Scope, Tasks};
use store::Store;
use wire::{Context, Service};

use crate::api;
use crate::code::unpacker::Unpacker;
use crate::code::{Archives, Links, Trees};
use crate::function::settings::World;
use crate::function::{Functions, Interpreters};
use crate::image::Registry;
use crate::layer::Layers;
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
    pub(crate) layers: Arc<Layers>,
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
        let layers = Layers::open(&space).await?;
        let functions = Arc::new(Functions::open(&space, trees.clone(), layers.clone()).await?);
        let links = Links::open_in(&space, archives.clone()).await?;
        let reserving = Default::default();
        let control = Arc::new(Self { deps, functions, layers, archives, trees, links, reserving });
        control.deps.tasks.spawn("code_collect", control.trees.clone().collect_always());
        let collect = control.layers.clone().collect_always(control.deps.tasks.clone(), control.deps.clock.clone());
        control.deps.tasks.spawn("layer_collect", collect);
        ops::prepare::resume(&control);
        Ok(control)
    }

    /// What the data plane asks.
    pub fn functions(&self) -> &Arc<Functions> {
        &self.functions
    }

    /// Whether anything needs the archive of this name: whoever sweeps the blobs asks.
    pub fn needs(&self, archive: &store::BlobId) -> bool {
        self.functions.needs(archive) || self.layers.needs(archive)
    }

    /// What the front door serves below [`crate::code::links::PREFIX`].
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// What the rules of functions need to know of the world.
    pub(crate) fn world<'a>(&'a self, context: &'a Context) -> World<'a> {
        World {
            scope: &context.scope,
            interpreters: &*self.deps.interpreters,
            find_layer: Box::new(|arn| ops::layers::usable(self, &context.caller, arn)),
        }
    }

    /// Bytes of all archives of an account in a region, zipped.
    pub(crate) fn code_bytes(&self, scope: &Scope) -> u64 {
        let of_functions = self.functions.usage(scope).code_bytes;
        of_functions.saturating_add(self.layers.code_bytes(&scope.account, &scope.region))
    }

    /// A new revision id, or the id of new settings or of new code.
    pub(crate) fn new_id(&self) -> String {
        self.deps.random.uuid_v4().to_string()
    }

    /// Gives the service the handlers of the control plane.
    #[must_use]
    pub fn operations(self: &Arc<Self>, service: Service) -> Service {
        let layers = self.layers.clone();
        service
            .with_resource_policies(move |question| layers.grants(question))
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
            .on::<api::PublishLayerVersion, _, _, _>(self, ops::publish_layer_version::handle)
            .on::<api::GetLayerVersion, _, _, _>(self, ops::layers::get)
            .on::<api::GetLayerVersionByArn, _, _, _>(self, ops::layers::get_by_arn)
            .on::<api::ListLayers, _, _, _>(self, ops::layers::list)
            .on::<api::ListLayerVersions, _, _, _>(self, ops::layers::list_versions)
            .on::<api::DeleteLayerVersion, _, _, _>(self, ops::layers::delete)
            .on::<api::AddLayerVersionPermission, _, _, _>(self, ops::layer_policy::add)
            .on::<api::GetLayerVersionPolicy, _, _, _>(self, ops::layer_policy::get)
            .on::<api::RemoveLayerVersionPermission, _, _, _>(self, ops::layer_policy::remove)
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
