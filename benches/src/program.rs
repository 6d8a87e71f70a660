//! Programs under measurement: lambdad itself, served from a folder that goes with it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

pub(crate) const KEY: (&str, &str) = ("AKIABENCHBENCHBENCH0", "benchbenchbenchbenchbenchbenchbenchbench");

/// lambdad, serving.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) endpoint: String,
    _folder: TempDir,
}

/// The binary that was built beside this one.
pub(crate) fn lambdad() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.with_file_name("lambdad");
    if !path.exists() {
        bail!("{} is not built", path.display());
    }
    Ok(path)
}

#[expect(clippy::disallowed_methods, reason = "starts the programs that are measured")]
pub(crate) fn command(program: PathBuf) -> Command {
    Command::new(program)
}

impl Served {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
        let mut child = command(lambdad()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path())
            .env("LAMBDAD_ROOT_ACCESS_KEY_ID", KEY.0)
            .env("LAMBDAD_ROOT_SECRET_ACCESS_KEY", KEY.1)
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().context("a pipe")?;
        let mut lines = BufReader::new(stderr).lines();
        let endpoint = loop {
            let line = lines.next().context("lambdad ended before it listened")??;
            if let Some((_, endpoint)) = line.split_once("listening on ") {
                break endpoint.to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, endpoint, _folder: folder })
    }

    /// Milliseconds aside: proportional memory of the process, in KiB.
    pub(crate) fn memory_kib(pid: u32) -> anyhow::Result<f64> {
        #[expect(clippy::disallowed_methods, reason = "reads what the kernel says of a process")]
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let line = text.lines().find(|line| line.starts_with("Pss:")).context("no Pss")?;
        Ok(line.split_whitespace().nth(1).context("no number")?.parse()?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = command(PathBuf::from("/bin/kill")).args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}
