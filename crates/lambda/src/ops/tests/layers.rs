//! Layers as a client sees them, and functions that have some.

use serde_json::{Value as Json, json};
use store::engine::memory::Faults;

use super::crash::crashed;
use super::*;
use crate::code::samples::Sample;

const LAYERS: &str = "/2018-10-31/layers";
const STRANGER: &str = "222222222222";

fn layer_arn(rest: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{rest}")
}

fn archive(name: &str, text: &str) -> Bytes {
    Sample::new().file(&format!("lib/{name}"), text.as_bytes()).file("lib/both", text.as_bytes()).bytes()
}

fn content(bytes: &[u8]) -> Json {
    json!({"Content": {"ZipFile": base64(bytes)}})
}

async fn publish(house: &House, name: &str, text: &str) -> Json {
    let answer = house.ask("POST", &format!("{LAYERS}/{name}/versions"), content(&archive(name, text))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

async fn with_layers(house: &mut House, name: &str, layers: &[&str]) -> Json {
    let arns: Vec<_> = layers.iter().map(|rest| layer_arn(rest)).collect();
    let answer = house.ask("POST", FUNCTIONS, with(creation(name), "Layers", json!(arns))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    house.settled(name).await
}

async fn status(house: &House, method: &str, path: &str) -> u16 {
    house.ask(method, &format!("{LAYERS}/{path}"), Json::Null).await.status
}

/// What lies at `/opt` for a function: paths of files with what they hold.
async fn opt(house: &House, name: &str) -> BTreeMap<String, String> {
    let found = house.control.functions().resolve(&context().scope, name, None).expect("it runs");
    let config = &found.function.settings.config;
    let tree = house.control.functions().layers_tree(config).await.expect("unpacked");
    let Some(tree) = tree else { return BTreeMap::new() };
    let lib = std::fs::read_dir(tree.path.join("lib")).expect("it is there");
    lib.map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, read(&path))
    })
    .collect()
}

#[expect(clippy::disallowed_methods, reason = "the test looks at what was written")]
fn read(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).expect("text")
}

#[tokio::test]
async fn a_version_is_shown_as_aws_shows_it() {
    let house = House::new().await;
    let bytes = archive("a", "one");
    let mut request = content(&bytes);
    for (member, value) in [
        ("Description", json!("tools")),
        ("LicenseInfo", json!("MIT")),
        ("CompatibleRuntimes", json!(["python3.12", "python3.13"])),
        ("CompatibleArchitectures", json!(["x86_64"])),
    ] {
        request = with(request, member, value);
    }
    let published = house.ask("POST", &format!("{LAYERS}/a/versions"), request).await.body;
    let mut shown = house.ask("GET", &format!("{LAYERS}/a/versions/1"), Json::Null).await.body;
    assert_eq!(shown["Content"]["CodeSize"], bytes.len());
    assert_eq!(shown["Content"]["CodeSha256"], base64(&store::BlobId::of(&bytes).0));
    let link = shown["Content"]["Location"].as_str().expect("a link").to_owned();
    let link = link.strip_prefix("http://localhost:4566").expect("the client's origin");
    let (path, query) = link.split_once('?').expect("a query");
    let now = house.control.deps.clock.now();
    assert_eq!(house.control.links().open(path, query, now).await.expect("ours"), bytes);
    let by_arn = format!("{LAYERS}?find=LayerVersion&Arn={}", layer_arn("a:1").replace(':', "%3A"));
    let by_arn = house.ask("GET", &by_arn, Json::Null).await.body;
    for other in [by_arn, published] {
        assert_eq!(with(other, "Content", Json::Null), with(shown.clone(), "Content", Json::Null));
    }
    let created = shown["CreatedDate"].take();
    assert!(created.as_str().expect("text").ends_with("+0000"), "{created}");
    assert_eq!(
        with(with(shown, "Content", Json::Null), "CreatedDate", Json::Null),
        json!({
            "LayerArn": layer_arn("a"), "LayerVersionArn": layer_arn("a:1"), "Description": "tools", "Version": 1,
            "CompatibleArchitectures": ["x86_64"], "CompatibleRuntimes": ["python3.12", "python3.13"],
            "LicenseInfo": "MIT",
        })
    );
}

