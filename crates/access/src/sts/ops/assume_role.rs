//! AssumeRole: the caller becomes a session of a role for a while, if the role trusts it.

use std::sync::Arc;

use base::caller::Principal;
use base::limits::iam::{CHAINED_SESSION_SECONDS, SERVICE_SESSION_SECONDS, SESSION_SECONDS};
use base::{Caller, Fault};
use wire::Permitted;

use super::State;
use super::session_policies::{self, SessionPolicies};
use crate::credentials::Who;
use crate::credentials::session::session_arn;
use crate::directory::{Holder, Role, faults};
use crate::sts::api::{AssumeRole, AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use crate::sts::trust;

const ACTION: &str = "sts:AssumeRole";

pub(super) async fn assume_role(
    state: Arc<State>,
    request: Permitted<AssumeRole>,
) -> Result<AssumeRoleResponse, Fault> {
    let Permitted { context, input } = request;
    let caller = &context.caller;
    let role = state.directory.role_at(&input.role_arn);
    let role = role.ok_or_else(|| trust::denied(caller, ACTION, &input.role_arn))?;
    check_trust(&state, caller, &role, &input)?;
    let seconds = duration(caller, &role.record, input.duration_seconds)?;
    let account = role.record.account.clone();
    let policies = session_policies::read(&state.directory, &account, input.policy, input.policy_arns)?;
    let source_identity = input.source_identity;
    let answer = session(&state, &role, input.role_session_name, seconds, policies);
    Ok(AssumeRoleResponse { source_identity, ..answer })
}

/// Asks for everything that the request does: to assume, and also to tag or to name a source.
fn check_trust(state: &State, caller: &Caller, role: &Holder<Role>, input: &AssumeRoleRequest) -> Result<(), Fault> {
    let check = |action| trust::check(state.permit.as_ref(), caller, role, action);
    check(ACTION)?;
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        check("sts:TagSession")?;
    }
    if input.source_identity.is_some() {
        check("sts:SetSourceIdentity")?;
    }
    if input.provided_contexts.is_some() {
        check("sts:SetContext")?;
    }
    match input.serial_number.is_some() || input.token_code.is_some() {
        true => Err(no_such_device()),
        false => Ok(()),
    }
}

/// There are no MFA devices, so no code is the right one.
pub(super) fn no_such_device() -> Fault {
    let message = "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number \
                   is valid and associated with this user.";
    Fault::new(Fault::ACCESS_DENIED, message)
}

fn duration(caller: &Caller, role: &Role, wanted: Option<i32>) -> Result<i32, Fault> {
    let seconds = wanted.unwrap_or(SESSION_SECONDS);
    match &caller.principal {
        // A service renews the sessions it makes for itself, so the role's limit is not about them.
        Principal::Service(_) if seconds <= SERVICE_SESSION_SECONDS => Ok(seconds),
        Principal::AssumedRole { .. } if seconds > CHAINED_SESSION_SECONDS => Err(faults::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )),
        _ if seconds > role.max_session_seconds => {
            Err(faults::validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."))
        }
        _ => Ok(seconds),
    }
}

fn session(
    state: &State,
    role: &Holder<Role>,
    name: String,
    seconds: i32,
    policies: SessionPolicies,
) -> AssumeRoleResponse {
    let account = &role.record.account;
    let user = AssumedRoleUser {
        assumed_role_id: format!("{}:{name}", role.record.id),
        arn: session_arn(account, role.arn(), &name),
    };
    let who = Who::Role { arn: role.arn().to_owned(), id: role.record.id.clone(), session: name };
    AssumeRoleResponse {
        credentials: Some(state.issue(account, who, seconds, policies.carried)),
        assumed_role_user: Some(user),
        packed_policy_size: policies.percent,
        source_identity: None,
        session_token_utilization: None,
        session_token_size: None,
    }
}
