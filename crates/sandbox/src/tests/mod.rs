//! What the room promises, tried on this host, as root; elsewhere the tests say loudly that they were skipped.

mod basics;
mod host;

use std::path::PathBuf;
use std::time::Duration;

use base::{Clock, Tasks};
use tempfile::TempDir;

use crate::{Command, Config, Isolation, Output, Sandbox, SlotSpec, Spec};

pub(super) const MEBIBYTE: u64 = 1 << 20;
const PYTHON: &str = "/usr/bin/python3";

/// A sandbox of its own for one test.
pub(super) struct House {
    pub(super) sandbox: Sandbox,
    pub(super) tasks: Tasks,
    pub(super) directory: TempDir,
}

impl House {
    /// `None`, and a line that cannot be overlooked, where the host cannot isolate.
    pub(super) async fn open() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let tasks = Tasks::new();
        let config = config(&directory);
        let findings = Sandbox::probe(&config, &tasks).await;
        if !findings.full_isolation() {
            println!("SKIPPED: this host cannot isolate: {findings:?}");
            return None;
        }
        let sandbox = Sandbox::open(config, tasks.clone(), Clock::wall()).await.unwrap();
        Some(Self { sandbox, tasks, directory })
    }

    /// Runs Python source; a minute at the most.
    pub(super) async fn python(&self, slot: SlotSpec, source: &str) -> Output {
        let spec = Spec { command: python(source), hostname: "environment".to_owned(), binds: Vec::new() };
        self.sandbox.run(slot, spec, 1 << 20, Duration::from_secs(60)).await.unwrap()
    }

    /// The same with isolation off: the control of an escape.
    pub(super) async fn python_outside(&self, source: &str) -> Output {
        self.python(SlotSpec { isolation: Isolation::Off, ..small() }, source).await
    }

    pub(super) async fn close(self) {
        self.sandbox.close().await;
        self.tasks.close().await;
    }
}

pub(super) fn config(directory: &TempDir) -> Config {
    let mut config = Config::new(directory.path().join("state"));
    config.helper = PathBuf::from("/proc/self/exe");
    config
}

pub(super) fn small() -> SlotSpec {
    SlotSpec { tmp_bytes: 32 * MEBIBYTE, ..SlotSpec::new(256 * MEBIBYTE) }
}

pub(super) fn python(source: &str) -> Command {
    Command::new([PYTHON, "-I", "-S", "-c", source]).env("PATH", "/usr/bin:/bin")
}

pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim()
}