#[tokio::test]
async fn numbers_are_never_used_twice() {
    let house = House::new().await;
    for expected in 1..=3 {
        assert_eq!(publish(&house, "a", "x").await["Version"], expected);
    }
    for version in 1..=3 {
        assert_eq!(status(&house, "DELETE", &format!("a/versions/{version}")).await, 204);
    }
    house.control.layers.collect_once().await.expect("the memory store works");
    let house = crashed(house).await;
    assert_eq!(publish(&house, "a", "x").await["Version"], 4);
    assert_eq!(status(&house, "DELETE", "a/versions/1").await, 204, "what isn't there is deleted");
    assert_eq!(status(&house, "DELETE", "never/versions/1").await, 204);
}

#[tokio::test]
async fn two_who_publish_at_once_get_two_numbers() {
    let house = House::new().await;
    house.disk.set_faults(Faults { pause: 0.5, ..Faults::default() });
    let published = futures_util::future::join_all((0..5).map(|_| publish(&house, "a", "x"))).await;
    let numbers: BTreeSet<_> = published.iter().map(|version| version["Version"].as_i64()).collect();
    assert_eq!(numbers, (1..=5).map(Some).collect());
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_awss_words() {
    let house = House::new().await;
    publish(&house, "a", "x").await;
    let gone = "The resource you requested does not exist.";
    for path in ["a/versions/2", "b/versions/1"] {
        house.refused("GET", &format!("{LAYERS}/{path}"), Json::Null, says(MISSING, gone)).await;
    }
    let by_arn = format!("{LAYERS}?find=LayerVersion&Arn={}", layer_arn("a:2"));
    house.refused("GET", &by_arn, Json::Null, says(MISSING, gone)).await;
    for path in ["a/versions/0", "a/versions/-1", "b/versions/0"] {
        let words = "Layer Version Cannot be less than 1";
        house.refused("GET", &format!("{LAYERS}/{path}"), Json::Null, says(INVALID, words)).await;
        house.refused("DELETE", &format!("{LAYERS}/{path}"), Json::Null, says(INVALID, words)).await;
    }
    let pattern = format!(
        "1 validation error detected: Value '{}' at 'arn' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: {}",
        layer_arn("a"),
        crate::api::patterns::LAYER_VERSION_ARN
    );
    let by_arn = format!("{LAYERS}?find=LayerVersion&Arn={}", layer_arn("a"));
    house.refused("GET", &by_arn, Json::Null, says(VALIDATION, &pattern)).await;
}

#[tokio::test]
async fn runtimes_and_architectures_are_closed_sets() {
    let house = House::new().await;
    let request = with(content(&archive("a", "x")), "CompatibleRuntimes", json!(["invalidruntime", "nodejs20.x"]));
    let request = with(request, "CompatibleArchitectures", json!(["invalidarch"]));
    let answer = house.ask("POST", &format!("{LAYERS}/a/versions"), request).await;
    let message = answer.body["message"].as_str().expect("a message");
    assert!(message.starts_with(
        "2 validation errors detected: Value '[invalidruntime, nodejs20.x]' at 'compatibleRuntimes' failed to satisfy \
         constraint: Member must satisfy enum value set: [nodejs, "
    ), "{message}");
    assert!(
        message.ends_with(
            "]; Value '[invalidarch]' at 'compatibleArchitectures' failed to satisfy constraint: Member must satisfy \
         constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
        ),
        "{message}"
    );
    let architecture = "1 validation error detected: Value 'archdoesnotexist' at 'compatibleArchitecture' failed to \
                        satisfy constraint: Member must satisfy enum value set: [x86_64, arm64]";
    let path = format!("{LAYERS}?CompatibleArchitecture=archdoesnotexist");
    house.refused("GET", &path, Json::Null, says(VALIDATION, architecture)).await;
}

#[tokio::test]
async fn an_archive_is_checked_as_a_functions_is() {
    let house = House::new().await;
    let path = format!("{LAYERS}/a/versions");
    let unzip = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    let hostile = [
        Sample::new().file("../x", b"x"),
        Sample::new().link("x", "/etc"),
        Sample::new().link("x", "a/../../..").file("a/b", b"x"),
    ];
    for sample in hostile {
        house.refused("POST", &path, content(&sample.bytes()), says(INVALID, unzip)).await;
    }
    let empty = "Uploaded file must be a non-empty zip";
    house.refused("POST", &path, content(b""), says(INVALID, empty)).await;
    let none = "Please provide a source for function code.";
    house.refused("POST", &path, json!({"Content": {}}), says(INVALID, none)).await;
    house.world.objects.lock().insert("bucket/key".to_owned(), archive("a", "x"));
    let from_s3 = json!({"Content": {"S3Bucket": "bucket", "S3Key": "key"}});
    assert_eq!(house.ask("POST", &path, from_s3).await.body["Version"], 1);
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages() {
    let house = House::new().await;
    for (name, runtime) in [("a", "python3.12"), ("b", "nodejs22.x"), ("a", "nodejs22.x"), ("c", "python3.12")] {
        let request = with(content(&archive(name, "x")), "CompatibleRuntimes", json!([runtime]));
        house.ask("POST", &format!("{LAYERS}/{name}/versions"), request).await;
    }
    assert_eq!(status(&house, "DELETE", "c/versions/1").await, 204);
    let list = async |query: &str| {
        let body = house.ask("GET", &format!("{LAYERS}{query}"), Json::Null).await.body;
        let listed = body["Layers"].as_array().or_else(|| body["LayerVersions"].as_array()).expect("a list").clone();
        let arn = |item: &Json| {
            let version = item.get("LatestMatchingVersion").unwrap_or(item);
            version["LayerVersionArn"].as_str().expect("an ARN").rsplit_once("layer:").expect("a layer").1.to_owned()
        };
        (listed.iter().map(arn).collect::<Vec<_>>(), body["NextMarker"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").await, (vec!["a:2".to_owned(), "b:1".to_owned()], None));
    assert_eq!(list("?CompatibleRuntime=python3.12").await.0, ["a:1"]);
    assert_eq!(list("?CompatibleArchitecture=arm64").await.0, Vec::<String>::new());
    let (first, marker) = list("?MaxItems=1").await;
    assert_eq!(first, ["a:2"]);
    assert_eq!(list(&format!("?MaxItems=1&Marker={}", marker.expect("more"))).await, (vec!["b:1".to_owned()], None));
    assert_eq!(list("/a/versions").await, (vec!["a:2".to_owned(), "a:1".to_owned()], None));
    assert_eq!(list("/a/versions?CompatibleRuntime=nodejs22.x").await.0, ["a:2"]);
    let (first, marker) = list("/a/versions?MaxItems=1").await;
    assert_eq!(first, ["a:2"]);
    let rest = list(&format!("/a/versions?MaxItems=1&Marker={}", marker.expect("more"))).await;
    assert_eq!(rest, (vec!["a:1".to_owned()], None));
    assert_eq!(list("/never/versions").await.0, Vec::<String>::new());
}

#[tokio::test]
async fn a_policy_is_kept_as_aws_keeps_it() {
    let house = House::new().await;
    publish(&house, "a", "x").await;
    let path = format!("{LAYERS}/a/versions/1/policy");
    let missing = "No policy is associated with the given resource.";
    house.refused("GET", &path, Json::Null, says(MISSING, missing)).await;
    house.refused("DELETE", &format!("{path}/s1"), Json::Null, says(MISSING, missing)).await;
    let statement = |sid: &str| json!({"StatementId": sid, "Action": "lambda:GetLayerVersion", "Principal": "*"});
    let added = house.ask("POST", &path, statement("s1")).await;
    assert_eq!(added.status, 201, "{added:?}");
    let written = format!(
        r#"{{"Sid":"s1","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion","Resource":"{}"}}"#,
        layer_arn("a:1")
    );
    assert_eq!(added.body["Statement"], written);
    let got = house.ask("GET", &path, Json::Null).await.body;
    let document = format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{written}]}}"#);
    assert_eq!(got, json!({"Policy": document, "RevisionId": added.body["RevisionId"]}));

    let twice = "The statement id (s1) provided already exists. Please provide a new statement id, or remove the \
                 existing statement.";
    house.refused("POST", &path, statement("s1"), says(CONFLICT, twice)).await;
    let differs = "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to \
                   retrieve the latest Revision Id";
    let precondition = (412, "PreconditionFailedException", "User", differs);
    house.refused("POST", &format!("{path}?RevisionId=wrong"), statement("s2"), precondition).await;
    house.refused("DELETE", &format!("{path}/s1?RevisionId=wrong"), Json::Null, precondition).await;
    let unknown = "Statement doesnotexist is not found in resource policy.";
    house.refused("DELETE", &format!("{path}/doesnotexist"), Json::Null, says(MISSING, unknown)).await;
    let action = "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must satisfy \
                  regular expression pattern: lambda:GetLayerVersion";
    house.refused("POST", &path, with(statement("s2"), "Action", json!("*")), says(VALIDATION, action)).await;

    let revision = got["RevisionId"].as_str().expect("an id");
    assert_eq!(house.ask("DELETE", &format!("{path}/s1?RevisionId={revision}"), Json::Null).await.status, 204);
    house.refused("GET", &path, Json::Null, says(MISSING, missing)).await;
    let there = format!("Layer version {} does not exist.", layer_arn("a:2"));
    let elsewhere = format!("{LAYERS}/a/versions/2/policy");
    for (method, path) in
        [("POST", elsewhere.clone()), ("GET", elsewhere.clone()), ("DELETE", format!("{elsewhere}/s"))]
    {
        let body = if method == "POST" { statement("s1") } else { Json::Null };
        house.refused(method, &path, body, says(MISSING, &there)).await;
    }
}

#[tokio::test]
async fn a_function_shows_its_layers_and_sees_them_in_order() {
    let mut house = House::new().await;
    let first = publish(&house, "a", "first").await;
    let second = publish(&house, "b", "second").await;
    let shown = with_layers(&mut house, "f", &["a:1", "b:1"]).await;
    let expected = json!([
        {"Arn": layer_arn("a:1"), "CodeSize": first["Content"]["CodeSize"]},
        {"Arn": layer_arn("b:1"), "CodeSize": second["Content"]["CodeSize"]},
    ]);
    assert_eq!(shown["Layers"], expected);
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let merged = BTreeMap::from([file("a", "first"), file("b", "second"), file("both", "second")]);
    assert_eq!(opt(&house, "f").await, merged);

    let path = format!("{FUNCTIONS}/f/configuration");
    let turned = json!({"Layers": [layer_arn("b:1"), layer_arn("a:1")]});
    assert_eq!(house.ask("PUT", &path, turned).await.status, 200);
    house.settled("f").await;
    assert_eq!(opt(&house, "f").await["both"], "first");
    assert_eq!(house.ask("PUT", &path, json!({"Timeout": 4})).await.body["Layers"].as_array().map(Vec::len), Some(2));
    house.settled("f").await;
    assert_eq!(house.ask("PUT", &path, json!({"Layers": []})).await.status, 200);
    assert_eq!(house.settled("f").await.get("Layers"), None);
    assert_eq!(opt(&house, "f").await, BTreeMap::new());
    house.control.trees.collect_once().await;
    assert_eq!(super::code::trees(&house).len(), 1, "the layers' trees went with their last user");
}

#[tokio::test]
async fn layers_are_refused_in_awss_words_and_order() {
    let house = House::new().await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        publish(&house, name, "x").await;
    }
    let check = async |layers: Vec<String>, words: &str| {
        house.refused("POST", FUNCTIONS, with(creation("g"), "Layers", json!(layers)), says(INVALID, words)).await;
    };
    let all = ["a", "b", "c", "d", "e", "f"].map(|name| layer_arn(&format!("{name}:1")));
    check(all.to_vec(), "Cannot reference more than 5 layers.").await;
    check(vec![layer_arn("a:0")], "Layer Version Cannot be less than 1").await;
    check(vec![layer_arn("a:9")], &format!("Layer version {} does not exist.", layer_arn("a:9"))).await;
    let elsewhere = layer_arn("a:1").replace(REGION, "eu-west-1");
    let words =
        format!("Layers are not in the same region as the function. Layers are expected to be in region {REGION}.");
    check(vec![elsewhere], &words).await;
    let two = [layer_arn("a:1"), layer_arn("a:1")];
    let words = format!(
        "Two different versions of the same layer are not allowed to be referenced in the same function. {} and {} are \
         versions of the same layer.",
        two[0], two[1]
    );
    check(two.to_vec(), &words).await;
    let answer = house.ask("POST", FUNCTIONS, with(creation("g"), "Layers", json!([layer_arn("a")]))).await;
    assert_eq!(answer.error.as_deref(), Some("ValidationException"));
}

#[tokio::test]
async fn a_layer_is_used_by_those_who_may_read_it() {
    let house = House::new().await;
    publish(&house, "a", "x").await;
    let arn = layer_arn("a:1");
    let mine = with(creation("f"), "Layers", json!([arn]));
    house.world.unreadable.lock().insert(arn.clone());
    let denied = format!(
        "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: lambda:GetLayerVersion on resource: {arn} because \
         no identity-based policy allows the lambda:GetLayerVersion action"
    );
    house.refused("POST", FUNCTIONS, mine.clone(), (403, "AccessDeniedException", "", &denied)).await;
    house.world.unreadable.lock().clear();
    assert_eq!(house.ask("POST", FUNCTIONS, mine).await.status, 201);

    let theirs = with(creation("g"), "Layers", json!([arn]));
    let theirs = with(theirs, "Role", json!(format!("arn:aws:iam::{STRANGER}:role/worker")));
    let answer = house.ask_as(STRANGER, "POST", FUNCTIONS, theirs.clone()).await;
    let message = answer.body["Message"].as_str().unwrap_or_default();
    assert!(
        message.ends_with("because no resource-based policy allows the lambda:GetLayerVersion action"),
        "{answer:?}"
    );
    let path = format!("{LAYERS}/a/versions/1/policy");
    let grant = json!({"StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": STRANGER});
    assert_eq!(house.ask("POST", &path, grant).await.status, 201);
    assert_eq!(house.ask_as(STRANGER, "POST", FUNCTIONS, theirs).await.status, 201);
}

#[tokio::test]
async fn a_deleted_version_serves_those_who_have_it() {
    let mut house = House::new().await;
    publish(&house, "a", "kept").await;
    with_layers(&mut house, "f", &["a:1"]).await;
    assert_eq!(status(&house, "DELETE", "a/versions/1").await, 204);
    assert_eq!(status(&house, "GET", "a/versions/1").await, 404);
    let id = store::BlobId::of(&archive("a", "kept"));
    assert!(house.control.needs(&id));
    let words = format!("Layer version {} does not exist.", layer_arn("a:1"));
    let other = with(creation("g"), "Layers", json!([layer_arn("a:1")]));
    house.refused("POST", FUNCTIONS, other, says(INVALID, &words)).await;

    // Its bytes outlive a crash, the collection, and the loss of all that was unpacked.
    std::fs::remove_dir_all(house.folder.path().join("code")).expect("it was there");
    let mut house = crashed(house).await;
    house.control.layers.collect_once().await.expect("the memory store works");
    house.settled("f").await;
    assert_eq!(opt(&house, "f").await["both"], "kept");

    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 204);
    house.control.layers.collect_once().await.expect("the memory store works");
    assert_eq!(house.control.archives.count().await, 0, "it went with its last user");
    assert!(!house.control.needs(&id), "a sweep may have it");
}

