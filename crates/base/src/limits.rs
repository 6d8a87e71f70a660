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
    /// A function's answer that is streamed.
    pub const STREAMED_RESPONSE_BYTES: usize = 209_715_200;
    /// Of a streamed answer, so much goes out as fast as it comes, and the rest at the pace below.
    pub const STREAM_BURST_BYTES: usize = 6_291_456;
    pub const STREAM_BYTES_PER_SECOND: usize = 2_097_152;
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
    /// Events that one function runs from its asynchronous queue at once; AWS names no number.
    pub const ASYNC_EVENTS_AT_ONCE: usize = 256;
    /// Total size of all code of an account in a region.
    pub const TOTAL_CODE_BYTES: i64 = 322_122_547_200;
    pub const TAGS: usize = 50;
    pub const FUNCTION_NAME_CHARS: usize = 64;
    /// Of one function; AWS names no number.
    pub const ALIASES: usize = 1_000;
    /// The tail that `X-Amz-Log-Result` carries.
    pub const LOG_TAIL_BYTES: usize = 4_096;
    /// Layers of a function.
    pub const LAYERS: usize = 5;
    /// Layers of an account in a region that ever had a version: their last numbers are kept. AWS names no number.
    pub const LAYER_NAMES: usize = 100_000;
    /// The policy of a layer version, as JSON.
    pub const POLICY_BYTES: usize = 20_480;
    /// One page of a list of layers.
    pub const LAYERS_LISTED: usize = 50;
    /// The header X-Amzn-Trace-Id; a longer one is taken for none. AWS names no number.
    pub const TRACE_HEADER_BYTES: usize = 1_024;
    /// Entries of an archive; AWS names no number.
    pub const ARCHIVE_ENTRIES: usize = 100_000;
    /// A container image, unpacked.
    pub const IMAGE_BYTES: u64 = 10 << 30;
    /// Files, links and directories of an image; AWS names no number.
    pub const IMAGE_ENTRIES: usize = 1_000_000;
    /// What container engines take; AWS names no number.
    pub const IMAGE_LAYERS: usize = 127;
    /// A manifest, an index or a configuration of an image: what registries take.
    pub const IMAGE_DOCUMENT_BYTES: usize = 4 << 20;
    /// Entry point, command, variables and working directory of an image.
    pub const IMAGE_SETTINGS_BYTES: usize = 16_384;
    /// Images that are pulled at once.
    pub const IMAGE_PULLS: usize = 4;
}

/// CloudWatch Logs' quotas: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>.
pub mod logs {
    pub const BATCH_BYTES: usize = 1_048_576;
    pub const BATCH_EVENTS: usize = 10_000;
    /// AWS counts this much for each event beside its message.
    pub const EVENT_OVERHEAD_BYTES: usize = 26;
    pub const EVENT_BYTES: usize = 1_048_576;
    /// Lines of functions that wait to be stored; beyond it lines are dropped and counted. No group may have more of it
    /// than is free.
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

/// IAM's and STS's quotas: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>. Sizes of
/// policies leave white space out.
pub mod iam {
    pub const MANAGED_POLICY_CHARS: usize = 6_144;
    /// All inline policies of a role together.
    pub const ROLE_INLINE_CHARS: usize = 10_240;
    /// All inline policies of a user together.
    pub const USER_INLINE_CHARS: usize = 2_048;
    pub const TRUST_POLICY_CHARS: usize = 2_048;
    /// The inline session policy and the ARNs of managed ones together.
    pub const SESSION_POLICY_CHARS: usize = 2_048;
    pub const SESSION_POLICY_ARNS: usize = 10;
    pub const USERS: usize = 5_000;
    pub const ROLES: usize = 1_000;
    pub const MANAGED_POLICIES: usize = 1_500;
    pub const ATTACHED_POLICIES: usize = 10;
    pub const POLICY_VERSIONS: usize = 5;
    pub const ACCESS_KEYS: usize = 2;
    pub const TAGS: usize = 50;
    /// A list's page, unless the caller asks for another.
    pub const PAGE: usize = 100;
    /// The length of a role's sessions, unless its creator says otherwise.
    pub const SESSION_SECONDS: i32 = 3_600;
    /// Sessions that a service makes for itself: as long as Lambda keeps an environment.
    pub const SERVICE_SESSION_SECONDS: i32 = 43_200;
    /// Sessions made by a session.
    pub const CHAINED_SESSION_SECONDS: i32 = 3_600;
    /// GetSessionToken for a user, unless asked otherwise; and for root, always.
    pub const USER_SESSION_SECONDS: i32 = 43_200;
    pub const ROOT_SESSION_SECONDS: i32 = 3_600;
}

/// What lambdad itself spends on one environment; AWS names no numbers.
pub mod environment {
    /// Open connections to the Runtime API; a runtime and an extension have one or two each. Each may send an answer of
    /// the largest size.
    pub const RUNTIME_API_CONNECTIONS: usize = 24;
    /// Pieces of a streamed answer that wait for a slow caller, and the size to which larger ones are cut; then the
    /// function waits.
    pub const STREAM_PIECES: usize = 4;
    pub const STREAM_PIECE_BYTES: usize = 65_536;
    /// The content type that a function gives its streamed answer.
    pub const CONTENT_TYPE_BYTES: usize = 1_024;
    /// Open connections to the AWS endpoint.
    pub const ENDPOINT_CONNECTIONS: usize = 128;
    /// Connections and conversations with the world at once, those that have just ended among them.
    pub const FLOWS: u32 = 2_048;
}

/// The door `fetch`.
pub mod fetch {
    pub const CONNECT_SECONDS: u64 = 10;
    /// From the request to the head of its answer.
    pub const HEAD_SECONDS: u64 = 30;
    /// From one piece of the body to the next.
    pub const CHUNK_SECONDS: u64 = 60;
    pub const REDIRECTIONS: usize = 5;
}

/// The Telemetry API's and the Logs API's:
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html>.
pub mod telemetry {
    use std::ops::RangeInclusive;

