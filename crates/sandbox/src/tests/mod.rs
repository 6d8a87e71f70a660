//! What the room promises, tried on this host, as root; elsewhere the tests say loudly that they were skipped.
//!
//! Every test of a wall has a control: the same attempt with isolation off must succeed, else the test proves nothing.

#![expect(clippy::disallowed_methods, reason = "the tests look at the host")]

mod basics;
mod death;
mod escapes;
mod images;
mod limits;
mod network;
mod remains;
mod runtimes;
mod slots;
mod user;
mod world;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base::{Clock, Tasks};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use crate::{Bind, Command, Config, Isolation, Network, Output, Sandbox, SlotSpec, Spec, Started};

const MEBIBYTE: u64 = 1 << 20;
const PYTHON: &str = "/usr/bin/python3";
const MINUTE: Duration = Duration::from_secs(60);

/// A sandbox of its own for one test.
struct House {
    sandbox: Sandbox,
    tasks: Tasks,
    directory: TempDir,
    uid_base: u32,
}

impl House {
    /// `None`, and a line that cannot be overlooked, where the host cannot isolate.
    async fn open() -> Option<Self> {
        Self::open_changed(|_| ()).await
    }

    async fn open_with(network: Network) -> Option<Self> {
        Self::open_changed(|config| config.network = network).await
    }

    /// Set up otherwise.
    async fn open_changed(change: impl FnOnce(&mut Config)) -> Option<Self> {
        let findings = Sandbox::probe(&config("/tmp"), &Tasks::new()).await;
        if !findings.full_isolation() {
            println!("SKIPPED: this host cannot isolate: {findings:#?}");
            return None;
        }
        Some(Self::new(change).await)
    }

    async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let tasks = Tasks::new();
        let mut config = config(directory.path().join("state"));
        change(&mut config);
        let uid_base = config.uid_base;
        let sandbox = Sandbox::open(config, tasks.clone(), Clock::wall()).await.unwrap();
        Self { sandbox, tasks, directory, uid_base }
    }

    async fn run(&self, slot: SlotSpec, spec: Spec) -> Output {
        self.sandbox.run(slot, spec, 1 << 20, MINUTE).await.unwrap()
    }

    /// Runs Python source with nothing bound.
    async fn python(&self, source: &str) -> Output {
        self.run(small(), spec(source)).await
    }

    /// The same with isolation off.
    async fn python_outside(&self, source: &str) -> Output {
        self.run(SlotSpec { isolation: Isolation::Off, ..small() }, spec(source)).await
    }

    fn state_dir(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    async fn close(self) {
        self.sandbox.close().await;
        self.tasks.close().await;
    }
}

/// Uids that no other test of this process, and most likely none of another, uses at the same time.
fn config(state_dir: impl Into<PathBuf>) -> Config {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let block = (std::process::id() % 10_000) * 64 + NEXT.fetch_add(1, Ordering::Relaxed) % 64;
    Config { uid_base: 1_000_000 + block * 1_000, uid_count: 1_000, ..Config::new(state_dir) }
}

fn small() -> SlotSpec {
    SlotSpec { tmp_bytes: 32 * MEBIBYTE, ..SlotSpec::new(256 * MEBIBYTE) }
}

fn spec(source: &str) -> Spec {
    Spec { root: None, binds: Vec::new(), hostname: "169-254-100-1".to_owned(), command: python(source) }
}

fn python(source: &str) -> Command {
    Command::new([PYTHON, "-I", "-S", "-c", source]).env("PATH", "/usr/bin:/bin")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim()
}

/// The standard output, of a program that must have succeeded.
fn said(output: &Output) -> &str {
    assert_eq!(output.exit.status, crate::ExitStatus::Code(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Waits for a line of the process's output.
async fn line(started: &mut Talking) -> String {
    let mut line = Vec::new();
    loop {
        match started.stdout.read_u8().await {
            Ok(b'\n') => return String::from_utf8(line).unwrap(),
            Ok(byte) => line.push(byte),
            Err(_) => return String::from_utf8(line).unwrap(),
        }
    }
}

/// A started process whose output is read line by line.
struct Talking {
    process: crate::Process,
    stdout: Receiver,
    _stderr: Receiver,
}

impl From<Started> for Talking {
    fn from(started: Started) -> Self {
        Self {
            process: started.process,
            stdout: Receiver::from_owned_fd(started.stdout).unwrap(),
            _stderr: Receiver::from_owned_fd(started.stderr).unwrap(),
        }
    }
}