/// The control of the test above: without the function the archive goes.
#[tokio::test]
async fn a_deleted_version_that_nobody_has_is_gone() {
    let house = House::new().await;
    publish(&house, "a", "x").await;
    assert_eq!(house.control.archives.count().await, 1);
    assert_eq!(status(&house, "DELETE", "a/versions/1").await, 204);
    house.control.layers.collect_once().await.expect("the memory store works");
    assert_eq!(house.control.archives.count().await, 0);
}

#[tokio::test]
async fn an_update_on_its_way_keeps_both_lists_of_layers() {
    let mut house = House::new().await;
    publish(&house, "a", "old").await;
    publish(&house, "b", "new").await;
    with_layers(&mut house, "f", &["a:1"]).await;
    let change = json!({"Layers": [layer_arn("b:1")]});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/f/configuration"), change).await.status, 200);
    for name in ["a", "b"] {
        assert_eq!(status(&house, "DELETE", &format!("{name}/versions/1")).await, 204);
    }
    let mut house = crashed(house).await;
    house.control.layers.collect_once().await.expect("the memory store works");
    assert_eq!(house.settled("f").await["LastUpdateStatus"], "Successful");
    assert_eq!(opt(&house, "f").await["both"], "new");
    house.control.layers.collect_once().await.expect("the memory store works");
    assert_eq!(house.control.archives.count().await, 2, "the function's and its layer's");
}

