//! Streams: making, showing in either order, removing.

use super::*;

async fn names(house: &House, input: DescribeLogStreamsRequest) -> (Vec<String>, Option<String>) {
    let page = house.call(DescribeLogStreams, input).await.expect("described");
    (page.log_streams.into_iter().map(|stream| stream.log_stream_name).collect(), page.next_token)
}

async fn all_pages(house: &House, input: DescribeLogStreamsRequest) -> Vec<String> {
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let (page, next) = names(house, DescribeLogStreamsRequest { next_token: token, ..input.clone() }).await;
        seen.extend(page);
        token = next;
        if token.is_none() {
            return seen;
        }
    }
}

#[tokio::test]
async fn streams_come_by_name_up_and_down_in_pages() {
    let house = House::in_memory();
    house.make("g", &["b", "a", "ab", "c", "abc"]).await;
    for limit in [1, 2, 5, 50] {
        let up = DescribeLogStreamsRequest { limit: Some(limit), ..describe_streams("g") };
        assert_eq!(all_pages(&house, up.clone()).await, ["a", "ab", "abc", "b", "c"]);
        let down = DescribeLogStreamsRequest { descending: Some(true), ..up.clone() };
        assert_eq!(all_pages(&house, down.clone()).await, ["c", "b", "abc", "ab", "a"]);
        let prefix = Some("ab".to_owned());
        let up = DescribeLogStreamsRequest { log_stream_name_prefix: prefix.clone(), ..up };
        assert_eq!(all_pages(&house, up).await, ["ab", "abc"]);
        let down = DescribeLogStreamsRequest { log_stream_name_prefix: prefix, ..down };
        assert_eq!(all_pages(&house, down).await, ["abc", "ab"]);
    }
}

#[tokio::test]
async fn streams_come_by_the_time_of_their_last_event() {
    let house = House::in_memory();
    house.make("g", &["never", "new", "old", "middle"]).await;
    house.put("g", "old", &[(NOON - 3, "x")]).await;
    house.put("g", "new", &[(NOON - 9, "x")]).await;
    house.put("g", "middle", &[(NOON - 2, "x")]).await;
    house.put("g", "new", &[(NOON - 1, "x")]).await;
    for limit in [1, 3, 50] {
        let by_time = Some(OrderBy::LastEventTime);
        let up = DescribeLogStreamsRequest { order_by: by_time, limit: Some(limit), ..describe_streams("g") };
        assert_eq!(all_pages(&house, up.clone()).await, ["never", "old", "middle", "new"]);
        let down = DescribeLogStreamsRequest { descending: Some(true), ..up };
        assert_eq!(all_pages(&house, down).await, ["new", "middle", "old", "never"]);
    }
    let both = DescribeLogStreamsRequest {
        order_by: Some(OrderBy::LastEventTime),
        log_stream_name_prefix: Some("n".to_owned()),
        ..describe_streams("g")
    };
    refused(house.call(DescribeLogStreams, both).await, "InvalidParameterException", "Cannot order by LastEventTime");
}

#[tokio::test]
async fn a_stream_shows_its_times_and_the_group_its_size() {
    let house = House::in_memory();
    house.make("g", &["s", "t"]).await;
    house.put("g", "s", &[(NOON - 5, "four"), (NOON - 4, "x")]).await;
    house.put("g", "s", &[(NOON - DAY, "x")]).await;
    let page = house.call(DescribeLogStreams, describe_streams("g")).await.unwrap();
    let [s, t] = &page.log_streams[..] else { panic!("{page:?}") };
    assert_eq!(s.arn, "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s");
    assert_eq!((s.first_event_timestamp, s.last_event_timestamp), (Some(NOON - DAY), Some(NOON - 4)));
    assert!(s.last_ingestion_time >= Some(NOON) && s.stored_bytes == 0);
    assert_eq!((t.first_event_timestamp, t.last_event_timestamp, t.last_ingestion_time), (None, None, None));
    let page = house.call(DescribeLogGroups, describe_groups()).await.unwrap();
    assert_eq!(page.log_groups[0].stored_bytes, Some(3 * 26 + 6));
}

#[tokio::test]
async fn a_stream_of_the_same_name_finds_nothing_of_the_one_before() {
    let house = House::in_memory();
    house.make("g", &["s"]).await;
    house.put("g", "s", &[(NOON, "old")]).await;
    refused(house.call(CreateLogStream, stream_named("g", "s")).await, "ResourceAlreadyExistsException", "log stream");
    house.call(DeleteLogStream, stream_named("g", "s")).await.unwrap();
    assert!(house.found(filter("g", "")).await.is_empty());
    house.call(CreateLogStream, stream_named("g", "s")).await.unwrap();
    assert!(house.call(GetLogEvents, get("g", "s")).await.unwrap().events.is_empty());
    house.put("g", "s", &[(NOON, "new")]).await;
    assert_eq!(house.found(filter("g", "")).await, ["new"]);
}
