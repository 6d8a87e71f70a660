//! What an environment is made for: one version of a function, with all that its process needs to know.

use std::any::Any;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::Scope;
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;

use crate::telemetry::LogStyle;

/// One version of a function, ready to be started. Environments of an older revision are not given new events.
#[derive(Clone, Debug)]
pub struct Launch {
    pub scope: Scope,
    pub function_name: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// Without a qualifier.
    pub function_arn: String,
    /// Changes with every change of code or configuration.
    pub revision: String,
    pub runtime: String,
    pub handler: String,
    pub memory_mb: u32,
    pub timeout: Duration,
    /// `/tmp`.
    pub tmp_mb: u32,
    /// The customer's variables.
    pub variables: Vec<(String, String)>,
    pub role: String,
    pub log_group: Arc<str>,
    /// The stream's name carries the function's name where the group isn't the function's own.
    pub log_group_is_custom: bool,
    pub log_style: LogStyle,
    /// TracingConfig is Active.
    pub is_traced: bool,
    /// What is bound at `/var/task`; an image has its code in its root.
    pub code: Option<PathBuf>,
    /// What the function's layers are together, for `/opt`; `None` if it has none.
    pub layers: Option<PathBuf>,
    /// Keeps code and layers from being removed while an environment may use it.
    pub code_guard: Arc<dyn Any + Send + Sync>,
    pub interpreter: Arc<Interpreter>,
}

impl Launch {
    /// Whether the function brings its whole root along, and so its own runtime.
    pub fn is_image(&self) -> bool {
        self.code.is_none()
    }

    /// The folder of the host that processes see at /opt, if the function has one of its own.
    pub(crate) fn opt(&self) -> Option<PathBuf> {
        let of_image = || self.interpreter.root.as_ref().filter(|_| self.is_image()).map(|root| root.join("opt"));
        self.layers.clone().or_else(of_image)
    }
}

/// How a runtime is started on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The root of its environments, if it isn't the host's programs.
    pub root: Option<PathBuf>,
    /// Where it begins.
    pub cwd: String,
    /// As seen inside.
    pub argv: Vec<String>,
    /// Folders and files of the host, each at a path inside; read-only.
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// As INIT_START shows it, such as `python:3.12.v1`.
    pub version: String,
    /// What only this runtime's environments have, beside `AWS_EXECUTION_ENV`.
    pub variables: Vec<(String, String)>,
    /// False for custom runtimes, which have no `AWS_EXECUTION_ENV`.
    pub managed: bool,
}

/// Answers AWS operations inside of environments; the front door implements it.
pub trait Relay: Send + Sync + Debug {
    /// Serves `listener`, which lies inside of an environment, until the guard is dropped.
    fn serve(&self, listener: TcpListener, scope: &Scope) -> DropGuard;
}
