//! The verbs of inline policies: the same for users and roles.

use std::sync::Arc;

use base::Fault;
use store::Batch;
use wire::{Context, Nothing, Permitted, Service};

use super::{account, documents};
use crate::directory::change::{Fate, Kept};
use crate::directory::{Directory, Role, User, faults};
use crate::iam::api::inline_policies::*;
use crate::iam::paging::{Page, Wanted};
use crate::iam::render;
use crate::policy::identity_policy;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<PutRolePolicy, _, _, _>(state, put_role_policy)
        .on::<GetRolePolicy, _, _, _>(state, get_role_policy)
        .on::<ListRolePolicies, _, _, _>(state, list_role_policies)
        .on::<DeleteRolePolicy, _, _, _>(state, delete_role_policy)
        .on::<PutUserPolicy, _, _, _>(state, put_user_policy)
        .on::<GetUserPolicy, _, _, _>(state, get_user_policy)
        .on::<ListUserPolicies, _, _, _>(state, list_user_policies)
        .on::<DeleteUserPolicy, _, _, _>(state, delete_user_policy)
}

async fn put<E: Kept>(
    state: &Directory,
    context: &Context,
    holder: &str,
    name: &str,
    document: &str,
) -> Result<Nothing, Fault> {
    identity_policy(document)?;
    let change = |entity: &mut E, _: &mut Batch| {
        entity.grants_mut().inline.insert(name.to_owned(), document.to_owned());
        documents::inline_total(entity)?;
        Ok(Fate::Keep)
    };
    state.change(account(context), holder, change).await?;
    Ok(Nothing {})
}

/// The document, percent-encoded.
fn get<E: Kept>(state: &Directory, context: &Context, holder: &str, name: &str) -> Result<String, Fault> {
    let (entity, _) = E::entry(state, account(context), holder).ok_or_else(|| faults::no_entity::<E>(holder))?;
    let document = entity.record.grants().inline.get(name).ok_or_else(|| faults::no_inline::<E>(name))?;
    Ok(render::document(document))
}

fn list<E: Kept>(state: &Directory, context: &Context, holder: &str, wanted: Wanted) -> Result<Page<String>, Fault> {
    let (entity, _) = E::entry(state, account(context), holder).ok_or_else(|| faults::no_entity::<E>(holder))?;
    Ok(wanted.cut(entity.record.grants().inline.keys().cloned(), String::clone))
}

async fn delete<E: Kept>(state: &Directory, context: &Context, holder: &str, name: &str) -> Result<Nothing, Fault> {
    let change = |entity: &mut E, _: &mut Batch| match entity.grants_mut().inline.remove(name) {
        Some(_) => Ok(Fate::Keep),
        None => Err(faults::no_inline::<E>(name)),
    };
    state.change(account(context), holder, change).await?;
    Ok(Nothing {})
}

async fn put_role_policy(state: Arc<Directory>, request: Permitted<PutRolePolicy>) -> Result<Nothing, Fault> {
    let PutRolePolicyRequest { role_name, policy_name, policy_document } = request.input;
    put::<Role>(&state, &request.context, &role_name, &policy_name, &policy_document).await
}

async fn put_user_policy(state: Arc<Directory>, request: Permitted<PutUserPolicy>) -> Result<Nothing, Fault> {
    let PutUserPolicyRequest { user_name, policy_name, policy_document } = request.input;
    put::<User>(&state, &request.context, &user_name, &policy_name, &policy_document).await
}

async fn get_role_policy(
    state: Arc<Directory>,
    request: Permitted<GetRolePolicy>,
) -> Result<GetRolePolicyResponse, Fault> {
    let GetRolePolicyRequest { role_name, policy_name } = request.input;
    let policy_document = get::<Role>(&state, &request.context, &role_name, &policy_name)?;
    Ok(GetRolePolicyResponse { role_name, policy_name, policy_document })
}

async fn get_user_policy(
    state: Arc<Directory>,
    request: Permitted<GetUserPolicy>,
) -> Result<GetUserPolicyResponse, Fault> {
    let GetUserPolicyRequest { user_name, policy_name } = request.input;
    let policy_document = get::<User>(&state, &request.context, &user_name, &policy_name)?;
    Ok(GetUserPolicyResponse { user_name, policy_name, policy_document })
}

async fn list_role_policies(
    state: Arc<Directory>,
    request: Permitted<ListRolePolicies>,
) -> Result<ListRolePoliciesResponse, Fault> {
    let Permitted { context, input } = request;
    let wanted = Wanted::new(input.marker.as_deref(), input.max_items)?;
    let page = list::<Role>(&state, &context, &input.role_name, wanted)?;
    Ok(ListRolePoliciesResponse { is_truncated: page.is_truncated(), policy_names: page.items, marker: page.marker })
}

async fn list_user_policies(
    state: Arc<Directory>,
    request: Permitted<ListUserPolicies>,
) -> Result<ListUserPoliciesResponse, Fault> {
    let Permitted { context, input } = request;
    let wanted = Wanted::new(input.marker.as_deref(), input.max_items)?;
    let page = list::<User>(&state, &context, &input.user_name, wanted)?;
    Ok(ListUserPoliciesResponse { is_truncated: page.is_truncated(), policy_names: page.items, marker: page.marker })
}

async fn delete_role_policy(state: Arc<Directory>, request: Permitted<DeleteRolePolicy>) -> Result<Nothing, Fault> {
    let DeleteRolePolicyRequest { role_name, policy_name } = request.input;
    delete::<Role>(&state, &request.context, &role_name, &policy_name).await
}

async fn delete_user_policy(state: Arc<Directory>, request: Permitted<DeleteUserPolicy>) -> Result<Nothing, Fault> {
    let DeleteUserPolicyRequest { user_name, policy_name } = request.input;
    delete::<User>(&state, &request.context, &user_name, &policy_name).await
}