#[tokio::test]
async fn what_was_published_is_there_after_a_crash() {
    let house = House::new().await;
    let published = publish(&house, "a", "x").await;
    let house = crashed(house).await;
    let shown = house.ask("GET", &format!("{LAYERS}/a/versions/1"), Json::Null).await.body;
    assert_eq!(with(shown, "Content", Json::Null), with(published, "Content", Json::Null));
}

/// The control of the test above: a disk that answers before it has written does lose the version.
#[tokio::test]
async fn a_disk_that_lies_loses_the_version() {
    let house = House::new().await;
    house.disk.set_faults(Faults { lazy_sync: true, ..Faults::default() });
    publish(&house, "a", "x").await;
    let house = crashed(house).await;
    assert_eq!(status(&house, "GET", "a/versions/1").await, 404);
}

#[tokio::test]
async fn a_publication_whose_answer_was_lost_is_not_forgotten() {
    let house = House::new().await;
    house.disk.set_faults(Faults { lose_answer: 1.0, ..Faults::default() });
    assert_eq!(publish(&house, "a", "x").await["Version"], 1);
    assert_eq!(status(&house, "DELETE", "a/versions/1").await, 204);
    assert_eq!(status(&house, "GET", "a/versions/1").await, 404);
}

#[tokio::test]
async fn what_layers_take_is_counted() {
    let house = House::new().await;
    let size = publish(&house, "a", "x").await["Content"]["CodeSize"].clone();
    assert!(house.control.needs(&store::BlobId::of(&archive("a", "x"))), "no sweep takes what nobody uses yet");
    let usage = house.ask("GET", "/2016-08-19/account-settings", Json::Null).await.body["AccountUsage"].clone();
    assert_eq!(usage["TotalCodeSize"], size);
}

