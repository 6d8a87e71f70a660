//! Lays unpacked trees over each other into one: what environments see at `/opt`.
//!
//! In their order, later ones win. Directories become one; anything else takes the place of whatever was there, be it a
//! file, a link, or a whole directory. Files are shared with the trees they come from (hard links), so that functions
//! with the same layer share its pages in memory, whatever else they have; nothing here may therefore change a file.
//! No link is followed: a directory over a link to a directory takes its place.
//!
//! Whatever a link leads to is inside, as it was in its own tree: see [`super::symlink`]; the argument asks only that
//! what a link lies in is a real directory, and so it is here.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::unpack::{Error, io_error};

/// Makes `into`, which must not exist, of `trees`, which are whole and ours; not durable yet.
pub(super) fn merge(trees: &[PathBuf], into: &Path) -> Result<(), Error> {
    make_directory(into)?;
    for tree in trees {
        lay(tree, into)?;
    }
    Ok(())
}

/// One directory over another. The depth is bounded by that of an archive's entries.
fn lay(from: &Path, onto: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(from).map_err(io_error("list", from))? {
        let entry = entry.map_err(io_error("list", from))?;
        let (source, target) = (entry.path(), onto.join(entry.file_name()));
        let kind = entry.file_type().map_err(io_error("look at", &source))?;
        if kind.is_dir() {
            lay_directory(&source, &target)?;
        } else {
            clear(&target)?;
            let put = if kind.is_symlink() { copy_link(&source, &target) } else { share(&source, &target) };
            put.map_err(io_error("put in place", &target))?;
        }
    }
    Ok(())
}

fn lay_directory(source: &Path, target: &Path) -> Result<(), Error> {
    if !is_directory(target) {
        clear(target)?;
        make_directory(target)?;
    }
    lay(source, target)
}

/// A link to a directory is none.
fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn make_directory(path: &Path) -> Result<(), Error> {
    std::fs::create_dir(path).map_err(io_error("make the directory", path))?;
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(io_error("set the mode of", path))
}

/// Takes away whatever has this name.
fn clear(path: &Path) -> Result<(), Error> {
    let removed = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    };
    removed.map_err(io_error("replace", path))
}

fn copy_link(source: &Path, target: &Path) -> io::Result<()> {
    symlink(std::fs::read_link(source)?, target)
}

