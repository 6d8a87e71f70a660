//! Log streams: shapes and operations.

use wire::Nothing;

use super::arns::{NAMED_OR_IDENTIFIED_GROUP, STREAM};
use super::{GROUP_IDENTIFIER, GROUP_NAME, STREAM_NAME};

wire::choice! {
    pub enum OrderBy { LogStreamName = "LogStreamName", LastEventTime = "LastEventTime" }
}

wire::shape! {
    /// What takes nothing but a stream's name and its group's.
    pub struct LogStreamNameRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        log_stream_name: String = "logStreamName" [len(1, 512), pattern(STREAM_NAME)],
    }

    pub struct DescribeLogStreamsRequest {
        log_group_name: Option<String> = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        log_group_identifier: Option<String> = "logGroupIdentifier" [len(1, 2048), pattern(GROUP_IDENTIFIER)],
        log_stream_name_prefix: Option<String> = "logStreamNamePrefix" [len(1, 512), pattern(STREAM_NAME)],
        order_by: Option<OrderBy> = "orderBy",
        descending: Option<bool> = "descending",
        next_token: Option<String> = "nextToken" [len(1, usize::MAX)],
        limit: Option<i32> = "limit" [range(1, 50)],
    }

    pub struct DescribeLogStreamsResponse {
        log_streams: Vec<LogStream> = "logStreams",
        next_token: Option<String> = "nextToken" [len(1, usize::MAX)],
    }

    pub struct LogStream {
        log_stream_name: String = "logStreamName",
        creation_time: i64 = "creationTime",
        first_event_timestamp: Option<i64> = "firstEventTimestamp",
        last_event_timestamp: Option<i64> = "lastEventTimestamp",
        last_ingestion_time: Option<i64> = "lastIngestionTime",
        upload_sequence_token: Option<String> = "uploadSequenceToken" [len(1, usize::MAX)],
        arn: String = "arn",
        /// Always 0, as AWS has answered since 2019; the group's is exact.
        stored_bytes: i64 = "storedBytes",
    }
}

wire::op! {
    pub CreateLogStream(LogStreamNameRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:CreateLogStream" on STREAM,
        errors: [
            "InvalidParameterException", "ResourceAlreadyExistsException", "ResourceNotFoundException",
            "ServiceUnavailableException",
        ],
    }
    /// Removes a stream with its events; they are unreachable at once.
    pub DeleteLogStream(LogStreamNameRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:DeleteLogStream" on STREAM,
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "OperationAbortedException",
            "ServiceUnavailableException", "ValidationException",
        ],
    }
    pub DescribeLogStreams(DescribeLogStreamsRequest) -> DescribeLogStreamsResponse {
        http: POST 200 "/",
        permit: "logs:DescribeLogStreams" on NAMED_OR_IDENTIFIED_GROUP,
        errors: ["InvalidParameterException", "ResourceNotFoundException", "ServiceUnavailableException"],
    }
}
