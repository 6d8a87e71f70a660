//! Groups: making, showing, removing, retention, protection and tags.

use indexmap::IndexMap;

use super::*;

async fn names(house: &House, input: DescribeLogGroupsRequest) -> (Vec<String>, Option<String>) {
    let page = house.call(DescribeLogGroups, input).await.expect("described");
    (page.log_groups.into_iter().map(|group| group.log_group_name).collect(), page.next_token)
}

#[tokio::test]
async fn a_group_is_made_once_and_shown_with_both_arns() {
    let house = House::in_memory();
    house.make("/aws/lambda/f", &[]).await;
    refused(
        house.call(CreateLogGroup, new_group("/aws/lambda/f")).await,
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    );
    refused(house.call(CreateLogGroup, new_group("aws/x")).await, "InvalidParameterException", "reserved");
    let page = house.call(DescribeLogGroups, describe_groups()).await.unwrap();
    let [group] = &page.log_groups[..] else { panic!("{page:?}") };
    assert_eq!(group.arn, "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*");
    assert_eq!(group.log_group_arn.as_deref(), Some("arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f"));
    assert_eq!((group.retention_in_days, group.stored_bytes), (None, Some(0)));
    assert!(group.creation_time >= NOON);
}

#[tokio::test]
async fn groups_are_found_by_prefix_by_part_and_by_identifier() {
    let house = House::in_memory();
    for name in ["/aws/lambda/a", "/aws/lambda/ab", "/aws/lambda", "/other/lambda/a", "z"] {
        house.make(name, &[]).await;
    }
    let prefix =
        |text: &str| DescribeLogGroupsRequest { log_group_name_prefix: Some(text.to_owned()), ..describe_groups() };
    let part =
        |text: &str| DescribeLogGroupsRequest { log_group_name_pattern: Some(text.to_owned()), ..describe_groups() };
    assert_eq!(names(&house, prefix("/aws/lambda")).await.0, ["/aws/lambda", "/aws/lambda/a", "/aws/lambda/ab"]);
    assert_eq!(names(&house, prefix("/aws/lambda/ab")).await.0, ["/aws/lambda/ab"]);
    assert!(names(&house, prefix("/aws/lambdas")).await.0.is_empty());
    assert_eq!(names(&house, part("lambda/a")).await.0, ["/aws/lambda/a", "/aws/lambda/ab", "/other/lambda/a"]);
    let both = DescribeLogGroupsRequest { log_group_name_pattern: Some("a".to_owned()), ..prefix("a") };
    refused(house.call(DescribeLogGroups, both).await, "InvalidParameterException", "mutually exclusive");
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:z:*";
    let identifiers = Some(vec![arn.to_owned(), "/aws/lambda/a".to_owned(), "none".to_owned()]);
    let identified = DescribeLogGroupsRequest { log_group_identifiers: identifiers, ..describe_groups() };
    assert_eq!(names(&house, identified).await.0, ["/aws/lambda/a", "z"]);
}

#[tokio::test]
async fn pages_of_groups_show_each_once() {
    let house = House::in_memory();
    let all: Vec<String> = (10..27).map(|n| format!("g{n}")).collect();
    for name in &all {
        house.make(name, &[]).await;
    }
    for limit in [1, 4, 17, 50] {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let input = DescribeLogGroupsRequest { limit: Some(limit), next_token: token, ..describe_groups() };
            let (page, next) = names(&house, input).await;
            seen.extend(page);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all, "limit {limit}");
    }
}

#[tokio::test]
async fn another_account_and_region_see_nothing() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    let mut elsewhere = context();
    elsewhere.scope = Scope::new(Account::default_account(), Region::new("eu-west-1"));
    let fields = house
        .service
        .perform("DescribeLogGroups", &Decision::Allow, elsewhere.clone(), describe_groups().into_fields())
        .await
        .unwrap();
    assert!(DescribeLogGroupsResponse::from_fields(fields).unwrap().log_groups.is_empty());
    let answer = house.service.perform("GetLogEvents", &Decision::Allow, elsewhere, get("g", "s").into_fields()).await;
    refused(answer, "ResourceNotFoundException", "The specified log group does not exist.");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    let house = House::in_memory();
    let missing = "The specified log group does not exist.";
    let code = "ResourceNotFoundException";
    refused(house.call(DeleteLogGroup, group_named("g")).await, code, missing);
    refused(house.call(DeleteRetentionPolicy, group_named("g")).await, code, missing);
    refused(house.call(DescribeLogStreams, describe_streams("g")).await, code, missing);
    refused(house.call(CreateLogStream, stream_named("g", "s")).await, code, missing);
    refused(house.call(PutLogEvents, batch("g", "s", &[(NOON, "x")])).await, code, missing);
    refused(house.call(FilterLogEvents, filter("g", "")).await, code, missing);
    house.make("g", &[]).await;
    let missing = "The specified log stream does not exist.";
    refused(house.call(PutLogEvents, batch("g", "s", &[(NOON, "x")])).await, code, missing);
    refused(house.call(GetLogEvents, get("g", "s")).await, code, missing);
    refused(house.call(DeleteLogStream, stream_named("g", "s")).await, code, missing);
}

