//! The policies that a session is narrowed by: at most one document, and ARNs of managed policies.

use base::Fault;
use base::limits::iam::{SESSION_POLICY_ARNS, SESSION_POLICY_CHARS};

use crate::directory::{Directory, faults};
use crate::policy::identity_policy;
use crate::sts::api::PolicyDescriptorType;

/// What a session carries, and how full it is in percent; `None` if nothing narrows it.
#[derive(Debug)]
pub(super) struct SessionPolicies {
    pub(super) carried: Vec<String>,
    pub(super) percent: Option<i32>,
}

/// Reads and checks them. The managed ones must be of the role's account or AWS's own; they count as they are when
/// a permission is asked, not as they are now.
pub(super) fn read(
    directory: &Directory,
    account: &str,
    document: Option<String>,
    arns: Option<Vec<PolicyDescriptorType>>,
) -> Result<SessionPolicies, Fault> {
    let arns: Vec<String> = arns.unwrap_or_default().into_iter().filter_map(|policy| policy.arn).collect();
    if arns.len() > SESSION_POLICY_ARNS {
        return Err(faults::validation(format!("The number of session policies exceeds {SESSION_POLICY_ARNS}.")));
    }
    document.iter().try_for_each(|text| identity_policy(text).map(drop))?;
    if let Some(arn) = arns.iter().find(|arn| directory.policy(account, arn).is_none()) {
        return Err(faults::validation(format!("Policy {arn} does not exist or is not attachable.")));
    }
    let carried: Vec<String> = document.into_iter().chain(arns).collect();
    let percent = percent(&carried);
    if percent > 100 {
        return Err(too_large(percent));
    }
    Ok(SessionPolicies { percent: (!carried.is_empty()).then_some(percent), carried })
}

fn percent(carried: &[String]) -> i32 {
    let chars: usize = carried.iter().map(|policy| policy.chars().count()).sum();
    i32::try_from((chars * 100).div_ceil(SESSION_POLICY_CHARS)).unwrap_or(i32::MAX)
}

fn too_large(percent: i32) -> Fault {
    let message = format!(
        "Packed size of session tags, transitive tag keys and session policies consumes {percent}% of allotted space."
    );
    Fault::new("PackedPolicyTooLargeException", message)
}
