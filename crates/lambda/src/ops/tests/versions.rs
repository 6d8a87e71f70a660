//! Versions: published, listed, read, invoked, deleted.

use serde_json::{Value as Json, json};

use super::*;
use crate::function::{AliasRecord, Change, FunctionName, OnChange, Step};

pub(super) fn versions_path(name: &str) -> String {
    format!("{FUNCTIONS}/{name}/versions")
}

/// A new version of the function, whose `$LATEST` has been given new code before.
pub(super) async fn publish_new(house: &mut House, name: &str, content: &str) -> Json {
    let code = json!({"ZipFile": base64(&samples::code(content))});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/{name}/code"), code).await.status, 200);
    house.settled(name).await;
    let answer = house.ask("POST", &versions_path(name), json!({})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

async fn publish(house: &House, body: Json) -> Json {
    let answer = house.ask("POST", &versions_path("f"), body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Each version of the function with its ARN, as the list has them.
async fn listed(house: &House, name: &str) -> Vec<(String, String)> {
    let body = house.ask("GET", &versions_path(name), Json::Null).await.body;
    let text = |value: &Json| value.as_str().expect("text").to_owned();
    let versions = body["Versions"].as_array().expect("a list").iter();
    versions.map(|version| (text(&version["Version"]), text(&version["FunctionArn"]))).collect()
}

#[tokio::test]
async fn a_version_is_latest_as_it_was() {
    let mut house = House::new().await;
    let latest = house.function("f").await;
    let version = publish(&house, json!({"Description": "the first"})).await;
    assert_eq!((&version["Version"], &version["FunctionArn"]), (&json!("1"), &json!(arn("f:1"))));
    assert_eq!((&version["State"], &version["LastUpdateStatus"]), (&json!("Active"), &json!("Successful")));
    assert_eq!(version["Description"], "the first");
    assert_ne!(version["RevisionId"], latest["RevisionId"]);
    let same = |body: &Json| {
        let mut body = body.as_object().expect("an object").clone();
        body.retain(|key, _| !["Version", "FunctionArn", "Description", "RevisionId"].contains(&key.as_str()));
        body
    };
    assert_eq!(same(&version), same(&latest));

    house.ask("PUT", &format!("{FUNCTIONS}/f/configuration"), json!({"Timeout": 99, "Description": "new"})).await;
    assert_eq!(house.settled("f").await["Timeout"], 99);
    let kept = house.ask("GET", &format!("{FUNCTIONS}/f/configuration?Qualifier=1"), Json::Null).await;
    assert_eq!(kept.body, version, "it never changes");
    assert_eq!(house.settled("f").await["Description"], "new");
}

#[tokio::test]
async fn what_has_not_changed_is_not_published_again() {
    let mut house = House::new().await;
    house.function("f").await;
    let first = publish(&house, json!({"Description": "mine"})).await;
    assert_eq!(publish(&house, json!({"Description": "other"})).await, first);
    // There and back again is no change.
    for timeout in [9, 3] {
        house.ask("PUT", &format!("{FUNCTIONS}/f/configuration"), json!({"Timeout": timeout})).await;
        house.settled("f").await;
    }
    assert_eq!(publish(&house, json!({})).await, first);
    house.ask("PUT", &format!("{FUNCTIONS}/f/configuration"), json!({"Description": "changed"})).await;
    house.settled("f").await;
    let second = publish(&house, json!({})).await;
    assert_eq!((&second["Version"], &second["Description"]), (&json!("2"), &json!("changed")));
    assert_eq!(publish_new(&mut house, "f", "new").await["Version"], "3");
}

#[tokio::test]
async fn conditions_of_a_publication_are_refused_in_awss_words() {
    let mut house = House::new().await;
    let latest = house.function("f").await;
    let path = versions_path("f");
    let revision = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API \
                    to retrieve the latest Revision Id";
    let expected = (412, "PreconditionFailedException", "User", revision);
    house.refused("POST", &path, json!({"RevisionId": "stale"}), expected).await;
    let current = latest["CodeSha256"].as_str().expect("text");
    let words = format!(
        "CodeSHA256 (somenonexistentsha256) is different from current CodeSHA256 in $LATEST ({current}). Please try \
         again with the CodeSHA256 in $LATEST."
    );
    house.refused("POST", &path, json!({"CodeSha256": "somenonexistentsha256"}), says(INVALID, &words)).await;
    let missing = format!("Function not found: {}", arn("doesnotexist"));
    house.refused("POST", &versions_path("doesnotexist"), json!({}), says(MISSING, &missing)).await;
    let right = json!({"RevisionId": latest["RevisionId"], "CodeSha256": current});
    assert_eq!(publish(&house, right).await["Version"], "1");
    assert_eq!(house.settled("f").await["RevisionId"], latest["RevisionId"], "nothing has changed about $LATEST");
}

#[tokio::test]
async fn nothing_is_published_while_something_is_on_its_way() {
    let mut house = House::new().await;
    assert_eq!(house.ask("POST", FUNCTIONS, creation("f")).await.status, 201);
    let pending = "The operation cannot be performed at this time. The function is currently in the following state: \
                   Pending";
    house.refused("POST", &versions_path("f"), json!({}), says(CONFLICT, pending)).await;
    house.settled("f").await;
    let code = json!({"ZipFile": base64(&samples::code("new"))});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/f/code"), code).await.status, 200);
    let words =
        format!("The operation cannot be performed at this time. An update is in progress for resource: {}", arn("f"));
    house.refused("POST", &versions_path("f"), json!({}), says(CONFLICT, &words)).await;
}

#[tokio::test]
async fn a_function_can_be_created_and_updated_with_a_version() {
    let mut house = House::new().await;
    let answer = house.ask("POST", FUNCTIONS, with(creation("f"), "Publish", json!(true))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = answer.body;
    assert_eq!((&body["Version"], &body["FunctionArn"]), (&json!("1"), &json!(arn("f:1"))));
    assert_eq!((&body["State"], &body["StateReasonCode"]), (&json!("Pending"), &json!("Creating")));
    assert_eq!(body.get("LastUpdateStatus"), None);
    assert_eq!(house.settled("f").await["Version"], "$LATEST");
    assert_eq!(house.settled("f:1").await["State"], "Active");

    let path = format!("{FUNCTIONS}/f/code");
    let code = json!({"ZipFile": base64(&samples::code("new")), "Publish": true});
    let body = house.ask("PUT", &path, code.clone()).await.body;
    assert_eq!((&body["Version"], &body["State"]), (&json!("2"), &json!("Pending")));
    let latest = house.settled("f").await;
    assert_eq!(latest["CodeSha256"], house.settled("f:2").await["CodeSha256"]);
    let again = house.ask("PUT", &path, code.clone()).await.body;
    assert_eq!((&again["Version"], &again["State"]), (&json!("2"), &json!("Active")), "the same code");
    house.settled("f").await;
    let dry = house.ask("PUT", &path, with(code, "DryRun", json!(true))).await.body;
    assert_eq!(dry["Version"], "$LATEST");
    assert_eq!(listed(&house, "f").await.len(), 3);
}

#[tokio::test]
async fn versions_are_listed_by_number_in_pages() {
    let mut house = House::new().await;
    house.function("f").await;
    for number in 1..=12 {
        assert_eq!(publish_new(&mut house, "f", &number.to_string()).await["Version"], number.to_string());
    }
    let expected: Vec<_> =
        std::iter::once("$LATEST".to_owned()).chain((1..=12).map(|number: u32| number.to_string())).collect();
    let with_arns: Vec<_> = expected.iter().map(|version| (version.clone(), arn(&format!("f:{version}")))).collect();
    assert_eq!(listed(&house, "f").await, with_arns);
    for path in [versions_path("f"), FUNCTIONS.to_owned()] {
        assert_eq!(by_pages(&house, &format!("{path}?FunctionVersion=ALL&MaxItems=5")).await, expected, "{path}");
    }
    house.function("g").await;
    let functions = by_pages(&house, &format!("{FUNCTIONS}?MaxItems=1")).await;
    assert_eq!(functions, ["$LATEST", "$LATEST"], "versions are no functions");
}

async fn by_pages(house: &House, path: &str) -> Vec<String> {
    let (mut found, mut marker) = (Vec::new(), String::new());
    loop {
        let page = house.ask("GET", &format!("{path}{marker}"), Json::Null).await.body;
        let versions = page.get("Versions").or_else(|| page.get("Functions")).and_then(Json::as_array).expect("a list");
        found.extend(versions.iter().map(|version| version["Version"].as_str().expect("text").to_owned()));
        assert!(versions.iter().all(|version| version.get("State").is_none()), "lists leave out what moves");
        match page["NextMarker"].as_str() {
            Some(next) => marker = format!("&Marker={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn every_form_of_a_name_leads_to_its_version() {
    let mut house = House::new().await;
    house.function("f").await;
    publish(&house, json!({})).await;
    house.ask("PUT", &format!("{FUNCTIONS}/f/configuration"), json!({"Timeout": 9})).await;
    house.settled("f").await;
    let full = arn("f").replace(':', "%3A");
    for form in ["f%3A1", "function%3Af%3A1", "123456789012%3Afunction%3Af%3A1", &format!("{full}%3A1")] {
        for path in [format!("{form}/configuration"), format!("{form}/configuration?Qualifier=1")] {
            let answer = house.ask("GET", &format!("{FUNCTIONS}/{path}"), Json::Null).await;
            let body = answer.body;
            assert_eq!((&body["FunctionArn"], &body["Timeout"]), (&json!(arn("f:1")), &json!(3)), "{path}");
        }
    }
    let functions = house.control.functions();
    let scope = context().scope;
    let found = functions.resolve(&scope, "f", Some("1")).expect("a version");
    assert_eq!((found.executed_version.as_str(), found.arn_as_called), ("1", arn("f:1")));
    assert_eq!(found.function.settings.config.timeout_seconds, 3);
    for wrong in ["01", "0000000001", "2"] {
        assert!(functions.resolve(&scope, "f", Some(wrong)).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_version_has_the_functions_tags_and_a_link_to_its_own_code() {
    let mut house = House::new().await;
    let body = with(creation("f"), "Tags", json!({"team": "blue"}));
    assert_eq!(house.ask("POST", FUNCTIONS, body).await.status, 201);
    house.settled("f").await;
    publish(&house, json!({})).await;
    publish_new(&mut house, "f", "new").await;
    let whole = house.ask("GET", &format!("{FUNCTIONS}/f?Qualifier=1"), Json::Null).await.body;
    assert_eq!(whole["Tags"], json!({"team": "blue"}));
    let link = whole["Code"]["Location"].as_str().and_then(|link| link.strip_prefix("http://localhost:4566"));
    let (path, query) = link.and_then(|link| link.split_once('?')).expect("a link");
    let now = house.control.deps.clock.now();
    assert_eq!(house.control.links().open(path, query, now).await.expect("ours"), samples::code("f"));
}

#[tokio::test]
async fn an_archive_stays_as_long_as_a_version_needs_it() {
    let mut house = House::new().await;
    house.function("f").await;
    publish(&house, json!({})).await;
    assert_eq!(house.control.archives.count().await, 1, "version and $LATEST share it");
    publish_new(&mut house, "f", "new").await;
    assert_eq!(house.control.archives.count().await, 2);
    let first = store::BlobId::of(&samples::code("f"));
    assert!(house.control.functions().needs(&first));
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f?Qualifier=1"), Json::Null).await.status, 204);
    assert_eq!(house.control.archives.count().await, 1);
    assert!(!house.control.functions().needs(&first));
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f?Qualifier=2"), Json::Null).await.status, 204);
    assert_eq!(house.control.archives.count().await, 1, "$LATEST needs it");
    house.settled("f").await;
    let functions = house.control.functions();
    assert!(functions.resolve(&context().scope, "f", None).is_ok());
    assert!(functions.resolve(&context().scope, "f", Some("2")).is_err());
}

#[tokio::test]
async fn numbers_are_never_used_again() {
    let mut house = House::new().await;
    house.function("f").await;
    publish(&house, json!({})).await;
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f?Qualifier=1"), Json::Null).await.status, 204);
    assert_eq!(publish(&house, json!({})).await["Version"], "2", "nothing has changed, but version 1 is gone");
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 204);
    let answer = house.ask("POST", FUNCTIONS, with(creation("f"), "Publish", json!(true))).await;
    assert_eq!(answer.body["Version"], "3", "the function is another");
}

#[tokio::test]
async fn a_function_goes_with_its_versions() {
    let mut house = House::new().await;
    house.function("f").await;
    publish(&house, json!({})).await;
    publish_new(&mut house, "f", "new").await;
    assert_eq!(house.control.functions().usage(&context().scope).functions, 1);
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 204);
    let name = FunctionName::parse("f", &context().scope).expect("a name");
    assert_eq!(house.control.functions().versions(&name), []);
    assert_eq!(house.control.archives.count().await, 0);
    assert_eq!(house.control.functions().usage(&context().scope), Default::default());
    let words = format!("Function not found: {}", arn("f"));
    house.refused("DELETE", &format!("{FUNCTIONS}/f?Qualifier=1"), Json::Null, says(MISSING, &words)).await;
}

/// What was heard of each version: whether it ran before and runs now.
#[derive(Default)]
struct Heard(Mutex<Vec<(String, bool, bool)>>);

impl OnChange for Heard {
    fn changed(&self, change: &Change) {
        let record = change.before.as_ref().or(change.after.as_ref()).expect("either is there");
        self.0.lock().push((record.version.clone(), change.before.is_some(), change.after.is_some()));
    }
}

#[tokio::test]
async fn the_pool_hears_of_each_version_for_itself() {
    let mut house = House::new().await;
    house.function("f").await;
    let heard = Arc::new(Heard::default());
    house.control.functions().on_change(heard.clone());
    let next = || std::mem::take(&mut *heard.0.lock());
    publish(&house, json!({})).await;
    assert_eq!(next(), [("1".to_owned(), false, true)], "$LATEST is as it was");
    publish_new(&mut house, "f", "new").await;
    assert_eq!(next(), [("$LATEST".to_owned(), true, true), ("2".to_owned(), false, true)], "version 1 is as it was");
    house.ask("DELETE", &format!("{FUNCTIONS}/f?Qualifier=1"), Json::Null).await;
    assert_eq!(next(), [("1".to_owned(), true, false)]);
    house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await;
    assert_eq!(next(), [("$LATEST".to_owned(), true, false), ("2".to_owned(), true, false)]);
}

/// On a real store, where commits wait for each other.
#[tokio::test]
async fn changes_of_one_function_at_once_are_all_made() {
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let at = folder.path().join("store");
    let store = Store::open_sqlite(&at, Clock::wall(), Random::from_os()).await.expect("it opens");
    let mut house = House::over(store, Disk::new(), folder, Arc::default()).await;
    house.function("f").await;
    let aliases = (0..8).map(|number| json!({"Name": format!("a{number}"), "FunctionVersion": "$LATEST"}));
    let aliases = aliases.map(|body| ("/2015-03-31/functions/f/aliases", body));
    let versions = (0..4).map(|_| ("/2015-03-31/functions/f/versions", json!({})));
    let asked = aliases.chain(versions).map(|(path, body)| house.ask("POST", path, body));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let name = FunctionName::parse("f", &context().scope).expect("a name");
    let functions = house.control.functions();
    assert_eq!((functions.aliases(&name, None).len(), functions.last_number(&name)), (8, 1), "all of one version");
}

#[tokio::test]
async fn a_version_whose_code_cannot_be_made_ready_fails_alone() {
    let mut house = House::new().await;
    house.function("f").await;
    publish(&house, json!({})).await;
    super::code::break_the_folder(&house);
    let code = json!({"ZipFile": base64(&samples::code("new")), "Publish": true});
    assert_eq!(house.ask("PUT", &format!("{FUNCTIONS}/f/code"), code).await.status, 200);
    assert_eq!(house.settled("f:2").await["State"], "Failed");
    assert_eq!(house.settled("f").await["LastUpdateStatus"], "Failed");
    let functions = house.control.functions();
    assert!(functions.resolve(&context().scope, "f", Some("2")).is_err());
    assert!(functions.resolve(&context().scope, "f", Some("1")).is_ok());
    assert_eq!(house.control.archives.count().await, 2, "version 2 keeps what it failed on");
}

/// An alias to version 1 is on its way, and version 1 is deleted before it is there.
async fn race(turnstile: bool) -> (bool, House) {
    let mut house = House::new().await;
    house.function("f").await;
    publish(&house, json!({})).await;
    let functions = house.control.functions().clone();
    let name = FunctionName::parse("f", &context().scope).expect("a name");
    let latest = functions.latest(&name).expect("it is there");
    let alias = AliasRecord {
        account: name.account.clone(),
        region: name.region.clone(),
        function: "f".to_owned(),
        name: "prod".to_owned(),
        version: "1".to_owned(),
        description: String::new(),
        additional: None,
        revision_id: "r".to_owned(),
    };
    let step = if turnstile { Step::beside(latest) } else { Step::default() }.put_alias(alias);
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f?Qualifier=1"), Json::Null).await.status, 204);
    let done = functions.commit(step).await.expect("the store is well").is_some();
    (done, house)
}

#[tokio::test]
async fn who_looked_before_somebody_elses_change_looks_again() {
    let (done, house) = race(true).await;
    assert!(!done);
    assert_eq!(house.ask("GET", &format!("{FUNCTIONS}/f/aliases/prod"), Json::Null).await.status, 404);
}

/// The control of the test above: past the turnstile, the alias leads nowhere.
#[tokio::test]
async fn who_does_not_pass_the_turnstile_leaves_an_alias_to_nothing() {
    let (done, house) = race(false).await;
    assert!(done);
    assert!(house.control.functions().resolve(&context().scope, "f:prod", None).is_err());
}
