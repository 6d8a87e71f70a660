//! GetSessionToken: the caller's own credentials, for a while. They are good for everything but IAM.

use std::sync::Arc;

use base::Fault;
use base::caller::Principal;
use base::limits::iam::{ROOT_SESSION_SECONDS, USER_SESSION_SECONDS};
use wire::Permitted;

use super::State;
use super::assume_role::no_such_device;
use crate::credentials::Who;
use crate::sts::api::{GetSessionToken, GetSessionTokenResponse};

pub(super) async fn get_session_token(
    state: Arc<State>,
    request: Permitted<GetSessionToken>,
) -> Result<GetSessionTokenResponse, Fault> {
    let Permitted { context, input } = request;
    let caller = &context.caller;
    if input.serial_number.is_some() || input.token_code.is_some() {
        return Err(no_such_device());
    }
    let is_session = caller.access_key.as_ref().is_some_and(|key| key.starts_with("ASIA"));
    let wanted = input.duration_seconds;
    let (who, seconds) = match &caller.principal {
        _ if is_session => return Err(only_for_keys()),
        Principal::Root => (Who::Root, wanted.unwrap_or(ROOT_SESSION_SECONDS).min(ROOT_SESSION_SECONDS)),
        Principal::User { name } => {
            let user = Who::User { name: name.clone(), arn: caller.arn.clone(), id: caller.user_id.clone() };
            (user, wanted.unwrap_or(USER_SESSION_SECONDS))
        }
        Principal::AssumedRole { .. } | Principal::Service(_) | Principal::Anonymous => return Err(only_for_keys()),
    };
    let credentials = state.issue(caller.account.as_str(), who, seconds, Vec::new());
    let (session_token_utilization, session_token_size) = (None, None);
    Ok(GetSessionTokenResponse { credentials: Some(credentials), session_token_utilization, session_token_size })
}

fn only_for_keys() -> Fault {
    Fault::new(Fault::ACCESS_DENIED, "Cannot call GetSessionToken with session credentials")
}
