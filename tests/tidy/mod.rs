//! The house keeps itself clean: the rules of CONTRIBUTING.md that can be checked are checked here.

#![expect(clippy::disallowed_methods, reason = "the rules are about files, so these are read")]

mod functions;
mod licences;
mod rooms;
mod sources;

use std::path::{Path, PathBuf};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// A Rust file of the workspace, by its path from the root.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["crates", "tests", "benches"] {
        collect(&root().join(folder), &mut sources);
    }
    assert!(sources.len() > 50, "the workspace's files were not found");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the workspace").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | ".cache") {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file is text");
            let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            sources.push(Source { path, text });
        }
    }
}

/// Fails with all findings at once, and with what to do about them.
pub(crate) fn none(findings: Vec<String>, lesson: &str) {
    assert!(findings.is_empty(), "{lesson}\n  {}\n", findings.join("\n  "));
}

/// The findings that no exception covers, and the exceptions that cover none.
pub(crate) fn without_exceptions(findings: Vec<(String, String)>, exceptions: &[(&str, &str)]) -> Vec<String> {
    let stale = exceptions
        .iter()
        .filter(|(what, _)| !findings.iter().any(|(found, _)| found == what))
        .map(|(what, reason)| format!("the exception for {what} ({reason}) is no longer needed: remove it"));
    let open = findings
        .iter()
        .filter(|(found, _)| !exceptions.iter().any(|(what, _)| found == what))
        .map(|(_, told)| told.clone());
    open.chain(stale).collect()
}
