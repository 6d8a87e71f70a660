//! The verbs of a managed policy's versions.

use std::sync::Arc;

use base::Fault;
use base::limits::iam::POLICY_VERSIONS;
use wire::{Nothing, Permitted, Service};

use super::{account, documents};
use crate::directory::change::Fate;
use crate::directory::managed::Version;
use crate::directory::{Directory, Managed, ManagedPolicy, faults};
use crate::iam::api::policies::*;
use crate::iam::paging::Wanted;
use crate::iam::render;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<CreatePolicyVersion, _, _, _>(state, create_policy_version)
        .on::<GetPolicyVersion, _, _, _>(state, get_policy_version)
        .on::<ListPolicyVersions, _, _, _>(state, list_policy_versions)
        .on::<SetDefaultPolicyVersion, _, _, _>(state, set_default_policy_version)
        .on::<DeletePolicyVersion, _, _, _>(state, delete_policy_version)
}

async fn create_policy_version(
    state: Arc<Directory>,
    request: Permitted<CreatePolicyVersion>,
) -> Result<CreatePolicyVersionResponse, Fault> {
    let Permitted { context, input } = request;
    documents::managed(&input.policy_document)?;
    let now = state.clock.now_ms();
    let change = |policy: &mut ManagedPolicy| {
        if policy.versions.len() >= POLICY_VERSIONS {
            return Err(faults::too_many_versions());
        }
        let number = policy.last_version + 1;
        policy.last_version = number;
        policy.updated_ms = now;
        policy.versions.push(Version { number, document: input.policy_document.clone(), created_ms: now });
        if input.set_as_default == Some(true) {
            policy.default_version = number;
        }
        Ok(Fate::Keep)
    };
    let policy = state.change_policy(account(&context), &input.policy_arn, change).await?;
    let made = policy.versions.last().map(|made| render::version(&policy, made));
    Ok(CreatePolicyVersionResponse { policy_version: made })
}

async fn get_policy_version(
    state: Arc<Directory>,
    request: Permitted<GetPolicyVersion>,
) -> Result<GetPolicyVersionResponse, Fault> {
    let GetPolicyVersionRequest { policy_arn: arn, version_id } = &request.input;
    let policy = state.policy(account(&request.context), arn).ok_or_else(|| faults::no_policy(arn))?;
    let found = match &policy {
        Managed::Own(known) => known.record.version(version_id).map(|version| {
            let document = Some(render::document(&version.document));
            PolicyVersion { document, ..render::version(&known.record, version) }
        }),
        Managed::Aws(policy) => (version_id == "v1").then(|| {
            let document = Some(render::document(&policy.document));
            PolicyVersion { document, ..render::aws_version() }
        }),
    };
    let version = found.ok_or_else(|| faults::no_version(arn, version_id))?;
    Ok(GetPolicyVersionResponse { policy_version: Some(version) })
}

async fn list_policy_versions(
    state: Arc<Directory>,
    request: Permitted<ListPolicyVersions>,
) -> Result<ListPolicyVersionsResponse, Fault> {
    let Permitted { context, input } = request;
    let arn = &input.policy_arn;
    let policy = state.policy(account(&context), arn).ok_or_else(|| faults::no_policy(arn))?;
    let versions: Vec<_> = match &policy {
        Managed::Own(known) => {
            known.record.versions.iter().rev().map(|version| render::version(&known.record, version)).collect()
        }
        Managed::Aws(_) => vec![render::aws_version()],
    };
    let versions = versions.into_iter().enumerate();
    // The newest stands first, so the position is the place in the list; there are five at most.
    let page = Wanted::new(input.marker.as_deref(), input.max_items)?.cut(versions, |(at, _)| at.to_string());
    let is_truncated = page.is_truncated();
    let versions = page.items.into_iter().map(|(_, version)| version).collect();
    Ok(ListPolicyVersionsResponse { versions: Some(versions), is_truncated, marker: page.marker })
}

async fn set_default_policy_version(
    state: Arc<Directory>,
    request: Permitted<SetDefaultPolicyVersion>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    let now = state.clock.now_ms();
    let change = |policy: &mut ManagedPolicy| {
        let version = policy.version(&input.version_id);
        let number = version.ok_or_else(|| faults::no_version(&input.policy_arn, &input.version_id))?.number;
        policy.default_version = number;
        policy.updated_ms = now;
        Ok(Fate::Keep)
    };
    state.change_policy(account(&context), &input.policy_arn, change).await?;
    Ok(Nothing {})
}

async fn delete_policy_version(
    state: Arc<Directory>,
    request: Permitted<DeletePolicyVersion>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    let change = |policy: &mut ManagedPolicy| {
        let version = policy.version(&input.version_id);
        let number = version.ok_or_else(|| faults::no_version(&input.policy_arn, &input.version_id))?.number;
        if number == policy.default_version {
            return Err(faults::default_version());
        }
        policy.versions.retain(|version| version.number != number);
        Ok(Fate::Keep)
    };
    state.change_policy(account(&context), &input.policy_arn, change).await?;
    Ok(Nothing {})
}
