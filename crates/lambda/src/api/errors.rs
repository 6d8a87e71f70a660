//! Lambda's errors: status, the casing of the message's key, and whose fault it is. Source: oracle 1.5.

use wire::ErrorSpec;

const fn error(code: &'static str, status: u16, message_key: &'static str, kind: &'static str) -> ErrorSpec {
    ErrorSpec { code, status, message_key, kind, wire_code: "" }
}

/// The caller's fault, with the key `message`.
const fn user(code: &'static str, status: u16) -> ErrorSpec {
    error(code, status, "message", "User")
}

/// The caller's fault, with the key `Message`.
const fn capital(code: &'static str, status: u16) -> ErrorSpec {
    error(code, status, "Message", "User")
}

/// Not the caller's fault, with the key `Message`.
const fn service(code: &'static str, status: u16) -> ErrorSpec {
    error(code, status, "Message", "Service")
}

/// In the contract, but of no kind in what AWS sends: real and not modelled.
const fn unmodelled(code: &'static str, status: u16, message_key: &'static str) -> ErrorSpec {
    error(code, status, message_key, "")
}

pub const ERRORS: &[ErrorSpec] = &[
    user("AliasLimitExceededException", 400),
    capital("CallbackTimeoutException", 400),
    user("CapacityProviderLimitExceededException", 400),
    user("CodeArtifactUserDeletedException", 409),
    user("CodeArtifactUserFailedException", 409),
    user("CodeArtifactUserPendingException", 409),
    capital("CodeSigningConfigNotFoundException", 404),
    user("CodeStorageExceededException", 400),
    capital("CodeVerificationFailedException", 400),
    capital("DurableExecutionAlreadyStartedException", 409),
    service("EC2AccessDeniedException", 502),
    service("EC2ThrottledException", 502),
    service("EC2UnexpectedException", 502),
    capital("EFSIOException", 410),
    capital("EFSMountConnectivityException", 408),
    capital("EFSMountFailureException", 403),
    capital("EFSMountTimeoutException", 408),
    service("ENILimitReachedException", 502),
    service("ENINotReadyException", 502),
    user("FunctionVersionsPerCapacityProviderLimitExceededException", 400),
    capital("InvalidCodeSignatureException", 400),
    user("InvalidParameterValueException", 400),
    user("InvalidRequestContentException", 400),
    service("InvalidRuntimeException", 502),
    service("InvalidSecurityGroupIDException", 502),
    service("InvalidSubnetIDException", 502),
    service("InvalidZipFileException", 502),
    service("KMSAccessDeniedException", 502),
    service("KMSDisabledException", 502),
    service("KMSInvalidStateException", 502),
    service("KMSNotFoundException", 502),
    user("ModeNotSupportedException", 400),
    capital("NoPublishedVersionException", 400),
    user("PolicyLengthExceededException", 400),
    user("PreconditionFailedException", 412),
    user("ProvisionedConcurrencyConfigNotFoundException", 404),
    capital("PublicPolicyException", 400),
    capital("RecursiveInvocationException", 400),
    user("RequestTooLargeException", 413),
    user("ResourceConflictException", 409),
    capital("ResourceInUseException", 400),
    capital("ResourceNotFoundException", 404),
    error("ResourceNotReadyException", 502, "message", "Service"),
    user("RuntimeAliasDeletedException", 409),
    user("RuntimeVersionDeletedException", 409),
    capital("S3FilesMountConnectivityException", 408),
    capital("S3FilesMountFailureException", 403),
    capital("S3FilesMountTimeoutException", 408),
    user("SerializedRequestEntityTooLargeException", 413),
    service("ServiceException", 500),
    capital("ServiceQuotaExceededException", 402),
    capital("SnapStartException", 400),
    capital("SnapStartNotReadyException", 409),
    capital("SnapStartRegenerationFailureException", 409),
    capital("SnapStartTimeoutException", 408),
    service("SubnetIPAddressLimitReachedException", 502),
    user("TooManyRequestsException", 429),
    user("UnsupportedMediaTypeException", 415),
    unmodelled("AccessDeniedException", 403, "Message"),
    unmodelled("RequestEntityTooLargeException", 413, "Message"),
    unmodelled("ValidationException", 400, "message"),
];
