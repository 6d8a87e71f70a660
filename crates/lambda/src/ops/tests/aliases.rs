//! Aliases: their life, their refusals, where they lead.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::versions::publish_new;
use super::*;

fn path(alias: &str) -> String {
    format!("{FUNCTIONS}/f/aliases/{alias}")
}

const ALIASES: &str = "/2015-03-31/functions/f/aliases";

/// A function with two published versions.
async fn with_two_versions() -> House {
    let mut house = House::new().await;
    house.function("f").await;
    publish_new(&mut house, "f", "one").await;
    publish_new(&mut house, "f", "two").await;
    house
}

fn alias(name: &str, version: &str) -> Json {
    json!({"Name": name, "FunctionVersion": version})
}

fn routed(mut alias: Json, weights: Json) -> Json {
    alias["RoutingConfig"] = json!({"AdditionalVersionWeights": weights});
    alias
}

async fn made(house: &House, body: Json) -> Json {
    let answer = house.ask("POST", ALIASES, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

#[tokio::test]
async fn an_alias_is_created_read_changed_and_deleted() {
    let house = with_two_versions().await;
    let created = made(&house, alias("prod", "1")).await;
    let expected = json!({
        "AliasArn": arn("f:prod"), "Name": "prod", "FunctionVersion": "1", "Description": "",
        "RevisionId": created["RevisionId"],
    });
    assert_eq!(created, expected);
    assert_eq!(house.ask("GET", &path("prod"), Json::Null).await.body, created);
    let change = routed(json!({"FunctionVersion": "2", "Description": "d"}), json!({"1": 0.25}));
    let changed = house.ask("PUT", &path("prod"), change).await.body;
    assert_eq!((&changed["FunctionVersion"], &changed["Description"]), (&json!("2"), &json!("d")));
    assert_eq!(changed["RoutingConfig"], json!({"AdditionalVersionWeights": {"1": 0.25}}));
    assert_ne!(changed["RevisionId"], created["RevisionId"]);
    let kept = house.ask("PUT", &path("prod"), json!({"Description": "e"})).await.body;
    assert_eq!(kept["RoutingConfig"], changed["RoutingConfig"], "what isn't given stays");
    let cleared = house.ask("PUT", &path("prod"), json!({"RoutingConfig": {}})).await.body;
    assert_eq!(cleared.get("RoutingConfig"), None);
    for _ in 0..2 {
        let deleted = house.ask("DELETE", &path("prod"), Json::Null).await;
        assert_eq!((deleted.status, deleted.body), (204, Json::Null));
    }
    assert_eq!(house.ask("GET", &path("prod"), Json::Null).await.status, 404);
}

#[tokio::test]
async fn aliases_are_refused_in_awss_words() {
    let house = with_two_versions().await;
    made(&house, alias("prod", "1")).await;
    let exists = format!("Alias already exists: {}", arn("f:prod"));
    house.refused("POST", ALIASES, alias("prod", "2"), says(CONFLICT, &exists)).await;
    let get = format!("Cannot find alias arn: {}", arn("f:noalias"));
    house.refused("GET", &path("noalias"), Json::Null, says(MISSING, &get)).await;
    let get = format!("Cannot find alias arn: {}", arn("doesnotexist:noalias"));
    let elsewhere = format!("{FUNCTIONS}/doesnotexist/aliases");
    house.refused("GET", &format!("{elsewhere}/noalias"), Json::Null, says(MISSING, &get)).await;
    let update = format!("Alias not found: {}", arn("f:non-existent"));
    house.refused("PUT", &path("non-existent"), json!({"Description": "x"}), says(MISSING, &update)).await;
    let missing = format!("Function not found: {}", arn("doesnotexist"));
    house.refused("POST", &elsewhere, alias("a", "$LATEST"), says(MISSING, &missing)).await;
    house.refused("GET", &elsewhere, Json::Null, says(MISSING, &missing)).await;
    house.refused("DELETE", &format!("{elsewhere}/a"), Json::Null, says(MISSING, &missing)).await;
    let missing = format!("Function not found: {}", arn("f:7"));
    house.refused("POST", ALIASES, alias("a", "7"), says(MISSING, &missing)).await;
    let number = "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must satisfy \
                  regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
    house.refused("POST", ALIASES, alias("2024", "1"), says(VALIDATION, number)).await;
    let revision = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API \
                    to retrieve the latest Revision Id";
    let expected = (412, "PreconditionFailedException", "User", revision);
    house.refused("PUT", &path("prod"), json!({"RevisionId": "stale"}), expected).await;
}

#[tokio::test]
async fn routings_are_refused_in_awss_words() {
    let house = with_two_versions().await;
    let check = async |version: &str, weights: Json, expected: (u16, &str, &str, &str)| {
        house.refused("POST", ALIASES, routed(alias("a", version), weights), expected).await;
    };
    let many = "Number of items in AdditionalVersionWeights cannot be greater than 1";
    check("1", json!({"1": 0.1, "2": 0.1}), says(INVALID, many)).await;
    let same = "Invalid function version 1. Function version 1 is already included in routing configuration.";
    check("1", json!({"1": 0.5}), says(INVALID, same)).await;
    let latest = "$LATEST is not supported for an alias pointing to more than 1 version";
    check("$LATEST", json!({"1": 0.5}), (400, "InvalidParameterValueException", "", latest)).await;
    let missing = format!("Function not found: {}", arn("f:3"));
    check("1", json!({"3": 0.5}), says(MISSING, &missing)).await;
    let keys = "1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to \
                satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to \
                1024, Member must have length greater than or equal to 1, Member must satisfy regular expression \
                pattern: [0-9]+]";
    check("1", json!({"$LATEST": 0.5}), says(VALIDATION, keys)).await;
    for weight in ["-1.0", "2.0"] {
        let words = format!(
            "1 validation error detected: Value '{{2={weight}}}' at 'routingConfig.additionalVersionWeights' failed to \
             satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, \
             Member must have value greater than or equal to 0.0, Member must not be null]"
        );
        let weight: f64 = weight.parse().expect("a number");
        check("1", json!({"2": weight}), says(VALIDATION, &words)).await;
    }
    made(&house, routed(alias("a", "1"), json!({"2": 0.5}))).await;
    let same = "Invalid function version 2. Function version 2 is already included in routing configuration.";
    house.refused("PUT", &path("a"), json!({"FunctionVersion": "2"}), says(INVALID, same)).await;
}

#[tokio::test]
async fn aliases_are_listed_by_name_in_pages() {
    let house = with_two_versions().await;
    for (name, version) in [("c", "1"), ("a", "2"), ("b", "1"), ("d", "$LATEST")] {
        made(&house, alias(name, version)).await;
    }
    let names = async |query: &str| {
        let (mut found, mut marker) = (Vec::new(), String::new());
        loop {
            let page = house.ask("GET", &format!("{ALIASES}?MaxItems=1{query}{marker}"), Json::Null).await.body;
            let aliases = page["Aliases"].as_array().expect("a list");
            found.extend(aliases.iter().map(|alias| alias["Name"].as_str().expect("text").to_owned()));
            match page["NextMarker"].as_str() {
                Some(next) => marker = format!("&Marker={next}"),
                None => return found.concat(),
            }
        }
    };
    assert_eq!(names("").await, "abcd");
    assert_eq!(names("&FunctionVersion=1").await, "bc");
    assert_eq!(names("&FunctionVersion=%24LATEST").await, "d");
    assert_eq!(names("&FunctionVersion=9").await, "");
    house.refused("GET", &format!("{ALIASES}?Marker=%21"), Json::Null, says(INVALID, "Invalid pagination token")).await;
}

#[tokio::test]
async fn an_alias_leads_to_its_version() {
    let house = with_two_versions().await;
    made(&house, alias("prod", "1")).await;
    let whole = house.ask("GET", &format!("{FUNCTIONS}/f?Qualifier=prod"), Json::Null).await.body;
    let configuration = &whole["Configuration"];
    assert_eq!((&configuration["FunctionArn"], &configuration["Version"]), (&json!(arn("f:prod")), &json!("1")));
    let functions = house.control.functions().clone();
    let scope = context().scope;
    let run = || {
        let found = functions.resolve(&scope, "f:prod", None).expect("it leads somewhere");
        assert_eq!(found.arn_as_called, arn("f:prod"));
        assert_eq!(found.executed_version, found.function.version);
        found.executed_version
    };
    assert_eq!(run(), "1");
    house.ask("PUT", &path("prod"), json!({"FunctionVersion": "2"})).await;
    assert_eq!(run(), "2");
    let both = routed(json!({}), json!({"1": 0.5}));
    house.ask("PUT", &path("prod"), both).await;
    let ran: BTreeSet<_> = (0..200).map(|_| run()).collect();
    assert_eq!(ran, BTreeSet::from(["1".to_owned(), "2".to_owned()]));
    let words = format!("Function not found: {}", arn("f:aliasdoesnotexist"));
    let fault = functions.resolve(&scope, "f", Some("aliasdoesnotexist")).expect_err("no such alias");
    assert_eq!(fault.message, words);
}

#[tokio::test]
async fn a_version_that_an_alias_leads_to_is_not_deleted() {
    let house = with_two_versions().await;
    made(&house, alias("prod", "1")).await;
    made(&house, routed(alias("test", "2"), json!({"1": 0.1}))).await;
    let check = async |version: &str, aliases: &str| {
        let words = format!("Unable to delete version because the following aliases reference it: [{aliases}]");
        let path = format!("{FUNCTIONS}/f?Qualifier={version}");
        house.refused("DELETE", &path, Json::Null, says(CONFLICT, &words)).await;
    };
    check("1", "prod, test").await;
    check("2", "test").await;
    house.ask("DELETE", &path("test"), Json::Null).await;
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f?Qualifier=2"), Json::Null).await.status, 204);
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 204);
    let gone = format!("Cannot find alias arn: {}", arn("f:prod"));
    house.refused("GET", &path("prod"), Json::Null, says(MISSING, &gone)).await;
}

#[tokio::test]
async fn aliases_have_a_limit() {
    let house = with_two_versions().await;
    for number in 0..base::limits::lambda::ALIASES {
        made(&house, alias(&format!("a{number}"), "1")).await;
    }
    let expected = (400, "AliasLimitExceededException", "User", "Alias limit exceeded for the function.");
    house.refused("POST", ALIASES, alias("more", "1"), expected).await;
}
