//! From a folder or a file to a zip, and a guess at how to run it.

#![expect(clippy::disallowed_methods, reason = "reads the files that a person deploys")]

use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use zip::write::SimpleFileOptions;

use crate::runtimes::{Family, discover};

/// A function's code, and how it seems to be meant.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) zip: Bytes,
    pub(super) guess: Guess,
}

/// What the files tell; `None` where they don't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) runtime: Option<String>,
    pub(super) handler: Option<String>,
}

struct Entry {
    name: String,
    bytes: Vec<u8>,
    mode: u32,
}

/// Left out of archives.
const IGNORED: &[&str] = &[".git", "__pycache__", ".DS_Store", "README.md", "target"];

pub(super) fn package(path: &Path) -> anyhow::Result<Package> {
    if path.extension().is_some_and(|extension| extension == "zip") {
        let zip = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        return Ok(Package { guess: guess(&unzipped(&zip)?), zip: zip.into() });
    }
    let mut entries = Vec::new();
    if path.join("Cargo.toml").is_file() {
        entries.push(entry(&built(path)?, "bootstrap".to_owned())?);
    } else if path.is_dir() {
        gather(path, path, &mut entries)?;
    } else {
        let name = path.file_name().context("the path names no file")?.to_string_lossy().into_owned();
        entries.push(entry(path, name)?);
    }
    if entries.is_empty() {
        bail!("there is nothing to deploy in {}", path.display());
    }
    Ok(Package { guess: guess(&entries), zip: zipped(&entries)?.into() })
}

/// The program that Cargo made of a Rust project.
fn built(project: &Path) -> anyhow::Result<PathBuf> {
    let places = ["target/release/bootstrap", "target/x86_64-unknown-linux-musl/release/bootstrap"];
    let found = places.iter().map(|place| project.join(place)).find(|path| path.is_file());
    found.with_context(|| {
        let project = project.display();
        format!("{project} isn't built: cargo build --release --manifest-path {project}/Cargo.toml, with a binary named bootstrap")
    })
}

fn gather(root: &Path, folder: &Path, entries: &mut Vec<Entry>) -> anyhow::Result<()> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if IGNORED.contains(&name.as_ref()) {
            continue;
        }
        if path.is_dir() {
            gather(root, &path, entries)?;
        } else {
            let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            entries.push(entry(&path, inside)?);
        }
    }
    Ok(())
}

fn entry(path: &Path, name: String) -> anyhow::Result<Entry> {
    let reading = || format!("reading {}", path.display());
    let mode = std::fs::metadata(path).with_context(reading)?.permissions().mode();
    Ok(Entry { name, bytes: std::fs::read(path).with_context(reading)?, mode })
}

/// The same entries make the same bytes: times are left out.
fn zipped(entries: &[Entry]) -> anyhow::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for Entry { name, bytes, mode } in entries {
        let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(mode);
        writer.start_file(name.as_str(), options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Only names and the small text files that a handler may stand in.
fn unzipped(zip: &[u8]) -> anyhow::Result<Vec<Entry>> {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).context("the file is no zip archive")?;
    let mut entries = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index(at)?;
        let (name, mode) = (file.name()?.into_owned(), file.unix_mode().unwrap_or(0o644));
        let mut bytes = Vec::new();
        file.take(1 << 20).read_to_end(&mut bytes)?;
        entries.push(Entry { name, bytes, mode });
    }
    Ok(entries)
}

