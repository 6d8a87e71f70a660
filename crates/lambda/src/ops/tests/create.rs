//! CreateFunction: what it answers, and each way in which it refuses. Source of the words: Appendix A.

use serde_json::{Value as Json, json};

use super::*;

#[tokio::test]
async fn a_function_is_created_pending_and_becomes_active() {
    let mut house = House::new().await;
    let answer = house.ask("POST", FUNCTIONS, creation("hello")).await;
    assert_eq!(answer.status, 201);
    let body = answer.body;
    let expected = json!({
        "FunctionName": "hello",
        "FunctionArn": arn("hello"),
        "Runtime": "python3.12",
        "Role": ROLE,
        "Handler": "index.handler",
        "CodeSize": samples::code("hello").len(),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": body["LastModified"],
        "CodeSha256": base64(&store::BlobId::of(&samples::code("hello")).0),
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": body["RevisionId"],
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": body["RuntimeVersionConfig"],
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"},
    });
    assert_eq!(body, expected);
    assert_eq!(body["RevisionId"].as_str().map(str::len), Some(36));

    let settled = house.settled("hello").await;
    assert_ne!(settled["RevisionId"], body["RevisionId"]);
    assert_eq!((&settled["State"], &settled["LastUpdateStatus"]), (&json!("Active"), &json!("Successful")));
    assert_eq!(settled.get("StateReason"), None);
    assert_eq!(settled.get("LastUpdateStatusReason"), None);
}

