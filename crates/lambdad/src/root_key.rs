//! The root key: given by the operator, or made at the first start and kept where only its owner can read it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base::Random;

/// The key of the account's root.
#[derive(Clone)]
pub struct RootKey {
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RootKey").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("root-key")
}

/// The kept key.
pub fn read(data_dir: &Path) -> io::Result<RootKey> {
    let text = fs::read_to_string(path(data_dir))?;
    let mut lines = text.lines().map(str::to_owned);
    match (lines.next(), lines.next()) {
        (Some(access_key_id), Some(secret_access_key)) => Ok(RootKey { access_key_id, secret_access_key }),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} is not two lines", path(data_dir).display()))),
    }
}

/// The given key, else the kept one, else a new one. What it returns is what is kept.
pub fn settle(data_dir: &Path, given: Option<RootKey>, random: &Random) -> io::Result<RootKey> {
    let key = match given {
        Some(given) => given,
        None => match read(data_dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => new(random),
            kept => return kept,
        },
    };
    keep(data_dir, &key)?;
    Ok(key)
}

fn new(random: &Random) -> RootKey {
    RootKey {
        access_key_id: format!("AKIA{}", random.text(ID_ALPHABET, 16)),
        secret_access_key: random.text(SECRET_ALPHABET, 40),
    }
}

/// Whole or not at all: a power cut leaves the old file or the new one.
fn keep(data_dir: &Path, key: &RootKey) -> io::Result<()> {
    let temporary = path(data_dir).with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    writeln!(file, "{}\n{}", key.access_key_id, key.secret_access_key)?;
    file.sync_all()?;
    fs::rename(&temporary, path(data_dir))?;
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
        assert_eq!(first.secret_access_key, second.secret_access_key);
        assert_eq!(fs::metadata(path(folder.path())).expect("kept").mode() & 0o777, 0o600);
    }

    #[test]
    fn a_given_key_replaces_the_kept_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let random = Random::seeded(1);
        settle(folder.path(), None, &random).expect("made");
        let given = RootKey { access_key_id: "AKIAGIVEN".to_owned(), secret_access_key: "s".to_owned() };
        settle(folder.path(), Some(given), &random).expect("kept");
        assert_eq!(read(folder.path()).expect("kept").access_key_id, "AKIAGIVEN");
    }
}
