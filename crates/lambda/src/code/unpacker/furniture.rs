//! What every environment's root has something mounted over: an image that lacks it gets it, empty.
//!
//! Directories that aren't any, such as a `/tmp` that is a link, become some; files may be links to files inside.

use std::path::Path;

use super::Error;
use super::inside::blame;
use super::layer::Tree;

pub(super) fn place(root: &Path) -> Result<(), Error> {
    let tree = Tree::open(root)?;
    for directory in sandbox::IMAGE_DIRECTORIES.iter().map(Path::new) {
        tree.real_directory(directory).map_err(|error| blame("make the directory", directory, &error))?;
    }
    for file in sandbox::IMAGE_FILES.iter().map(Path::new) {
        tree.some_file(file).map_err(|error| blame("make the file", file, &error))?;
    }
    Ok(())
}