/// Whoever is first, the books agree: the function has its layer, or it is told that there is none.
#[tokio::test]
async fn a_deletion_while_a_function_is_made_leaves_no_function_without_its_layer() {
    let mut outcomes = BTreeSet::new();
    for round in 0..400 {
        if round > 40 && outcomes.len() == 2 {
            break;
        }
        let mut house = House::new().await;
        publish(&house, "a", "x").await;
        house.disk.set_faults(Faults { pause: 0.5, ..Faults::default() });
        let creation = with(creation("f"), "Layers", json!([layer_arn("a:1")]));
        let delete = async {
            house.ask("DELETE", &format!("{LAYERS}/a/versions/1"), Json::Null).await;
            house.control.layers.collect_once().await
        };
        let (made, collected) = tokio::join!(house.ask("POST", FUNCTIONS, creation), delete);
        collected.expect("the memory store works");
        outcomes.insert(made.status);
        if made.status == 201 {
            assert_eq!(house.settled("f").await["State"], "Active");
            let found = house.control.functions().resolve(&context().scope, "f", None).expect("it runs");
            let [layer] = &found.function.settings.config.layers[..] else { panic!("one layer") };
            let key = layer.archive_key().expect("an ARN of ours");
            assert!(house.control.archives.load(&key).await.expect("readable").is_some(), "its archive is gone");
        } else {
            let words = format!("Layer version {} does not exist.", layer_arn("a:1"));
            assert_eq!((made.status, &made.body["message"]), (400, &json!(words)));
        }
    }
    assert_eq!(outcomes, BTreeSet::from([201, 400]), "both have been seen");
}

