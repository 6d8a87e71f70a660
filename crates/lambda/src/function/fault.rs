//! The refusals that many operations share, in AWS's words.

use base::Fault;

pub(crate) const INVALID: &str = "InvalidParameterValueException";
pub(crate) const NOT_FOUND: &str = "ResourceNotFoundException";
pub(crate) const CONFLICT: &str = "ResourceConflictException";

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(INVALID, message)
}

pub(crate) fn not_found(message: impl Into<String>) -> Fault {
    Fault::new(NOT_FOUND, message)
}

pub(crate) fn conflict(message: impl Into<String>) -> Fault {
    Fault::new(CONFLICT, message)
}

pub(crate) fn function_not_found(arn: &str) -> Fault {
    not_found(format!("Function not found: {arn}"))
}

pub(crate) fn update_in_progress(arn: &str) -> Fault {
    conflict(format!("The operation cannot be performed at this time. An update is in progress for resource: {arn}"))
}

pub(crate) fn revision_differs() -> Fault {
    Fault::new(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
         retrieve the latest Revision Id",
    )
}

/// The request is larger than AWS takes; 413.
pub(crate) fn too_large(message: impl Into<String>) -> Fault {
    Fault::new("RequestEntityTooLargeException", message)
}
