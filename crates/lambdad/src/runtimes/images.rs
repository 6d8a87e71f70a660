//! Runtimes that come from AWS's base images: pulled once by `lambdad runtimes add`, then found before the host's own.
//!
//! Below one folder: a directory per image by its digest, as functions' images have it, and a file per runtime that
//! names the digest. An image that was replaced stays until the next start: environments may still be in it.

#![expect(clippy::disallowed_methods, reason = "lambdad is one of the rooms that touch the disk")]

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use base::{Clock, Random, Tasks};
use lambda::api::Architecture;
use lambda::code::unpacker::{Program, Sandboxed};
use lambda::environment::Interpreter;
use lambda::image::{self, Reference, Registry};
use sandbox::{Isolation, Sandbox};
use serde::{Deserialize, Serialize};

/// What AWS's base images start their runtimes with; those for custom runtimes have none, and functions bring it.
const BOOTSTRAP: &str = "/var/runtime/bootstrap";
const CUSTOM_BOOTSTRAP: &str = "/var/task/bootstrap";
const TASK: &str = "/var/task";
const UNFINISHED: &str = "unfinished-";
const SANDBOX: &str = "sandbox";
/// Uids that a server's slots come to last: it may be running beside us.
const LAST_UIDS: std::ops::Range<u32> = 65_000..65_536;

/// The folder.
#[derive(Clone, Debug)]
pub struct RuntimeImages(PathBuf);

/// Which image a runtime is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// As the operator named it.
    pub image: String,
    pub digest: String,
}

impl RuntimeImages {
    pub fn below(data_dir: &Path) -> Self {
        Self(data_dir.join("runtime-images"))
    }

    /// The image that was added for `runtime`, if one was.
    pub fn added(&self, runtime: &str) -> io::Result<Option<Added>> {
        match std::fs::read(self.0.join(format!("{runtime}.json"))) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All that were added, by runtime.
    pub fn list(&self) -> io::Result<Vec<(String, Added)>> {
        let mut found = Vec::new();
        for name in names(&self.0)? {
            if let Some(runtime) = name.strip_suffix(".json")
                && let Some(added) = self.added(runtime)?
            {
                found.push((runtime.to_owned(), added));
            }
        }
        Ok(found)
    }

    /// How `runtime` is started in its image; `None` if none was added for it.
    pub fn find(&self, runtime: &str) -> io::Result<Option<Interpreter>> {
        let Some(added) = self.added(runtime)? else { return Ok(None) };
        let directory = self.0.join(&added.digest);
        let start = image::read_start(&directory)?;
        let is_custom = runtime.starts_with("provided");
        let (family, release) = parts(runtime);
        Ok(Some(Interpreter {
            root: Some(directory.join(image::ROOT)),
            cwd: TASK.to_owned(),
            argv: vec![if is_custom { CUSTOM_BOOTSTRAP } else { BOOTSTRAP }.to_owned()],
            binds: Vec::new(),
            version: format!("{family}:{release}.image.{}", &added.digest[..12]),
            variables: start.variables,
            managed: !is_custom,
        }))
    }

    /// At the start, when no environment lives: what nothing names goes.
    pub fn sweep(&self) -> io::Result<()> {
        let needed: BTreeSet<String> = self.list()?.into_iter().map(|(_, added)| added.digest).collect();
        for name in names(&self.0)? {
            // What `add` is at in this moment has another name; it is left to the next start but one.
            let is_image = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_image && !needed.contains(&name) {
                std::fs::remove_dir_all(self.0.join(name))?;
            }
        }
        Ok(())
    }

    /// Pulls `image` and makes it the runtime: durable, whole or not at all.
    pub async fn add(&self, tools: &Tools, image: &Reference, runtime: &str) -> anyhow::Result<Added> {
        let architecture = host_architecture()?;
        let found = tools.registry.find(image, architecture).await.with_context(|| format!("finding {image}"))?;
        let added = Added { image: image.to_string(), digest: found.digest.to_string() };
        let directory = self.0.join(&added.digest);
        if !directory.exists() {
            let beside = self.0.join(format!("{UNFINISHED}{}", tools.random.hex(16)));
            let request = image::Request { image: image.at(found.digest), architecture };
            let laid = image::lay_out(&tools.registry, &tools.unpacker, &tools.tasks, &request, &beside).await;
            if let Err(error) = laid.with_context(|| format!("pulling {image}")).and_then(|()| check(&beside, runtime))
            {
                // What can't be removed now is in nobody's way.
                let _stays = std::fs::remove_dir_all(&beside);
                return Err(error);
            }
            rustix::fs::syncfs(&std::fs::File::open(&self.0)?)?;
            std::fs::rename(&beside, &directory)?;
        }
        check(&directory, runtime)?;
        self.name(runtime, &added)?;
        Ok(added)
    }

    fn name(&self, runtime: &str, added: &Added) -> io::Result<()> {
        let beside = self.0.join(format!("{UNFINISHED}{runtime}"));
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec(added).map_err(io::Error::other)?)?;
        file.sync_all()?;
        std::fs::rename(beside, self.0.join(format!("{runtime}.json")))?;
        std::fs::File::open(&self.0)?.sync_all()
    }