#[tokio::test]
async fn permissions_that_come_at_once_are_all_added() {
    let house = House::new().await;
    publish(&house, "a", "x").await;
    house.disk.set_faults(Faults { pause: 0.5, ..Faults::default() });
    let path = format!("{LAYERS}/a/versions/1/policy");
    let add = async |number: usize| {
        let sid = format!("s{number}");
        let statement = json!({"StatementId": sid, "Action": "lambda:GetLayerVersion", "Principal": "*"});
        house.ask("POST", &path, statement).await.status
    };
    let added = futures_util::future::join_all((0..5).map(add)).await;
    assert_eq!(added, [201; 5]);
    let policy = house.ask("GET", &path, Json::Null).await.body["Policy"].clone();
    assert_eq!(policy.as_str().expect("JSON").matches("Sid").count(), 5);
}

#[tokio::test]
async fn a_merge_that_fails_leaves_nothing_and_can_be_made_again() {
    let house = House::new().await;
    for name in ["a", "b"] {
        publish(&house, name, name).await;
    }
    let archives: Vec<_> = house.control.layers.all().iter().map(|it| (it.code.sha256, it.archive_key())).collect();
    let (id, key) = &archives[0];
    let tree = house.control.trees.ensure(*id, key).await.expect("unpacked");
    // Held, and gone all the same.
    std::fs::remove_dir_all(&tree.path).expect("it was there");
    house.control.trees.ensure_merged(&archives).await.expect_err("there is nothing to merge");
    let second = archives[1].0.to_string();
    assert_eq!(super::code::trees(&house), [second], "no half tree");
    drop(tree);
    let merged = house.control.trees.ensure_merged(&archives).await.expect("made anew").expect("of two");
    assert!(merged.path.join("lib/a").is_file() && merged.path.join("lib/b").is_file());
    assert_eq!(super::code::trees(&house).len(), 3);
}
