//! The verbs of roles.

use std::sync::Arc;

use base::Fault;
use base::limits::iam::{ROLES, SESSION_SECONDS};
use wire::{Nothing, Permitted, Service};

use super::{account, documents, tags};
use crate::credentials::ids::{self, Kind};
use crate::directory::change::Fate;
use crate::directory::{Directory, Grants, Role, faults, name_key};
use crate::iam::api::roles::{self as api, *};
use crate::iam::paging::Wanted;
use crate::iam::render;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<CreateRole, _, _, _>(state, create_role)
        .on::<GetRole, _, _, _>(state, get_role)
        .on::<ListRoles, _, _, _>(state, list_roles)
        .on::<UpdateRole, _, _, _>(state, update_role)
        .on::<UpdateRoleDescription, _, _, _>(state, update_role_description)
        .on::<UpdateAssumeRolePolicy, _, _, _>(state, update_assume_role_policy)
        .on::<DeleteRole, _, _, _>(state, delete_role)
        .on::<ListInstanceProfilesForRole, _, _, _>(state, list_instance_profiles_for_role)
}

async fn create_role(state: Arc<Directory>, request: Permitted<CreateRole>) -> Result<CreateRoleResponse, Fault> {
    let Permitted { context, input } = request;
    let account = account(&context);
    documents::trust(&input.assume_role_policy_document)?;
    if state.roles(account, None, ROLES).len() >= ROLES {
        return Err(faults::quota("RolesPerAccount", ROLES));
    }
    let role = new_role(&state, account, input)?;
    let mut batch = state.space.batch();
    batch.insert(&role);
    if let Some(boundary) = &role.grants.boundary {
        state.count(&mut batch, account, boundary, |policy| policy.boundaries += 1)?;
    }
    match batch.commit().await {
        Ok(_) => Ok(CreateRoleResponse { role: render::role(&role) }),
        Err(error) if error.is_conflict_of::<Role>(&store::Record::key(&role)) => {
            Err(faults::entity_exists::<Role>(&role.name))
        }
        Err(error) if error.is_conflict() => Err(faults::concurrent()),
        Err(error) => Err(error.into()),
    }
}

fn new_role(state: &Directory, account: &str, input: CreateRoleRequest) -> Result<Role, Fault> {
    let mut role = Role {
        account: account.to_owned(),
        name: input.role_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: ids::id(Kind::Role, &state.random),
        created_ms: state.clock.now_ms(),
        description: input.description,
        max_session_seconds: input.max_session_duration.unwrap_or(SESSION_SECONDS),
        trust: input.assume_role_policy_document,
        tags: Vec::new(),
        grants: Grants { boundary: input.permissions_boundary, ..Grants::default() },
    };
    tags::add(&mut role.tags, input.tags.unwrap_or_default())?;
    Ok(role)
}

async fn get_role(state: Arc<Directory>, request: Permitted<GetRole>) -> Result<GetRoleResponse, Fault> {
    let name = &request.input.role_name;
    let role = state.role(account(&request.context), name).ok_or_else(|| faults::no_entity::<Role>(name))?;
    let unused = api::RoleLastUsed { last_used_date: None, region: None };
    let role = api::Role { role_last_used: Some(unused), ..render::role(&role.record) };
    Ok(GetRoleResponse { role })
}

async fn list_roles(state: Arc<Directory>, request: Permitted<ListRoles>) -> Result<ListRolesResponse, Fault> {
    let Permitted { context, input } = request;
    let prefix = input.path_prefix.unwrap_or_default();
    let roles = state.roles(account(&context), None, usize::MAX);
    let roles = roles.into_iter().filter(|role| role.record.path.starts_with(&prefix));
    let wanted = Wanted::new(input.marker.as_deref(), input.max_items)?;
    let page = wanted.cut(roles, |role| name_key(&role.record.name));
    let is_truncated = page.is_truncated();
    let roles = page.items.iter().map(|role| render::listed_role(&role.record)).collect();
    Ok(ListRolesResponse { roles, is_truncated, marker: page.marker })
}

async fn update_role(state: Arc<Directory>, request: Permitted<UpdateRole>) -> Result<UpdateRoleResponse, Fault> {
    let Permitted { context, input } = request;
    let change = |role: &mut Role| {
        // What isn't said becomes what it was at first; AWS does the same.
        role.description = input.description.clone();
        role.max_session_seconds = input.max_session_duration.unwrap_or(SESSION_SECONDS);
    };
    edit(&state, account(&context), &input.role_name, change).await?;
    Ok(UpdateRoleResponse {})
}

async fn update_role_description(
    state: Arc<Directory>,
    request: Permitted<UpdateRoleDescription>,
) -> Result<UpdateRoleDescriptionResponse, Fault> {
    let Permitted { context, input } = request;
    let change = |role: &mut Role| role.description = Some(input.description.clone());
    let role = edit(&state, account(&context), &input.role_name, change).await?;
    Ok(UpdateRoleDescriptionResponse { role: Some(render::role(&role)) })
}

async fn update_assume_role_policy(
    state: Arc<Directory>,
    request: Permitted<UpdateAssumeRolePolicy>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    documents::trust(&input.policy_document)?;
    let change = |role: &mut Role| role.trust = input.policy_document.clone();
    edit(&state, account(&context), &input.role_name, change).await?;
    Ok(Nothing {})
}

async fn edit(
    state: &Directory,
    account: &str,
    name: &str,
    change: impl Fn(&mut Role) + Send + Sync,
) -> Result<Role, Fault> {
    let change = |role: &mut Role, _: &mut store::Batch| {
        change(role);
        Ok(Fate::Keep)
    };
    state.change(account, name, change).await
}

async fn delete_role(state: Arc<Directory>, request: Permitted<DeleteRole>) -> Result<Nothing, Fault> {
    let account = account(&request.context);
    let change = |role: &mut Role, batch: &mut store::Batch| {
        may_go(&role.grants)?;
        if let Some(boundary) = &role.grants.boundary {
            state.count(batch, account, boundary, |policy| policy.boundaries = policy.boundaries.saturating_sub(1))?;
        }
        Ok(Fate::Delete)
    };
    state.change(account, &request.input.role_name, change).await?;
    Ok(Nothing {})
}

/// Who still holds policies can't be deleted.
pub(super) fn may_go(grants: &Grants) -> Result<(), Fault> {
    match (grants.attached.is_empty(), grants.inline.is_empty()) {
        (false, _) => Err(faults::must_detach()),
        (true, false) => Err(faults::must_delete_policies()),
        (true, true) => Ok(()),
    }
}

async fn list_instance_profiles_for_role(
    state: Arc<Directory>,
    request: Permitted<ListInstanceProfilesForRole>,
) -> Result<ListInstanceProfilesForRoleResponse, Fault> {
    let name = &request.input.role_name;
    state.role(account(&request.context), name).ok_or_else(|| faults::no_entity::<Role>(name))?;
    Ok(ListInstanceProfilesForRoleResponse { instance_profiles: Vec::new(), is_truncated: Some(false), marker: None })
}
