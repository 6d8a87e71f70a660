//! The shapes of Invoke; the data plane carries it out.

use wire::{EventStream, Payload, Resource, op, shape};

use super::enums::{InvocationType, LogType, ResponseStreamingInvocationType};
use super::patterns::{
    DURABLE_EXECUTION_ARN, DURABLE_EXECUTION_NAME, NAMESPACED_FUNCTION_NAME, QUALIFIER, TENANT_ID, VERSION,
};
use super::resource::qualified_function_arn;

shape! {
    pub struct InvocationRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        invocation_type: Option<InvocationType> = "InvocationType" [header("X-Amz-Invocation-Type")],
        log_type: Option<LogType> = "LogType" [header("X-Amz-Log-Type")],
        /// Base64, as the client sent it.
        client_context: Option<String> = "ClientContext" [header("X-Amz-Client-Context")],
        durable_execution_name: Option<String> =
            "DurableExecutionName" [header("X-Amz-Durable-Execution-Name"), len(1, 64), pattern(DURABLE_EXECUTION_NAME)],
        payload: Option<Payload> = "Payload" [payload, sensitive],
        qualifier: Option<String> = "Qualifier" [query("Qualifier"), len(1, 128), pattern(QUALIFIER)],
        tenant_id: Option<String> = "TenantId" [header("X-Amz-Tenant-Id"), len(1, 256), pattern(TENANT_ID)],
    }

    #[derive(Default)]
    pub struct InvocationResponse {
        status_code: Option<i32> = "StatusCode" [status],
        function_error: Option<String> = "FunctionError" [header("X-Amz-Function-Error")],
        /// Base64 of the last 4 KB of the log.
        log_result: Option<String> = "LogResult" [header("X-Amz-Log-Result")],
        payload: Option<Payload> = "Payload" [payload, sensitive],
        executed_version: Option<String> =
            "ExecutedVersion" [header("X-Amz-Executed-Version"), len(1, 1024), pattern(VERSION)],
        durable_execution_arn: Option<String> =
            "DurableExecutionArn" [header("X-Amz-Durable-Execution-Arn"), len(1, 1024), pattern(DURABLE_EXECUTION_ARN)],
        /// AWS answers with it; its model doesn't name it.
        trace_id: Option<String> = "TraceId" [header("X-Amzn-Trace-Id")],
    }
}

shape! {
    pub struct InvokeWithResponseStreamRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        invocation_type: Option<ResponseStreamingInvocationType> = "InvocationType" [header("X-Amz-Invocation-Type")],
        log_type: Option<LogType> = "LogType" [header("X-Amz-Log-Type")],
        /// Base64, as the client sent it.
        client_context: Option<String> = "ClientContext" [header("X-Amz-Client-Context")],
        qualifier: Option<String> = "Qualifier" [query("Qualifier"), len(1, 128), pattern(QUALIFIER)],
        payload: Option<Payload> = "Payload" [payload, sensitive],
        tenant_id: Option<String> = "TenantId" [header("X-Amz-Tenant-Id"), len(1, 256), pattern(TENANT_ID)],
    }

    pub struct InvokeWithResponseStreamResponse {
        status_code: Option<i32> = "StatusCode" [status],
        executed_version: Option<String> =
            "ExecutedVersion" [header("X-Amz-Executed-Version"), len(1, 1024), pattern(VERSION)],
        event_stream: EventStream<InvokeWithResponseStreamResponseEvent> = "EventStream" [payload],
        response_stream_content_type: Option<String> = "ResponseStreamContentType" [header("Content-Type")],
    }

    /// One of them at a time.
    pub struct InvokeWithResponseStreamResponseEvent {
        payload_chunk: Option<InvokeResponseStreamUpdate> = "PayloadChunk",
        invoke_complete: Option<InvokeWithResponseStreamCompleteEvent> = "InvokeComplete",
    }

    pub struct InvokeResponseStreamUpdate {
        payload: Option<Payload> = "Payload" [payload, sensitive],
    }

    pub struct InvokeWithResponseStreamCompleteEvent {
        error_code: Option<String> = "ErrorCode",
        error_details: Option<String> = "ErrorDetails",
        /// Base64 of the last 4 KB of the log.
        log_result: Option<String> = "LogResult",
    }
}

