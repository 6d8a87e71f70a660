//! Looks for interpreters: on the PATH, under pyenv, nvm, rbenv, sdkman, JAVA_HOME, `/usr/lib/jvm`, `/opt` and `/usr/local`.
//! Shims are passed over.

#![expect(clippy::disallowed_methods, reason = "looks at the interpreters of the host")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Family;

/// An interpreter of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub family: Family,
    pub version: (u32, u32, u32),
    /// Links resolved.
    pub program: PathBuf,
}

impl Found {
    /// The part of the version that a runtime's name carries; see [`Family`].
    pub fn release(&self) -> u32 {
        self.family.release(self.version)
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
    folders.extend(std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin")));
    for parent in [
        under("PYENV_ROOT", ".pyenv").map(|root| root.join("versions")),
        under("NVM_DIR", ".nvm").map(|root| root.join("versions/node")),
        under("RBENV_ROOT", ".rbenv").map(|root| root.join("versions")),
        under("SDKMAN_DIR", ".sdkman").map(|root| root.join("candidates/java")),
        Some(PathBuf::from("/usr/lib/jvm")),
        Some(PathBuf::from("/opt")),
    ] {
        folders.extend(parent.iter().flat_map(|parent| entries(parent)).map(|version| version.join("bin")));
    }
    folders
}

fn in_folder(folder: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for path in entries(folder) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let family = Family::ALL.into_iter().find(|family| family.is_program(&name));
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
    let version = match family {
        Family::Java => java_version(&program)?,
        Family::Python | Family::Node | Family::Ruby => ask_version(&program)?,
    };
    let version = parse_version(&version)?;
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

/// What a Java says of itself, in the file beside it, which saves starting a JVM for each; in Java 8 it lies a folder above
/// the JRE.
pub(super) fn java_release(program: &Path) -> Option<String> {
    let homes = program.ancestors().skip(2).take(2);
    homes.map(|home| home.join("release")).find_map(|file| std::fs::read_to_string(file).ok())
}

/// The first of a major version calls itself `"21"` alone.
fn java_version(program: &Path) -> Option<String> {
    let release = java_release(program)?;
    release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=")).map(|version| format!("{version}.0.0"))
}

/// `Python 3.11.7`, `v20.20.2`, `ruby 3.1.2p20` or `"1.8.0_392"`; a suffix such as `+` or `rc1` is cut off.
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
        assert_eq!(parse_version("ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]"), Some((3, 1, 2)));
        assert_eq!(parse_version("\"1.8.0_392\""), Some((1, 8, 0)));
        assert_eq!(parse_version("pyenv: python3.9: command not found"), None);
    }

    #[test]
    fn a_java_is_known_by_the_file_beside_it() {
        let home = tempfile::tempdir().expect("a folder");
        let program = home.path().join("bin/java");
        for (text, version) in [("\"21\"", (21, 0, 0)), ("\"17.0.15\"", (17, 0, 15)), ("\"1.8.0_392\"", (1, 8, 0))] {
            let release = format!("IMPLEMENTOR=\"somebody\"\nJAVA_VERSION={text}\nOS_NAME=\"Linux\"\n");
            std::fs::write(home.path().join("release"), release).expect("writable");
            assert_eq!(java_version(&program).as_deref().and_then(parse_version), Some(version));
        }
        assert_eq!(java_version(Path::new("/nowhere/bin/java")), None);
    }
}
