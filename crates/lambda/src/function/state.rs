//! The states of a function: Pending, Active, Failed; and beside them, how the last update went.
//!
//! What no line here names is refused. Source: oracle 6.

use base::Fault;
use serde::{Deserialize, Serialize};

use super::fault::{conflict, update_in_progress};
use crate::api::{LastUpdateStatus, LastUpdateStatusReasonCode, State, StateReasonCode};

/// What AWS says of a function and of one that is being updated: the same words.
const BEING_CREATED: &str = "The function is being created.";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub state: State,
    pub reason: Option<String>,
    pub reason_code: Option<StateReasonCode>,
    /// Absent until the function has been Active.
    pub update: Option<LastUpdateStatus>,
    pub update_reason: Option<String>,
    pub update_reason_code: Option<LastUpdateStatusReasonCode>,
}

/// Why the code of a function could not be made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    /// The archive can't be unpacked.
    BadArchive(String),
    /// The registry doesn't let us have the image.
    ImageAccessDenied(String),
    /// The registry has it no more.
    ImageDeleted(String),
    /// It isn't what it should be.
    InvalidImage(String),
    /// Ours: the disk is full, say.
    Internal(String),
}

/// A transition that the state machine does not name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a function that is {state:?} with its last update {update:?} can't go on to {to}")]
pub struct Refused {
    pub state: State,
    pub update: Option<LastUpdateStatus>,
    pub to: &'static str,
}

impl Status {
    /// A function that was just created.
    pub fn creating() -> Self {
        Self {
            state: State::Pending,
            reason: Some(BEING_CREATED.to_owned()),
            reason_code: Some(StateReasonCode::Creating),
            update: None,
            update_reason: None,
            update_reason_code: None,
        }
    }

    /// One that is ready, and wasn't changed since or was with success.
    pub fn active() -> Self {
        Self {
            state: State::Active,
            reason: None,
            reason_code: None,
            update: Some(LastUpdateStatus::Successful),
            update_reason: None,
            update_reason_code: None,
        }
    }

    /// True while the code is being made ready in the background.
    pub fn is_preparing(&self) -> bool {
        self.state == State::Pending || self.update == Some(LastUpdateStatus::InProgress)
    }

    /// An update begins; what runs goes on running. `arn` is for the refusal: 409 while another is in progress.
    pub fn updating(&self, arn: &str) -> Result<Self, Fault> {
        match (self.state, self.update) {
            (_, Some(LastUpdateStatus::InProgress)) => Err(update_in_progress(arn)),
            (State::Active | State::Failed, _) => Ok(Self {
                update: Some(LastUpdateStatus::InProgress),
                update_reason: Some(BEING_CREATED.to_owned()),
                update_reason_code: Some(LastUpdateStatusReasonCode::Creating),
                ..self.clone()
            }),
            (state, _) => Err(not_now(state)),
        }
    }

    /// Whether a version may be published of what runs; `arn` as in [`Status::updating`].
    pub fn publishable(&self, arn: &str) -> Result<(), Fault> {
        match (self.state, self.update) {
            (_, Some(LastUpdateStatus::InProgress)) => Err(update_in_progress(arn)),
            (State::Active, _) => Ok(()),
            (state, _) => Err(not_now(state)),
        }
    }

    /// The code is ready: the end of a creation or of an update.
    pub fn ready(&self) -> Result<Self, Refused> {
        if self.is_preparing() { Ok(Self::active()) } else { Err(self.refused("ready")) }
    }

    /// The code could not be made ready: a creation fails, an update leaves what was there.
    pub fn unready(&self, why: &Unready) -> Result<Self, Refused> {
        match (self.state, self.update) {
            (State::Pending, _) => Ok(Self {
                state: State::Failed,
                reason: Some(why.reason()),
                reason_code: Some(why.code()),
                ..Self::creating()
            }),
            (State::Active | State::Failed, Some(LastUpdateStatus::InProgress)) => Ok(Self {
                update: Some(LastUpdateStatus::Failed),
                update_reason: Some(why.reason()),
                update_reason_code: Some(why.update_code()),
                ..self.clone()
            }),
            _ => Err(self.refused("unready")),
        }
    }

    /// Whether an invocation may run, in AWS's words if not.
    pub fn invocable(&self) -> Result<(), Fault> {
        match (self.state, self.reason_code) {
            (State::Active, _) => Ok(()),
            (State::Failed, Some(StateReasonCode::InvalidZipFileException)) => {
                Err(Fault::new("InvalidZipFileException", self.reason.clone().unwrap_or_default()))
            }
            (state, _) => Err(not_now(state)),
        }
    }

    fn refused(&self, to: &'static str) -> Refused {
        Refused { state: self.state, update: self.update, to }
    }
}

fn not_now(state: State) -> Fault {
    conflict(format!(
        "The operation cannot be performed at this time. The function is currently in the following state: {}",
        state.as_str()
    ))
}

