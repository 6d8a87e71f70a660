//! The two updates: what runs meanwhile, and how they refuse.

use serde_json::{Value as Json, json};

use super::*;
use crate::function::{Change, OnChange};

fn code_path(name: &str) -> String {
    format!("{FUNCTIONS}/{name}/code")
}

fn configuration_path(name: &str) -> String {
    format!("{FUNCTIONS}/{name}/configuration")
}

fn new_code() -> Json {
    json!({"ZipFile": base64(&samples::code("new"))})
}

#[tokio::test]
async fn new_code_runs_when_it_is_ready_and_the_old_until_then() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    let answer = house.ask("PUT", &code_path("f"), new_code()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.body;
    assert_eq!(body["State"], "Active");
    assert_eq!(body["LastUpdateStatus"], "InProgress");
    assert_eq!(body["LastUpdateStatusReason"], "The function is being created.");
    assert_eq!(body["LastUpdateStatusReasonCode"], "Creating");
    assert_ne!(body["CodeSha256"], before["CodeSha256"]);
    assert_ne!(body["RevisionId"], before["RevisionId"]);

    let functions = house.control.functions().clone();
    let running = || functions.resolve(&context().scope, "f", None).expect("it runs").function.settings.code.sha256;
    assert_eq!(running(), store::BlobId::of(&samples::code("f")), "the update is still in progress");
    let words =
        format!("The operation cannot be performed at this time. An update is in progress for resource: {}", arn("f"));
    house.refused("PUT", &code_path("f"), new_code(), says(CONFLICT, &words)).await;
    house.refused("PUT", &configuration_path("f"), json!({}), says(CONFLICT, &words)).await;

    let after = house.settled("f").await;
    assert_eq!(after["LastUpdateStatus"], "Successful");
    assert_ne!(after["RevisionId"], body["RevisionId"]);
    assert_eq!(running(), store::BlobId::of(&samples::code("new")));
}

#[tokio::test]
async fn the_same_code_is_an_update_too() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    let same = json!({"ZipFile": base64(&samples::code("f")), "Architectures": ["arm64"]});
    assert_eq!(house.ask("PUT", &code_path("f"), same).await.body["LastUpdateStatus"], "InProgress");
    let after = house.settled("f").await;
    assert_eq!(after["CodeSha256"], before["CodeSha256"]);
    assert_eq!(after["Architectures"], json!(["arm64"]));
    assert_ne!(after["RevisionId"], before["RevisionId"]);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    let answer = house.ask("PUT", &code_path("f"), with(new_code(), "DryRun", json!(true))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_ne!(answer.body["CodeSha256"], before["CodeSha256"]);
    assert_eq!(house.settled("f").await, before);
    assert_eq!(
        house.control.deps.store.blobs().get(store::BlobId::of(&samples::code("new"))).await.expect("read"),
        None
    );
}

#[tokio::test]
async fn a_revision_that_is_not_the_latest_is_refused() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    let words = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
                 retrieve the latest Revision Id";
    let expected = (412, "PreconditionFailedException", "User", words);
    house.refused("PUT", &code_path("f"), with(new_code(), "RevisionId", json!("stale")), expected).await;
    house.refused("PUT", &configuration_path("f"), json!({"RevisionId": "stale"}), expected).await;
    let right = with(new_code(), "RevisionId", before["RevisionId"].clone());
    assert_eq!(house.ask("PUT", &code_path("f"), right).await.status, 200);
}

