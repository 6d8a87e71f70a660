//! What is read, listed, tagged and deleted.

use serde_json::{Value as Json, json};

use super::*;

#[tokio::test]
async fn a_function_answers_by_the_arn_that_was_asked_for() {
    let mut house = House::new().await;
    house.function("f").await;
    let get = async |path: &str| house.ask("GET", &format!("{FUNCTIONS}/{path}"), Json::Null).await.body;
    assert_eq!(get("f").await["Configuration"]["FunctionArn"], arn("f"));
    assert_eq!(get("f?Qualifier=%24LATEST").await["Configuration"]["FunctionArn"], arn("f:$LATEST"));
    let whole = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A%24LATEST";
    assert_eq!(get(whole).await["Configuration"]["FunctionArn"], arn("f:$LATEST"));
    assert_eq!(get("f%3A%24LATEST/configuration").await["FunctionArn"], arn("f:$LATEST"));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let mut house = House::new().await;
    house.function("f").await;
    let missing = [
        ("GET", "doesnotexist", "doesnotexist"),
        ("GET", "doesnotexist?Qualifier=1", "doesnotexist:1"),
        ("GET", "doesnotexist?Qualifier=%24LATEST", "doesnotexist:$LATEST"),
        ("GET", "f?Qualifier=aliasdoesnotexist", "f:aliasdoesnotexist"),
        ("GET", "f/configuration?Qualifier=1221", "f:1221"),
        ("GET", "f?Qualifier=valid-with-$-but-doesnotexist", "f:valid-with-$-but-doesnotexist"),
        ("GET", "f?Qualifier=$latest", "f:$latest"),
        ("DELETE", "doesnotexist", "doesnotexist"),
        ("DELETE", "doesnotexist?Qualifier=1", "doesnotexist"),
        ("DELETE", "f?Qualifier=5", "f:5"),
        ("GET", "doesnotexist/versions", "doesnotexist"),
    ];
    for (method, path, named) in missing {
        let words = format!("Function not found: {}", arn(named));
        house.refused(method, &format!("{FUNCTIONS}/{path}"), Json::Null, says(MISSING, &words)).await;
    }
    for path in [
        "/2019-09-30/functions/doesnotexist/concurrency",
        "/2020-06-30/functions/doesnotexist/code-signing-config",
        "/2024-08-31/functions/doesnotexist/recursion-config",
        "/2021-07-20/functions/doesnotexist/runtime-management-config",
    ] {
        let words = format!("Function not found: {}", arn("doesnotexist"));
        house.refused("GET", path, Json::Null, says(MISSING, &words)).await;
    }
}

#[tokio::test]
async fn qualifiers_are_refused_in_awss_words() {
    let mut house = House::new().await;
    house.function("f").await;
    let derived = "The derived qualifier from the function name does not match the specified qualifier.";
    house.refused("GET", &format!("{FUNCTIONS}/f%3A1?Qualifier=2"), Json::Null, says(INVALID, derived)).await;
    let pattern = "1 validation error detected: Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to satisfy \
                   constraint: Member must satisfy regular expression pattern: \
                   \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";
    let path = format!("{FUNCTIONS}/f?Qualifier=invalid-qualifier-with-%3F-char");
    house.refused("GET", &path, Json::Null, says(VALIDATION, pattern)).await;
    let latest = "$LATEST version cannot be deleted without deleting the function.";
    house.refused("DELETE", &format!("{FUNCTIONS}/f?Qualifier=$LATEST"), Json::Null, says(INVALID, latest)).await;
    let alias = "Deletion of aliases is not currently supported.";
    house.refused("DELETE", &format!("{FUNCTIONS}/f?Qualifier=prod"), Json::Null, says(INVALID, alias)).await;
    let name = format!(
        "1 validation error detected: Value 'arn:aws:lambda:us-east-1:123400000000@function:myfn' at 'functionName' failed \
         to satisfy constraint: Member must satisfy regular expression pattern: {}",
        crate::api::patterns::NAMESPACED_FUNCTION_NAME
    );
    let path = format!("{FUNCTIONS}/arn%3Aaws%3Alambda%3Aus-east-1%3A123400000000%40function%3Amyfn");
    house.refused("GET", &path, Json::Null, says(VALIDATION, &name)).await;
}