/// The same file under one more name; a copy where the file system has no such thing, or no more of it.
fn share(source: &Path, target: &Path) -> io::Result<()> {
    std::fs::hard_link(source, target).or_else(|_| copy(source, target))
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    std::fs::copy(source, target)?;
    // Compiled Python is only used if it is its source's.
    let modified = source.metadata()?.modified()?;
    std::fs::OpenOptions::new().write(true).open(target)?.set_modified(modified)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::MetadataExt;

    use super::super::archive::Limits;
    use super::super::samples::Sample;
    use super::super::tests::contents;
    use super::super::unpack::unpack;
    use super::*;

    const SMALL: Limits = Limits { bytes: 1 << 20, nodes: 200 };

    struct Merged {
        folder: tempfile::TempDir,
    }

    impl Merged {
        fn of(layers: Vec<Sample>) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let mut trees = Vec::new();
            for (number, layer) in layers.into_iter().enumerate() {
                let tree = folder.path().join(number.to_string());
                unpack(&layer.bytes(), &tree, SMALL).expect("it is taken");
                trees.push(tree);
            }
            merge(&trees, &folder.path().join("merged")).expect("it is merged");
            Self { folder }
        }

        fn tree(&self) -> PathBuf {
            self.folder.path().join("merged")
        }

        /// Paths with what they hold; `/` for a directory.
        fn found(&self) -> BTreeMap<String, String> {
            let text = |value: Option<(u32, Vec<u8>)>| match value {
                None => "/".to_owned(),
                Some((_, bytes)) => String::from_utf8(bytes).expect("text"),
            };
            contents(&self.tree()).into_iter().map(|(path, value)| (path, text(value))).collect()
        }
    }

    fn check(layers: Vec<Sample>, expected: &[(&str, &str)]) {
        let expected: BTreeMap<_, _> =
            expected.iter().map(|(path, held)| ((*path).to_owned(), (*held).to_owned())).collect();
        assert_eq!(Merged::of(layers).found(), expected);
    }

    #[test]
    fn the_later_layer_wins_and_directories_become_one() {
        check(
            vec![
                Sample::new().file("python/a.py", b"first").file("python/b.py", b"first"),
                Sample::new().file("python/b.py", b"second").file("bin/tool", b"second"),
                Sample::new().file("python/c.py", b"third"),
            ],
            &[
                ("bin", "/"),
                ("bin/tool", "second"),
                ("python", "/"),
                ("python/a.py", "first"),
                ("python/b.py", "second"),
                ("python/c.py", "third"),
            ],
        );
    }

    #[test]
    fn a_file_takes_the_place_of_a_directory_and_a_directory_that_of_a_file() {
        check(
            vec![
                Sample::new().file("lib/deep/x", b"first").file("etc", b"first"),
                Sample::new().file("lib", b"second").file("etc/y", b"second"),
            ],
            &[("etc", "/"), ("etc/y", "second"), ("lib", "second")],
        );
    }

    #[test]
    fn a_link_is_replaced_and_never_followed() {
        check(
            vec![
                Sample::new().file("real/x", b"first").link("lib", "real").link("file", "real/x"),
                Sample::new().file("lib/x", b"second").file("file", b"second").link("real/y", "x"),
            ],
            &[
                ("file", "second"),
                ("lib", "/"),
                ("lib/x", "second"),
                ("real", "/"),
                ("real/x", "first"),
                ("real/y", "x"),
            ],
        );
    }

    #[test]
    fn a_link_over_a_directory_replaces_it() {
        check(
            vec![Sample::new().file("lib/x", b"first"), Sample::new().file("lib64/x", b"second").link("lib", "lib64")],
            &[("lib", "lib64"), ("lib64", "/"), ("lib64/x", "second")],
        );
    }

    #[test]
    fn files_are_shared_and_stay_as_they_were() {
        let merged =
            Merged::of(vec![Sample::new().executable("bin/tool", b"first"), Sample::new().file("bin/tool", b"second")]);
        let meta = |path: &str| merged.folder.path().join(path).metadata().expect("it is there");
        assert_eq!(meta("merged/bin/tool").ino(), meta("1/bin/tool").ino());
        assert_eq!(meta("0/bin/tool").mode() & 0o7777, 0o755, "what was covered is whole in its own tree");
        assert_eq!(meta("0/bin/tool").len(), 5);
    }

    #[test]
    fn a_copy_is_as_good_as_a_link() {
        let merged = Merged::of(vec![Sample::new().executable("bin/tool", b"first")]);
        let (source, target) = (merged.tree().join("bin/tool"), merged.folder.path().join("copy"));
        copy(&source, &target).expect("it is copied");
        let (source, target) = (source.metadata().expect("there"), target.metadata().expect("there"));
        assert_eq!((source.mode(), source.mtime(), source.len()), (target.mode(), target.mtime(), target.len()));
        assert_ne!(source.ino(), target.ino());
    }

    /// Two trees, the first with a link out of itself, which no archive that is taken can have.
    fn with_a_way_out() -> (tempfile::TempDir, [PathBuf; 2]) {
        let folder = tempfile::tempdir().expect("a folder");
        let trees = ["a", "b"].map(|name| folder.path().join(name));
        std::fs::create_dir_all(folder.path().join("outside")).expect("a folder");
        std::fs::create_dir_all(trees[0].join("lib")).expect("a folder");
        symlink("../../outside", trees[0].join("lib/out")).expect("a link");
        let second = Sample::new().file("lib/out/x", b"second");
        unpack(&second.bytes(), &trees[1], SMALL).expect("it is taken");
        (folder, trees)
    }

    #[test]
    fn even_a_link_that_leads_out_is_not_written_through() {
        let (folder, trees) = with_a_way_out();
        let into = folder.path().join("merged");
        merge(&trees, &into).expect("it is merged");
        assert!(into.join("lib/out/x").is_file());
        assert_eq!(contents(&folder.path().join("outside")), BTreeMap::new());
    }

    /// The control of the test above: who follows the link writes outside.
    #[test]
    fn a_copy_that_follows_links_gets_out() {
        let (folder, trees) = with_a_way_out();
        std::fs::copy(trees[1].join("lib/out/x"), trees[0].join("lib/out/x")).expect("it is copied");
        assert!(folder.path().join("outside/x").is_file());
    }
}
