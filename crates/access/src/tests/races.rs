//! Changes at once: none undoes another, and a count is never wrong. On SQLite, where a commit takes a while: in memory
//! no two calls ever meet.

use std::sync::Arc;

use base::{Clock, Fault, Fields, Random, Tasks, Value};
use store::Store;

use super::house::{ALLOW_ALL, House, TRUST_LAMBDA, at, column, input, text};

/// A house on a disk that is gone with the guard.
async fn house() -> (Arc<House>, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let store =
        Store::open_sqlite(dir.path(), Clock::wall(), Random::seeded(7)).await.expect("an empty directory opens");
    (Arc::new(House::on(store).await), dir)
}

type Members = Vec<(&'static str, String)>;

/// Carries all out side by side; how each ended, in the order in which they were given.
async fn at_once(house: &Arc<House>, calls: Vec<(&'static str, Members)>) -> Vec<Result<Fields, Fault>> {
    let tasks = Tasks::new();
    let spawn = |(operation, members): (&'static str, Members)| {
        let house = house.clone();
        tasks.spawn("call", async move {
            let members: Vec<_> = members.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.call(&house.root(), operation, input(&members)).await
        })
    };
    let running: Vec<_> = calls.into_iter().map(spawn).collect();
    let mut ended = Vec::new();
    for call in running {
        ended.push(call.await.expect("no call panics"));
    }
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_never_has_a_third_key() {
    let (house, _dir) = house().await;
    house.ok("CreateUser", &[("UserName", "u")]).await;
    let create = || ("CreateAccessKey", vec![("UserName", "u".to_owned())]);
    let ended = at_once(&house, (0..6).map(|_| create()).collect()).await;
    let mut made: Vec<_> = ended.iter().flatten().map(|key| text(key, "AccessKey.AccessKeyId")).collect();
    assert!((1..=2).contains(&made.len()), "{made:?}");
    let mut listed =
        column(&house.ok("ListAccessKeys", &[("UserName", "u")]).await, "AccessKeyMetadata", "AccessKeyId");
    listed.sort();
    made.sort();
    assert_eq!(listed, made, "who was told of a key has it, and nobody else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_policy_is_never_deleted_under_its_holders() {
    for round in 0..20 {
        let (house, _dir) = house().await;
        house.role("r", TRUST_LAMBDA).await;
        let made = house.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await;
        let arn = text(&made, "Policy.Arn");
        let attach = ("AttachRolePolicy", vec![("RoleName", "r".to_owned()), ("PolicyArn", arn.clone())]);
        let delete = ("DeletePolicy", vec![("PolicyArn", arn.clone())]);
        let calls = if round % 2 == 0 { vec![attach, delete] } else { vec![delete, attach] };
        let ended = at_once(&house, calls).await;
        assert_eq!(ended.iter().filter(|end| end.is_ok()).count(), 1, "{ended:?}");
        let held = house.ok("ListAttachedRolePolicies", &[("RoleName", "r")]).await;
        let holds = !column(&held, "AttachedPolicies", "PolicyArn").is_empty();
        let there = house.call(&house.root(), "GetPolicy", input(&[("PolicyArn", &arn)])).await.is_ok();
        assert_eq!(holds, there);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_policys_count_is_the_number_of_its_holders() {
    let (house, _dir) = house().await;
    let made = house.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await;
    let arn = text(&made, "Policy.Arn");
    let names: Vec<_> = (0..16).map(|n| format!("r{n}")).collect();
    for name in &names {
        house.role(name, TRUST_LAMBDA).await;
    }
    let attach = |name: &String| ("AttachRolePolicy", vec![("RoleName", name.clone()), ("PolicyArn", arn.clone())]);
    let ended = at_once(&house, names.iter().map(attach).collect()).await;
    let attached = ended.iter().filter(|end| end.is_ok()).count();
    assert_eq!(attached, names.len(), "{ended:?}");
    let holders = house.ok("ListEntitiesForPolicy", &[("PolicyArn", &arn)]).await;
    assert_eq!(column(&holders, "PolicyRoles", "RoleName").len(), attached);
    let policy = house.ok("GetPolicy", &[("PolicyArn", &arn)]).await;
    let count = i64::try_from(attached).expect("few");
    assert_eq!(at(&policy, "Policy.AttachmentCount"), Some(&Value::Integer(count)));
}
