//! `lambdad backup` while serving, and `lambdad restore` while not.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use wire::Request;

use super::Target;

#[derive(Debug, clap::Args)]
pub(super) struct BackupOptions {
    /// A directory that is not there yet or is empty, on lambdad's machine.
    to: PathBuf,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestoreOptions {
    /// What `lambdad backup` made.
    from: PathBuf,
    /// The data directory to be made; it must not hold anything yet.
    #[arg(long, env = "LAMBDAD_DATA_DIR", default_value_os_t = super::default_data_dir())]
    data_dir: PathBuf,
}

pub(super) async fn backup(options: BackupOptions) -> anyhow::Result<u8> {
    let to = std::path::absolute(&options.to)?;
    let to = to.to_str().context("the directory's name is not UTF-8")?;
    let progress = super::progress::spinner(format!("backing up to {to}"));
    let request = Request {
        method: http::Method::POST,
        path: crate::pages::BACKUP.to_owned(),
        query: String::new(),
        headers: http::HeaderMap::new(),
        body: to.to_owned().into(),
    };
    let response = options.target.connect()?.send(request, "lambdad").await?;
    progress.finish_and_clear();
    if response.status != 200 {
        bail!("{}", String::from_utf8_lossy(&response.body).trim_end());
    }
    super::say(to);
    Ok(0)
}

pub(super) async fn restore(options: &RestoreOptions) -> anyhow::Result<u8> {
    let progress = super::progress::spinner(format!("restoring into {}", options.data_dir.display()));
    crate::house::restore(&options.from, &options.data_dir).await?;
    progress.finish_and_clear();
    super::say(&options.data_dir.display().to_string());
    Ok(0)
}
