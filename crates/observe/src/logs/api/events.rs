//! Log events: shapes and operations.

use indexmap::IndexMap;
use wire::Checks;

use super::arns::{NAMED_OR_IDENTIFIED_GROUP, STREAM, STREAM_OF_NAMED_OR_IDENTIFIED_GROUP};
use super::{GROUP_IDENTIFIER, GROUP_NAME, STREAM_NAME, TIMES};

wire::shape! {
    pub struct PutLogEventsRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        log_stream_name: String = "logStreamName" [len(1, 512), pattern(STREAM_NAME)],
        log_events: Vec<InputLogEvent> = "logEvents" [len(1, 10_000)],
        /// Ignored, as AWS has done since 2023.
        sequence_token: Option<String> = "sequenceToken" [len(1, usize::MAX)],
        entity: Option<Entity> = "entity",
    }

    pub struct InputLogEvent {
        timestamp: i64 = "timestamp" [range(TIMES.0, TIMES.1)],
        message: String = "message" [len(1, usize::MAX)],
    }

    /// What an event is about. Checked and not kept.
    pub struct Entity {
        key_attributes: Option<IndexMap<String, String>> = "keyAttributes" [
            len(2, 4), keys(Checks::NONE.len(1, 32)), each(Checks::NONE.len(1, 512)),
        ],
        attributes: Option<IndexMap<String, String>> = "attributes" [
            len(0, 10), keys(Checks::NONE.len(1, 256)), each(Checks::NONE.len(1, 512)),
        ],
    }

    pub struct PutLogEventsResponse {
        next_sequence_token: Option<String> = "nextSequenceToken" [len(1, usize::MAX)],
        rejected_log_events_info: Option<RejectedLogEventsInfo> = "rejectedLogEventsInfo",
        rejected_entity_info: Option<RejectedEntityInfo> = "rejectedEntityInfo",
    }

    /// Which events of a batch were not taken; the others were.
    #[derive(Default)]
    pub struct RejectedLogEventsInfo {
        /// The first that is too new.
        too_new_log_event_start_index: Option<i32> = "tooNewLogEventStartIndex",
        /// Those before it are older than 14 days.
        too_old_log_event_end_index: Option<i32> = "tooOldLogEventEndIndex",
        /// Those before it are older than the group's retention.
        expired_log_event_end_index: Option<i32> = "expiredLogEventEndIndex",
    }

    pub struct RejectedEntityInfo {
        error_type: String = "errorType",
    }

    pub struct GetLogEventsRequest {
        log_group_name: Option<String> = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        log_group_identifier: Option<String> = "logGroupIdentifier" [len(1, 2048), pattern(GROUP_IDENTIFIER)],
        log_stream_name: String = "logStreamName" [len(1, 512), pattern(STREAM_NAME)],
        /// Included.
        start_time: Option<i64> = "startTime" [range(TIMES.0, TIMES.1)],
        /// Not included.
        end_time: Option<i64> = "endTime" [range(TIMES.0, TIMES.1)],
        next_token: Option<String> = "nextToken" [len(1, usize::MAX)],
        limit: Option<i32> = "limit" [range(1, 10_000)],
        start_from_head: Option<bool> = "startFromHead",
        unmask: Option<bool> = "unmask",
    }

    pub struct GetLogEventsResponse {
        events: Vec<OutputLogEvent> = "events",
        next_forward_token: String = "nextForwardToken",
        next_backward_token: String = "nextBackwardToken",
    }

    pub struct OutputLogEvent {
        timestamp: i64 = "timestamp",
        message: String = "message",
        ingestion_time: i64 = "ingestionTime",
    }

    pub struct FilterLogEventsRequest {
        log_group_name: Option<String> = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        log_group_identifier: Option<String> = "logGroupIdentifier" [len(1, 2048), pattern(GROUP_IDENTIFIER)],
        log_stream_names: Option<Vec<String>> = "logStreamNames" [
            len(1, 100), each(Checks::NONE.len(1, 512).pattern(STREAM_NAME)),
        ],
        log_stream_name_prefix: Option<String> = "logStreamNamePrefix" [len(1, 512), pattern(STREAM_NAME)],
        /// Included.
        start_time: Option<i64> = "startTime" [range(TIMES.0, TIMES.1)],
        /// Included, unlike GetLogEvents'.
        end_time: Option<i64> = "endTime" [range(TIMES.0, TIMES.1)],
        filter_pattern: Option<String> = "filterPattern" [len(0, 1024)],
        next_token: Option<String> = "nextToken" [len(1, usize::MAX)],
        limit: Option<i32> = "limit" [range(1, 10_000)],
        /// False for the latest events first.
        start_from_head: Option<bool> = "startFromHead",
        /// Ignored; answers are always interleaved.
        interleaved: Option<bool> = "interleaved",
        unmask: Option<bool> = "unmask",
    }

    pub struct FilterLogEventsResponse {
        events: Vec<FilteredLogEvent> = "events",
        /// Always empty, as AWS has answered since 2020.
        searched_log_streams: Vec<SearchedLogStream> = "searchedLogStreams",
        next_token: Option<String> = "nextToken" [len(1, usize::MAX)],
    }

    pub struct FilteredLogEvent {
        log_stream_name: String = "logStreamName",
        timestamp: i64 = "timestamp",
        message: String = "message",
        ingestion_time: i64 = "ingestionTime",
        event_id: String = "eventId",
    }

    pub struct SearchedLogStream {
        log_stream_name: Option<String> = "logStreamName",
        searched_completely: Option<bool> = "searchedCompletely",
    }
}

wire::op! {
    /// Durable when it answers.
    pub PutLogEvents(PutLogEventsRequest) -> PutLogEventsResponse {
        http: POST 200 "/",
        permit: "logs:PutLogEvents" on STREAM,
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "ServiceUnavailableException",
            "UnrecognizedClientException",
            "InvalidSequenceTokenException",
            "DataAlreadyAcceptedException",
        ],
    }
    /// One stream in the order of time, forwards and backwards.
    pub GetLogEvents(GetLogEventsRequest) -> GetLogEventsResponse {
        http: POST 200 "/",
        permit: "logs:GetLogEvents" on STREAM_OF_NAMED_OR_IDENTIFIED_GROUP,
        errors: ["InvalidParameterException", "ResourceNotFoundException", "ServiceUnavailableException"],
    }
    /// The streams of a group together in the order of time, those events that match.
    pub FilterLogEvents(FilterLogEventsRequest) -> FilterLogEventsResponse {
        http: POST 200 "/",
        permit: "logs:FilterLogEvents" on NAMED_OR_IDENTIFIED_GROUP,
        errors: ["InvalidParameterException", "ResourceNotFoundException", "ServiceUnavailableException"],
    }
}