    pub const MAX_ITEMS: RangeInclusive<u64> = 1_000..=10_000;
    pub const MAX_BYTES: RangeInclusive<u64> = 262_144..=1_048_576;
    pub const TIMEOUT_MS: RangeInclusive<u64> = 25..=30_000;
    /// What waits for all subscribers of an environment together; AWS names no number.
    pub const BUFFERED_BYTES: usize = 4 << 20;
    /// What is kept of an INIT for those who subscribe later in it; AWS names no number.
    pub const EARLY_BYTES: usize = 256 << 10;
    /// A batch that nobody takes is given up after so many; AWS names no number.
    pub const ATTEMPTS: u32 = 5;
    /// A subscription's body; AWS names no number.
    pub const REQUEST_BYTES: usize = 16 << 10;
}

/// The Extensions API's: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>.
pub mod extensions {
    /// Of a function, external and internal ones together.
    pub const EXTENSIONS: usize = 10;
    /// Between SHUTDOWN and the end, by what is registered; nothing where nothing is.
    pub const SHUTDOWN_INTERNAL_MS: u64 = 500;
    pub const SHUTDOWN_EXTERNAL_MS: u64 = 2_000;
    /// The runtime's part of the latter.
    pub const SHUTDOWN_RUNTIME_MS: u64 = 300;
    /// The name of one; AWS names no number.
    pub const NAME_BYTES: usize = 255;
    /// The body of a registration; AWS names no number.
    pub const REQUEST_BYTES: usize = 16 << 10;
}

/// What the front door takes.
pub mod http {
    /// Request line and headers together.
    pub const HEAD_BYTES: usize = 1_048_576;
    /// The largest body of any operation.
    pub const BODY_BYTES: usize = super::lambda::CODE_REQUEST_BYTES;
    /// All bodies that are held at once; AWS names no number.
    pub const BODIES_BYTES: usize = 1 << 30;
    /// Who is in the middle of a body may be silent for so long; AWS names no number.
    pub const BODY_SILENCE_SECONDS: u64 = 20;
    /// A body of lambdad's own pages.
    pub const PAGE_BODY_BYTES: usize = 65_536;
    /// When the house closes, a request that is still on its way in, or an answer on its way out, gets so long.
    pub const CLOSING_SECONDS: u64 = 5;
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

/// Signature Version 4: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.
pub mod sigv4 {
    /// How far a signature's time may lie from ours.
    pub const SKEW_SECONDS: u64 = 300;
    /// `X-Amz-Expires`: up to seven days.
    pub const PRESIGNED_SECONDS: std::ops::RangeInclusive<u64> = 1..=604_800;
    /// Derived signing keys that are kept; one per access key, day, region and service.
    pub const SIGNING_KEYS: usize = 1_024;
    /// A line of an `aws-chunked` body: a chunk's head, or a trailer.
    pub const CHUNK_HEAD_BYTES: usize = 4_096;
    pub const TRAILER_LINES: usize = 16;
}
