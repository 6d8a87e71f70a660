//! `lambdad env`: the exports for a shell.

use std::path::PathBuf;

use anyhow::Context as _;
use wire::sigv4::Secret;

use crate::root_key;

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
    #[arg(long, env = "LAMBDAD_ROOT_ACCESS_KEY_ID", hide = true)]
    root_access_key_id: Option<String>,
    #[arg(long, env = "LAMBDAD_ROOT_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    root_secret_access_key: Option<Secret>,
}

/// The last line: a shell that evaluates all of it as one line, unquoted, loses nothing.
const OLDER_TOOLS: &str = "# An AWS CLI before 2.13 or 1.29 (Debian 12 has 2.9) and a boto3 before 1.28 ignore \
                           AWS_ENDPOINT_URL: aws --endpoint-url \"$AWS_ENDPOINT_URL\" ...";

pub(super) fn print(options: &EnvironmentOptions) -> anyhow::Result<u8> {
    let given = root_key::given(options.root_access_key_id.as_deref(), options.root_secret_access_key.as_ref())?;
    let key = match given {
        Some(key) => key,
        None => root_key::kept(&options.data_dir)?.with_context(|| {
            let folder = options.data_dir.display();
            format!(
                "there is no root key in {folder}: `lambdad serve --data-dir {folder}` makes one when it starts first. If it \
                 was given one in LAMBDAD_ROOT_ACCESS_KEY_ID and LAMBDAD_ROOT_SECRET_ACCESS_KEY, set both here too"
            )
        })?,
    };
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", key.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", key.secret.expose()),
        ("AWS_DEFAULT_REGION", &options.region),
        ("AWS_REGION", &options.region),
        ("AWS_ENDPOINT_URL", &options.endpoint),
    ] {
        super::say(&format!("export {name}='{value}'"));
    }
    super::say(OLDER_TOOLS);
    Ok(0)
}
