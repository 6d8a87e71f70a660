//! Everything that a caller can grow has its limit here, with AWS's name and number where AWS has one.

/// Lambda's quotas: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub mod lambda {
    /// A zip file sent in the request.
    pub const ZIPPED_BYTES: usize = 52_428_800;
    /// The code of a function with its layers, unpacked.
    pub const UNZIPPED_BYTES: u64 = 262_144_000;
    /// The whole request of CreateFunction and UpdateFunctionCode.
    pub const CODE_REQUEST_BYTES: usize = 70_167_211;
    /// The event of a RequestResponse invocation.
    pub const SYNC_PAYLOAD_BYTES: usize = 6_291_456;
    /// The event of an Event invocation.
    pub const ASYNC_PAYLOAD_BYTES: usize = 1_048_576;
    /// A function's answer: 6 MiB and 100 bytes.
    pub const RESPONSE_BYTES: usize = 6_291_556;
    /// The serialized environment variables.
    pub const ENVIRONMENT_BYTES: usize = 4_096;
    pub const MEMORY_MB: std::ops::RangeInclusive<i32> = 128..=10_240;
    pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<i32> = 1..=900;
    pub const EPHEMERAL_STORAGE_MB: std::ops::RangeInclusive<i32> = 512..=10_240;
    /// Memory that comes with one full core.
    pub const MEMORY_MB_PER_CORE: u32 = 1_769;
    pub const INIT_SECONDS: u64 = 10;
    pub const FILE_DESCRIPTORS: u64 = 1_024;
    pub const PROCESSES: u64 = 1_024;
    pub const CONCURRENT_EXECUTIONS: i32 = 1_000;
    pub const UNRESERVED_CONCURRENT_EXECUTIONS: i32 = 100;
    /// Total size of all code of an account in a region.
    pub const TOTAL_CODE_BYTES: i64 = 322_122_547_200;
    pub const TAGS: usize = 50;
    pub const FUNCTION_NAME_CHARS: usize = 64;
    /// The tail that `X-Amz-Log-Result` carries.
    pub const LOG_TAIL_BYTES: usize = 4_096;
    /// Entries of an archive; AWS names no number.
    pub const ARCHIVE_ENTRIES: usize = 100_000;
}

/// CloudWatch Logs' quotas: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>.
pub mod logs {
    pub const BATCH_BYTES: usize = 1_048_576;
    pub const BATCH_EVENTS: usize = 10_000;
    /// AWS counts this much for each event beside its message.
    pub const EVENT_OVERHEAD_BYTES: usize = 26;
    pub const EVENT_BYTES: usize = 1_048_576;
    /// Lines of functions that wait to be stored; beyond it lines are dropped and counted.
    pub const EMIT_BUFFER: usize = 65_536;
    /// The bytes of those lines; AWS names no number.
    pub const EMIT_BUFFER_BYTES: usize = 64 << 20;
    /// Log groups of an account in a region.
    pub const GROUPS: u64 = 1_000_000;
    pub const TAGS: usize = 50;
    /// PutLogEvents takes events so old and so far in the future.
    pub const PAST_DAYS: i64 = 14;
    pub const FUTURE_HOURS: i64 = 2;
    /// One page of GetLogEvents and FilterLogEvents.
    pub const PAGE_EVENTS: usize = 10_000;
    pub const PAGE_BYTES: usize = 1_048_576;
    /// One page of DescribeLogGroups and DescribeLogStreams.
    pub const DESCRIBED: usize = 50;
    /// What one FilterLogEvents looks through before it answers with a token; AWS names no number.
    pub const SEARCHED_EVENTS: usize = 50_000;
    pub const SEARCHED_BYTES: usize = 16 << 20;
}

/// What the front door takes.
pub mod http {
    /// Request line and headers together.
    pub const HEAD_BYTES: usize = 1_048_576;
    /// The largest body of any operation.
    pub const BODY_BYTES: usize = super::lambda::CODE_REQUEST_BYTES;
}

/// What a decoder takes. AWS names no numbers; each is above anything that its tools send.
pub mod wire {
    /// Values in one body, all levels together: a body of commas must not become gigabytes of values.
    pub const VALUES: usize = 500_000;
    /// Levels of structures, lists and maps in a form or an XML document (JSON: the reader's own 127).
    pub const DEPTH: usize = 128;
    /// Names in a form or a query string.
    pub const PARAMETERS: usize = 10_000;
    /// Failed checks that one answer lists.
    pub const FAILURES: usize = 100;
    /// Characters of a refused value that an answer repeats.
    pub const SHOWN_CHARS: usize = 4_096;
}
