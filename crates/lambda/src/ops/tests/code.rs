//! Code on its way in and out: the request, S3, the limits, the link.

use base::Timestamp;
use serde_json::{Value as Json, json};

use super::*;
use crate::code::samples::Sample;

async fn check(house: &House, code: Json, expected: (u16, &str, &str, &str)) {
    house.refused("POST", FUNCTIONS, with(creation("f"), "Code", code), expected).await;
}

#[tokio::test]
async fn bad_archives_are_refused_in_awss_words() {
    let house = House::new().await;
    let unzip = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    check(&house, json!({"ZipFile": base64(b"no zip")}), says(INVALID, unzip)).await;
    let slip = Sample::new().file("../../etc/cron.d/x", b"x").bytes();
    check(&house, json!({"ZipFile": base64(&slip)}), says(INVALID, unzip)).await;
    let empty = "Uploaded file must be a non-empty zip";
    check(&house, json!({"ZipFile": ""}), says(INVALID, empty)).await;
    check(&house, json!({"ZipFile": base64(&Sample::new().bytes())}), says(INVALID, empty)).await;
    let zeros = vec![0; 262_144_001];
    let bomb = Sample::new().file("zeros", &zeros).bytes();
    let unzipped = "Unzipped size must be smaller than 262144000 bytes";
    check(&house, json!({"ZipFile": base64(&bomb)}), says(INVALID, unzipped)).await;
}

#[tokio::test]
async fn an_archive_of_more_than_50_megabytes_is_refused() {
    let house = House::new().await;
    house.world.objects.lock().insert("bucket/large".to_owned(), Bytes::from(vec![0; 52_428_801]));
    let words = "Zipped size must be smaller than 52428800 bytes";
    let expected = (413, "RequestEntityTooLargeException", "", words);
    check(&house, json!({"S3Bucket": "bucket", "S3Key": "large"}), expected).await;
}

#[tokio::test]
async fn a_source_is_named_once() {
    let house = House::new().await;
    check(&house, json!({}), says(INVALID, "Please provide a source for function code.")).await;
    check(&house, json!({"S3Bucket": "bucket"}), says(INVALID, "Please provide a source for function code.")).await;
    let both = json!({"ZipFile": base64(&samples::code("f")), "S3Bucket": "bucket", "S3Key": "key"});
    let words = "Please do not provide other FunctionCode parameters when providing a ZipFile.";
    check(&house, both, says(INVALID, words)).await;
}

#[tokio::test]
async fn code_comes_from_s3() {
    let mut house = House::new().await;
    let words = "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not \
                 exist.";
    let source = json!({"S3Bucket": "bucket", "S3Key": "key", "S3ObjectVersion": "7"});
    check(&house, source.clone(), says(INVALID, words)).await;
    assert_eq!(house.world.calls.lock().last().map(|call| call.input.text("VersionId").is_some()), Some(true));
    house.world.objects.lock().insert("bucket/key".to_owned(), samples::code("f"));
    let answer = house.ask("POST", FUNCTIONS, with(creation("f"), "Code", source)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(house.settled("f").await["State"], "Active");
}

#[tokio::test]
async fn the_link_hands_out_the_same_archive() {
    let mut house = House::new().await;
    house.function("f").await;
    let whole = house.ask("GET", &format!("{FUNCTIONS}/f"), Json::Null).await.body;
    assert_eq!(whole["Code"]["RepositoryType"], "S3");
    let link = whole["Code"]["Location"].as_str().expect("a link").to_owned();
    let link = link.strip_prefix("http://localhost:4566").expect("the client's origin");
    let (path, query) = link.split_once('?').expect("a query");
    let (links, now) = (house.control.links(), Timestamp::now_of(&house));
    assert_eq!(links.open(path, query, now).await.expect("it is ours"), samples::code("f"));

    let later = now.checked_add(base_seconds(601)).expect("in range");
    assert_eq!(links.open(path, query, later).await.expect_err("too old").message, "Request has expired");
    for (path, query) in [
        (path, query.replace("X-Amz-Date=2", "X-Amz-Date=3").as_str()),
        (path, query.replace("Signature=", "Signature=00").as_str()),
        (path, ""),
        (format!("{}0", &path[..path.len() - 1]).as_str(), query),
        ("/_lambdad/code/../x", query),
    ] {
        assert!(links.open(path, query, now).await.is_err(), "{path}?{query}");
    }
}

trait NowOf {
    fn now_of(house: &House) -> Self;
}

impl NowOf for Timestamp {
    fn now_of(house: &House) -> Self {
        house.control.deps.clock.now()
    }
}

fn base_seconds(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

fn trees(house: &House) -> Vec<String> {
    let listed = std::fs::read_dir(house.folder.path().join("code")).expect("the folder");
    let mut names: Vec<_> =
        listed.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn code_is_unpacked_once_and_goes_with_its_last_user() {
    let mut house = House::new().await;
    let same = json!({"ZipFile": base64(&samples::code("same"))});
    for name in ["a", "b"] {
        let answer = house.ask("POST", FUNCTIONS, with(creation(name), "Code", same.clone())).await;
        assert_eq!(answer.status, 201);
        house.settled(name).await;
    }
    let id = store::BlobId::of(&samples::code("same"));
    assert_eq!(trees(&house), [id.to_string()]);
    let functions = house.control.functions().clone();
    let found = functions.resolve(&context().scope, "a", None).expect("it is active");
    let tree = functions.code_tree(&found.function).await.expect("unpacked");
    assert!(tree.path.join("index.py").is_file());

    for name in ["a", "b"] {
        assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/{name}"), Json::Null).await.status, 204);
    }
    house.control.trees.collect_once().await;
    assert_eq!(trees(&house), [id.to_string()], "an environment may still use it");
    assert!(!functions.needs(&id));
    drop(tree);
    house.control.trees.collect_once().await;
    assert_eq!(trees(&house), Vec::<String>::new());
}

#[tokio::test]
async fn code_that_is_needed_stays() {
    let mut house = House::new().await;
    house.function("f").await;
    house.control.trees.collect_once().await;
    assert_eq!(trees(&house).len(), 1);
    assert!(house.control.functions().needs(&store::BlobId::of(&samples::code("f"))));
}
