//! IAM's handlers: thin verbs, a file per noun.

mod access_keys;
mod attachments;
mod boundaries;
mod documents;
mod inline_policies;
mod policies;
mod policy_tags;
mod policy_versions;
mod roles;
mod tags;
mod users;

use std::sync::Arc;

use base::Fault;
use base::caller::Principal;
use wire::{Context, Service};

use super::api;
use crate::directory::{Directory, faults};

/// The service with every handler that there is.
pub fn service(directory: &Arc<Directory>) -> Service {
    let service = Service::new(&api::SPEC);
    let service = roles::register(users::register(service, directory), directory);
    let service = access_keys::register(inline_policies::register(service, directory), directory);
    let service = policies::register(policy_versions::register(service, directory), directory);
    let service = tags::register(policy_tags::register(service, directory), directory);
    attachments::register(boundaries::register(service, directory), directory)
}

/// The user that a request without a name is about: the caller.
fn own_name(context: &Context) -> Result<String, Fault> {
    match &context.caller.principal {
        Principal::User { name } => Ok(name.clone()),
        _ => Err(faults::validation("Must specify userName when calling with non-User credentials")),
    }
}

fn account(context: &Context) -> &str {
    context.scope.account.as_str()
}
