//! The verbs of managed policies.

use std::sync::Arc;

use base::Fault;
use base::limits::iam::MANAGED_POLICIES;
use wire::{Nothing, Permitted, Service};

use super::{account, documents, tags};
use crate::credentials::ids::{self, Kind};
use crate::directory::change::Fate;
use crate::directory::managed::Version;
use crate::directory::{AwsManaged, Directory, Entity, Managed, ManagedPolicy, aws_managed, faults, name_key};
use crate::iam::api::policies::*;
use crate::iam::paging::Wanted;
use crate::iam::render;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<CreatePolicy, _, _, _>(state, create_policy)
        .on::<GetPolicy, _, _, _>(state, get_policy)
        .on::<ListPolicies, _, _, _>(state, list_policies)
        .on::<DeletePolicy, _, _, _>(state, delete_policy)
}

async fn create_policy(state: Arc<Directory>, request: Permitted<CreatePolicy>) -> Result<CreatePolicyResponse, Fault> {
    let Permitted { context, input } = request;
    let account = account(&context);
    documents::managed(&input.policy_document)?;
    if state.policies(account, None, MANAGED_POLICIES).len() >= MANAGED_POLICIES {
        return Err(faults::quota("PoliciesPerAccount", MANAGED_POLICIES));
    }
    let policy = new_policy(&state, account, input)?;
    match state.space.table().insert(&policy).await {
        Ok(_) => Ok(CreatePolicyResponse { policy: Some(render::policy(&policy)) }),
        Err(error) if error.is_conflict() => Err(faults::policy_exists(&policy.name)),
        Err(error) => Err(error.into()),
    }
}

fn new_policy(state: &Directory, account: &str, input: CreatePolicyRequest) -> Result<ManagedPolicy, Fault> {
    let now = state.clock.now_ms();
    let mut policy = ManagedPolicy {
        account: account.to_owned(),
        name: input.policy_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: ids::id(Kind::ManagedPolicy, &state.random),
        description: input.description,
        created_ms: now,
        updated_ms: now,
        tags: Vec::new(),
        versions: vec![Version { number: 1, document: input.policy_document, created_ms: now }],
        default_version: 1,
        last_version: 1,
        attachments: 0,
        boundaries: 0,
    };
    tags::add(&mut policy.tags, input.tags.unwrap_or_default())?;
    Ok(policy)
}

async fn get_policy(state: Arc<Directory>, request: Permitted<GetPolicy>) -> Result<GetPolicyResponse, Fault> {
    let account = account(&request.context);
    let arn = &request.input.policy_arn;
    let policy = match state.policy(account, arn).ok_or_else(|| faults::no_policy(arn))? {
        Managed::Own(known) => render::policy(&known.record),
        Managed::Aws(policy) => shown(&state, account, policy),
    };
    Ok(GetPolicyResponse { policy: Some(policy) })
}

/// Nobody counts who holds AWS's policies; whoever asks waits for the count.
fn shown(state: &Directory, account: &str, policy: &AwsManaged) -> Policy {
    let users = state.users(account, None, usize::MAX);
    let roles = state.roles(account, None, usize::MAX);
    let grants = || users.iter().map(|user| user.record.grants()).chain(roles.iter().map(|role| role.record.grants()));
    let attachments = grants().filter(|grants| grants.attached.contains(&policy.arn)).count();
    let boundaries = grants().filter(|grants| grants.boundary.as_ref() == Some(&policy.arn)).count();
    render::aws_policy(policy, attachments, boundaries)
}

async fn list_policies(state: Arc<Directory>, request: Permitted<ListPolicies>) -> Result<ListPoliciesResponse, Fault> {
    let Permitted { context, input } = request;
    let account = account(&context);
    let scope = input.scope.unwrap_or(PolicyScopeType::All);
    let mut policies = Vec::new();
    if scope != PolicyScopeType::Local {
        policies.extend(aws_managed::all().map(|policy| shown(&state, account, policy)));
    }
    if scope != PolicyScopeType::AWS {
        let own = state.policies(account, None, usize::MAX);
        policies.extend(own.iter().map(|known| Policy { tags: None, ..render::policy(&known.record) }));
    }
    policies.retain(|policy| is_wanted(policy, &input));
    policies.sort_by_key(position);
    let page = Wanted::new(input.marker.as_deref(), input.max_items)?.cut(policies, position);
    let is_truncated = page.is_truncated();
    Ok(ListPoliciesResponse { policies: Some(page.items), is_truncated, marker: page.marker })
}

fn is_wanted(policy: &Policy, input: &ListPoliciesRequest) -> bool {
    let counts = match input.policy_usage_filter {
        Some(PolicyUsageType::PermissionsBoundary) => policy.permissions_boundary_usage_count,
        Some(PolicyUsageType::PermissionsPolicy) | None => policy.attachment_count,
    };
    let attached = input.only_attached != Some(true) || counts.is_some_and(|count| count > 0);
    let path = policy.path.as_deref().unwrap_or_default();
    attached && input.path_prefix.as_ref().is_none_or(|prefix| path.starts_with(prefix))
}

fn position(policy: &Policy) -> String {
    let name = policy.policy_name.as_deref().map(name_key).unwrap_or_default();
    format!("{name}/{}", policy.arn.as_deref().unwrap_or_default())
}

async fn delete_policy(state: Arc<Directory>, request: Permitted<DeletePolicy>) -> Result<Nothing, Fault> {
    let arn = &request.input.policy_arn;
    let change = |policy: &mut ManagedPolicy| match policy {
        ManagedPolicy { attachments: 0, boundaries: 0, versions, .. } if versions.len() == 1 => Ok(Fate::Delete),
        ManagedPolicy { attachments: 0, boundaries: 0, .. } => Err(faults::policy_has_versions()),
        _ => Err(faults::policy_in_use()),
    };
    state.change_policy(account(&request.context), arn, change).await?;
    Ok(Nothing {})
}
