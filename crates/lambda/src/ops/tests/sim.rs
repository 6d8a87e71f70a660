//! Callers at random, a store that fails at random, a crash now and then; in the end the books must balance.

use std::collections::BTreeSet;
use std::task::Poll;

use serde_json::{Value as Json, json};
use store::engine::memory::Faults;

use super::crash::crashed;
use super::*;
use crate::function::functions::Usage;

const NAMES: [&str; 3] = ["a", "b", "c"];
const LAYERS: [&str; 2] = ["l", "m"];

/// One request, with whatever answer; refused writes are the caller's to repeat.
async fn step(house: &House, random: &Random) {
    let name = NAMES[random.below(3) as usize];
    let path = format!("{FUNCTIONS}/{name}");
    let code = json!({"ZipFile": base64(&samples::code(&"x".repeat(random.below(4) as usize)))});
    let layer = LAYERS[random.below(2) as usize];
    let layers = json!(LAYERS[..random.below(3) as usize].iter().map(|name| version(name, random)).collect::<Vec<_>>());
    let one_of = |texts: [&'static str; 3]| texts[random.below(3) as usize];
    let alias = one_of(["prod", "test", "dev"]);
    let (first, second) = (one_of(["1", "2", "$LATEST"]), one_of(["1", "2", "3"]));
    let publish = random.below(2) == 0;
    let (method, path, body) = match random.below(16) {
        0 | 1 => {
            let body = with(with(creation(name), "Code", code), "Publish", json!(publish));
            ("POST", FUNCTIONS.to_owned(), with(body, "Layers", layers))
        }
        2 | 3 => ("PUT", format!("{path}/code"), with(code, "Publish", json!(publish))),
        4 => ("PUT", format!("{path}/configuration"), json!({"Timeout": random.below(900) + 1})),
        5 => ("POST", format!("/2017-03-31/tags/{}", arn(name)), json!({"Tags": {"a": "b"}})),
        6 | 7 => ("POST", format!("{path}/versions"), json!({})),
        8 => ("DELETE", format!("{path}?Qualifier={second}"), Json::Null),
        9 => ("POST", format!("{path}/aliases"), json!({"Name": alias, "FunctionVersion": first})),
        10 => {
            let routing = json!({"AdditionalVersionWeights": {second: 0.5}});
            ("PUT", format!("{path}/aliases/{alias}"), json!({"FunctionVersion": first, "RoutingConfig": routing}))
        }
        11 => ("PUT", format!("{path}/configuration"), json!({"Layers": layers})),
        12 | 13 => ("POST", format!("/2018-10-31/layers/{layer}/versions"), json!({"Content": code})),
        14 => ("DELETE", format!("/2018-10-31/layers/{layer}/versions/{}", random.below(4) + 1), Json::Null),
        _ if publish => ("DELETE", format!("{path}/aliases/{alias}"), Json::Null),
        _ => ("DELETE", path, Json::Null),
    };
    let patience = if random.below(3) == 0 { random.below(8) } else { u64::MAX };
    if let Some(answer) = patiently(house.ask(method, &path, body), patience).await {
        assert!([200, 201, 204, 400, 404, 409, 500].contains(&answer.status), "{answer:?}");
    }
}

/// One that may be there.
fn version(layer: &str, random: &Random) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{layer}:{}", random.below(4) + 1)
}

/// The client hangs up when the handler has been waiting `patience` times.
async fn patiently<T>(work: impl Future<Output = T>, patience: u64) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut left = patience;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// What nobody waits for any more is finished all the same.
async fn quiet(house: &House) {
    while house
        .control
        .deps
        .tasks
        .running()
        .keys()
        .any(|task| ["function_commit", "function_prepare", "code_unpack"].contains(task))
    {
        tokio::task::yield_now().await;
    }
}

