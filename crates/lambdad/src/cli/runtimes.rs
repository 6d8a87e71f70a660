//! `lambdad runtimes`: what this host can run, and what would be needed for the rest; `lambdad runtimes add` adds what is
//! not an interpreter of the host.

use std::path::{Path, PathBuf};

use base::Random;
use lambda::function::CREATABLE;

use crate::runtimes::{Family, Found, JavaClient, discover, is_custom, nearest, no_bootstrap};

#[derive(Debug, clap::Args)]
pub(super) struct RuntimesOptions {
    #[command(subcommand)]
    command: Option<RuntimesCommand>,
    /// The data directory that serve uses.
    #[arg(long, env = "LAMBDAD_DATA_DIR", default_value_os_t = super::default_data_dir(), global = true)]
    data_dir: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum RuntimesCommand {
    /// Add what a runtime needs beside its interpreter. A lambdad that serves finds it at once.
    Add {
        /// `java`: AWS's own runtime client, from Maven Central by this host's mvn.
        #[arg(value_parser = ["java"])]
        what: String,
        /// Take the files from this folder instead.
        #[arg(long)]
        from: Option<PathBuf>,
    },
}

pub(super) fn runtimes(options: &RuntimesOptions) -> anyhow::Result<u8> {
    let client = JavaClient::of(&options.data_dir);
    match &options.command {
        Some(RuntimesCommand::Add { from, .. }) => add(&client, from.as_deref())?,
        None => list(&discover(), &client),
    }
    Ok(0)
}

fn add(client: &JavaClient, from: Option<&Path>) -> anyhow::Result<()> {
    let random = Random::from_os();
    let said = client.add(from, &random)?;
    for found in discover() {
        client.prepare(&found, &random);
    }
    super::say(&said);
    Ok(())
}

fn list(found: &[Found], java: &JavaClient) {
    super::say(&format!("{:<16} {:<18} {}", "RUNTIME", "VERSION", "INTERPRETER"));
    let mut lacks: Vec<(String, Vec<&str>)> = Vec::new();
    for runtime in CREATABLE {
        match row(runtime, found, java) {
            Ok((version, interpreter)) => super::say(&format!("{runtime:<16} {version:<18} {interpreter}")),
            Err(lack) => match lacks.iter_mut().find(|(known, _)| *known == lack) {
                Some((_, runtimes)) => runtimes.push(runtime),
                None => lacks.push((lack, vec![runtime])),
            },
        }
    }
    for (lack, runtimes) in lacks {
        super::say(&format!("\nNot here: {}\n  {lack}", runtimes.join(", ")));
    }
    super::say("\nWhat is marked as nearest is another version than AWS's; serve --strict-runtimes refuses it.");
}

fn row(runtime: &str, found: &[Found], java: &JavaClient) -> Result<(String, String), String> {
    if is_custom(runtime) {
        return Ok(("-".to_owned(), "the function's own bootstrap".to_owned()));
    }
    let (family, release) = Family::of_runtime(runtime).ok_or_else(|| no_bootstrap(runtime))?;
    let (found, exact) =
        nearest(found, family, release).ok_or_else(|| format!("No {family} was found. {}", family.fix()))?;
    if family == Family::Java {
        java.folder()?;
    }
    let mark = if exact { "" } else { " (nearest)" };
    Ok((format!("{}{mark}", found.version_text()), found.program.display().to_string()))
}