#[tokio::test]
async fn a_deleted_function_is_gone_and_can_come_again() {
    let mut house = House::new().await;
    let first = house.function("f").await;
    let answer = house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await;
    assert_eq!((answer.status, answer.body), (204, Json::Null));
    assert_eq!(house.ask("GET", &format!("{FUNCTIONS}/f"), Json::Null).await.status, 404);
    assert_ne!(house.function("f").await["RevisionId"], first["RevisionId"]);
}

#[tokio::test]
async fn lists_leave_out_what_moves() {
    let mut house = House::new().await;
    house.function("b").await;
    house.function("a").await;
    let listed = house.ask("GET", &format!("{FUNCTIONS}/"), Json::Null).await.body;
    let functions = listed["Functions"].as_array().expect("a list");
    let names: Vec<_> = functions.iter().map(|function| function["FunctionArn"].clone()).collect();
    assert_eq!(names, [json!(arn("a")), json!(arn("b"))]);
    for member in ["State", "StateReason", "LastUpdateStatus", "RuntimeVersionConfig"] {
        assert_eq!(functions[0].get(member), None);
    }
    let all = house.ask("GET", &format!("{FUNCTIONS}?FunctionVersion=ALL"), Json::Null).await.body;
    assert_eq!(all["Functions"][0]["FunctionArn"], arn("a:$LATEST"));
    let versions = house.ask("GET", &format!("{FUNCTIONS}/a/versions"), Json::Null).await.body;
    assert_eq!(versions["Versions"][0]["FunctionArn"], arn("a:$LATEST"));
    assert_eq!(versions["Versions"].as_array().map(Vec::len), Some(1));
    let words = "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy constraint: Member \
                 must satisfy enum value set: [ALL]";
    house.refused("GET", &format!("{FUNCTIONS}?FunctionVersion=invalid"), Json::Null, says(VALIDATION, words)).await;
}

#[tokio::test]
async fn pages_hold_every_function_once() {
    let mut house = House::new().await;
    let expected: Vec<_> = (0..7).map(|number| format!("f{number}")).collect();
    for name in &expected {
        house.function(name).await;
    }
    let (mut names, mut marker, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = house.ask("GET", &format!("{FUNCTIONS}?MaxItems=3{marker}"), Json::Null).await.body;
        let functions = page["Functions"].as_array().expect("a list");
        names.extend(functions.iter().map(|function| function["FunctionName"].as_str().expect("a name").to_owned()));
        pages += 1;
        match page["NextMarker"].as_str() {
            Some(next) => marker = format!("&Marker={next}"),
            None => break,
        }
    }
    assert_eq!((names, pages), (expected, 3));
    let path = format!("{FUNCTIONS}?Marker=%21");
    house.refused("GET", &path, Json::Null, says(INVALID, "Invalid pagination token")).await;
}

#[tokio::test]
async fn what_hangs_on_a_function_is_answered() {
    let mut house = House::new().await;
    house.function("f").await;
    let get = async |path: &str| {
        let answer = house.ask("GET", path, Json::Null).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.body
    };
    assert_eq!(get("/2019-09-30/functions/f/concurrency").await, json!({}));
    assert_eq!(get("/2020-06-30/functions/f/code-signing-config").await, json!({"FunctionName": "f"}));
    assert_eq!(get("/2024-08-31/functions/f/recursion-config").await, json!({"RecursiveLoop": "Terminate"}));
    let management = json!({"UpdateRuntimeOn": "Auto", "FunctionArn": arn("f")});
    assert_eq!(get("/2021-07-20/functions/f/runtime-management-config").await, management);
}

#[tokio::test]
async fn the_account_counts() {
    let mut house = House::new().await;
    let settings = async |house: &House| house.ask("GET", "/2016-08-19/account-settings", Json::Null).await.body;
    let limit = json!({
        "TotalCodeSize": 322_122_547_200_i64, "CodeSizeUnzipped": 262_144_000, "CodeSizeZipped": 52_428_800,
        "ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000,
    });
    let empty = json!({"TotalCodeSize": 0, "FunctionCount": 0});
    assert_eq!(settings(&house).await, json!({"AccountLimit": limit, "AccountUsage": empty}));
    let size = house.function("f").await["CodeSize"].clone();
    let used = json!({"TotalCodeSize": size, "FunctionCount": 1});
    assert_eq!(settings(&house).await["AccountUsage"], used);
    house.ask("DELETE", &format!("{FUNCTIONS}/f"), Json::Null).await;
    assert_eq!(settings(&house).await["AccountUsage"], empty);
}