impl Unready {
    /// What the caller hears; what went wrong inside stands in the log.
    fn reason(&self) -> String {
        match self {
            Self::BadArchive(_) => "Lambda was unable to unzip the function's deployment package.".to_owned(),
            Self::ImageAccessDenied(_) => {
                "Lambda does not have permission to access the ECR image. Check the ECR permissions.".to_owned()
            }
            Self::ImageDeleted(_) => "The image of the function was deleted from its registry.".to_owned(),
            Self::InvalidImage(_) => {
                "The image manifest, config or layer media type for the source image is not supported.".to_owned()
            }
            Self::Internal(_) => "An internal error occurred while the function was made ready.".to_owned(),
        }
    }

    fn code(&self) -> StateReasonCode {
        match self {
            Self::BadArchive(_) => StateReasonCode::InvalidZipFileException,
            Self::ImageAccessDenied(_) => StateReasonCode::ImageAccessDenied,
            Self::ImageDeleted(_) => StateReasonCode::ImageDeleted,
            Self::InvalidImage(_) => StateReasonCode::InvalidImage,
            Self::Internal(_) => StateReasonCode::InternalError,
        }
    }

    fn update_code(&self) -> LastUpdateStatusReasonCode {
        match self {
            Self::BadArchive(_) => LastUpdateStatusReasonCode::InvalidZipFileException,
            Self::ImageAccessDenied(_) => LastUpdateStatusReasonCode::ImageAccessDenied,
            Self::ImageDeleted(_) => LastUpdateStatusReasonCode::ImageDeleted,
            Self::InvalidImage(_) => LastUpdateStatusReasonCode::InvalidImage,
            Self::Internal(_) => LastUpdateStatusReasonCode::InternalError,
        }
    }
}

impl std::fmt::Display for Unready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadArchive(cause)
            | Self::ImageAccessDenied(cause)
            | Self::ImageDeleted(cause)
            | Self::InvalidImage(cause)
            | Self::Internal(cause) => f.write_str(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active() -> Status {
        Status::creating().ready().expect("pending goes on to active")
    }

    #[test]
    fn a_function_is_created_then_updated() {
        let status = active();
        assert_eq!((status.state, status.update), (State::Active, Some(LastUpdateStatus::Successful)));
        let status = status.updating("arn").expect("active");
        assert_eq!((status.state, status.update), (State::Active, Some(LastUpdateStatus::InProgress)));
        assert_eq!(status.update_reason.as_deref(), Some("The function is being created."));
        assert_eq!(status.update_reason_code.map(LastUpdateStatusReasonCode::as_str), Some("Creating"));
        assert_eq!(status.ready().expect("in progress"), active());
    }

    #[test]
    fn only_one_update_at_a_time() {
        let fault = active().updating("arn").and_then(|status| status.updating("arn")).expect_err("in progress");
        assert_eq!(fault.code, "ResourceConflictException");
        assert_eq!(
            fault.message,
            "The operation cannot be performed at this time. An update is in progress for resource: arn"
        );
    }

    #[test]
    fn a_pending_function_is_neither_updated_nor_invoked() {
        let words = "The operation cannot be performed at this time. The function is currently in the following state: \
                     Pending";
        assert_eq!(Status::creating().updating("arn").expect_err("pending").message, words);
        assert_eq!(Status::creating().invocable().expect_err("pending").message, words);
        assert!(active().invocable().is_ok());
    }

    #[test]
    fn only_what_is_settled_and_runs_is_published() {
        assert!(active().publishable("arn").is_ok());
        let updating = active().updating("arn").expect("active");
        assert_eq!(updating.publishable("arn").expect_err("in progress").message, update_in_progress("arn").message);
        assert_eq!(
            Status::creating().publishable("arn").expect_err("pending").message,
            not_now(State::Pending).message
        );
        let why = Unready::Internal(String::new());
        assert!(updating.unready(&why).expect("in progress").publishable("arn").is_ok(), "what was there still runs");
        assert!(Status::creating().unready(&why).expect("pending").publishable("arn").is_err());
    }

    #[test]
    fn a_failed_creation_can_be_updated_and_a_failed_update_still_runs() {
        let why = Unready::Internal("disk full".to_owned());
        let failed = Status::creating().unready(&why).expect("pending");
        assert_eq!(failed.state, State::Failed);
        assert!(failed.invocable().is_err());
        let mended = failed.updating("arn").expect("failed");
        assert!(mended.invocable().is_err(), "there is still nothing to run");
        assert_eq!(mended.unready(&why).expect("in progress").state, State::Failed);
        assert_eq!(mended.ready().expect("in progress"), active());
        let update = active().updating("arn").expect("active").unready(&why).expect("in progress");
        assert_eq!((update.state, update.update), (State::Active, Some(LastUpdateStatus::Failed)));
        assert!(update.invocable().is_ok());
    }

    #[test]
    fn what_is_not_named_is_refused() {
        assert!(active().ready().is_err());
        assert!(active().unready(&Unready::Internal(String::new())).is_err());
    }
}
