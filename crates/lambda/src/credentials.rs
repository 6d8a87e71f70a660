//! The execution role at work: its temporary credentials, and who the function is when it acts.

use std::sync::Arc;

use base::doors::{Call, Request};
use base::{Account, Caller, Fault, Fields, Principal, Scope, Timestamp, Value};

use crate::function::session_name;

/// The service that assumes execution roles.
pub const LAMBDA_PRINCIPAL: &str = "lambda.amazonaws.com";

/// What an environment signs its calls with.
#[derive(Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub expiration: Timestamp,
    /// The identity that these credentials stand for.
    pub caller: Caller,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// What is asked of STS: the role for Lambda, in a session that is named after the function.
pub(crate) fn request(scope: &Scope, role: &str, function: &str) -> Request {
    let input = Fields::new().with("RoleArn", role).with("RoleSessionName", session_name(function));
    let caller = Caller::service(scope.account.clone(), LAMBDA_PRINCIPAL);
    Request { service: "sts", operation: "AssumeRole", caller, region: scope.region.clone(), input }
}

/// Assumes the role as Lambda does.
pub async fn assume(call: &Arc<dyn Call>, scope: &Scope, role: &str, function: &str) -> Result<Credentials, Fault> {
    let answer = call.call(request(scope, role, function)).await?;
    read(&answer, &scope.account, role, &session_name(function))
        .ok_or_else(|| Fault::internal("AssumeRole answered without credentials"))
}

fn read(answer: &Fields, account: &Account, role: &str, session: &str) -> Option<Credentials> {
    let given = answer.get("Credentials")?.as_map()?;
    let user = answer.get("AssumedRoleUser")?.as_map()?;
    let Value::Timestamp(expiration) = given.get("Expiration")? else { return None };
    let text = |name| given.text(name).map(str::to_owned);
    let id = user.text("AssumedRoleId")?;
    let access_key_id = text("AccessKeyId")?;
    let caller = Caller::new(base::caller::Identity {
        account: account.clone(),
        principal: Principal::AssumedRole {
            role_arn: role.to_owned(),
            role_id: id.split_once(':').map_or(id, |(role_id, _)| role_id).to_owned(),
            session: session.to_owned(),
        },
        arn: user.text("Arn")?.to_owned(),
        user_id: id.to_owned(),
        access_key: Some(access_key_id.clone()),
        session_policies: Vec::new(),
        unchecked: false,
    });
    let (secret_access_key, session_token) = (text("SecretAccessKey")?, text("SessionToken")?);
    Some(Credentials { access_key_id, secret_access_key, session_token, expiration: *expiration, caller })
}
