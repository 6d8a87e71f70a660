//! The errors of CloudWatch Logs, in AWS's words.

use base::Fault;
use wire::ErrorSpec;

pub(super) const INVALID_PARAMETER: &str = "InvalidParameterException";
const NOT_FOUND: &str = "ResourceNotFoundException";

const fn error(code: &'static str, status: u16) -> ErrorSpec {
    ErrorSpec { code, status, message_key: "message", kind: "", wire_code: "" }
}

pub(super) const ERRORS: &[ErrorSpec] = &[
    error(INVALID_PARAMETER, 400),
    error(NOT_FOUND, 400),
    error("ResourceAlreadyExistsException", 400),
    error("LimitExceededException", 400),
    error("OperationAbortedException", 400),
    error("TooManyTagsException", 400),
    error("InvalidOperationException", 400),
    // Listed by the contract, never answered: tokens are ignored.
    error("InvalidSequenceTokenException", 400),
    error("DataAlreadyAcceptedException", 400),
    error("ValidationException", 400),
    error("AccessDeniedException", 400),
    error("ThrottlingException", 400),
    error("UnrecognizedClientException", 400),
    error("ServiceUnavailableException", 503),
    error("InternalFailure", 500),
];

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(INVALID_PARAMETER, message)
}

pub(crate) fn no_such_group() -> Fault {
    Fault::new(NOT_FOUND, "The specified log group does not exist.")
}

pub(crate) fn no_such_stream() -> Fault {
    Fault::new(NOT_FOUND, "The specified log stream does not exist.")
}

pub(crate) fn no_such_resource() -> Fault {
    Fault::new(NOT_FOUND, "The specified resource does not exist.")
}

pub(crate) fn group_exists() -> Fault {
    Fault::new("ResourceAlreadyExistsException", "The specified log group already exists")
}

pub(crate) fn stream_exists() -> Fault {
    Fault::new("ResourceAlreadyExistsException", "The specified log stream already exists")
}

pub(crate) fn limit_exceeded() -> Fault {
    Fault::new("LimitExceededException", "Resource limit exceeded.")
}

/// Others changed the same thing at the same time, again and again.
pub(crate) fn aborted(cause: impl std::fmt::Display) -> Fault {
    let message = "A conflicting operation is currently in progress against this resource. Please try again.";
    Fault::new("OperationAbortedException", message).caused_by(cause)
}

pub(crate) fn too_many_tags(arn: &str) -> Fault {
    let message = "The maximum number of tags for a resource has been reached.";
    Fault::new("TooManyTagsException", message).with("resourceName", arn)
}

/// What AWS answers to `log-group:NAME:*` where it wants `log-group:NAME`.
pub(crate) fn invalid_arn() -> Fault {
    Fault::new("ValidationException", "Invalid resourceArn")
}

pub(crate) fn protected() -> Fault {
    let message = "The log group cannot be deleted because deletion protection is enabled for it.";
    Fault::new("ValidationException", message)
}

pub(crate) fn invalid_token() -> Fault {
    invalid("The specified nextToken is invalid.")
}