#[tokio::test]
async fn a_protected_group_is_not_deleted() {
    let house = House::in_memory();
    let protected = CreateLogGroupRequest { deletion_protection_enabled: Some(true), ..new_group("g") };
    house.call(CreateLogGroup, protected).await.unwrap();
    refused(house.call(DeleteLogGroup, group_named("g")).await, "ValidationException", "deletion protection");
    let off = PutLogGroupDeletionProtectionRequest {
        log_group_identifier: "g".to_owned(),
        deletion_protection_enabled: false,
    };
    house.call(PutLogGroupDeletionProtection, off).await.unwrap();
    house.call(DeleteLogGroup, group_named("g")).await.unwrap();
}

#[tokio::test]
async fn retention_is_set_and_taken_back() {
    let house = House::in_memory();
    house.make("g", &[]).await;
    let retain = |days| PutRetentionPolicyRequest { log_group_name: "g".to_owned(), retention_in_days: days };
    house.call(PutRetentionPolicy, retain(30)).await.unwrap();
    let shown = |page: DescribeLogGroupsResponse| page.log_groups[0].retention_in_days;
    assert_eq!(shown(house.call(DescribeLogGroups, describe_groups()).await.unwrap()), Some(30));
    refused(
        house.call(PutRetentionPolicy, retain(31)).await,
        "InvalidParameterException",
        "Value '31' at 'retentionInDays'",
    );
    house.call(DeleteRetentionPolicy, group_named("g")).await.unwrap();
    assert_eq!(shown(house.call(DescribeLogGroups, describe_groups()).await.unwrap()), None);
}

fn tags(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn tags_are_set_by_name_and_by_arn() {
    let house = House::in_memory();
    house
        .call(CreateLogGroup, CreateLogGroupRequest { tags: Some(tags(&[("a", "1")])), ..new_group("g") })
        .await
        .unwrap();
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g".to_owned();
    let tag = TagResourceRequest { resource_arn: arn.clone(), tags: tags(&[("b", "2"), ("a", "3")]) };
    house.call(TagResource, tag).await.unwrap();
    let by_name = TagLogGroupRequest { log_group_name: "g".to_owned(), tags: tags(&[("c", "")]) };
    house.call(TagLogGroup, by_name).await.unwrap();
    house
        .call(UntagResource, UntagResourceRequest { resource_arn: arn.clone(), tag_keys: vec!["b".to_owned()] })
        .await
        .unwrap();
    let wanted = tags(&[("a", "3"), ("c", "")]);
    let listed =
        house.call(ListTagsForResource, ListTagsForResourceRequest { resource_arn: arn.clone() }).await.unwrap();
    assert_eq!(listed.tags, wanted);
    let untag = UntagLogGroupRequest { log_group_name: "g".to_owned(), tags: vec!["a".to_owned()] };
    house.call(UntagLogGroup, untag).await.unwrap();
    let listed =
        house.call(ListTagsLogGroup, ListTagsLogGroupRequest { log_group_name: "g".to_owned() }).await.unwrap();
    assert_eq!(listed.tags, tags(&[("c", "")]));
}

#[tokio::test]
async fn tags_have_their_limit_and_want_the_bare_arn() {
    let house = House::in_memory();
    house.make("g", &[]).await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g".to_owned();
    let many = |from: usize, to| (from..to).map(|n| (format!("k{n}"), String::new())).collect();
    house.call(TagResource, TagResourceRequest { resource_arn: arn.clone(), tags: many(0, 50) }).await.unwrap();
    let one_more = TagResourceRequest { resource_arn: arn.clone(), tags: many(50, 51) };
    refused(house.call(TagResource, one_more).await, "TooManyTagsException", "");
    let list = |arn: &str| ListTagsForResourceRequest { resource_arn: arn.to_owned() };
    refused(
        house.call(ListTagsForResource, list(&format!("{arn}:*"))).await,
        "ValidationException",
        "Invalid resourceArn",
    );
    refused(house.call(ListTagsForResource, list("g")).await, "ValidationException", "Invalid resourceArn");
    refused(house.call(ListTagsForResource, list(&format!("{arn}x"))).await, "ResourceNotFoundException", "resource");
}

#[tokio::test]
async fn many_groups_can_be_made_at_once() {
    let disk = Disk::new();
    disk.set_faults(store::engine::memory::Faults { pause: 0.5, ..Default::default() });
    let house = Arc::new(House::on_disk(&disk));
    let made: Vec<_> = (0..60)
        .map(|n| {
            let house = house.clone();
            house.tasks.clone().spawn("make", async move { house.make(&format!("g{n}"), &["s"]).await })
        })
        .collect();
    for one in made {
        one.await.unwrap();
    }
    let count = house.logs.meta.table::<crate::logs::tables::GroupCount>().get(("000000000000", "us-east-1")).await;
    assert_eq!(count.unwrap().unwrap().groups, 60);
}
