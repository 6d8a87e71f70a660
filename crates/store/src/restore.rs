//! Putting a backup in place.

use std::path::{Path, PathBuf};

use base::Tasks;

use crate::engine::sqlite::{FORMAT_FILE, check_copy};
use crate::error::{Error, Result};
use crate::files::{self, Staged};

/// Copies the backup at `from` to the new directory `to`, having checked that every space in it is whole.
/// [`Error::NotEmpty`] if there is something at `to`; it appears complete or not at all.
pub async fn restore(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    Tasks::new().blocking(move || restore_now(&from, &to)).await
}

fn restore_now(from: &Path, to: &Path) -> Result<()> {
    let staged = Staged::new(to)?;
    copy_all(from, staged.dir())?;
    if files::read_text(&staged.dir().join(FORMAT_FILE))?.is_none() {
        return Err(Error::corrupt(from.display().to_string(), "it is no backup: it has no FORMAT"));
    }
    check_copy(staged.dir())?;
    staged.publish()
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for path in files::list(from)? {
        let copied: PathBuf = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            files::make_dir(&copied)?;
            copy_all(&path, &copied)?;
        } else {
            files::copy(&path, &copied)?;
        }
    }
    files::sync_dir(to)
}
