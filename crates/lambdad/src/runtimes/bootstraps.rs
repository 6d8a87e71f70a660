//! Our bootstraps, carried in this binary and laid out in the data directory, from where environments bind them.

#![expect(clippy::disallowed_methods, reason = "lambdad is one of the rooms that touch the disk")]

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use base::Random;
use rust_embed::RustEmbed;

use super::{Family, Found};

#[derive(RustEmbed)]
#[folder = "../../runtimes/python"]
#[exclude = "tests/*"]
#[exclude = "*.md"]
#[exclude = "**/__pycache__/*"]
struct Python;

#[derive(RustEmbed)]
#[folder = "../../runtimes/nodejs"]
#[exclude = "tests/*"]
#[exclude = "*.md"]
struct Node;

/// AWS's runtimes come with an AWS SDK; here an operator may lay one out. For each language: where below the folder for
/// it, and below `/var/runtime` inside.
const SDKS: &[(Family, &str, &str)] =
    &[(Family::Python, "python", "site-packages"), (Family::Node, "nodejs/node_modules", "node_modules")];

/// Where the bootstraps lie.
#[derive(Clone, Debug)]
pub struct Bootstraps {
    folder: PathBuf,
    sdk: PathBuf,
}

impl Bootstraps {
    /// Those that were laid out in `folder` before; the operator's SDKs lie in `sdk`.
    pub fn at(folder: PathBuf, sdk: PathBuf) -> Self {
        Self { folder, sdk }
    }

    /// Writes them anew below `folder`, so that they are always those of this binary. Each start has a place of its own:
    /// something that a killed lambdad started may still be at work in the last one.
    pub fn lay_out(folder: &Path, sdk: PathBuf, random: &Random) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        for earlier in std::fs::read_dir(folder)? {
            let path = earlier?.path();
            if let Err(error) = std::fs::remove_dir_all(&path) {
                tracing::warn!(%error, path = %path.display(), "bootstraps of an earlier start stay until the next");
            }
        }
        let bootstraps = Self::at(folder.join(random.hex(16)), sdk);
        write::<Python>(&bootstraps.of_family(Family::Python))?;
        write::<Node>(&bootstraps.of_family(Family::Node))?;
        // What an SDK is mounted over: environments can't make it, they see all of this read-only.
        for (family, _, inside) in SDKS {
            std::fs::create_dir_all(bootstraps.of_family(*family).join(inside))?;
        }
        Ok(bootstraps)
    }

    /// The operator's SDK for a language, if there is one, and where it is bound.
    pub fn sdk(&self, family: Family) -> Option<(PathBuf, PathBuf)> {
        let (_, source, inside) = SDKS.iter().find(|(of, ..)| *of == family)?;
        let source = self.sdk.join(source);
        source.is_dir().then(|| (source, Path::new("/var/runtime").join(inside)))
    }

    /// Compiles the Python bootstrap for each interpreter, since environments see it read-only. Unchecked: it never
    /// changes while it lies there. One that fails costs its functions time, not their life.
    #[expect(clippy::disallowed_methods, reason = "runs the operator's interpreters on our own bootstrap")]
    pub fn compile(&self, found: &[Found]) {
        for found in found.iter().filter(|found| found.family == Family::Python) {
            let compiled = std::process::Command::new(&found.program)
                .args(["-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"])
                .arg(self.of_family(Family::Python))
                .env_clear()
                .output();
            if !compiled.is_ok_and(|output| output.status.success()) {
                tracing::warn!(interpreter = %found.program.display(), "the bootstrap could not be compiled ahead");
            }
        }
    }

    fn of_family(&self, family: Family) -> PathBuf {
        self.folder.join(family.runtime_prefix())
    }

    /// The folder to be bound at `/var/runtime`, the arguments after the interpreter, and the variables that only this
    /// runtime has.
    pub fn of(&self, family: Family, runtime: &str) -> (PathBuf, Vec<String>, Vec<(String, String)>) {
        let (arguments, variables) = match family {
            Family::Python => (vec!["-S", "/var/runtime/bootstrap.py"], python()),
            Family::Node => (vec!["/var/runtime/bootstrap.cjs"], node(runtime)),
        };
        (self.of_family(family), arguments.into_iter().map(str::to_owned).collect(), variables)
    }
}

fn python() -> Vec<(String, String)> {
    [("PYTHONPATH", "/var/runtime"), ("LC_CTYPE", "C.UTF-8"), ("PWD", "/var/task"), ("SHLVL", "0")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn node(runtime: &str) -> Vec<(String, String)> {
    let major = runtime.trim_start_matches("nodejs").trim_end_matches(".x");
    let path = format!(
        "/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"
    );
    vec![("NODE_PATH".to_owned(), path)]
}

fn write<E: RustEmbed>(folder: &Path) -> io::Result<()> {
    for name in E::iter() {
        let file = E::get(&name).map(|file| file.data).unwrap_or(Cow::Borrowed(&[]));
        let path = folder.join(name.as_ref());
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(&path, file)?;
    }
    Ok(())
}
