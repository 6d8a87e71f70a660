//! Crashes: what was acknowledged is there, and what was on the way is finished.

use serde_json::{Value as Json, json};
use store::engine::memory::Faults;

use super::*;

/// As after a kill: the tasks end where they are, the memory is gone, the disk and the folder stay.
pub(super) async fn crashed(house: House) -> House {
    let House { control, world, disk, folder, .. } = house;
    disk.crash();
    control.deps.tasks.close().await;
    drop(control);
    House::open(disk, folder, world).await
}

#[tokio::test]
async fn a_function_that_was_pending_is_finished_at_the_next_start() {
    let house = House::new().await;
    let answer = house.ask("POST", FUNCTIONS, creation("f")).await;
    assert_eq!(answer.body["State"], "Pending");
    // Nothing has been awaited since: the background has not begun.
    let mut house = crashed(house).await;
    assert_eq!(house.settled("f").await["State"], "Active");
    let found = house.control.functions().resolve(&context().scope, "f", None).expect("it runs");
    let tree = house.control.functions().code_tree(&found.function).await.expect("unpacked");
    assert!(tree.path.join("index.py").is_file());
}

#[tokio::test]
async fn an_update_that_was_in_progress_is_finished_at_the_next_start() {
    let mut house = House::new().await;
    house.function("f").await;
    let change = json!({"ZipFile": base64(&samples::code("new"))});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/f/code"), change).await.status, 200);
    let mut house = crashed(house).await;
    assert_eq!(house.settled("f").await["LastUpdateStatus"], "Successful");
    let found = house.control.functions().resolve(&context().scope, "f", None).expect("it runs");
    assert_eq!(found.function.settings.code.sha256, store::BlobId::of(&samples::code("new")));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    let link = house.ask("GET", &format!("{FUNCTIONS}/f"), Json::Null).await.body["Code"]["Location"].clone();
    let mut house = crashed(house).await;
    assert_eq!(house.settled("f").await, before);
    // The secret of the links survives with it.
    let link = link.as_str().and_then(|link| link.strip_prefix("http://localhost:4566")).expect("a link").to_owned();
    let (path, query) = link.split_once('?').expect("a query");
    let now = house.control.deps.clock.now();
    assert_eq!(house.control.links().open(path, query, now).await.expect("ours"), samples::code("f"));
    let usage = house.ask("GET", "/2016-08-19/account-settings", Json::Null).await.body["AccountUsage"].clone();
    assert_eq!(usage["FunctionCount"], 1);
}

/// The control of the test above: a disk that answers before it has written does lose the function.
#[tokio::test]
async fn a_disk_that_lies_loses_the_function() {
    let mut house = House::new().await;
    house.disk.set_faults(Faults { lazy_sync: true, ..Faults::default() });
    house.function("f").await;
    let house = crashed(house).await;
    assert_eq!(house.ask("GET", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 404);
}

/// A version, its number and an alias are one commit each with what they lean on.
#[tokio::test]
async fn versions_and_aliases_are_there_after_a_crash() {
    let mut house = House::new().await;
    house.function("f").await;
    let version = house.ask("POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await.body;
    let code = json!({"ZipFile": base64(&samples::code("new")), "Publish": true});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/f/code"), code).await.body["State"], "Pending");
    let alias =
        json!({"Name": "prod", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}});
    let alias = house.ask("POST", &format!("{FUNCTIONS}/f/aliases"), alias).await.body;
    let mut house = crashed(house).await;
    assert_eq!(house.settled("f:1").await, version);
    assert_eq!(house.settled("f:2").await["State"], "Active", "it was still Pending");
    assert_eq!(house.ask("GET", &format!("{FUNCTIONS}/f/aliases/prod"), Json::Null).await.body, alias);
    let functions = house.control.functions().clone();
    let ran: Vec<_> = (0..100).map(|_| functions.resolve(&context().scope, "f:prod", None).expect("it runs")).collect();
    for number in ["1", "2"] {
        let found = ran.iter().find(|found| found.executed_version == number).expect("half of them");
        assert!(functions.code_tree(&found.function).await.expect("unpacked").path.join("index.py").is_file());
    }
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f?Qualifier=2"), Json::Null).await.status, 409);
    house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await;
    let house = crashed(house).await;
    let body = with(creation("f"), "Publish", json!(true));
    assert_eq!(house.ask("POST", FUNCTIONS, body).await.body["Version"], "3");
    assert_eq!(house.ask("GET", &format!("{FUNCTIONS}/f/aliases/prod"), Json::Null).await.status, 404);
}

/// The control of the test above.
#[tokio::test]
async fn a_disk_that_lies_loses_the_version_and_its_number() {
    let mut house = House::new().await;
    house.function("f").await;
    house.disk.set_faults(Faults { lazy_sync: true, ..Faults::default() });
    let publish = |house: House| async move {
        let answer = house.ask("POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
        (house, answer.body["Version"].clone())
    };
    let (house, first) = publish(house).await;
    let (_, again) = publish(crashed(house).await).await;
    assert_eq!((first, again), (json!("1"), json!("1")));
}

#[tokio::test]
async fn code_that_is_gone_is_unpacked_again() {
    let mut house = House::new().await;
    house.function("f").await;
    std::fs::remove_dir_all(house.folder.path().join("code")).expect("it was there");
    let house = crashed(house).await;
    let found = house.control.functions().resolve(&context().scope, "f", None).expect("it runs");
    let tree = house.control.functions().code_tree(&found.function).await.expect("unpacked again");
    assert!(tree.path.join("index.py").is_file());
}

#[tokio::test]
async fn what_a_crash_left_half_done_is_removed() {
    let house = House::new().await;
    let code = house.folder.path().join("code");
    let half = code.join("unfinished-0123456789abcdef");
    let unneeded = code.join(store::BlobId::of(b"nobody's").to_string());
    std::fs::create_dir_all(half.join("below")).expect("a folder");
    std::fs::create_dir_all(&unneeded).expect("a folder");
    let house = crashed(house).await;
    assert!(!half.exists());
    house.control.trees.find_unneeded().await;
    house.control.trees.collect_once().await;
    assert!(!unneeded.exists());
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_forgotten() {
    let mut house = House::new().await;
    house.disk.set_faults(Faults { lose_answer: 1.0, ..Faults::default() });
    let answer = house.ask("POST", FUNCTIONS, creation("f")).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(house.settled("f").await["State"], "Active");
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 204);
}

#[tokio::test]
async fn a_write_that_was_refused_is_the_callers_to_repeat() {
    let mut house = House::new().await;
    house.disk.set_faults(Faults { refuse: 1.0, ..Faults::default() });
    assert_eq!(house.ask("POST", FUNCTIONS, creation("f")).await.status, 500);
    house.disk.set_faults(Faults::default());
    house.function("f").await;
}
