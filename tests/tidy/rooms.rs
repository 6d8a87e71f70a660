//! The rooms keep their doors: who may use whom, and who may do what.

use super::{none, root, sources};

/// What each room may use of this workspace.
const USES: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("wire", &["base"]),
    ("store", &["base"]),
    ("sandbox", &["base"]),
    ("access", &["base", "wire", "store"]),
    ("observe", &["base", "wire", "store"]),
    ("lambda", &["base", "wire", "store", "sandbox"]),
    ("lambdad", &["base", "wire", "store", "sandbox", "access", "observe", "lambda"]),
];

#[test]
fn rooms_use_only_what_they_may() {
    let mut found = Vec::new();
    for (room, uses) in USES {
        let manifest = std::fs::read_to_string(root().join("crates").join(room).join("Cargo.toml"))
            .unwrap_or_else(|error| panic!("{room}: {error}"));
        let normal = manifest.split("[dev-dependencies]").next().expect("a first part");
        for (other, _) in USES {
            let named = normal
                .lines()
                .any(|line| line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} ")));
            if named && !uses.contains(other) {
                found.push(format!("{room} uses {other}"));
            }
        }
    }
    none(found, "Rooms meet by the doors in base: see ARCHITECTURE.md, the rooms.");
}

#[test]
fn every_room_is_listed() {
    let folders = std::fs::read_dir(root().join("crates")).expect("the crates").flatten();
    let unlisted = folders
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !USES.iter().any(|(room, _)| room == name));
    none(unlisted.collect(), "A new room says here whom it uses.");
}

/// Services by room. Inside of a room no service imports another.
const SERVICES: &[(&str, &[&str])] = &[("access", &["iam", "sts"]), ("observe", &["logs"])];

#[test]
fn no_service_imports_another() {
    let mut found = Vec::new();
    for (room, services) in SERVICES {
        for service in *services {
            let folder = format!("crates/{room}/src/{service}/");
            for source in sources().iter().filter(|source| source.path.starts_with(&folder)) {
                let others = services.iter().filter(|other| *other != service);
                for other in others.filter(|other| source.text.contains(&format!("crate::{other}"))) {
                    found.push(format!("{} imports {other}", source.path));
                }
            }
        }
    }
    none(found, "Services meet by the doors and the registry; what two of them need lies beside them.");
}

/// What only some rooms may name.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("serde_json::", &["wire", "lambda", "lambdad", "access", "observe", "sandbox"], "only wire knows JSON"),
    ("unsafe {", &["sandbox"], "only sandbox has unsafe"),
    ("rusqlite::", &["store"], "only store knows SQL"),
];

#[test]
fn what_is_reserved_stays_in_its_room() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("crates/")) {
        let room = source.path.split('/').nth(1).expect("a room");
        for (word, rooms, lesson) in RESERVED {
            if source.text.contains(word) && !rooms.contains(&room) {
                found.push(format!("{} has {word} ({lesson})", source.path));
            }
        }
    }
    none(found, "What is deliberately absent stays absent: see ARCHITECTURE.md, the invariants.");
}
