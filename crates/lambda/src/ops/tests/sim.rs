//! Callers at random, a store that fails at random, a crash now and then; in the end the books must balance.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use store::engine::memory::Faults;

use super::crash::crashed;
use super::*;
use crate::function::LATEST;
use crate::function::functions::Usage;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// One request, with whatever answer; refused writes are the caller's to repeat.
async fn step(house: &House, random: &Random) {
    let name = NAMES[random.below(3) as usize];
    let path = format!("{FUNCTIONS}/{name}");
    let code = json!({"ZipFile": base64(&samples::code(&"x".repeat(random.below(4) as usize)))});
    let answer = match random.below(6) {
        0 | 1 => house.ask("POST", FUNCTIONS, with(creation(name), "Code", code)).await,
        2 => house.ask("PUT", &format!("{path}/code"), code).await,
        3 => house.ask("PUT", &format!("{path}/configuration"), json!({"Timeout": random.below(900) + 1})).await,
        4 => house.ask("POST", &format!("/2017-03-31/tags/{}", arn(name)), json!({"Tags": {"a": "b"}})).await,
        _ => house.ask("DELETE", &path, Json::Null).await,
    };
    assert!([200, 201, 204, 404, 409, 500].contains(&answer.status), "{answer:?}");
}

/// What is counted is what is there; every function runs, and nothing is kept that none needs.
async fn balance(house: &mut House) {
    for name in NAMES {
        if house.ask("GET", &format!("{FUNCTIONS}/{name}"), Json::Null).await.status == 200 {
            house.settled(name).await;
        }
    }
    // One that lost against a deletion may still hold a tree; it has nothing left to do.
    while house.control.deps.tasks.running().keys().any(|task| ["function_prepare", "code_unpack"].contains(task)) {
        tokio::task::yield_now().await;
    }
    let functions = house.control.functions().clone();
    let all = functions.all();
    let expected = Usage {
        functions: all.len() as u64,
        code_bytes: all.iter().map(|record| record.settings.code.size).sum(),
        reserved_concurrency: 0,
    };
    assert_eq!(functions.usage(&context().scope), expected);
    let mut needed = BTreeSet::new();
    for record in &all {
        assert_eq!((record.version.as_str(), record.serving.is_none()), (LATEST, true));
        let found = functions.resolve(&context().scope, &record.name, None).expect("it runs");
        let tree = functions.code_tree(&found.function).await.expect("unpacked");
        assert!(tree.path.join("index.py").is_file());
        let bytes = house.control.archives.load(&record.archive_key(&record.settings.code)).await.expect("readable");
        assert_eq!(bytes.map(|bytes| store::BlobId::of(&bytes)), Some(record.settings.code.sha256));
        needed.insert(record.settings.code.sha256.to_string());
    }
    assert_eq!(house.control.archives.count().await, all.len(), "an archive for each function and no more");
    house.control.trees.find_unneeded().await;
    house.control.trees.collect_once().await;
    // A thread that the crash of a test does not kill may still be writing beside; the next start removes it.
    let whole = |name: &String| store::BlobId::parse(name).is_some();
    let unpacked: BTreeSet<_> = super::code::trees(house).into_iter().filter(whole).collect();
    assert_eq!(unpacked, needed);
}

async fn life(seed: u64) {
    let random = Random::seeded(seed);
    let mut house = House::new().await;
    for _ in 0..3 {
        house.disk.set_faults(Faults { refuse: 0.1, lose_answer: 0.1, pause: 0.5, lazy_sync: false });
        for _ in 0..12 {
            step(&house, &random).await;
            if random.below(3) == 0 {
                tokio::task::yield_now().await;
            }
        }
        house.disk.set_faults(Faults::default());
        if random.below(2) == 0 {
            house = crashed(house).await;
        }
        balance(&mut house).await;
    }
}

#[tokio::test]
async fn the_books_balance_whatever_fails() {
    for seed in 0..16 {
        life(seed).await;
    }
}
