//! What an operator can set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use wire::sigv4::Secret;

use crate::front_door::Auth;
use crate::network::NetworkOptions;

#[derive(Clone, Debug, clap::Args)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "LAMBDAD_LISTEN", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// Where everything is kept.
    #[arg(long, env = "LAMBDAD_DATA_DIR", default_value_os_t = crate::cli::default_data_dir())]
    pub data_dir: PathBuf,
    /// Whether signatures and policies are checked.
    #[arg(long, env = "LAMBDAD_AUTH", value_enum, default_value_t)]
    pub auth: Auth,
    /// Take --auth open on an address that others can reach.
    #[arg(long)]
    pub force_open: bool,
    /// The region of requests that name none.
    #[arg(long, env = "LAMBDAD_REGION", default_value = "us-east-1")]
    pub region: String,
    /// The account of the root key.
    #[arg(long, env = "LAMBDAD_ACCOUNT", default_value = "000000000000")]
    pub account: String,
    /// Refuse runtimes whose exact version this host lacks, instead of taking the nearest.
    #[arg(long)]
    pub strict_runtimes: bool,
    /// Environments that were idle for so many seconds are destroyed.
    #[arg(long, default_value_t = 600)]
    pub idle_seconds: u64,
    /// Environments that were idle for so many milliseconds stand still until their next event; 0: never.
    #[arg(long, default_value_t = 100)]
    pub freeze_after_ms: u64,
    /// Invocations that may run at once in an account and region.
    #[arg(long, default_value_t = base::limits::lambda::CONCURRENT_EXECUTIONS)]
    pub concurrency: i32,
    /// Environments that an account may have at once; unlimited but for --concurrency if left out.
    #[arg(long, value_name = "COUNT")]
    pub environments_per_account: Option<u64>,
    /// Megabytes of MemorySize that an account's environments may have together; unlimited if left out.
    #[arg(long, value_name = "MB")]
    pub memory_per_account: Option<u64>,
    /// Megabytes of MemorySize that all environments of this host may have together; unlimited if left out.
    #[arg(long, value_name = "MB")]
    pub memory: Option<u64>,
    #[command(flatten)]
    pub network: NetworkOptions,
    #[command(flatten)]
    pub registries: RegistryOptions,
    /// The first of the uids that environments get; 65,536 from here on must be nobody else's, another lambdad's included.
    #[arg(long, default_value_t = 200_000)]
    pub uid_base: u32,
    /// Run functions as plain processes of this user, contained by nothing. For measuring; never for others' code.
    #[arg(long, hide = true)]
    pub no_isolation: bool,
    /// Answer before anything is on the disk. The control of the power-cut test; never for data.
    #[arg(long, hide = true)]
    pub no_fsync: bool,
    /// The root key's id; made at the first start if left out.
    #[arg(long, env = "LAMBDAD_ROOT_ACCESS_KEY_ID", hide = true)]
    pub root_access_key_id: Option<String>,
    #[arg(long, env = "LAMBDAD_ROOT_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    pub root_secret_access_key: Option<Secret>,
}

/// How images are fetched.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RegistryOptions {
    /// Passwords of image registries: a file in the format of docker's config.json.
    #[arg(long, env = "LAMBDAD_REGISTRY_AUTH", value_name = "FILE")]
    pub registry_auth: Option<PathBuf>,
    /// Speak plain HTTP to this registry, wherever it is; may be given many times. Those on loopback need it not.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub insecure_registry: Vec<String>,
    /// Let outgoing requests reach this host or network though it is loopback, link-local or private; may be given many times.
    #[arg(long, value_name = "HOST[:PORT]|NETWORK")]
    pub fetch_allow: Vec<String>,
}

impl ServeOptions {
    pub fn freeze_after(&self) -> Option<Duration> {
        (self.freeze_after_ms > 0).then(|| Duration::from_millis(self.freeze_after_ms))
    }

    pub fn quotas(&self) -> lambda::Quotas {
        lambda::Quotas {
            environments_per_account: self.environments_per_account,
            memory_mb_per_account: self.memory_per_account,
            memory_mb: self.memory,
        }
    }

    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }
}
