//! Which managed policies a user or role holds. The holder's record and the policy's count change in one commit.

use std::sync::Arc;

use base::Fault;
use base::limits::iam::ATTACHED_POLICIES;
use store::Batch;
use wire::{Context, Nothing, Permitted, Service};

use super::account;
use crate::directory::change::{Fate, Kept};
use crate::directory::{Directory, Entity, Managed, Role, User, faults};
use crate::iam::api::attachments::*;
use crate::iam::api::policies::PolicyUsageType;
use crate::iam::paging::{Page, Wanted};

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<AttachRolePolicy, _, _, _>(state, attach_role_policy)
        .on::<DetachRolePolicy, _, _, _>(state, detach_role_policy)
        .on::<ListAttachedRolePolicies, _, _, _>(state, list_attached_role_policies)
        .on::<AttachUserPolicy, _, _, _>(state, attach_user_policy)
        .on::<DetachUserPolicy, _, _, _>(state, detach_user_policy)
        .on::<ListAttachedUserPolicies, _, _, _>(state, list_attached_user_policies)
        .on::<ListEntitiesForPolicy, _, _, _>(state, list_entities_for_policy)
}

/// Attaching what is attached changes nothing, and is no error.
async fn attach<E: Kept>(state: &Directory, context: &Context, holder: &str, arn: &str) -> Result<Nothing, Fault> {
    let account = account(context);
    let change = |entity: &mut E, batch: &mut Batch| {
        let attached = &mut entity.grants_mut().attached;
        if attached.iter().any(|held| held == arn) {
            return Ok(Fate::Keep);
        }
        state.policy(account, arn).ok_or_else(|| faults::not_attachable(arn))?;
        if attached.len() >= ATTACHED_POLICIES {
            let quota = if E::KIND == "user" { "PoliciesPerUser" } else { "PoliciesPerRole" };
            return Err(faults::quota(quota, ATTACHED_POLICIES));
        }
        attached.push(arn.to_owned());
        state.count(batch, account, arn, |policy| policy.attachments += 1)?;
        Ok(Fate::Keep)
    };
    state.change(account, holder, change).await?;
    Ok(Nothing {})
}

async fn detach<E: Kept>(state: &Directory, context: &Context, holder: &str, arn: &str) -> Result<Nothing, Fault> {
    let account = account(context);
    let change = |entity: &mut E, batch: &mut Batch| {
        let attached = &mut entity.grants_mut().attached;
        let at = attached.iter().position(|held| held == arn).ok_or_else(|| faults::not_attached(arn))?;
        attached.remove(at);
        state.count(batch, account, arn, |policy| policy.attachments = policy.attachments.saturating_sub(1))?;
        Ok(Fate::Keep)
    };
    state.change(account, holder, change).await?;
    Ok(Nothing {})
}

/// The name and path of a managed policy.
fn name_and_path(policy: &Managed) -> (&str, &str) {
    match policy {
        Managed::Own(known) => (&known.record.name, &known.record.path),
        Managed::Aws(policy) => (policy.name, policy.path),
    }
}

fn list<E: Kept>(
    state: &Directory,
    context: &Context,
    holder: &str,
    prefix: Option<&str>,
    wanted: Wanted,
) -> Result<Page<AttachedPolicy>, Fault> {
    let account = account(context);
    let (entity, _) = E::entry(state, account, holder).ok_or_else(|| faults::no_entity::<E>(holder))?;
    let shown = |arn: &String| {
        let policy = state.policy(account, arn)?;
        let (name, path) = name_and_path(&policy);
        let below = prefix.is_none_or(|prefix| path.starts_with(prefix));
        below.then(|| AttachedPolicy { policy_name: Some(name.to_owned()), policy_arn: Some(arn.clone()) })
    };
    let mut policies: Vec<_> = entity.record.grants().attached.iter().filter_map(shown).collect();
    policies.sort_by(|a, b| a.policy_arn.cmp(&b.policy_arn));
    Ok(wanted.cut(policies, |policy| policy.policy_arn.clone().unwrap_or_default()))
}

async fn attach_role_policy(state: Arc<Directory>, request: Permitted<AttachRolePolicy>) -> Result<Nothing, Fault> {
    attach::<Role>(&state, &request.context, &request.input.role_name, &request.input.policy_arn).await
}

async fn attach_user_policy(state: Arc<Directory>, request: Permitted<AttachUserPolicy>) -> Result<Nothing, Fault> {
    attach::<User>(&state, &request.context, &request.input.user_name, &request.input.policy_arn).await
}

