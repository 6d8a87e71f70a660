//! Keys and sessions: who somebody is, and for how long.

use std::time::Duration;

use base::Caller;
use base::caller::{Identity, Principal};

use super::house::{ACCOUNT, ALLOW_ALL, House, TRUST_ACCOUNT, TRUST_LAMBDA, account, input, text};

const MAY_ASSUME: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#;
const MAY_NOT_ASSUME: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:*","Resource":"*"}}"#;

fn trust(principal: &str) -> String {
    format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#)
}

#[tokio::test(start_paused = true)]
async fn everybody_may_ask_who_he_is() {
    let house = House::new().await;
    let root = house.ok("GetCallerIdentity", &[]).await;
    assert_eq!(text(&root, "Arn"), "arn:aws:iam::111111111111:root");
    assert_eq!((text(&root, "Account"), text(&root, "UserId")), (ACCOUNT.to_owned(), ACCOUNT.to_owned()));
    let ann = house.user("ann", "").await;
    let identity = house.call(&ann, "GetCallerIdentity", input(&[])).await.expect("nobody is refused");
    assert_eq!(text(&identity, "Arn"), "arn:aws:iam::111111111111:user/ann");
    assert!(text(&identity, "UserId").starts_with("AIDA"));
}

#[tokio::test(start_paused = true)]
async fn lambda_takes_on_the_role_that_trusts_it() {
    let house = House::new().await;
    let arn = house.role("r", TRUST_LAMBDA).await;
    let lambda = Caller::service(account(), "lambda.amazonaws.com");
    let session = house.assume(&lambda, &[("RoleArn", &arn), ("RoleSessionName", "fn")]).await.expect("trusted");
    assert_eq!(session.arn, "arn:aws:sts::111111111111:assumed-role/r/fn");
    assert!(session.user_id.starts_with("AROA") && session.user_id.ends_with(":fn"));
    let identity = house.call(&session, "GetCallerIdentity", input(&[])).await.expect("nobody is refused");
    assert_eq!(text(&identity, "Arn"), session.arn);
}

