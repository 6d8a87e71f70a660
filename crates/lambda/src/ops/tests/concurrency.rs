//! Reserved concurrency as a client sees it; `admit` is where it holds.

use serde_json::{Value as Json, json};

use super::*;

fn path(name: &str) -> String {
    format!("/2017-10-31/functions/{name}/concurrency")
}

async fn unreserved(house: &House) -> Json {
    let settings = house.ask("GET", "/2016-08-19/account-settings", Json::Null).await.body;
    settings["AccountLimit"]["UnreservedConcurrentExecutions"].clone()
}

async fn reserve(house: &House, name: &str, number: i32) {
    let body = json!({"ReservedConcurrentExecutions": number});
    let answer = house.ask("PUT", &path(name), body.clone()).await;
    assert_eq!((answer.status, answer.body), (200, body));
}

#[tokio::test]
async fn concurrency_is_reserved_read_and_given_back() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    reserve(&house, "f", 7).await;
    let read = house.ask("GET", "/2019-09-30/functions/f/concurrency", Json::Null).await.body;
    assert_eq!(read, json!({"ReservedConcurrentExecutions": 7}));
    let whole = house.ask("GET", &format!("{FUNCTIONS}/f"), Json::Null).await.body;
    assert_eq!(whole["Concurrency"], json!({"ReservedConcurrentExecutions": 7}));
    assert_eq!(unreserved(&house).await, 993);
    assert_eq!(house.settled("f").await["RevisionId"], before["RevisionId"]);
    let mut house = super::crash::crashed(house).await;
    assert_eq!(unreserved(&house).await, 993, "also after a crash");
    let answer = house.ask("DELETE", &path("f"), Json::Null).await;
    assert_eq!((answer.status, answer.body), (204, Json::Null));
    assert_eq!(unreserved(&house).await, 1000);
    reserve(&house, "f", 0).await;
    house.settled("f").await;
    assert_eq!(house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 204);
    house.function("f").await;
    let read = house.ask("GET", "/2019-09-30/functions/f/concurrency", Json::Null).await.body;
    assert_eq!(read, json!({}), "the function is another");
}

#[tokio::test]
async fn a_hundred_stay_for_the_others() {
    let mut house = House::new().await;
    house.function("a").await;
    house.function("b").await;
    reserve(&house, "a", 900).await;
    let words = "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [100].";
    let expected = (400, "InvalidParameterValueException", "", words);
    for (name, number) in [("a", 901), ("b", 1), ("b", i32::MAX)] {
        let body = json!({"ReservedConcurrentExecutions": number});
        house.refused("PUT", &path(name), body, expected).await;
    }
    reserve(&house, "b", 0).await;
    reserve(&house, "a", 899).await;
    reserve(&house, "b", 1).await;
    assert_eq!(unreserved(&house).await, 100);
}

#[tokio::test]
async fn reservations_are_refused_in_awss_words() {
    let mut house = House::new().await;
    house.function("f").await;
    let body = json!({"ReservedConcurrentExecutions": 1});
    let missing = format!("Function not found: {}", arn("doesnotexist"));
    house.refused("PUT", &path("doesnotexist"), body.clone(), says(MISSING, &missing)).await;
    house.refused("DELETE", &path("doesnotexist"), Json::Null, says(MISSING, &missing)).await;
    let functions_only = "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
                          operation. Please specify either a function name or an unqualified function ARN.";
    house.refused("PUT", &path("f%3A1"), body, says(INVALID, functions_only)).await;
    let least = "1 validation error detected: Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: \
                 Member must have value greater than or equal to 0";
    house.refused("PUT", &path("f"), json!({"ReservedConcurrentExecutions": -1}), says(VALIDATION, least)).await;
}

#[tokio::test]
async fn two_who_reserve_at_once_cannot_both_have_the_last() {
    let mut house = House::new().await;
    let names = ["a", "b", "c", "d"];
    for name in names {
        house.function(name).await;
    }
    let body = json!({"ReservedConcurrentExecutions": 500});
    let paths = names.map(path);
    let asked = paths.iter().map(|path| house.ask("PUT", path, body.clone()));
    let mut statuses: Vec<_> = futures_util::future::join_all(asked).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400]);
    assert_eq!(unreserved(&house).await, 500);
}
