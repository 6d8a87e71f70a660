//! Files say what they are for, and stay small.

use super::{none, root, sources, without_exceptions};

const MOST_LINES: usize = 800;

/// Files over the limit, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_file_begins_with_what_it_is_for() {
    let bare = sources().into_iter().filter(|source| !source.text.starts_with("//! ")).map(|source| source.path);
    none(bare.collect(), "A file begins with `//!` and one sentence on what it is for.");
}

#[test]
fn files_stay_small() {
    let long = sources().into_iter().map(|source| (source.path, source.text.lines().count()));
    let long = long.filter(|(path, lines)| *lines > MOST_LINES && !is_table(path));
    let found = long.map(|(path, lines)| (path.clone(), format!("{path} has {lines} lines"))).collect();
    none(without_exceptions(found, EXCEPTIONS), "A file of over 800 lines has several subjects: give each a file.");
}

/// Contracts and tables are data; tests may be long.
fn is_table(path: &str) -> bool {
    path.contains("/api") || path.contains("table") || path.contains("tests")
}

#[test]
fn the_repository_speaks_of_the_project_alone() {
    let words = [concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/tmp/", "bash_jobs")];
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}", source.path, number + 1));
            }
        }
    }
    none(found, "A path of one machine is of no use on another.");
}

#[test]
fn no_module_lies_beside_its_folder() {
    let twice = sources().into_iter().map(|source| source.path).filter(|path| {
        let folder = root().join(path.trim_end_matches(".rs"));
        !path.ends_with("/mod.rs") && folder.is_dir()
    });
    none(twice.collect(), "A module with a folder is `mod.rs` in it.");
}