    /// False if none was added for it.
    pub fn remove(&self, runtime: &str) -> io::Result<bool> {
        match std::fs::remove_file(self.0.join(format!("{runtime}.json"))) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Something else than a base image would fail at each function's start: better once, now.
fn check(directory: &Path, runtime: &str) -> anyhow::Result<()> {
    let bootstrap = directory.join(image::ROOT).join(BOOTSTRAP.trim_start_matches('/'));
    let is_there = runtime.starts_with("provided") || bootstrap.symlink_metadata().is_ok();
    ensure!(is_there, "the image has no {BOOTSTRAP}: it is none of AWS's base images for {runtime}");
    Ok(())
}

/// A runtime's family and release, as INIT_START shows them: python and 3.12, nodejs and 22, provided and al2023.
fn parts(runtime: &str) -> (&str, &str) {
    let end = runtime.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(runtime.len());
    let (family, release) = runtime.split_at(end);
    (family, release.trim_matches('.').trim_end_matches(".x"))
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names: Vec<String> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}

fn host_architecture() -> anyhow::Result<Architecture> {
    match std::env::consts::ARCH {
        "x86_64" => Ok(Architecture::X8664),
        "aarch64" => Ok(Architecture::Arm64),
        other => bail!("there are no images for {other}"),
    }
}

/// What [`RuntimeImages::add`] works with.
#[derive(Debug)]
pub struct Tools {
    pub registry: Registry,
    pub unpacker: Sandboxed,
    pub tasks: Tasks,
    pub random: Random,
    sandbox: Sandbox,
}

impl Tools {
    /// A sandbox of its own, since a server may have the data directory's other one.
    pub async fn open(images: &RuntimeImages, registry: Registry, uid_base: u32, tasks: Tasks) -> anyhow::Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::create_dir_all(&images.0).with_context(|| format!("making {}", images.0.display()))?;
        // Environments go through it with uids of their own.
        std::fs::set_permissions(&images.0, std::fs::Permissions::from_mode(0o711))?;
        let mut config = sandbox::Config::new(images.0.join(SANDBOX));
        config.uid_base = uid_base + LAST_UIDS.start;
        config.uid_count = LAST_UIDS.end - LAST_UIDS.start;
        let sandbox = Sandbox::open(config, tasks.clone(), Clock::wall()).await.context("opening a sandbox")?;
        // Its lock says that nobody else is adding: what is unfinished is left from one who was killed.
        for name in names(&images.0)?.into_iter().filter(|name| name.starts_with(UNFINISHED)) {
            let path = images.0.join(name);
            if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
        }
        let unpacker = Sandboxed::new(sandbox.clone(), Isolation::Full, tasks.clone(), Program::own()?);
        Ok(Self { registry, unpacker, tasks, random: Random::from_os(), sandbox })
    }

    pub async fn close(self) {
        self.tasks.close().await;
        self.sandbox.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(folder: &Path) -> RuntimeImages {
        let images = RuntimeImages::below(folder);
        let digest = "a".repeat(64);
        let directory = images.0.join(&digest);
        std::fs::create_dir_all(directory.join("root")).expect("a folder");
        let start =
            r#"{"entry_point":["/e"],"command":[],"variables":[["PATH","/var/lang/bin"]],"working_directory":""}"#;
        std::fs::write(directory.join("start.json"), start).expect("written");
        images
    }

    #[test]
    fn an_added_image_is_the_runtime() {
        let folder = tempfile::tempdir().expect("a folder");
        let images = images(folder.path());
        assert_eq!(images.find("python3.12").expect("read"), None);
        let added = Added { image: "h.x/python:3.12".to_owned(), digest: "a".repeat(64) };
        for (runtime, version, program) in [
            ("python3.12", "python:3.12.image.aaaaaaaaaaaa", BOOTSTRAP),
            ("nodejs22.x", "nodejs:22.image.aaaaaaaaaaaa", BOOTSTRAP),
            ("java21", "java:21.image.aaaaaaaaaaaa", BOOTSTRAP),
            ("provided.al2023", "provided:al2023.image.aaaaaaaaaaaa", CUSTOM_BOOTSTRAP),
        ] {
            images.name(runtime, &added).expect("written");
            let found = images.find(runtime).expect("read").expect("added");
            assert_eq!((found.version.as_str(), found.argv[0].as_str()), (version, program));
            assert_eq!(found.variables, [("PATH".to_owned(), "/var/lang/bin".to_owned())]);
        }
    }

    #[test]
    fn what_no_runtime_names_goes_at_the_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let images = images(folder.path());
        let added = Added { image: String::new(), digest: "a".repeat(64) };
        images.name("python3.12", &added).expect("written");
        images.sweep().expect("swept");
        assert!(images.find("python3.12").expect("read").is_some());
        assert!(images.remove("python3.12").expect("removed"));
        assert!(!images.remove("python3.12").expect("nothing there"));
        images.sweep().expect("swept");
        assert!(!images.0.join("a".repeat(64)).exists());
    }
}