#[tokio::test]
async fn what_is_asked_for_is_echoed() {
    let house = House::new().await;
    let wanted = json!({
        "Description": "greets",
        "Timeout": 900,
        "MemorySize": 10240,
        "EphemeralStorage": {"Size": 10240},
        "Environment": {"Variables": {"B_KEY": "b", "A_KEY": "a"}},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
        "TracingConfig": {"Mode": "Active"},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        "Architectures": ["arm64"],
    });
    let mut body = creation("f");
    for (member, value) in wanted.as_object().expect("an object") {
        body = with(body, member, value.clone());
    }
    body = with(body, "SnapStart", json!({"ApplyOn": "PublishedVersions"}));
    body = with(body, "LoggingConfig", json!({"LogFormat": "JSON", "SystemLogLevel": "WARN"}));
    body = with(body, "VpcConfig", json!({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}));
    body = with(body, "Tags", json!({"team": "x"}));
    let answer = house.ask("POST", FUNCTIONS, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    for (member, value) in wanted.as_object().expect("an object") {
        assert_eq!(&answer.body[member], value, "{member}");
    }
    assert_eq!(answer.body["SnapStart"], json!({"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}));
    let logging = json!({
        "LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN", "LogGroup": "/aws/lambda/f",
    });
    assert_eq!(answer.body["LoggingConfig"], logging);
    let vpc = &answer.body["VpcConfig"];
    assert_eq!((&vpc["SubnetIds"], &vpc["Ipv6AllowedForDualStack"]), (&json!(["subnet-1"]), &json!(false)));
    let whole = house.ask("GET", &format!("{FUNCTIONS}/f"), Json::Null).await.body;
    assert_eq!(whole["Tags"], json!({"team": "x"}));
    assert_eq!(whole.get("Concurrency"), None);
}

#[tokio::test]
async fn an_empty_environment_is_echoed() {
    let house = House::new().await;
    let answer = house.ask("POST", FUNCTIONS, with(creation("f"), "Environment", json!({}))).await;
    assert_eq!(answer.body["Environment"], json!({"Variables": {}}));
}

#[tokio::test]
async fn every_form_of_a_name_creates_the_same_function() {
    let house = House::new().await;
    let forms = [arn("a"), format!("{ACCOUNT}:function:b"), "function:c".to_owned()];
    for (form, name) in forms.iter().zip(["a", "b", "c"]) {
        let answer = house.ask("POST", FUNCTIONS, with(creation(name), "FunctionName", json!(form))).await;
        assert_eq!(answer.body["FunctionArn"], arn(name), "{answer:?}");
    }
}

async fn check(house: &House, member: &str, value: Json, expected: (u16, &str, &str, &str)) {
    house.refused("POST", FUNCTIONS, with(creation("f"), member, value), expected).await;
}

#[tokio::test]
async fn what_the_contract_forbids_is_refused() {
    let house = House::new().await;
    let detected = "1 validation error detected: Value";
    let role = format!(
        "{detected} 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: \
         arn:(aws[a-zA-Z-]*)?:iam::\\d{{12}}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"
    );
    check(&house, "Role", json!("r1"), says(VALIDATION, &role)).await;
    let architecture = format!(
        "{detected} '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
    );
    check(&house, "Architectures", json!(["X86_64"]), says(VALIDATION, &architecture)).await;
    let two = format!(
        "{detected} '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: \
         Member must have length less than or equal to 1"
    );
    check(&house, "Architectures", json!(["x86_64", "arm64"]), says(VALIDATION, &two)).await;
    let snap = format!(
        "{detected} 'invalidOption' at 'snapStart.applyOn' failed to satisfy constraint: \
         Member must satisfy enum value set: [PublishedVersions, None]"
    );
    check(&house, "SnapStart", json!({"ApplyOn": "invalidOption"}), says(VALIDATION, &snap)).await;
    let groups = format!(
        "{detected} '[nope]' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: Member must satisfy \
         constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal \
         to 0, Member must satisfy regular expression pattern: sg-[0-9a-zA-Z]*]"
    );
    check(&house, "VpcConfig", json!({"SecurityGroupIds": ["nope"]}), says(VALIDATION, &groups)).await;
    let name = format!(
        "{detected} 'invalid:function:name' at 'functionName' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: {}",
        crate::api::patterns::FUNCTION_NAME
    );
    check(&house, "FunctionName", json!("invalid:function:name"), says(VALIDATION, &name)).await;
}

#[tokio::test]
async fn what_a_name_must_not_be_is_refused() {
    let house = House::new().await;
    let long = format!(
        "1 validation error detected: Value '{}' at 'functionName' failed to satisfy constraint: Member must have length \
         less than or equal to 64",
        "a".repeat(65)
    );
    check(&house, "FunctionName", json!("a".repeat(65)), says(INVALID, &long)).await;
    let elsewhere = "Functions from 'ap-southeast-1' are not reachable in this region ('us-east-1')";
    let there = json!("arn:aws:lambda:ap-southeast-1:123456789012:function:f");
    check(&house, "FunctionName", there, says(MISSING, elsewhere)).await;
    let other = json!("arn:aws:lambda:us-east-1:111111111111:function:f");
    check(&house, "FunctionName", other, (403, "AccessDeniedException", "", "")).await;
    let qualified = "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
                     operation. Please specify either a function name or an unqualified function ARN.";
    check(&house, "FunctionName", json!("f:1"), says(INVALID, qualified)).await;
}

#[tokio::test]
async fn a_function_is_created_once() {
    let mut house = House::new().await;
    house.function("f").await;
    house.refused("POST", FUNCTIONS, creation("f"), says(CONFLICT, "Function already exist: f")).await;
}

#[tokio::test]
async fn runtimes_and_handlers_are_refused() {
    let house = House::new().await;
    let mandatory = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
    check(&house, "Runtime", Json::Null, says(INVALID, mandatory)).await;
    check(&house, "Handler", Json::Null, says(INVALID, mandatory)).await;
    let unknown = format!(
        "Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a \
         valid ARN",
        crate::function::runtime::CREATABLE.join(", ")
    );
    check(&house, "Runtime", json!("PYTHON3.9"), says(INVALID, &unknown)).await;
    let blocked = "The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda \
                   functions. We recommend you use a supported runtime while creating or updating functions.";
    check(&house, "Runtime", json!("nodejs12.x"), says(INVALID, blocked)).await;
    let missing = "The runtime java21 is not available on this host: no java in PATH";
    check(&house, "Runtime", json!("java21"), says(INVALID, missing)).await;
    let body = with(creation("f"), "SnapStart", json!({"ApplyOn": "PublishedVersions"}));
    let body = with(body, "Runtime", json!("nodejs22.x"));
    let snap = "nodejs22.x is not supported for SnapStart enabled functions.";
    house.refused("POST", FUNCTIONS, body, says(INVALID, snap)).await;
}

#[tokio::test]
async fn environments_are_refused() {
    let house = House::new().await;
    let large = "x".repeat(4096);
    let words = format!(
        "Lambda was unable to configure your environment variables because the environment variables you have provided \
         exceeded the 4KB limit. String measured: {{\"SMALL_VAR\":\"ok\",\"LARGE_VAR\":\"{large}\"}}"
    );
    let environment = json!({"Variables": {"SMALL_VAR": "ok", "LARGE_VAR": large}});
    check(&house, "Environment", environment, says(INVALID, &words)).await;
    let reserved = "Lambda was unable to configure your environment variables because the environment variables you have \
                    provided contains reserved keys that are currently not supported for modification. Reserved keys \
                    used in this request: AWS_REGION";
    check(&house, "Environment", json!({"Variables": {"AWS_REGION": "x"}}), says(INVALID, reserved)).await;
    let answer =
        house.ask("POST", FUNCTIONS, with(creation("f"), "Environment", json!({"Variables": {"1A": "x"}}))).await;
    assert_eq!(answer.error.as_deref(), Some("ValidationException"));
}

#[tokio::test]
async fn sizes_are_refused() {
    let house = House::new().await;
    let most = |member: &str, number: i32| {
        format!("'{member}' value failed to satisfy constraint: Member must have value less than or equal to {number}")
    };
    check(&house, "MemorySize", json!(10241), says(INVALID, &most("MemorySize", 10240))).await;
    check(&house, "Timeout", json!(901), says(INVALID, &most("Timeout", 900))).await;
    let storage = most("EphemeralStorage.Size", 10240);
    check(&house, "EphemeralStorage", json!({"Size": 10241}), says(INVALID, &storage)).await;
    let low = "1 validation error detected: Value '127' at 'memorySize' failed to satisfy constraint: Member must have \
               value greater than or equal to 128";
    check(&house, "MemorySize", json!(127), says(VALIDATION, low)).await;
}

#[tokio::test]
async fn layers_tags_and_code_signing_are_refused() {
    let house = House::new().await;
    let layer = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:layer:{name}");
    let missing = format!("Layer version {} does not exist.", layer("doesnotexist:1"));
    check(&house, "Layers", json!([layer("doesnotexist:1")]), says(INVALID, &missing)).await;
    let six: Vec<_> = (0..6).map(|number| layer(&format!("l{number}:1"))).collect();
    check(&house, "Layers", json!(six), says(INVALID, "Cannot reference more than 5 layers.")).await;
    let tags: serde_json::Map<String, Json> = (0..51).map(|number| (format!("k{number}"), json!("v"))).collect();
    check(&house, "Tags", Json::Object(tags), says(INVALID, "Number of tags exceeds resource tag limit.")).await;
    let config = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0";
    let words = format!(
        "The code signing configuration cannot be found. Check that the provided configuration is not deleted: {config}."
    );
    let expected = (404, "CodeSigningConfigNotFoundException", "User", words.as_str());
    check(&house, "CodeSigningConfigArn", json!(config), expected).await;
}

#[tokio::test]
async fn what_this_endpoint_does_not_do_is_refused_plainly() {
    let house = House::new().await;
    let publish = "PublishTo is not supported by this endpoint.";
    check(&house, "PublishTo", json!("LATEST_PUBLISHED"), says(INVALID, publish)).await;
    let image = "Please provide ImageUri when creating a function with packageType Image.";
    check(&house, "PackageType", json!("Image"), says(INVALID, image)).await;
    let tenancy = "TenancyConfig is not supported by this endpoint.";
    check(&house, "TenancyConfig", json!({"TenantIsolationMode": "PER_TENANT"}), says(INVALID, tenancy)).await;
    let durable = "DurableConfig is not supported by this endpoint.";
    check(&house, "DurableConfig", json!({"ExecutionTimeout": 60}), says(INVALID, durable)).await;
    let level = "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or change \
                 the LogFormat to \"JSON\" and try again.";
    check(&house, "LoggingConfig", json!({"LogFormat": "Text", "SystemLogLevel": "WARN"}), says(INVALID, level)).await;
}

#[tokio::test]
async fn a_role_must_be_passable_and_assumable() {
    let house = House::new().await;
    house.world.unassumable.lock().insert(ROLE.to_owned());
    let words = "The role defined for the function cannot be assumed by Lambda.";
    house.refused("POST", FUNCTIONS, creation("f"), says(INVALID, words)).await;
    house.world.unpassable.lock().insert(ROLE.to_owned());
    let words = format!(
        "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: iam:PassRole on resource: {ROLE} because no \
         identity-based policy allows the iam:PassRole action"
    );
    house.refused("POST", FUNCTIONS, creation("f"), (403, "AccessDeniedException", "", &words)).await;
    let foreign = json!("arn:aws:iam::111111111111:role/worker");
    let words = "Cross-account pass role is not allowed.";
    check(&house, "Role", foreign, (403, "AccessDeniedException", "", words)).await;
}

#[tokio::test]
async fn lambda_assumes_the_role_in_its_own_name() {
    let mut house = House::new().await;
    house.function("greeter").await;
    house.function("f").await;
    let calls = house.world.calls.lock();
    let names: Vec<_> = calls.iter().map(|call| call.input.text("RoleSessionName").unwrap_or("").to_owned()).collect();
    assert_eq!(names, ["greeter", "f@lambda_function"]);
    assert_eq!(calls[0].caller.arn, "lambda.amazonaws.com");
    assert_eq!(calls[0].input.text("RoleArn"), Some(ROLE));
}