#[tokio::test]
async fn a_configuration_is_replaced_member_by_member() {
    let mut house = House::new().await;
    let body = with(creation("f"), "Environment", json!({"Variables": {"OLD": "1"}}));
    let body = with(body, "DeadLetterConfig", json!({"TargetArn": "arn:aws:sns:us-east-1:123456789012:dead"}));
    assert_eq!(house.ask("POST", FUNCTIONS, body).await.status, 201);
    house.settled("f").await;
    let change = json!({
        "Handler": "other.handler", "Timeout": 30, "Environment": {"Variables": {"NEW": "2"}},
        "DeadLetterConfig": {"TargetArn": ""}, "LoggingConfig": {"LogGroup": "/mine"},
    });
    assert_eq!(house.ask("PUT", &configuration_path("f"), change).await.status, 200);
    let after = house.settled("f").await;
    assert_eq!(after["Handler"], "other.handler");
    assert_eq!(after["Timeout"], 30);
    assert_eq!(after["MemorySize"], 128);
    assert_eq!(after["Environment"], json!({"Variables": {"NEW": "2"}}));
    assert_eq!(after.get("DeadLetterConfig"), None);
    assert_eq!(after["LoggingConfig"], json!({"LogFormat": "Text", "LogGroup": "/mine"}));
}

#[tokio::test]
async fn only_a_new_role_is_asked_for() {
    let mut house = House::new().await;
    house.function("f").await;
    house.world.unassumable.lock().insert(ROLE.to_owned());
    assert_eq!(house.ask("PUT", &configuration_path("f"), json!({"Timeout": 4})).await.status, 200);
    house.settled("f").await;
    let words = "The role defined for the function cannot be assumed by Lambda.";
    house.refused("PUT", &configuration_path("f"), json!({"Role": ROLE}), says(INVALID, words)).await;
}

#[tokio::test]
async fn updates_of_what_is_not_there_or_not_so_are_refused() {
    let mut house = House::new().await;
    let missing = format!("Function not found: {}", arn("doesnotexist"));
    house.refused("PUT", &code_path("doesnotexist"), new_code(), says(MISSING, &missing)).await;
    house.refused("PUT", &configuration_path("doesnotexist"), json!({}), says(MISSING, &missing)).await;
    house.function("f").await;
    let image = "Please don't provide ImageUri when updating a function with packageType Zip.";
    house.refused("PUT", &code_path("f"), json!({"ImageUri": "x"}), says(INVALID, image)).await;
    let source = "Please provide a source for function code.";
    house.refused("PUT", &code_path("f"), json!({}), says(INVALID, source)).await;
    let publish = "PublishTo is not supported by this endpoint.";
    let to = with(new_code(), "PublishTo", json!("LATEST_PUBLISHED"));
    house.refused("PUT", &code_path("f"), to, says(INVALID, publish)).await;
    let functions_only = "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
                          operation. Please specify either a function name or an unqualified function ARN.";
    house.refused("PUT", &code_path("f%3A1"), new_code(), says(INVALID, functions_only)).await;
    house.refused("PUT", &configuration_path("f%3Aprod"), json!({}), says(INVALID, functions_only)).await;
}

#[derive(Default)]
struct Heard(Mutex<Vec<(Option<String>, Option<String>)>>);

impl OnChange for Heard {
    fn changed(&self, change: &Change) {
        let id = |record: &Option<Arc<crate::function::FunctionRecord>>| {
            record.as_ref().map(|record| record.settings.id.clone())
        };
        self.0.lock().push((id(&change.before), id(&change.after)));
    }
}

#[tokio::test]
async fn the_pool_hears_when_what_runs_has_changed() {
    let mut house = House::new().await;
    let heard = Arc::new(Heard::default());
    house.control.functions().on_change(heard.clone());
    house.function("f").await;
    assert_eq!(heard.0.lock().len(), 1, "created");
    house.ask("PUT", &code_path("f"), new_code()).await;
    assert_eq!(heard.0.lock().len(), 1, "the old code still runs");
    house.settled("f").await;
    house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await;
    let heard = heard.0.lock();
    let [(None, Some(first)), (Some(before), Some(second)), (Some(last), None)] = &heard[..] else {
        panic!("{heard:?}");
    };
    assert_eq!((first, second), (before, last));
    assert_ne!(first, second);
}