#[tokio::test(start_paused = true)]
async fn the_trust_policy_decides_who_takes_on_a_role() {
    let house = House::new().await;
    let plain = house.user("plain", "").await;
    let granted = house.user("granted", MAY_ASSUME).await;
    let denied = house.user("denied", MAY_NOT_ASSUME).await;
    let events = Caller::service(account(), "events.amazonaws.com");
    let stranger = Caller::root(base::Account::parse("222222222222").expect("digits"));
    let root = house.root();
    let rows = [
        ("lambda", TRUST_LAMBDA.to_owned(), vec![(&events, false), (&root, false), (&granted, false)]),
        (
            "account",
            TRUST_ACCOUNT.to_owned(),
            vec![(&plain, false), (&granted, true), (&root, true), (&stranger, false)],
        ),
        ("direct", trust(r#"{"AWS":"arn:aws:iam::111111111111:user/plain"}"#), vec![(&plain, true), (&granted, false)]),
        ("all", trust(r#""*""#), vec![(&plain, true), (&denied, false), (&stranger, true), (&events, false)]),
        ("other", trust(r#"{"AWS":"222222222222"}"#), vec![(&stranger, true), (&root, false)]),
    ];
    for (name, trust, callers) in rows {
        let arn = house.role(name, &trust).await;
        for (caller, expect) in callers {
            let assumed = house.assume(caller, &[("RoleArn", &arn), ("RoleSessionName", "ss")]).await;
            assert_eq!(assumed.is_ok(), expect, "{} takes on {name}: {assumed:?}", caller.arn);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_tell_whether_the_role_exists() {
    let house = House::new().await;
    let ann = house.user("ann", MAY_ASSUME).await;
    house.role("there", TRUST_LAMBDA).await;
    for name in ["there", "not-there"] {
        let arn = format!("arn:aws:iam::111111111111:role/{name}");
        let fault = house.assume(&ann, &[("RoleArn", &arn), ("RoleSessionName", "ss")]).await.expect_err("refused");
        let words =
            "User: arn:aws:iam::111111111111:user/ann is not authorized to perform: sts:AssumeRole on resource:";
        assert_eq!((fault.code.as_ref(), fault.message), ("AccessDeniedException", format!("{words} {arn}")));
    }
}

#[tokio::test(start_paused = true)]
async fn the_anonymous_take_on_nothing() {
    let house = House::new().await;
    let arn = house.role("all", &trust(r#""*""#)).await;
    let identity = Identity { principal: Principal::Anonymous, ..Identity::clone(&house.root()) };
    let assumed = house.assume(&Caller::new(identity), &[("RoleArn", &arn), ("RoleSessionName", "ss")]).await;
    assert_eq!(assumed.expect_err("nobody signed").code, "AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn a_session_ends() {
    let house = House::new().await;
    let arn = house.role("r", TRUST_ACCOUNT).await;
    let members = input(&[("RoleArn", &arn), ("RoleSessionName", "ss")]);
    let answer = house.call(&house.root(), "AssumeRole", members).await.expect("trusted");
    tokio::time::advance(Duration::from_secs(3_599)).await;
    assert!(house.found(&answer).is_ok());
    tokio::time::advance(Duration::from_secs(1)).await;
    let fault = house.found(&answer).expect_err("over");
    assert_eq!(fault.code, "ExpiredTokenException");
    assert_eq!(fault.message, "The security token included in the request is expired");
    let key = text(&answer, "Credentials.AccessKeyId");
    let token = text(&answer, "Credentials.SessionToken");
    assert_eq!(house.access.open_caller(&key, Some(&token)).expect_err("over").code, "ExpiredTokenException");
}

#[tokio::test(start_paused = true)]
async fn a_session_survives_a_restart_and_a_key_needs_its_token() {
    let house = House::new().await;
    let arn = house.role("r", TRUST_ACCOUNT).await;
    let members = input(&[("RoleArn", &arn), ("RoleSessionName", "ss")]);
    let answer = house.call(&house.root(), "AssumeRole", members).await.expect("trusted");
    let again = House::on(house.store.clone()).await;
    assert_eq!(
        again.found(&answer).expect("the secret is kept").caller.arn,
        house.found(&answer).expect("good").caller.arn
    );
    let key = text(&answer, "Credentials.AccessKeyId");
    for (key, token) in [(key.as_str(), None), ("ROOT", Some("x")), ("AKIAUNKNOWN", None)] {
        assert_eq!(house.access.find(key, token).expect_err(key).code, "UnrecognizedClientException");
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_are_as_long_as_the_role_lets_them() {
    let house = House::new().await;
    let arn = house.role("r", TRUST_ACCOUNT).await;
    house.ok("PutRolePolicy", &[("RoleName", "r"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await;
    let lambda = Caller::service(account(), "lambda.amazonaws.com");
    let execution = house.role("e", TRUST_LAMBDA).await;
    let session = house.assume(&house.root(), &[("RoleArn", &arn), ("RoleSessionName", "ss")]).await.expect("trusted");
    let ask = async |caller: &Caller, arn: &str, seconds: i64| {
        let mut members = input(&[("RoleArn", arn), ("RoleSessionName", "ss")]);
        members.set("DurationSeconds", base::Value::Integer(seconds));
        house.call(caller, "AssumeRole", members).await.map(drop).map_err(|fault| fault.message)
    };
    let too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert_eq!(ask(&house.root(), &arn, 3_601).await, Err(too_long.to_owned()));
    let chained = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
    assert_eq!(ask(&session, &arn, 3_601).await, Err(chained.to_owned()));
    assert_eq!(ask(&session, &arn, 3_600).await, Ok(()));
    assert_eq!(ask(&lambda, &execution, 43_200).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn get_session_token_gives_the_same_caller_without_iam() {
    let house = House::new().await;
    let ann = house.user("ann", ALLOW_ALL).await;
    let answer = house.call(&ann, "GetSessionToken", input(&[])).await.expect("a key may");
    let session = house.found(&answer).expect("new").caller;
    assert_eq!((&session.arn, &session.user_id), (&ann.arn, &ann.user_id));
    assert_eq!(house.may(&session, "lambda:ListFunctions", "*"), Ok(()));
    assert!(house.may(&session, "iam:ListUsers", "*").is_err());
    let again = house.call(&session, "GetSessionToken", input(&[])).await.expect_err("a session may not");
    assert_eq!(again.message, "Cannot call GetSessionToken with session credentials");
}

#[tokio::test(start_paused = true)]
async fn open_callers_are_whoever_they_say() {
    let house = House::new().await;
    let open = |key: &str| house.access.open_caller(key, None).expect("anybody");
    assert_eq!(open("222222222222").account.as_str(), "222222222222");
    assert_eq!(open("test").account.as_str(), "000000000000");
    assert_eq!(house.may(&open("test"), "iam:CreateUser", "arn:aws:iam::111111111111:user/x"), Ok(()));
    let arn = house.role("r", TRUST_ACCOUNT).await;
    let members = input(&[("RoleArn", &arn), ("RoleSessionName", "ss")]);
    let answer = house.call(&open("test"), "AssumeRole", members).await.expect("nothing is asked of an open caller");
    let (key, token) = (text(&answer, "Credentials.AccessKeyId"), text(&answer, "Credentials.SessionToken"));
    let session = house.access.open_caller(&key, Some(&token)).expect("good");
    assert!(house.may(&session, "s3:GetObject", "*").is_err(), "a role holds under --auth open as well");
}