fn guess(entries: &[Entry]) -> Guess {
    let named = |name: &str| entries.iter().find(|entry| entry.name == name);
    if named("bootstrap").is_some() {
        // A program needs no handler; a bootstrap that sources scripts does, and AWS's tutorial names it so.
        let handler = if named("function.sh").is_some() { "function.handler" } else { "bootstrap" };
        return Guess { runtime: Some("provided.al2023".to_owned()), handler: Some(handler.to_owned()) };
    }
    for stem in ["index", "app", "handler", "main"] {
        if ["mjs", "js", "cjs"].iter().any(|extension| named(&format!("{stem}.{extension}")).is_some()) {
            return Guess { runtime: newest(Family::Node), handler: Some(format!("{stem}.handler")) };
        }
    }
    let top: Vec<_> = entries.iter().filter(|entry| !entry.name.contains('/')).collect();
    let python = ["lambda_function.py", "app.py", "handler.py", "main.py"].iter().find_map(|name| named(name));
    let only = top.iter().find(|entry| entry.name.ends_with(".py")).copied();
    if let Some(file) = python.or(only) {
        return Guess { runtime: newest(Family::Python), handler: python_handler(file) };
    }
    let ruby = ["lambda_function.rb", "app.rb", "handler.rb", "function.rb"].iter().find_map(|name| named(name));
    if let Some(file) = ruby {
        return Guess { runtime: newest(Family::Ruby), handler: ruby_handler(file) };
    }
    // A class of Java's may have any name: its handler must be said.
    let java = entries.iter().any(|entry| entry.name.starts_with("lib/") && entry.name.ends_with(".jar"));
    Guess { runtime: java.then(|| newest(Family::Java)).flatten(), handler: None }
}

fn ruby_handler(file: &Entry) -> Option<String> {
    let module = file.name.strip_suffix(".rb")?;
    let text = String::from_utf8_lossy(&file.bytes);
    let method = ["lambda_handler", "handler"].into_iter().find(|name| text.contains(&format!("def {name}(")))?;
    Some(format!("{module}.{method}"))
}

fn python_handler(file: &Entry) -> Option<String> {
    let module = file.name.strip_suffix(".py")?;
    let text = String::from_utf8_lossy(&file.bytes);
    let function = ["lambda_handler", "handler", "main"]
        .into_iter()
        .find(|name| text.contains(&format!("def {name}(")) || text.contains(&format!("{name} = ")))?;
    Some(format!("{module}.{function}"))
}

/// The newest runtime that this machine runs exactly and AWS knows; where there is none, a usual one.
fn newest(family: Family) -> Option<String> {
    let (known, usual): (&[u32], u32) = match family {
        Family::Python => (&[14, 13, 12, 11, 10, 9, 8], 12),
        Family::Node => (&[24, 22, 20, 18], 20),
        Family::Java => (&[25, 21, 17, 11, 8], 21),
        Family::Ruby => (&[400, 304, 303, 302], 304),
    };
    let here: Vec<_> =
        discover().into_iter().filter(|found| found.family == family).map(|found| found.release()).collect();
    let newest = known.iter().find(|release| here.contains(release)).unwrap_or(&usual);
    Some(family.runtime(*newest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, text: &str) -> Entry {
        Entry { name: name.to_owned(), bytes: text.as_bytes().to_vec(), mode: 0o644 }
    }

    #[test]
    fn the_files_tell_how_they_are_run() {
        for (entries, handler) in [
            (vec![entry("bootstrap", "")], Some("bootstrap")),
            (vec![entry("bootstrap", ""), entry("function.sh", "")], Some("function.handler")),
            (vec![entry("index.mjs", "")], Some("index.handler")),
            (
                vec![entry("lambda_function.py", "def lambda_handler(event, context):")],
                Some("lambda_function.lambda_handler"),
            ),
            (vec![entry("jobs.py", "def handler(e, c): pass")], Some("jobs.handler")),
            (
                vec![entry("lambda_function.rb", "def lambda_handler(event:, context:)")],
                Some("lambda_function.lambda_handler"),
            ),
            (vec![entry("lib/function.jar", "")], None),
            (vec![entry("notes.txt", "")], None),
        ] {
            assert_eq!(guess(&entries).handler.as_deref(), handler);
        }
    }

    #[test]
    fn the_same_files_make_the_same_archive() {
        let entries = [entry("a.py", "1"), entry("b/c.py", "2")];
        let zip = zipped(&entries).expect("zips");
        assert_eq!(zip, zipped(&entries).expect("zips"));
        assert_eq!(unzipped(&zip).expect("unzips").len(), 2);
    }
}
