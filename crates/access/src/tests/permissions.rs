//! Who may do what: policies of identities, boundaries, sessions, and what a deletion takes away.

use super::house::{ALLOW_ALL, House, TRUST_ACCOUNT, TRUST_LAMBDA, account, input};
use base::Caller;

const F: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";

fn allow(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
}

#[tokio::test(start_paused = true)]
async fn refusals_say_why_in_awss_words() {
    let house = House::new().await;
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"lambda:*","Resource":"*"}}"#;
    let rows = [
        ("none", String::new(), "because no identity-based policy allows the lambda:InvokeFunction action"),
        ("deny", deny.to_owned(), "with an explicit deny in an identity-based policy"),
    ];
    for (name, policy, why) in rows {
        let caller = house.user(name, &policy).await;
        let words = format!("User: arn:aws:iam::111111111111:user/{name} is not authorized to perform:");
        let expect = format!("{words} lambda:InvokeFunction on resource: {F} {why}");
        assert_eq!(house.may(&caller, "lambda:InvokeFunction", F), Err(expect));
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_are_behind_the_contracts_permission() {
    let house = House::new().await;
    let ann = house.user("ann", &allow("iam:GetUser")).await;
    assert!(house.call(&ann, "GetUser", input(&[])).await.is_ok());
    let fault = house.call(&ann, "CreateUser", input(&[("UserName", "bob")])).await.expect_err("not granted");
    assert_eq!(fault.code, "AccessDeniedException");
    assert!(fault.message.contains("iam:CreateUser on resource: arn:aws:iam::111111111111:user/bob"), "{fault}");
    house.fails("GetUser", &[("UserName", "bob")]).await;
}

#[tokio::test(start_paused = true)]
async fn managed_policies_count_as_they_are_now() {
    let house = House::new().await;
    let ann = house.user("ann", "").await;
    let made = house.ok("CreatePolicy", &[("PolicyName", "P"), ("PolicyDocument", &allow("lambda:*"))]).await;
    let arn = super::house::text(&made, "Policy.Arn");
    assert!(house.may(&ann, "lambda:InvokeFunction", F).is_err());
    house.ok("AttachUserPolicy", &[("UserName", "ann"), ("PolicyArn", &arn)]).await;
    assert_eq!(house.may(&ann, "lambda:InvokeFunction", F), Ok(()));
    let mut version = input(&[("PolicyArn", &arn), ("PolicyDocument", &allow("s3:*"))]);
    version.set("SetAsDefault", base::Value::Bool(true));
    house.call(&house.root(), "CreatePolicyVersion", version).await.expect("a second version");
    assert!(house.may(&ann, "lambda:InvokeFunction", F).is_err());
    house.ok("SetDefaultPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await;
    assert_eq!(house.may(&ann, "lambda:InvokeFunction", F), Ok(()));
    house.ok("DetachUserPolicy", &[("UserName", "ann"), ("PolicyArn", &arn)]).await;
    assert!(house.may(&ann, "lambda:InvokeFunction", F).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_boundary_limits_and_grants_nothing() {
    let house = House::new().await;
    let ann = house.user("ann", &allow("lambda:*")).await;
    let logs = "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess";
    house.ok("PutUserPermissionsBoundary", &[("UserName", "ann"), ("PermissionsBoundary", logs)]).await;
    let refused = house.may(&ann, "lambda:InvokeFunction", F).expect_err("outside the boundary");
    assert!(refused.ends_with("because no permissions boundary allows the lambda:InvokeFunction action"), "{refused}");
    assert!(house.may(&ann, "logs:PutLogEvents", "*").is_err());
    house.ok("DeleteUserPermissionsBoundary", &[("UserName", "ann")]).await;
    assert_eq!(house.may(&ann, "lambda:InvokeFunction", F), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn session_policies_narrow_together() {
    let house = House::new().await;
    let arn = house.role("r", TRUST_ACCOUNT).await;
    house.ok("PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "p"), ("PolicyDocument", &allow("lambda:*"))]).await;
    let policy = allow("lambda:Get*");
    let members = [("RoleArn", arn.as_str()), ("RoleSessionName", "ss"), ("Policy", &policy)];
    let session = house.assume(&house.root(), &members).await.expect("trusted");
    assert_eq!(house.may(&session, "lambda:GetFunction", F), Ok(()));
    let refused = house.may(&session, "lambda:InvokeFunction", F).expect_err("outside the session's policy");
    assert!(refused.ends_with("because no session policy allows the lambda:InvokeFunction action"), "{refused}");
    assert!(house.may(&session, "s3:GetObject", "*").is_err(), "a session's policy grants nothing");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_role_leaves_its_sessions_without_power() {
    let house = House::new().await;
    let arn = house.role("r", TRUST_LAMBDA).await;
    let policy = [("RoleName", "r"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)];
    house.ok("PutRolePolicy", &policy).await;
    let lambda = Caller::service(account(), "lambda.amazonaws.com");
    let session = house.assume(&lambda, &[("RoleArn", &arn), ("RoleSessionName", "ss")]).await.expect("trusted");
    assert_eq!(house.may(&session, "s3:GetObject", "*"), Ok(()));
    house.ok("DeleteRolePolicy", &[("RoleName", "r"), ("PolicyName", "p")]).await;
    house.ok("DeleteRole", &[("RoleName", "r")]).await;
    assert!(house.may(&session, "s3:GetObject", "*").is_err());
    house.role("r", TRUST_LAMBDA).await;
    house.ok("PutRolePolicy", &policy).await;
    assert!(house.may(&session, "s3:GetObject", "*").is_err(), "the new role is another one");
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_opens_nothing_to_the_sessions_of_a_deleted_role() {
    let house = House::new().await;
    let first = house.role("first", TRUST_ACCOUNT).await;
    let trust = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":["*","{first}"]}},"Action":"sts:AssumeRole"}}}}"#
    );
    let second = house.role("second", &trust).await;
    let session = house.assume(&house.root(), &[("RoleArn", &first), ("RoleSessionName", "ss")]).await.expect("root");
    let members = [("RoleArn", second.as_str()), ("RoleSessionName", "ss")];
    assert!(house.assume(&session, &members).await.is_ok());
    house.ok("DeleteRole", &[("RoleName", "first")]).await;
    assert!(house.assume(&session, &members).await.is_err());
    house.role("first", TRUST_ACCOUNT).await;
    assert!(house.assume(&session, &members).await.is_err(), "the new role is another one");
}

#[tokio::test(start_paused = true)]
async fn a_session_policy_narrows_what_a_trust_policy_opens() {
    let house = House::new().await;
    let first = house.role("first", TRUST_ACCOUNT).await;
    let trust =
        format!(r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{first}"}},"Action":"sts:AssumeRole"}}}}"#);
    let second = house.role("second", &trust).await;
    for (policy, expect) in [(allow("s3:*"), false), (allow("sts:*"), true)] {
        let members = [("RoleArn", first.as_str()), ("RoleSessionName", "ss"), ("Policy", &policy)];
        let session = house.assume(&house.root(), &members).await.expect("root");
        let assumed = house.assume(&session, &[("RoleArn", &second), ("RoleSessionName", "ss")]).await;
        assert_eq!(assumed.is_ok(), expect, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_a_deleted_or_switched_off_holder_stand_for_nobody() {
    let house = House::new().await;
    let ann = house.user("ann", "").await;
    let key = ann.access_key.clone().expect("she signed");
    let session = house.call(&ann, "GetSessionToken", input(&[])).await.expect("a key may");
    let status = |status| [("UserName", "ann"), ("AccessKeyId", key.as_str()), ("Status", status)];
    house.ok("UpdateAccessKey", &status("Inactive")).await;
    assert!(house.access.find(&key, None).is_err());
    house.ok("UpdateAccessKey", &status("Active")).await;
    assert!(house.access.find(&key, None).is_ok());
    house.ok("DeleteAccessKey", &[("UserName", "ann"), ("AccessKeyId", &key)]).await;
    assert!(house.access.find(&key, None).is_err());
    assert!(house.found(&session).is_ok());
    house.ok("DeleteUser", &[("UserName", "ann")]).await;
    house.ok("CreateUser", &[("UserName", "ann")]).await;
    assert!(house.found(&session).is_err(), "the new user is another one");
    assert!(house.may(&ann, "s3:GetObject", "*").is_err());
}

#[tokio::test(start_paused = true)]
async fn another_accounts_resource_is_not_ours_to_grant() {
    let house = House::new().await;
    let theirs = "arn:aws:lambda:us-east-1:222222222222:function:f";
    let admin = house.user("admin", ALLOW_ALL).await;
    for caller in [admin, house.root()] {
        assert_eq!(house.may(&caller, "lambda:InvokeFunction", F), Ok(()));
        let refused = house.may(&caller, "lambda:InvokeFunction", theirs).expect_err("theirs");
        assert!(refused.ends_with("because no resource-based policy allows the lambda:InvokeFunction action"));
    }
}

#[tokio::test(start_paused = true)]
async fn services_and_the_anonymous_have_no_policies_of_their_own() {
    let house = House::new().await;
    let lambda = Caller::service(account(), "lambda.amazonaws.com");
    assert!(house.may(&lambda, "s3:GetObject", "*").is_err());
}

#[tokio::test(start_paused = true)]
async fn iam_asks_for_the_whole_arn_with_its_path() {
    let house = House::new().await;
    let members = [("RoleName", "r"), ("Path", "/team/"), ("AssumeRolePolicyDocument", TRUST_LAMBDA)];
    house.ok("CreateRole", &members).await;
    let on = |resource: &str| {
        format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"iam:GetRole","Resource":"{resource}"}}]}}"#)
    };
    let team = house.user("team", &on("arn:aws:iam::111111111111:role/team/*")).await;
    let other = house.user("other", &on("arn:aws:iam::111111111111:role/r")).await;
    assert!(house.call(&team, "GetRole", input(&[("RoleName", "r")])).await.is_ok());
    assert!(house.call(&other, "GetRole", input(&[("RoleName", "r")])).await.is_err());
    let own =
        r#"{"Statement":[{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::111111111111:user/own"}]}"#;
    let own = house.user("own", own).await;
    assert!(house.call(&own, "GetUser", input(&[])).await.is_ok(), "without a name the caller is meant");
    assert!(house.call(&own, "GetUser", input(&[("UserName", "team")])).await.is_err());
}