fn tags_path(resource: &str) -> String {
    format!("/2017-03-31/tags/{}", resource.replace(':', "%3A").replace('/', "%2F"))
}

#[tokio::test]
async fn tags_are_put_listed_and_taken_away() {
    let mut house = House::new().await;
    let before = house.function("f").await;
    let path = tags_path(&arn("f"));
    let put = house.ask("POST", &path, json!({"Tags": {"a": "1", "b": "2"}})).await;
    assert_eq!((put.status, put.body), (204, Json::Null));
    assert_eq!(house.ask("GET", &path, Json::Null).await.body, json!({"Tags": {"a": "1", "b": "2"}}));
    assert_eq!(house.ask("DELETE", &format!("{path}?tagKeys=a&tagKeys=c"), Json::Null).await.status, 204);
    assert_eq!(house.ask("GET", &path, Json::Null).await.body, json!({"Tags": {"b": "2"}}));
    assert_eq!(house.settled("f").await["RevisionId"], before["RevisionId"]);
}

#[tokio::test]
async fn tags_are_refused_in_awss_words() {
    let mut house = House::new().await;
    house.function("f").await;
    let words = "Tags on function aliases and versions are not supported. Please specify a function ARN.";
    for qualifier in ["$LATEST", "1", "prod"] {
        let path = tags_path(&arn(&format!("f:{qualifier}")));
        house.refused("POST", &path, json!({"Tags": {"a": "1"}}), says(INVALID, words)).await;
        house.refused("GET", &path, Json::Null, says(INVALID, words)).await;
    }
    let tags: serde_json::Map<String, Json> = (0..51).map(|number| (format!("k{number}"), json!("v"))).collect();
    let many = "Number of tags exceeds resource tag limit.";
    house.refused("POST", &tags_path(&arn("f")), json!({"Tags": tags}), says(INVALID, many)).await;
    let missing = format!("Function not found: {}", arn("g"));
    house.refused("GET", &tags_path(&arn("g")), Json::Null, says(MISSING, &missing)).await;
    let keys =
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null";
    house.refused("DELETE", &tags_path(&arn("f")), Json::Null, says(VALIDATION, keys)).await;
    let config = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0";
    let words = format!("The Lambda code signing configuration {config} can not be found.");
    let expected = (404, "ResourceNotFoundException", "", words.as_str());
    house.refused("GET", &tags_path(config), Json::Null, expected).await;
    let mapping = "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:00000000-0000-0000-0000-000000000000";
    let words = format!("Event source mapping not found: {mapping}");
    house.refused("GET", &tags_path(mapping), Json::Null, says(MISSING, &words)).await;
}

#[tokio::test]
async fn an_invocation_is_resolved_or_refused() {
    let mut house = House::new().await;
    let scope = context().scope;
    let functions = house.control.functions().clone();
    let refusal = |name: &str, qualifier: Option<&str>| {
        let fault = functions.resolve(&scope, name, qualifier).expect_err(name);
        (fault.code.into_owned(), fault.message)
    };
    let missing = |named: &str| ("ResourceNotFoundException".to_owned(), format!("Function not found: {}", arn(named)));
    assert_eq!(refusal("doesnotexist", None), missing("doesnotexist:$LATEST"));
    assert_eq!(refusal("doesnotexist", Some("1")), missing("doesnotexist:1"));
    assert_eq!(house.ask("POST", FUNCTIONS, creation("f")).await.status, 201);
    let pending = "The operation cannot be performed at this time. The function is currently in the following state: \
                   Pending";
    assert_eq!(refusal("f", None), ("ResourceConflictException".to_owned(), pending.to_owned()));
    house.settled("f").await;
    let found = functions.resolve(&scope, "f", None).expect("active");
    assert_eq!((found.arn_as_called, found.executed_version.as_str()), (arn("f"), "$LATEST"));
    let found = functions.resolve(&scope, "f", Some("$LATEST")).expect("active");
    assert_eq!(found.arn_as_called, arn("f:$LATEST"));
    assert_eq!(refusal("f", Some("prod")), missing("f:prod"));
}
