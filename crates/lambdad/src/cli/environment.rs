//! `lambdad env`: the exports for a shell.

use std::path::PathBuf;

use anyhow::Context as _;

#[derive(Debug, clap::Args)]
pub(super) struct EnvironmentOptions {
    /// The data directory that serve uses.
    #[arg(long, env = "LAMBDAD_DATA_DIR", default_value_os_t = super::default_data_dir())]
    data_dir: PathBuf,
    /// Where lambdad listens.
    #[arg(long, default_value = "http://127.0.0.1:4566")]
    endpoint: String,
    #[arg(long, default_value = "us-east-1")]
    region: String,
}

pub(super) async fn print(options: &EnvironmentOptions) -> anyhow::Result<u8> {
    let key = crate::root_key::read(&options.data_dir).with_context(|| {
        format!(
            "the root key is made at the first start: run `lambdad serve --data-dir {}` first",
            options.data_dir.display()
        )
    })?;
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", key.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", &key.secret_access_key),
        ("AWS_DEFAULT_REGION", &options.region),
        ("AWS_REGION", &options.region),
        ("AWS_ENDPOINT_URL", &options.endpoint),
    ] {
        super::say(&format!("export {name}='{value}'"));
    }
    Ok(0)
}
