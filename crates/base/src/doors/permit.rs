//! The door `permit`: may this caller do this to that resource. Answered from memory.

use crate::{Caller, Fault};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub caller: &'a Caller,
    /// The IAM action, such as `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The resource's ARN, or `*`.
    pub resource: &'a str,
    /// Condition keys and their values.
    pub context: &'a [(&'a str, String)],
}

/// The answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    /// A statement denies it.
    ExplicitDeny {
        kind: &'static str,
    },
    /// No statement allows it.
    ImplicitDeny {
        kind: &'static str,
    },
}

impl Decision {
    /// The resource is another account's, and the caller's own policies allow it: its policy decides.
    pub fn is_up_to_the_resource(&self) -> bool {
        matches!(self, Self::ImplicitDeny { kind: "resource-based" })
    }

    /// `Ok`, or the refusal in AWS's words.
    pub fn or_fault(self, question: &Question<'_>) -> Result<(), Fault> {
        let Question { caller, action, resource, .. } = question;
        let reason = match self {
            Self::Allow => return Ok(()),
            Self::ExplicitDeny { kind } => format!("with an explicit deny in {} {kind}{}", article(kind), noun(kind)),
            Self::ImplicitDeny { kind } => format!("because no {kind}{} allows the {action} action", noun(kind)),
        };
        let message =
            format!("User: {} is not authorized to perform: {action} on resource: {resource} {reason}", caller.arn);
        Err(Fault::new(Fault::ACCESS_DENIED, message))
    }
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// AWS speaks of an identity-based policy, but of a permissions boundary.
fn noun(kind: &str) -> &'static str {
    if kind.ends_with("boundary") { "" } else { " policy" }
}

/// Decides. Implemented by IAM; asked by the pipeline for every operation, by handlers for secondary actions only.
pub trait Permit: Send + Sync {
    fn permit(&self, question: &Question<'_>) -> Decision;
}
