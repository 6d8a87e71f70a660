//! The tags of managed policies.

use std::sync::Arc;

use base::Fault;
use wire::{Nothing, Permitted, Service};

use super::{account, tags};
use crate::directory::change::Fate;
use crate::directory::{Directory, Managed, ManagedPolicy, faults};
use crate::iam::api::policies::*;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<TagPolicy, _, _, _>(state, tag_policy)
        .on::<UntagPolicy, _, _, _>(state, untag_policy)
        .on::<ListPolicyTags, _, _, _>(state, list_policy_tags)
}

async fn tag_policy(state: Arc<Directory>, request: Permitted<TagPolicy>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    let change = |policy: &mut ManagedPolicy| {
        tags::add(&mut policy.tags, input.tags.clone())?;
        Ok(Fate::Keep)
    };
    state.change_policy(account(&context), &input.policy_arn, change).await?;
    Ok(Nothing {})
}

async fn untag_policy(state: Arc<Directory>, request: Permitted<UntagPolicy>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    let change = |policy: &mut ManagedPolicy| {
        tags::remove(&mut policy.tags, &input.tag_keys);
        Ok(Fate::Keep)
    };
    state.change_policy(account(&context), &input.policy_arn, change).await?;
    Ok(Nothing {})
}

async fn list_policy_tags(
    state: Arc<Directory>,
    request: Permitted<ListPolicyTags>,
) -> Result<ListPolicyTagsResponse, Fault> {
    let Permitted { context, input } = request;
    let arn = &input.policy_arn;
    let held = match state.policy(account(&context), arn).ok_or_else(|| faults::no_policy(arn))? {
        Managed::Own(known) => known.record.tags.clone(),
        Managed::Aws(_) => Vec::new(),
    };
    let page = tags::page(&held, input.marker.as_deref(), input.max_items)?;
    Ok(ListPolicyTagsResponse { is_truncated: page.is_truncated(), tags: page.items, marker: page.marker })
}
