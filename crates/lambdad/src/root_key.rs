//! The root key's file: read, made at the first start, never seen by anybody but its owner.

#![expect(clippy::disallowed_methods, reason = "lambdad is one of the rooms that touch the disk")]

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use access::{RootKey, Secret};
use anyhow::Context as _;
use base::Random;

/// The form of AWS's own credentials file.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("root-credentials")
}

/// What the operator set in the environment or on the command line; both parts or nothing.
pub fn given(access_key: Option<&str>, secret: Option<&Secret>) -> anyhow::Result<Option<RootKey>> {
    match (access_key, secret) {
        (Some(access_key), Some(secret)) => {
            Ok(Some(RootKey { access_key: access_key.to_owned(), secret: secret.clone() }))
        }
        (None, None) => Ok(None),
        _ => anyhow::bail!(
            "LAMBDAD_ROOT_ACCESS_KEY_ID and LAMBDAD_ROOT_SECRET_ACCESS_KEY are set together or not at all"
        ),
    }
}

/// The kept key; `None` before the first start.
pub fn kept(data_dir: &Path) -> anyhow::Result<Option<RootKey>> {
    let path = path(data_dir);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(RootKey::parse(&text).with_context(|| path.display().to_string())?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// The given key, else the kept one, else a new one, which is kept.
pub fn settle(data_dir: &Path, given: Option<RootKey>, random: &Random) -> anyhow::Result<RootKey> {
    let kept = kept(data_dir)?.map(|key| key.render());
    let chosen = RootKey::choose(given, kept.as_deref(), random)?;
    if let Some(text) = &chosen.keep {
        keep(data_dir, text).with_context(|| format!("writing {}", path(data_dir).display()))?;
    }
    Ok(chosen.key)
}

/// Whole or not at all: a power cut leaves no half of a key.
fn keep(data_dir: &Path, text: &str) -> io::Result<()> {
    let temporary = path(data_dir).with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path(data_dir))?;
    // Syncs the folder, so that the name is durable too.
    fs::File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_by_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let random = Random::seeded(1);
        let first = settle(folder.path(), None, &random).expect("made");
        let second = settle(folder.path(), None, &random).expect("kept");
        assert_eq!(first.render(), second.render());
        assert_eq!(fs::metadata(path(folder.path())).expect("kept").mode() & 0o777, 0o600);
    }

    #[test]
    fn half_a_key_is_no_key() {
        assert!(given(Some("AKIA"), None).is_err());
        assert!(given(None, None).expect("nothing is fine").is_none());
    }
}
