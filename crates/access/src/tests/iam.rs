//! IAM's operations and their words.

use base::{Fields, Value};

use super::house::{ALLOW_ALL, House, TRUST_ACCOUNT, TRUST_LAMBDA, at, column, input, text};

const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

#[tokio::test(start_paused = true)]
async fn a_role_comes_back_as_it_was_made() {
    let house = House::new().await;
    let members =
        [("RoleName", "r"), ("Path", "/a/b/"), ("AssumeRolePolicyDocument", TRUST_LAMBDA), ("Description", "d")];
    house.ok("CreateRole", &members).await;
    let again = House::on(house.store.clone()).await;
    for house in [house, again] {
        let role = house.ok("GetRole", &[("RoleName", "r")]).await;
        assert_eq!(text(&role, "Role.Arn"), "arn:aws:iam::111111111111:role/a/b/r");
        assert!(text(&role, "Role.RoleId").starts_with("AROA"));
        assert_eq!(text(&role, "Role.Description"), "d");
        assert_eq!(at(&role, "Role.MaxSessionDuration"), Some(&Value::Integer(3_600)));
        let document = text(&role, "Role.AssumeRolePolicyDocument");
        assert!(document.starts_with("%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B"), "{document}");
    }
}

/// An operation, its input, and the code and message of its refusal.
type Row<'a> = (&'a str, &'a [(&'static str, &'a str)], &'a str, &'a str);

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_there_already_is_said_in_iams_words() {
    let house = House::new().await;
    house.role("r", TRUST_LAMBDA).await;
    house.ok("CreateUser", &[("UserName", "u")]).await;
    house.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await;
    let none = "arn:aws:iam::111111111111:policy/none";
    let new_role = [("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST_LAMBDA)];
    let new_policy = [("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)];
    let (absent, exists) = ("NoSuchEntityException", "EntityAlreadyExistsException");
    let rows: &[Row<'_>] = &[
        ("GetRole", &[("RoleName", "x")], absent, "The role with name x cannot be found."),
        ("GetUser", &[("UserName", "x")], absent, "The user with name x cannot be found."),
        ("DeleteRole", &[("RoleName", "x")], absent, "The role with name x cannot be found."),
        ("CreateRole", &new_role, exists, "Role with name R already exists."),
        ("CreateUser", &[("UserName", "U")], exists, "User with name U already exists."),
        ("CreatePolicy", &new_policy, exists, "A policy called p already exists. Duplicate names are not allowed."),
        (
            "GetRolePolicy",
            &[("RoleName", "r"), ("PolicyName", "x")],
            absent,
            "The role policy with name x cannot be found.",
        ),
        (
            "DeleteUserPolicy",
            &[("UserName", "u"), ("PolicyName", "x")],
            absent,
            "The user policy with name x cannot be found.",
        ),
        ("GetPolicy", &[("PolicyArn", none)], absent, "Policy arn:aws:iam::111111111111:policy/none was not found."),
        (
            "AttachRolePolicy",
            &[("RoleName", "r"), ("PolicyArn", none)],
            absent,
            "Policy arn:aws:iam::111111111111:policy/none does not exist or is not attachable.",
        ),
        (
            "DetachRolePolicy",
            &[("RoleName", "r"), ("PolicyArn", BASIC)],
            absent,
            "Policy arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole was not found.",
        ),
        ("ListAccessKeys", &[], "ValidationException", "Must specify userName when calling with non-User credentials"),
        ("ListRoles", &[("Marker", "?")], "ValidationException", "Invalid Marker."),
    ];
    for (operation, members, code, message) in rows {
        let expect = ((*code).to_owned(), (*message).to_owned());
        assert_eq!(house.fails(operation, members).await, expect, "{operation} {members:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_holds_something_is_not_deleted() {
    let house = House::new().await;
    house.role("r", TRUST_LAMBDA).await;
    let conflict = |message: &str| ("DeleteConflictException".to_owned(), message.to_owned());
    house.ok("AttachRolePolicy", &[("RoleName", "r"), ("PolicyArn", BASIC)]).await;
    let detach = conflict("Cannot delete entity, must detach all policies first.");
    assert_eq!(house.fails("DeleteRole", &[("RoleName", "r")]).await, detach);
    house.ok("DetachRolePolicy", &[("RoleName", "r"), ("PolicyArn", BASIC)]).await;
    house.ok("PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await;
    let delete = conflict("Cannot delete entity, must delete policies first.");
    assert_eq!(house.fails("DeleteRole", &[("RoleName", "r")]).await, delete);
    house.ok("DeleteRolePolicy", &[("RoleName", "r"), ("PolicyName", "p")]).await;
    house.ok("DeleteRole", &[("RoleName", "r")]).await;
    house.user("u", "").await;
    let keys = conflict("Cannot delete entity, must delete access keys first.");
    assert_eq!(house.fails("DeleteUser", &[("UserName", "u")]).await, keys);
}

#[tokio::test(start_paused = true)]
async fn a_policy_lives_as_long_as_somebody_holds_it() {
    let house = House::new().await;
    house.role("r", TRUST_LAMBDA).await;
    let made = house.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await;
    let arn = text(&made, "Policy.Arn");
    let held = [("RoleName", "r"), ("PolicyArn", arn.as_str())];
    let count = async || at(&house.ok("GetPolicy", &[("PolicyArn", &arn)]).await, "Policy.AttachmentCount").cloned();
    house.ok("AttachRolePolicy", &held).await;
    house.ok("AttachRolePolicy", &held).await;
    assert_eq!(count().await, Some(Value::Integer(1)), "attached twice is attached once");
    let refused = house.fails("DeletePolicy", &[("PolicyArn", &arn)]).await;
    assert_eq!(refused.1, "Cannot delete a policy attached to entities.");
    let holders = house.ok("ListEntitiesForPolicy", &[("PolicyArn", &arn)]).await;
    assert_eq!(column(&holders, "PolicyRoles", "RoleName"), ["r"]);
    house.ok("DetachRolePolicy", &held).await;
    assert_eq!(count().await, Some(Value::Integer(0)));
    house.ok("DeletePolicy", &[("PolicyArn", &arn)]).await;
    house.fails("GetPolicy", &[("PolicyArn", &arn)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_has_five_versions_at_most() {
    let house = House::new().await;
    let made = house.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await;
    let arn = text(&made, "Policy.Arn");
    let version = [("PolicyArn", arn.as_str()), ("PolicyDocument", ALLOW_ALL)];
    for _ in 0..4 {
        house.ok("CreatePolicyVersion", &version).await;
    }
    assert_eq!(house.fails("CreatePolicyVersion", &version).await.0, "LimitExceededException");
    assert_eq!(house.fails("DeletePolicy", &[("PolicyArn", &arn)]).await.0, "DeleteConflictException");
    let refused = house.fails("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await;
    assert_eq!(refused.1, "Cannot delete the default version of a policy.");
    house.ok("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v5")]).await;
    house.ok("CreatePolicyVersion", &version).await;
    let versions = house.ok("ListPolicyVersions", &[("PolicyArn", &arn)]).await;
    assert_eq!(column(&versions, "Versions", "VersionId"), ["v6", "v4", "v3", "v2", "v1"]);
    let first = house.ok("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await;
    assert!(text(&first, "PolicyVersion.Document").starts_with("%7B%22Version"));
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages() {
    let house = House::new().await;
    for name in ["c", "A", "b"] {
        house.role(name, TRUST_LAMBDA).await;
    }
    let mut members = input(&[]);
    members.set("MaxItems", Value::Integer(2));
    let first = house.call(&house.root(), "ListRoles", members).await.expect("root may");
    assert_eq!(column(&first, "Roles", "RoleName"), ["A", "b"]);
    assert_eq!(first.get("IsTruncated"), Some(&Value::Bool(true)));
    let rest = house.ok("ListRoles", &[("Marker", &text(&first, "Marker"))]).await;
    assert_eq!(column(&rest, "Roles", "RoleName"), ["c"]);
    assert_eq!(rest.get("IsTruncated"), Some(&Value::Bool(false)));
}

#[tokio::test(start_paused = true)]
async fn limits_hold() {
    let house = House::new().await;
    house.user("u", "").await;
    house.ok("CreateAccessKey", &[("UserName", "u")]).await;
    let refused = house.fails("CreateAccessKey", &[("UserName", "u")]).await;
    assert_eq!(
        refused,
        ("LimitExceededException".to_owned(), "Cannot exceed quota for AccessKeysPerUser: 2".to_owned())
    );
    let long = |chars: usize| ALLOW_ALL.replace("\"*\"}", &format!("\"arn:aws:s3:::{}\"}}", "x".repeat(chars)));
    let (spaced, too_long) = (" ".repeat(5_000) + &long(1_900), long(2_000));
    let put = |document| [("UserName", "u"), ("PolicyName", "p"), ("PolicyDocument", document)];
    house.ok("PutUserPolicy", &put(&spaced)).await;
    let refused = house.fails("PutUserPolicy", &put(&too_long)).await;
    assert_eq!(refused.1, "Maximum policy size of 2048 bytes exceeded for user u");
    let document = long(6_100);
    let refused = house.fails("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", &document)]).await;
    assert_eq!(refused.1, "Cannot exceed quota for PolicySize: 6144");
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_replaced_and_removed() {
    let house = House::new().await;
    house.role("r", TRUST_LAMBDA).await;
    let tag = |key: &'static str, value: &'static str| Value::Map(Fields::new().with("Key", key).with("Value", value));
    let tags = |list: Vec<Value>| {
        let mut members = input(&[("RoleName", "r")]);
        members.set("Tags", Value::List(list));
        members
    };
    let root = house.root();
    house.call(&root, "TagRole", tags(vec![tag("b", "1"), tag("a", "2")])).await.expect("two tags");
    house.call(&root, "TagRole", tags(vec![tag("B", "3")])).await.expect("one replaced");
    let listed = house.ok("ListRoleTags", &[("RoleName", "r")]).await;
    assert_eq!(column(&listed, "Tags", "Value"), ["3", "2"]);
    let same = house.call(&root, "TagRole", tags(vec![tag("c", "1"), tag("C", "2")])).await.expect_err("twice");
    assert_eq!(same.code, "InvalidInputException");
    let mut members = input(&[("RoleName", "r")]);
    members.set("TagKeys", Value::List(vec!["a".into(), "B".into()]));
    house.call(&root, "UntagRole", members).await.expect("removed");
    let listed = house.ok("ListRoleTags", &[("RoleName", "r")]).await;
    assert_eq!(column(&listed, "Tags", "Value"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn malformed_documents_are_refused_in_iams_words() {
    let house = House::new().await;
    house.role("r", TRUST_LAMBDA).await;
    let allow = |inside: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{inside}}}]}}"#);
    let inline = [
        ("{".to_owned(), "This policy contains invalid Json"),
        ("[]".to_owned(), "Syntax errors in policy."),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), "Missing required field Statement"),
        (r#"{"Version":"2013","Statement":[]}"#.to_owned(), "The policy must contain a valid version string."),
        (allow(r#""Resource":"*""#), "Policy statement must contain actions."),
        (allow(r#""Action":"s3:Get""#), "Policy statement must contain resources."),
        (
            allow(r#""Action":"s3:Get","Resource":"*","Principal":"*""#),
            "Policy document should not specify a principal.",
        ),
        (
            allow(r#""Action":"Get","Resource":"*""#),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (allow(r#""Action":"s*:Get","Resource":"*""#), "Vendor s* is not valid"),
        (allow(r#""Action":"s3:Get","Resource":"b""#), r#"Resource b must be in ARN format or "*"."#),
        (allow(r#""Action":"s3:Get","Resource":"arn:aws:s3""#), "The policy failed legacy parsing"),
        (allow(r#""Action":"s3:Get","Resource":"*","Conditions":{}"#), "Syntax errors in policy."),
        (allow(r#""Action":"s3:Get","Resource":"*","Condition":{"Same":{}}"#), "Invalid Condition type : Same"),
        (allow(r#""Action":"s3:Get","NotAction":"s3:Put","Resource":"*""#), "Syntax errors in policy."),
    ];
    for (document, expect) in inline {
        let refused = house
            .fails("PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "p"), ("PolicyDocument", &document)])
            .await;
        assert_eq!(refused, ("MalformedPolicyDocumentException".to_owned(), expect.to_owned()), "{document}");
    }
    let trust = [
        (allow(r#""Action":"sts:AssumeRole""#), "Missing required field Principal"),
        (allow(r#""Action":"sts:AssumeRole","Principal":"*","Resource":"*""#), "Has prohibited field Resource"),
        (allow(r#""Action":"s3:Get","Principal":"*""#), "AssumeRole policy may only specify STS AssumeRole actions."),
        (
            allow(r#""Action":"sts:AssumeRole","Principal":{"AWS":"ann"}"#),
            r#"Invalid principal in policy: "AWS":"ann""#,
        ),
        (
            allow(r#""Action":"sts:AssumeRole","NotPrincipal":{"AWS":"111111111111"}"#),
            "Has prohibited field NotPrincipal",
        ),
    ];
    for (document, expect) in trust {
        let refused = house.fails("UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", &document)]).await;
        assert_eq!(refused, ("MalformedPolicyDocumentException".to_owned(), expect.to_owned()), "{document}");
    }
    house.ok("UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", TRUST_ACCOUNT)]).await;
}

#[tokio::test(start_paused = true)]
async fn the_contracts_are_sound_and_every_done_operation_has_a_handler() {
    let house = House::new().await;
    for service in house.access.services() {
        for operation in service.spec().operations {
            assert_eq!(operation.is_done(), service.handles(operation.name), "{}", operation.name);
        }
        assert_eq!(wire::contract::problems(service.spec()), Vec::<String>::new());
    }
}
