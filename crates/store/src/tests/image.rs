//! Disks that a test may cut off and fill: ext4 in a file, mounted by loop.
#![expect(clippy::disallowed_methods, reason = "a test's disk is made by mkfs and mount")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted disk. Needs root; where that is missing the test says so and passes without having tested anything.
pub(super) struct Image {
    dir: tempfile::TempDir,
}

impl Image {
    pub(super) fn make(megabytes: u64) -> Option<Self> {
        let image = Self { dir: tempfile::tempdir().unwrap() };
        let file = std::fs::File::create(image.backing()).unwrap();
        file.set_len(megabytes << 20).unwrap();
        run("mkfs.ext4", &["-q", "-m", "0", "-E", "lazy_itable_init=0"], &[&image.backing()])
            .and_then(|()| image.mount())
            .inspect_err(|error| eprintln!("\n!!! SKIPPED, NOTHING WAS TESTED: no loop mount here: {error}\n"))
            .ok()?;
        Some(image)
    }

    /// The disk as it would be found if the power were cut now: what this machine has not yet written to it is lost.
    pub(super) fn cut(&self) -> Self {
        let copy = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::copy(self.backing(), copy.backing()).unwrap();
        copy.mount().unwrap();
        copy
    }

    /// Where the disk's files are.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("mount")
    }

    fn backing(&self) -> PathBuf {
        self.dir.path().join("image")
    }

    fn mount(&self) -> Result<(), String> {
        std::fs::create_dir_all(self.path()).unwrap();
        // The journal is committed by fsync alone, not every five seconds: nothing is saved by luck.
        run("mount", &["-o", "loop,commit=600"], &[&self.backing(), &self.path()])
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // Where the mount failed there is nothing to unmount.
        drop(run("umount", &[], &[&self.path()]));
    }
}

fn run(program: &str, arguments: &[&str], paths: &[&Path]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).args(paths).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
