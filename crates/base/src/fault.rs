//! What goes wrong, in two voices: what the caller hears, and what the log hears.

use std::borrow::Cow;
use std::fmt;

/// An AWS error. The HTTP status and the form of the body stand in the contract's error table, not here.
#[derive(Clone, Debug)]
pub struct Fault {
    /// AWS's error code, such as `ResourceNotFoundException`.
    pub code: Cow<'static, str>,
    /// AWS's words.
    pub message: String,
    /// Further members of the error's body, such as `Reason`; they override what the table gives (`Type`).
    pub members: Vec<(&'static str, Option<String>)>,
    /// For the log only; never sent.
    pub cause: Option<String>,
}

impl Fault {
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), members: Vec::new(), cause: None }
    }

    /// Something failed that is not the caller's doing; the contract words it for the caller.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Self::INTERNAL, "An internal error occurred.").caused_by(cause)
    }

    /// The store or another resource can't take writes now; answered with 503.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::new(Self::UNAVAILABLE, "Service is temporarily unavailable. Please try again.").caused_by(cause)
    }

    /// Nobody in this house, and no endpoint that the operator named, does what `service` does.
    pub fn no_service(service: &str) -> Self {
        Self::new(Self::NO_SERVICE, format!("There is no {service} here."))
    }

    /// The code of [`Fault::no_service`]: for whoever called, who words it for his own caller.
    pub const NO_SERVICE: &'static str = "NoSuchService";
    /// The code that [`Fault::internal`] carries; each tongue renders it as its service's own internal error.
    pub const INTERNAL: &'static str = "InternalFailure";
    pub const UNAVAILABLE: &'static str = "ServiceUnavailable";
    /// Shape validation; each service has its own name for it.
    pub const VALIDATION: &'static str = "ValidationException";
    /// Permission refused; each service has its own name for it.
    pub const ACCESS_DENIED: &'static str = "AccessDeniedException";

    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Adds a member to the error's body.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.push((name, Some(value.into())));
        self
    }

    /// Leaves out a member that the table would give (AWS's own omissions, such as `Type`).
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Self {
        self.members.push((name, None));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}
