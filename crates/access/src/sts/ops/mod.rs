//! STS's handlers.

mod assume_role;
mod get_session_token;
mod session_policies;

use std::sync::Arc;

use base::doors::Permit;
use base::{Fault, Timestamp};
use wire::{Permitted, Service};

use super::api::{self, AssumeRole, Credentials, GetCallerIdentity, GetCallerIdentityResponse, GetSessionToken};
use crate::credentials::ids::{self, Kind};
use crate::credentials::{Keyring, Session, Who};
use crate::directory::Directory;

/// What the handlers share.
pub struct State {
    pub directory: Arc<Directory>,
    pub permit: Arc<dyn Permit>,
    pub keyring: Keyring,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// The service with every handler that there is.
pub fn service(state: &Arc<State>) -> Service {
    Service::new(&api::SPEC)
        .on::<GetCallerIdentity, _, _, _>(state, get_caller_identity)
        .on::<AssumeRole, _, _, _>(state, assume_role::assume_role)
        .on::<GetSessionToken, _, _, _>(state, get_session_token::get_session_token)
}

async fn get_caller_identity(
    _: Arc<State>,
    request: Permitted<GetCallerIdentity>,
) -> Result<GetCallerIdentityResponse, Fault> {
    let caller = request.context.caller;
    Ok(GetCallerIdentityResponse {
        user_id: Some(caller.user_id.clone()),
        account: Some(caller.account.to_string()),
        arn: Some(caller.arn.clone()),
    })
}

impl State {
    /// New credentials; whole seconds, as the answer shows them.
    fn issue(&self, account: &str, who: Who, seconds: i32, policies: Vec<String>) -> Credentials {
        let ends = self.directory.clock.now().as_second() + i64::from(seconds);
        let access_key_id = ids::id(Kind::SessionKey, &self.directory.random);
        let session = Session {
            access_key: access_key_id.clone(),
            account: account.to_owned(),
            who,
            expires_ms: ends * 1_000,
            policies,
        };
        Credentials {
            secret_access_key: self.keyring.session_secret(&access_key_id).expose().to_owned(),
            session_token: session.seal(&self.keyring),
            expiration: Timestamp::from_second(ends).unwrap_or(Timestamp::MAX),
            access_key_id,
        }
    }
}
