//! The tags of users and roles.

use std::sync::Arc;

use base::Fault;
use base::limits::iam::TAGS;
use store::Batch;
use wire::{Nothing, Permitted, Service};

use super::account;
use crate::directory::change::{Fate, Kept};
use crate::directory::{Directory, Role, Tags, User, faults};
use crate::iam::api::Tag;
use crate::iam::api::roles::{ListRoleTags, ListRoleTagsResponse, TagRole, UntagRole};
use crate::iam::api::users::{ListUserTags, ListUserTagsResponse, TagUser, UntagUser};
use crate::iam::paging::{Page, Wanted};
use crate::iam::render;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<TagRole, _, _, _>(state, tag_role)
        .on::<UntagRole, _, _, _>(state, untag_role)
        .on::<ListRoleTags, _, _, _>(state, list_role_tags)
        .on::<TagUser, _, _, _>(state, tag_user)
        .on::<UntagUser, _, _, _>(state, untag_user)
        .on::<ListUserTags, _, _, _>(state, list_user_tags)
}

/// Adds or replaces. Keys differ by more than case; 50 at most.
pub(super) fn add(tags: &mut Tags, new: Vec<Tag>) -> Result<(), Fault> {
    for (at, tag) in new.iter().enumerate() {
        if new[..at].iter().any(|other| other.key.eq_ignore_ascii_case(&tag.key)) {
            return Err(faults::same_tag());
        }
    }
    for Tag { key, value } in new {
        match tags.iter_mut().find(|(held, _)| held.eq_ignore_ascii_case(&key)) {
            Some(held) => *held = (key, value),
            None => tags.push((key, value)),
        }
    }
    if tags.len() > TAGS { Err(faults::too_many_tags()) } else { Ok(()) }
}

pub(super) fn remove(tags: &mut Tags, keys: &[String]) {
    tags.retain(|(held, _)| !keys.iter().any(|key| key.eq_ignore_ascii_case(held)));
}

/// A page of tags, in the order of their keys.
pub(super) fn page(tags: &Tags, marker: Option<&str>, max_items: Option<i32>) -> Result<Page<Tag>, Fault> {
    let mut tags = render::tags(tags);
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Wanted::new(marker, max_items)?.cut(tags, |tag| tag.key.clone()))
}

async fn tag<E: Kept>(state: &Directory, account: &str, name: &str, tags: Vec<Tag>) -> Result<Nothing, Fault> {
    let change = |entity: &mut E, _: &mut Batch| {
        add(entity.tags_mut(), tags.clone())?;
        Ok(Fate::Keep)
    };
    state.change(account, name, change).await?;
    Ok(Nothing {})
}

async fn untag<E: Kept>(state: &Directory, account: &str, name: &str, keys: Vec<String>) -> Result<Nothing, Fault> {
    let change = |entity: &mut E, _: &mut Batch| {
        remove(entity.tags_mut(), &keys);
        Ok(Fate::Keep)
    };
    state.change(account, name, change).await?;
    Ok(Nothing {})
}

async fn tag_role(state: Arc<Directory>, request: Permitted<TagRole>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    tag::<Role>(&state, account(&context), &input.role_name, input.tags).await
}

async fn untag_role(state: Arc<Directory>, request: Permitted<UntagRole>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    untag::<Role>(&state, account(&context), &input.role_name, input.tag_keys).await
}

async fn tag_user(state: Arc<Directory>, request: Permitted<TagUser>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    tag::<User>(&state, account(&context), &input.user_name, input.tags).await
}

async fn untag_user(state: Arc<Directory>, request: Permitted<UntagUser>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    untag::<User>(&state, account(&context), &input.user_name, input.tag_keys).await
}

async fn list_role_tags(
    state: Arc<Directory>,
    request: Permitted<ListRoleTags>,
) -> Result<ListRoleTagsResponse, Fault> {
    let Permitted { context, input } = request;
    let name = &input.role_name;
    let role = state.role(account(&context), name).ok_or_else(|| faults::no_entity::<Role>(name))?;
    let page = page(&role.record.tags, input.marker.as_deref(), input.max_items)?;
    Ok(ListRoleTagsResponse { is_truncated: page.is_truncated(), tags: page.items, marker: page.marker })
}

async fn list_user_tags(
    state: Arc<Directory>,
    request: Permitted<ListUserTags>,
) -> Result<ListUserTagsResponse, Fault> {
    let Permitted { context, input } = request;
    let name = &input.user_name;
    let user = state.user(account(&context), name).ok_or_else(|| faults::no_entity::<User>(name))?;
    let page = page(&user.record.tags, input.marker.as_deref(), input.max_items)?;
    Ok(ListUserTagsResponse { is_truncated: page.is_truncated(), tags: page.items, marker: page.marker })
}
