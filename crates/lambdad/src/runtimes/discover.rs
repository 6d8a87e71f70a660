//! Looks for interpreters: on the PATH, under pyenv, nvm, `/opt` and `/usr/local`. Shims are passed over.

#![expect(clippy::disallowed_methods, reason = "looks at the interpreters of the host")]

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A language whose functions our bootstraps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Python,
    Node,
}

impl Family {
    pub const fn runtime_prefix(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "nodejs",
        }
    }

    /// What to do where it is missing.
    pub const fn fix(self) -> &'static str {
        match self {
            Self::Python => "Install it (apt-get install python3, or pyenv install) and restart lambdad.",
            Self::Node => "Install it (from your distribution, nvm or nodejs.org) and restart lambdad.",
        }
    }

    fn is_program(self, name: &str) -> bool {
        match self {
            Self::Python => name
                .strip_prefix("python3.")
                .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit())),
            Self::Node => name == "node",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Python => "Python",
            Self::Node => "Node.js",
        })
    }
}

/// An interpreter of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub family: Family,
    pub version: (u32, u32, u32),
    /// Links resolved.
    pub program: PathBuf,
}

impl Found {
    /// The part of the version that a runtime's name carries: Python's minor, Node's major.
    pub fn release(&self) -> u32 {
        match self.family {
            Family::Python => self.version.1,
            Family::Node => self.version.0,
        }
    }

    pub fn version_text(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }
}

/// Every interpreter of this host, each release once: the newest, and of equals the first found.
pub fn discover() -> Vec<Found> {
    let mut best: BTreeMap<(Family, u32), Found> = BTreeMap::new();
    for found in folders().iter().flat_map(|folder| in_folder(folder)) {
        let known = best.get(&(found.family, found.release()));
        if known.is_none_or(|known| known.version < found.version) {
            best.insert((found.family, found.release()), found);
        }
    }
    best.into_values().collect()
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    folders.extend(["/usr/local/bin", "/usr/bin"].map(PathBuf::from));
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let under = |variable: &str, folder: &str| {
        std::env::var_os(variable).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(folder)))
    };
    for (parent, bin) in [
        (under("PYENV_ROOT", ".pyenv").map(|root| root.join("versions")), "bin"),
        (under("NVM_DIR", ".nvm").map(|root| root.join("versions/node")), "bin"),
        (Some(PathBuf::from("/opt")), "bin"),
    ] {
        folders.extend(parent.iter().flat_map(|parent| entries(parent)).map(|version| version.join(bin)));
    }
    folders
}

fn in_folder(folder: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for path in entries(folder) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let family = [Family::Python, Family::Node].into_iter().find(|family| family.is_program(&name));
        found.extend(family.and_then(|family| examine(family, &path)));
    }
    found
}

/// A folder that can't be read has no interpreters.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn examine(family: Family, path: &Path) -> Option<Found> {
    let program = path.canonicalize().ok()?;
    if !is_elf(&program) {
        return None;
    }
    let version = parse_version(&ask_version(&program)?)?;
    Some(Found { family, version, program })
}

/// A shim is a script; an interpreter is not.
fn is_elf(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\x7fELF"
}

#[expect(
    clippy::disallowed_methods,
    reason = "asks the operator's interpreter for its version; nothing of a function runs"
)]
fn ask_version(program: &Path) -> Option<String> {
    let output = std::process::Command::new(program).arg("--version").env_clear().output().ok()?;
    String::from_utf8(output.stdout).ok()
}

/// `Python 3.11.7` or `v20.20.2`; a suffix such as `+` or `rc1` is cut off.
fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.trim().trim_start_matches(|c: char| !c.is_ascii_digit()).splitn(3, '.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).map_or(part, |end| &part[..end]);
        digits.parse::<u32>().ok()
    });
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("Python 3.11.7\n"), Some((3, 11, 7)));
        assert_eq!(parse_version("v20.20.2"), Some((20, 20, 2)));
        assert_eq!(parse_version("Python 3.14.0rc1"), Some((3, 14, 0)));
        assert_eq!(parse_version("pyenv: python3.9: command not found"), None);
    }

    #[test]
    fn only_versioned_pythons_and_node_are_looked_at() {
        assert!(Family::Python.is_program("python3.12"));
        for other in ["python3", "python3.12-config", "python3.", "python2.7"] {
            assert!(!Family::Python.is_program(other), "{other}");
        }
    }
}
