//! The verbs of access keys. A user's record names the keys, so that their number and the user's end are one commit.

use std::sync::Arc;

use base::Fault;
use base::limits::iam::ACCESS_KEYS;
use store::Batch;
use wire::{Context, Nothing, Permitted, Service};

use super::{account, own_name};
use crate::credentials::Secret;
use crate::credentials::ids::{self, Kind};
use crate::directory::change::Fate;
use crate::directory::{self, Directory, User, faults};
use crate::iam::api::access_keys::*;
use crate::iam::paging::Wanted;
use crate::iam::render;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<CreateAccessKey, _, _, _>(state, create_access_key)
        .on::<ListAccessKeys, _, _, _>(state, list_access_keys)
        .on::<UpdateAccessKey, _, _, _>(state, update_access_key)
        .on::<DeleteAccessKey, _, _, _>(state, delete_access_key)
}

fn whose(name: Option<String>, context: &Context) -> Result<String, Fault> {
    name.map_or_else(|| own_name(context), Ok)
}

async fn create_access_key(
    state: Arc<Directory>,
    request: Permitted<CreateAccessKey>,
) -> Result<CreateAccessKeyResponse, Fault> {
    let Permitted { context, input } = request;
    let name = whose(input.user_name, &context)?;
    let id = ids::id(Kind::AccessKey, &state.random);
    let secret = Secret::new(&ids::secret(&state.random));
    let created_ms = state.clock.now_ms();
    let change = |user: &mut User, batch: &mut Batch| {
        if user.keys.len() >= ACCESS_KEYS {
            return Err(faults::quota("AccessKeysPerUser", ACCESS_KEYS));
        }
        user.keys.push(id.clone());
        batch.insert(&new_key(user, &id, &secret, created_ms));
        Ok(Fate::Keep)
    };
    let user = state.change(account(&context), &name, change).await?;
    let key = new_key(&user, &id, &secret, created_ms);
    Ok(CreateAccessKeyResponse { access_key: told(&key) })
}

fn new_key(user: &User, id: &str, secret: &Secret, created_ms: i64) -> directory::AccessKey {
    directory::AccessKey {
        id: id.to_owned(),
        account: user.account.clone(),
        user: user.name.clone(),
        user_id: user.id.clone(),
        secret: secret.clone(),
        active: true,
        created_ms,
    }
}

/// With its secret: this once.
fn told(key: &directory::AccessKey) -> AccessKey {
    AccessKey {
        user_name: key.user.clone(),
        access_key_id: key.id.clone(),
        status: render::status(key),
        secret_access_key: key.secret.expose().to_owned(),
        create_date: Some(render::time(key.created_ms)),
    }
}

async fn list_access_keys(
    state: Arc<Directory>,
    request: Permitted<ListAccessKeys>,
) -> Result<ListAccessKeysResponse, Fault> {
    let Permitted { context, input } = request;
    let name = whose(input.user_name, &context)?;
    let user = state.user(account(&context), &name).ok_or_else(|| faults::no_entity::<User>(&name))?;
    let mut ids = user.record.keys.clone();
    ids.sort();
    let page = Wanted::new(input.marker.as_deref(), input.max_items)?.cut(ids, String::clone);
    let is_truncated = page.is_truncated();
    let keys = page.items.iter().filter_map(|id| state.key(id));
    let access_key_metadata = keys.map(|key| render::key_metadata(&key)).collect();
    Ok(ListAccessKeysResponse { access_key_metadata, is_truncated, marker: page.marker })
}

async fn update_access_key(state: Arc<Directory>, request: Permitted<UpdateAccessKey>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    let name = whose(input.user_name, &context)?;
    let active = match input.status {
        StatusType::Active => true,
        StatusType::Inactive => false,
        StatusType::Expired => return Err(faults::invalid("The status of an access key can't be set to Expired.")),
    };
    let change = |user: &mut User, batch: &mut Batch| {
        let key = held(&state, user, &input.access_key_id)?;
        batch.replace(&directory::AccessKey { active, ..key });
        Ok(Fate::Keep)
    };
    state.change(account(&context), &name, change).await?;
    Ok(Nothing {})
}

async fn delete_access_key(state: Arc<Directory>, request: Permitted<DeleteAccessKey>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    let name = whose(input.user_name, &context)?;
    let change = |user: &mut User, batch: &mut Batch| {
        let key = held(&state, user, &input.access_key_id)?;
        user.keys.retain(|id| *id != key.id);
        batch.delete::<directory::AccessKey>((key.id,));
        Ok(Fate::Keep)
    };
    state.change(account(&context), &name, change).await?;
    Ok(Nothing {})
}

fn held(state: &Directory, user: &User, id: &str) -> Result<directory::AccessKey, Fault> {
    let key = state.key(id).filter(|key| user.keys.contains(&key.id));
    key.map(|key| directory::AccessKey::clone(&key)).ok_or_else(|| faults::no_key(id))
}
