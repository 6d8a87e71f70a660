//! From a function's record to what its environments are made of; made once for each revision.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base::Fault;
use parking_lot::Mutex;

use crate::api::{ApplicationLogLevel, LogFormat, SystemLogLevel, TracingMode};
use crate::code::CodeTree;
use crate::environment::{Interpreter, Launch};
use crate::function::{Config, FunctionRecord, Functions, Logging, Settings, image, not_available};
use crate::image::Start;
use crate::telemetry::LogStyle;

/// Finds the interpreters of this host.
pub trait Runtimes: Send + Sync + std::fmt::Debug {
    /// How a function is started here, or what is missing, in words for the person who asked.
    fn find(&self, wanted: &Wanted<'_>) -> Result<Arc<Interpreter>, String>;
}

/// What decides how a function is started.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub runtime: &'a str,
    pub handler: &'a str,
    pub memory_mb: u32,
}

/// Makes launches, and remembers them by function and version.
#[derive(Debug)]
pub struct Launcher {
    functions: Arc<Functions>,
    runtimes: Arc<dyn Runtimes>,
    made: Mutex<HashMap<String, Arc<Launch>>>,
}

impl Launcher {
    pub fn new(functions: Arc<Functions>, runtimes: Arc<dyn Runtimes>) -> Self {
        Self { functions, runtimes, made: Mutex::default() }
    }

    pub(crate) async fn launch(&self, function: &FunctionRecord) -> Result<Arc<Launch>, Fault> {
        let settings = function.running();
        let key = function.qualified_arn();
        let known = self.made.lock().get(&key).filter(|launch| launch.revision == settings.id).cloned();
        if let Some(launch) = known {
            return Ok(launch);
        }
        let launch = Arc::new(self.make(function, settings).await?);
        self.made.lock().insert(key.clone(), launch.clone());
        // Changed or deleted while its code was made ready: whoever was told to forget it has done so already.
        if !self.functions.runs(function) {
            self.made.lock().remove(&key);
        }
        Ok(launch)
    }

    /// Lets go of a version's code, so that it can be removed.
    pub(crate) fn forget(&self, function: &FunctionRecord) {
        self.made.lock().remove(&function.qualified_arn());
    }

    fn on_host(&self, runtime: &str, handler: &str, memory_mb: u32) -> Result<Arc<Interpreter>, Fault> {
        let found = self.runtimes.find(&Wanted { runtime, handler, memory_mb });
        found.map_err(|missing| Fault::new("InvalidRuntimeException", not_available(runtime, &missing)))
    }

    async fn make(&self, function: &FunctionRecord, settings: &Settings) -> Result<Launch, Fault> {
        let Settings { id, code, config } = settings;
        let runtime = config.runtime.clone().unwrap_or_default();
        let tree = self.functions.code_tree(function).await?;
        let layers = self.functions.layers_tree(config).await.map_err(Fault::internal)?;
        let (interpreter, handler, bound) = match &code.image {
            Some(_) => {
                let start = image::start(&config.image, &self.functions.image_start(&tree).await?);
                let handler = start.command.join(" ");
                (Arc::new(in_image(&tree.path, start)), handler, None)
            }
            None => {
                let handler = config.handler.clone().unwrap_or_default();
                let interpreter = self.on_host(&runtime, &handler, config.memory_mb.unsigned_abs())?;
                (with_its_bootstrap(interpreter, &tree, layers.as_deref()), handler, Some(tree.path.clone()))
            }
        };
        Ok(Launch {
            scope: function.scope().ok_or_else(|| Fault::internal("a function's record names no account"))?,
            function_name: function.name.clone(),
            version: function.version.clone(),
            function_arn: function.arn(),
            revision: id.clone(),
            runtime,
            handler,
            memory_mb: config.memory_mb.unsigned_abs(),
            timeout: Duration::from_secs(u64::from(config.timeout_seconds.unsigned_abs())),
            tmp_mb: config.ephemeral_storage_mb.unsigned_abs(),
            variables: config.environment.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect(),
            role: config.role.clone(),
            log_group: config.logging.group.as_str().into(),
            log_group_is_custom: config.logging.group != format!("/aws/lambda/{}", function.name),
            log_style: log_style(config),
            is_traced: config.tracing == TracingMode::Active,
            code: bound,
            layers: layers.as_ref().map(|layers| layers.path.clone()),
            code_guard: Arc::new((tree, layers)),
            interpreter,
        })
    }
}

/// A custom runtime without a bootstrap of its own is started by that of its layers.
fn with_its_bootstrap(interpreter: Arc<Interpreter>, code: &CodeTree, layers: Option<&CodeTree>) -> Arc<Interpreter> {
    let in_layers = layers.is_some_and(|layers| layers.has_file("bootstrap"));
    if interpreter.managed || !in_layers || code.has_file("bootstrap") {
        return interpreter;
    }
    Arc::new(Interpreter { argv: vec!["/opt/bootstrap".to_owned()], ..(*interpreter).clone() })
}

/// An image brings its own runtime.
fn in_image(tree: &Path, start: Start) -> Interpreter {
    Interpreter {
        root: Some(tree.join(crate::image::ROOT)),
        cwd: start.working_directory,
        argv: start.entry_point.into_iter().chain(start.command).collect(),
        binds: Vec::new(),
        version: String::new(),
        variables: start.variables,
        managed: false,
    }
}

fn log_style(config: &Config) -> LogStyle {
    let Logging { format, application_level, system_level, .. } = &config.logging;
    match format {
        LogFormat::Text => LogStyle::Text,
        LogFormat::Json => LogStyle::Json {
            application: application_level.unwrap_or(ApplicationLogLevel::Info),
            system: system_level.unwrap_or(SystemLogLevel::Info),
        },
    }
}