op! {
    pub Invoke(InvocationRequest) -> InvocationResponse {
        http: POST 200 "/2015-03-31/functions/{FunctionName}/invocations",
        permit: "lambda:InvokeFunction" on Resource::Computed(qualified_function_arn),
        keys: ["lambda:EventSourceToken"],
        errors: [
            "RuntimeAliasDeletedException", "CodeArtifactUserDeletedException", "ResourceNotReadyException",
            "ServiceQuotaExceededException", "InvalidSecurityGroupIDException", "SnapStartTimeoutException",
            "TooManyRequestsException", "EC2ThrottledException", "EFSMountConnectivityException",
            "SubnetIPAddressLimitReachedException", "KMSAccessDeniedException", "RequestTooLargeException",
            "KMSDisabledException", "UnsupportedMediaTypeException", "S3FilesMountConnectivityException",
            "SerializedRequestEntityTooLargeException", "InvalidRuntimeException", "NoPublishedVersionException",
            "EC2UnexpectedException", "InvalidSubnetIDException", "KMSNotFoundException",
            "InvalidParameterValueException", "EC2AccessDeniedException", "EFSIOException",
            "KMSInvalidStateException", "ResourceConflictException", "RuntimeVersionDeletedException",
            "ENILimitReachedException", "SnapStartNotReadyException", "ServiceException",
            "CodeArtifactUserPendingException", "SnapStartException", "RecursiveInvocationException",
            "S3FilesMountFailureException", "EFSMountTimeoutException", "ENINotReadyException",
            "S3FilesMountTimeoutException", "CodeArtifactUserFailedException", "ModeNotSupportedException",
            "ResourceNotFoundException", "InvalidRequestContentException", "SnapStartRegenerationFailureException",
            "DurableExecutionAlreadyStartedException", "InvalidZipFileException", "EFSMountFailureException",
        ],
    }
}

op! {
    pub InvokeWithResponseStream(InvokeWithResponseStreamRequest) -> InvokeWithResponseStreamResponse {
        http: POST 200 "/2021-11-15/functions/{FunctionName}/response-streaming-invocations",
        permit: "lambda:InvokeFunction" on Resource::Computed(qualified_function_arn),
        keys: ["lambda:EventSourceToken"],
        errors: [
            "RuntimeAliasDeletedException", "CodeArtifactUserDeletedException", "ResourceNotReadyException",
            "ServiceQuotaExceededException", "InvalidSecurityGroupIDException", "SnapStartTimeoutException",
            "TooManyRequestsException", "EC2ThrottledException", "EFSMountConnectivityException",
            "SubnetIPAddressLimitReachedException", "KMSAccessDeniedException", "RequestTooLargeException",
            "KMSDisabledException", "UnsupportedMediaTypeException", "S3FilesMountConnectivityException",
            "SerializedRequestEntityTooLargeException", "InvalidRuntimeException", "NoPublishedVersionException",
            "EC2UnexpectedException", "InvalidSubnetIDException", "KMSNotFoundException",
            "InvalidParameterValueException", "EC2AccessDeniedException", "EFSIOException",
            "KMSInvalidStateException", "ResourceConflictException", "RuntimeVersionDeletedException",
            "ENILimitReachedException", "SnapStartNotReadyException", "ServiceException",
            "CodeArtifactUserPendingException", "SnapStartException", "RecursiveInvocationException",
            "S3FilesMountFailureException", "EFSMountTimeoutException", "S3FilesMountTimeoutException",
            "CodeArtifactUserFailedException", "ResourceNotFoundException", "InvalidRequestContentException",
            "SnapStartRegenerationFailureException", "InvalidZipFileException", "EFSMountFailureException",
        ],
    }
}
