//! Code on its way in and out: the request, S3, the limits, the link.

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
}

/// A bomb of the real size takes half a minute to pack here; `code::tests` has small ones.
#[test]
fn a_bomb_is_refused_in_awss_words() {
    let fault = crate::ops::intake::refused(crate::code::Refusal::TooLarge { limit: 262_144_000 });
    assert_eq!(fault.message, "Unzipped size must be smaller than 262144000 bytes");
    assert_eq!(fault.code, "InvalidParameterValueException");
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
    let (links, now) = (house.control.links(), house.control.deps.clock.now());
    assert_eq!(links.open(path, query, now).await.expect("it is ours"), samples::code("f"));

    let later = now.checked_add(std::time::Duration::from_secs(601)).expect("in range");
    assert_eq!(links.open(path, query, later).await.expect_err("too old").message, "Request has expired");
    for (path, query) in [
        (path, query.replace("X-Amz-Date=2", "X-Amz-Date=3").as_str()),
        (path, query.replace("Signature=", "Signature=00").as_str()),
        (path, ""),
        (format!("{path}x").as_str(), query),
        (path.replace("/f/", "/g/").as_str(), query),
        ("/_lambdad/code/../x", query),
    ] {
        assert!(links.open(path, query, now).await.is_err(), "{path}?{query}");
    }
}

#[tokio::test]
async fn a_large_archive_is_a_blob_and_a_small_one_is_not() {
    let mut house = House::new().await;
    let noise: Vec<u8> = (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let large = Sample::new().stored("noise", &noise).bytes();
    for (name, bytes) in [("large", large), ("small", samples::code("small"))] {
        let code = json!({"ZipFile": base64(&bytes)});
        assert_eq!(house.ask("POST", FUNCTIONS, with(creation(name), "Code", code)).await.status, 201);
        house.settled(name).await;
        let id = store::BlobId::of(&bytes);
        let blob = house.control.deps.store.blobs().get(id).await.expect("readable");
        assert_eq!(blob, (name == "large").then(|| bytes.clone()));
        let found = house.control.functions().find(&named(name), "$LATEST").expect("it is there").0;
        let key = found.archive_key(&found.settings.code);
        assert_eq!(house.control.archives.load(&key).await.expect("readable"), Some(bytes));
        house.ask("DELETE", &format!("{FUNCTIONS}/{name}"), Json::Null).await;
        assert_eq!(house.control.archives.load(&key).await.expect("readable"), None);
        assert!(!house.control.functions().needs(&id), "a sweep may have it");
    }
}

fn named(name: &str) -> crate::function::FunctionName {
    crate::function::FunctionName::parse(name, &context().scope).expect("a name")
}

#[tokio::test]
async fn an_updates_archive_replaces_the_one_before() {
    let mut house = House::new().await;
    house.function("f").await;
    let key = |house: &House| {
        let found = house.control.functions().find(&named("f"), "$LATEST").expect("it is there").0;
        found.archive_key(&found.settings.code)
    };
    let first = key(&house);
    house.ask("PUT", &format!("{FUNCTIONS}/f/configuration"), json!({"Timeout": 4})).await;
    house.settled("f").await;
    assert_eq!(key(&house), first, "the code is the same");
    let code = json!({"ZipFile": base64(&samples::code("new"))});
    house.ask("PUT", &format!("{FUNCTIONS}/f/code"), code).await;
    assert!(house.control.archives.load(&first).await.expect("readable").is_some(), "it still runs");
    house.settled("f").await;
    assert_eq!(house.control.archives.load(&first).await.expect("readable"), None);
    assert_eq!(house.control.archives.load(&key(&house)).await.expect("readable"), Some(samples::code("new")));
}

/// The folder where code is unpacked is in the way of itself: a file stands there.
pub(super) fn break_the_folder(house: &House) {
    let code = house.folder.path().join("code");
    std::fs::remove_dir_all(&code).expect("it was there");
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(code);
    made.expect("a file");
}

#[tokio::test]
async fn a_function_whose_code_cannot_be_unpacked_fails_and_can_be_mended() {
    let mut house = House::new().await;
    break_the_folder(&house);
    assert_eq!(house.ask("POST", FUNCTIONS, creation("f")).await.status, 201);
    let failed = house.settled("f").await;
    assert_eq!((&failed["State"], &failed["StateReasonCode"]), (&json!("Failed"), &json!("InternalError")));
    assert_eq!(failed.get("LastUpdateStatus"), None);
    let scope = context().scope;
    assert!(house.control.functions().resolve(&scope, "f", None).is_err());

    let code = house.folder.path().join("code");
    std::fs::remove_file(&code).and_then(|()| std::fs::create_dir(&code)).expect("mended");
    let update = json!({"ZipFile": base64(&samples::code("f"))});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/f/code"), update).await.status, 200);
    assert_eq!(house.settled("f").await["State"], "Active");
    assert!(house.control.functions().resolve(&scope, "f", None).is_ok());
}

#[tokio::test]
async fn an_update_whose_code_cannot_be_unpacked_leaves_what_was_there() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    break_the_folder(&house);
    let update = json!({"ZipFile": base64(&samples::code("new"))});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/f/code"), update).await.status, 200);
    let after = house.settled("f").await;
    assert_eq!((&after["State"], &after["LastUpdateStatus"]), (&json!("Active"), &json!("Failed")));
    assert_eq!(after["LastUpdateStatusReasonCode"], "InternalError");
    assert_eq!(after["CodeSha256"], before["CodeSha256"]);
    assert!(house.control.functions().resolve(&context().scope, "f", None).is_ok());
}

pub(super) fn trees(house: &House) -> Vec<String> {
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
