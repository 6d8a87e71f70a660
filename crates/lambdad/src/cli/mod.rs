//! The command line: `serve` for the operator, and a person's commands, which all go through the public API.

mod backup;
mod client;
mod deploy;
mod doctor;
mod environment;
mod invoke;
mod logs;
mod package;
mod progress;
mod runtimes;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::options::ServeOptions;

pub use client::{Connection, Target};

/// AWS Lambda and the services around it, on your own machine.
#[derive(Debug, Parser)]
#[command(name = "lambdad", version, about, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve AWS's APIs and run functions.
    Serve(ServeOptions),
    /// Print the exports that point AWS tools of this shell at lambdad: eval "$(lambdad env)".
    Env(environment::EnvironmentOptions),
    /// Create or update a function from a folder or a file, and wait until it is active.
    Deploy(deploy::DeployOptions),
    /// Invoke a function; prints its answer, and its log on standard error.
    Invoke(invoke::InvokeOptions),
    /// Print a function's log.
    Logs(logs::LogsOptions),
    /// List the runtimes that this host can run, or add one, or what one needs.
    Runtimes(runtimes::RuntimesOptions),
    /// Say what this host can isolate and what it cannot, with the fix.
    Doctor(doctor::DoctorOptions),
    /// Copy everything that is stored into a new directory, while serving.
    Backup(backup::BackupOptions),
    /// Put a backup in place as a data directory; nothing may be serving it.
    Restore(backup::RestoreOptions),
    /// Print the contracts of all services as JSON, for the test that compares them with AWS's.
    #[command(hide = true)]
    Contracts,
}

/// Where data lie unless told otherwise: `/var/lib/lambdad` for root, else below the home directory.
pub fn default_data_dir() -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match home {
        Some(home) if !is_root() => home.join(".local/share/lambdad"),
        _ => PathBuf::from("/var/lib/lambdad"),
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // `/proc/self` belongs to the effective user.
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Runs one command to its end; the exit code is the process's.
pub async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    match arguments.command {
        Command::Serve(options) => crate::serve::serve(options).await,
        Command::Env(options) => environment::print(&options),
        Command::Deploy(options) => deploy::deploy(options).await,
        Command::Invoke(options) => invoke::invoke(options).await,
        Command::Logs(options) => logs::logs(options).await,
        Command::Runtimes(options) => runtimes::runtimes(options).await,
        Command::Doctor(options) => doctor::doctor(&options).await,
        Command::Backup(options) => backup::backup(options).await,
        Command::Restore(options) => backup::restore(&options).await,
        Command::Contracts => contracts(),
    }
}

fn contracts() -> anyhow::Result<u8> {
    let described: Vec<_> = crate::house::CONTRACTS.iter().map(|spec| wire::describe(spec)).collect();
    say(&format!("[{}]", described.join(",\n")));
    Ok(0)
}

/// Writes a line to standard output; a closed pipe ends us quietly, as it should.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