/// What is counted is what is there; every function runs, and nothing is kept that none needs.
async fn balance(house: &mut House) {
    quiet(house).await;
    for name in NAMES {
        for version in ["", ":1", ":2", ":3"] {
            let name = format!("{name}{version}");
            if house.ask("GET", &format!("{FUNCTIONS}/{name}"), Json::Null).await.status == 200 {
                house.settled(&name).await;
            }
        }
    }
    let functions = house.control.functions().clone();
    let all = functions.all();
    let expected = Usage {
        functions: all.iter().filter(|record| record.is_latest()).count() as u64,
        code_bytes: all.iter().map(|record| record.settings.code.size).sum(),
        reserved_concurrency: 0,
    };
    assert_eq!(functions.usage(&context().scope), expected);
    let (mut needed, mut archives) = (BTreeSet::new(), BTreeSet::new());
    for record in &all {
        assert!(record.serving.is_none() && !record.status.is_preparing());
        let found = functions.resolve(&context().scope, &record.name, Some(&record.version)).expect("it runs");
        let tree = functions.code_tree(&found.function).await.expect("unpacked");
        assert!(tree.path.join("index.py").is_file());
        let key = record.archive_key(&record.settings.code);
        let bytes = house.control.archives.load(&key).await.expect("readable");
        assert_eq!(bytes.map(|bytes| store::BlobId::of(&bytes)), Some(record.settings.code.sha256));
        functions.layers_tree(&record.settings.config).await.expect("its layers are there, deleted or not");
        needed.extend(record.trees().map(|tree| tree.to_string()));
        archives.insert(key);
        balance_aliases(house, &record.function_name());
    }
    let held: BTreeSet<_> = all.iter().flat_map(|record| record.layers()).map(|layer| layer.arn.clone()).collect();
    balance_layers(house, &held, archives.len()).await;
    house.control.trees.find_unneeded().await;
    house.control.trees.collect_once().await;
    // A thread that the crash of a test does not kill may still be writing beside; the next start removes it.
    let whole = |name: &String| store::BlobId::parse(name).is_some();
    let unpacked: BTreeSet<_> = super::code::trees(house).into_iter().filter(whole).collect();
    assert_eq!(unpacked, needed);
}

/// Versions belong to a function, have numbers that were given out, and are there as long as an alias leads to them.
fn balance_aliases(house: &House, name: &crate::function::FunctionName) {
    let functions = house.control.functions();
    functions.latest(name).expect("no version without its function");
    let versions = functions.versions(name);
    let numbers: Vec<_> =
        versions.iter().filter_map(|record| crate::function::version::number(&record.version)).collect();
    assert!(numbers.iter().all(|number| *number <= functions.last_number(name)), "{numbers:?}");
    for alias in functions.aliases(name, None) {
        let additional = alias.additional.iter().map(|additional| &additional.version);
        for version in std::iter::once(&alias.version).chain(additional) {
            assert!(functions.find(name, version).is_some(), "{alias:?} leads to {version}");
        }
    }
}

/// A deleted version is kept for those who hold it; there is an archive for each code and each version, and no more.
async fn balance_layers(house: &House, held: &BTreeSet<String>, codes: usize) {
    house.control.layers.collect_once().await.expect("nothing fails now");
    let kept = house.control.layers.all();
    assert!(kept.iter().all(|version| !version.deleted || held.contains(&version.arn())), "deleted and nobody's");
    assert_eq!(house.control.archives.count().await, codes + kept.len(), "an archive for each and no more");
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

/// On a real store, where a commit goes on when nobody waits for it any more.
#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing_half_done() {
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let at = folder.path().join("store");
    let store = Store::open_sqlite(&at, Clock::wall(), Random::from_os()).await.expect("it opens");
    let mut house = House::over(store, Disk::new(), folder, Arc::default()).await;
    for patience in 0..6 {
        let name = format!("f{patience}");
        let _ = patiently(house.ask("POST", FUNCTIONS, creation(&name)), patience).await;
    }
    // Commits are done in their order: what came before is there when this one is.
    house.function("last").await;
    quiet(&house).await;
    let functions = house.control.functions().clone();
    let all = functions.all();
    assert!(all.len() > 1, "some were patient enough");
    assert_eq!(functions.usage(&context().scope).functions, all.len() as u64);
    for record in all {
        assert_eq!(house.settled(&record.name).await["State"], "Active");
    }
}

#[tokio::test]
async fn the_books_balance_whatever_fails() {
    for seed in 0..16 {
        life(seed).await;
    }
}
