//! The books of the house: what its contracts name, what is done, who may do it, and who tries it.

#![expect(clippy::disallowed_methods, reason = "part of the books is kept in files")]

mod clients;
mod contracts;
mod handlers;
mod locked;
mod readme;

use lambdad::front_door::Auth;
use lambdad::house::{CONTRACTS, Open};
use lambdad::options::ServeOptions;
use tempfile::TempDir;
use tokio::net::TcpListener;
use wire::{OperationSpec, ServiceSpec};

pub(crate) const ACCOUNT: &str = "123456789012";

/// The operations that are done, as `service:Operation`.
fn done() -> impl Iterator<Item = (String, &'static ServiceSpec, &'static OperationSpec)> {
    CONTRACTS.iter().flat_map(|spec| {
        let done = spec.operations.iter().filter(|operation| operation.is_done());
        done.map(|operation| (format!("{}:{}", spec.name, operation.name), *spec, *operation))
    })
}

/// A whole house as operators open it, in a folder that lasts as long as the second part.
pub(crate) async fn opened() -> (Open, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let options = ServeOptions {
        registries: lambdad::options::RegistryOptions::default(),
        listen: listener.local_addr().expect("it is bound"),
        data_dir: folder.path().to_owned(),
        auth: Auth::Enforce,
        force_open: false,
        region: "us-east-1".to_owned(),
        account: ACCOUNT.to_owned(),
        strict_runtimes: false,
        idle_seconds: 60,
        freeze_after_ms: 100,
        concurrency: 10,
        environments_per_account: None,
        memory_per_account: None,
        memory: None,
        network: lambdad::network::NetworkOptions::default(),
        uid_base: 300_000,
        no_fsync: false,
        no_isolation: true,
        root_access_key_id: None,
        root_secret_access_key: None,
    };
    (Open::open(&options, listener).await.expect("an empty folder opens"), folder)
}
