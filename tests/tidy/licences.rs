//! What is linked is permissively licensed, and not too much.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::{none, root};

const MOST_DEPENDENCIES: usize = 350;

fn cargo(arguments: &[&str]) -> String {
    #[expect(clippy::disallowed_methods, reason = "asks cargo for the dependencies")]
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// The list in deny.toml.
fn allowed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let list = text.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).expect("a list of licences");
    list.split(',').map(|entry| entry.trim().trim_matches('"').to_owned()).filter(|entry| !entry.is_empty()).collect()
}

/// `A OR B` needs one of them, `A AND B` both; parentheses only group.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|licence| allowed.contains(licence.trim())))
}

#[test]
fn every_licence_is_permissive() {
    let metadata: serde_json::Value = serde_json::from_str(&cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]))
    .expect("JSON");
    let allowed = allowed();
    let mut found = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_allowed(licence, &allowed) {
            found.insert(package["name"].to_string(), licence.to_owned());
        }
    }
    none(found.iter().map(|(name, licence)| format!("{name}: {licence}")).collect(), "See deny.toml.");
}

#[test]
fn the_binary_links_a_bounded_number_of_crates() {
    let tree = cargo(&["tree", "--package", "lambdad", "--edges", "normal", "--prefix", "none"]);
    let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    let count = crates.len();
    assert!(count <= MOST_DEPENDENCIES, "{count} crates are linked into lambdad: which of them is worth it?");
}
