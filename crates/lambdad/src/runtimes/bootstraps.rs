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

#[derive(RustEmbed)]
#[folder = "../../runtimes/ruby"]
#[exclude = "tests/*"]
#[exclude = "*.md"]
struct Ruby;

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
        write::<Ruby>(&bootstraps.of_family(Family::Ruby))?;
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
    /// runtime has. Java has no bootstrap of ours: see [`super::java`].
    pub fn of(&self, found: &Found, runtime: &str) -> (PathBuf, Vec<String>, Vec<(String, String)>) {
        let (arguments, variables) = match found.family {
            Family::Python => (vec!["-S", "/var/runtime/bootstrap.py"], python()),
            Family::Node => (vec!["/var/runtime/bootstrap.cjs"], node(runtime)),
            Family::Ruby => (ruby_arguments(found), ruby(found)),
            Family::Java => (Vec::new(), Vec::new()),
        };
        (self.of_family(found.family), arguments.into_iter().map(str::to_owned).collect(), variables)
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

/// Up to 3.1 hints stand in an exception's message itself; in AWS's Rubies, which are newer, they don't.
fn ruby_arguments(found: &Found) -> Vec<&'static str> {
    let quiet = match found.version {
        (..=2, ..) | (3, 0, _) => Some("--disable=did_you_mean"),
        (3, 1, _) => Some("--disable=did_you_mean,error_highlight"),
        _ => None,
    };
    quiet.into_iter().chain(["/var/runtime/bootstrap.rb"]).collect()
}

/// Gems lie in folders by the version of the Ruby that runs them, which need not be the one that was asked for.
fn ruby(found: &Found) -> Vec<(String, String)> {
    let (major, minor, _) = found.version;
    let api = format!("{major}.{minor}.0");
    let gems = format!("/var/task/vendor/bundle/ruby/{api}:/opt/ruby/gems/{api}:/var/runtime:/var/runtime/ruby/{api}");
    [
        ("GEM_HOME", "/var/runtime"),
        ("GEM_PATH", &gems),
        ("RUBYLIB", "/var/task:/var/runtime/lib:/opt/ruby/lib"),
        // Not AWS's: hosts lack the locale that LANG names, and then `ENV` would be ASCII.
        ("LC_CTYPE", "C.UTF-8"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
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