async fn detach_role_policy(state: Arc<Directory>, request: Permitted<DetachRolePolicy>) -> Result<Nothing, Fault> {
    detach::<Role>(&state, &request.context, &request.input.role_name, &request.input.policy_arn).await
}

async fn detach_user_policy(state: Arc<Directory>, request: Permitted<DetachUserPolicy>) -> Result<Nothing, Fault> {
    detach::<User>(&state, &request.context, &request.input.user_name, &request.input.policy_arn).await
}

async fn list_attached_role_policies(
    state: Arc<Directory>,
    request: Permitted<ListAttachedRolePolicies>,
) -> Result<ListAttachedRolePoliciesResponse, Fault> {
    let Permitted { context, input } = request;
    let wanted = Wanted::new(input.marker.as_deref(), input.max_items)?;
    let page = list::<Role>(&state, &context, &input.role_name, input.path_prefix.as_deref(), wanted)?;
    let is_truncated = page.is_truncated();
    Ok(ListAttachedRolePoliciesResponse { is_truncated, attached_policies: Some(page.items), marker: page.marker })
}

async fn list_attached_user_policies(
    state: Arc<Directory>,
    request: Permitted<ListAttachedUserPolicies>,
) -> Result<ListAttachedUserPoliciesResponse, Fault> {
    let Permitted { context, input } = request;
    let wanted = Wanted::new(input.marker.as_deref(), input.max_items)?;
    let page = list::<User>(&state, &context, &input.user_name, input.path_prefix.as_deref(), wanted)?;
    let is_truncated = page.is_truncated();
    Ok(ListAttachedUserPoliciesResponse { is_truncated, attached_policies: Some(page.items), marker: page.marker })
}

/// One holder of a policy; users stand before roles.
struct Holding {
    kind: &'static str,
    name: String,
    id: String,
}

impl Holding {
    /// `None` unless the entity passes the caller's filters and holds the policy.
    fn of<E: Entity>(entity: &E, input: &ListEntitiesForPolicyRequest) -> Option<Self> {
        let grants = entity.grants();
        let attached = || grants.attached.contains(&input.policy_arn);
        let bound = || grants.boundary.as_ref() == Some(&input.policy_arn);
        let holds = match input.policy_usage_filter {
            Some(PolicyUsageType::PermissionsPolicy) => attached(),
            Some(PolicyUsageType::PermissionsBoundary) => bound(),
            None => attached() || bound(),
        };
        let below = input.path_prefix.as_ref().is_none_or(|prefix| entity.path().starts_with(prefix));
        (holds && below).then(|| Self { kind: E::KIND, name: entity.name().to_owned(), id: entity.id().to_owned() })
    }

    fn position(&self) -> String {
        format!("{}/{}", if self.kind == "user" { 0 } else { 1 }, self.name)
    }
}

async fn list_entities_for_policy(
    state: Arc<Directory>,
    request: Permitted<ListEntitiesForPolicy>,
) -> Result<ListEntitiesForPolicyResponse, Fault> {
    let Permitted { context, input } = request;
    let account = account(&context);
    state.policy(account, &input.policy_arn).ok_or_else(|| faults::no_policy(&input.policy_arn))?;
    let wants = |kind: EntityType| input.entity_filter.is_none_or(|filter| filter == kind);
    let mut holders = Vec::new();
    if wants(EntityType::User) {
        let users = state.users(account, None, usize::MAX);
        holders.extend(users.iter().filter_map(|user| Holding::of(&user.record, &input)));
    }
    if wants(EntityType::Role) {
        let roles = state.roles(account, None, usize::MAX);
        holders.extend(roles.iter().filter_map(|role| Holding::of(&role.record, &input)));
    }
    holders.sort_by_key(Holding::position);
    let page = Wanted::new(input.marker.as_deref(), input.max_items)?.cut(holders, Holding::position);
    Ok(holdings(page))
}

fn holdings(page: Page<Holding>) -> ListEntitiesForPolicyResponse {
    let is_truncated = page.is_truncated();
    let (users, roles): (Vec<_>, Vec<_>) = page.items.into_iter().partition(|holding| holding.kind == "user");
    let user = |Holding { name, id, .. }| PolicyUser { user_name: Some(name), user_id: Some(id) };
    let role = |Holding { name, id, .. }| PolicyRole { role_name: Some(name), role_id: Some(id) };
    ListEntitiesForPolicyResponse {
        policy_groups: Some(Vec::new()),
        policy_users: Some(users.into_iter().map(user).collect()),
        policy_roles: Some(roles.into_iter().map(role).collect()),
        is_truncated,
        marker: page.marker,
    }
}
