//! The verbs of users.

use std::sync::Arc;

use base::Fault;
use base::caller::Principal;
use base::limits::iam::USERS;
use wire::{Nothing, Permitted, Service};

use super::{account, own_name, roles, tags};
use crate::credentials::ids::{self, Kind};
use crate::directory::change::Fate;
use crate::directory::{Directory, Grants, User, faults, name_key};
use crate::iam::api::users::{self as api, *};
use crate::iam::paging::Wanted;
use crate::iam::render;

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<CreateUser, _, _, _>(state, create_user)
        .on::<GetUser, _, _, _>(state, get_user)
        .on::<ListUsers, _, _, _>(state, list_users)
        .on::<DeleteUser, _, _, _>(state, delete_user)
}

async fn create_user(state: Arc<Directory>, request: Permitted<CreateUser>) -> Result<CreateUserResponse, Fault> {
    let Permitted { context, input } = request;
    let account = account(&context);
    if state.users(account, None, USERS).len() >= USERS {
        return Err(faults::quota("UsersPerAccount", USERS));
    }
    let user = new_user(&state, account, input)?;
    let mut batch = state.space.batch();
    batch.insert(&user);
    if let Some(boundary) = &user.grants.boundary {
        state.count(&mut batch, account, boundary, |policy| policy.boundaries += 1)?;
    }
    match batch.commit().await {
        Ok(_) => Ok(CreateUserResponse { user: Some(render::user(&user)) }),
        Err(error) if error.is_conflict_of::<User>(&store::Record::key(&user)) => {
            Err(faults::entity_exists::<User>(&user.name))
        }
        Err(error) if error.is_conflict() => Err(faults::concurrent()),
        Err(error) => Err(error.into()),
    }
}

fn new_user(state: &Directory, account: &str, input: CreateUserRequest) -> Result<User, Fault> {
    let mut user = User {
        account: account.to_owned(),
        name: input.user_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        id: ids::id(Kind::User, &state.random),
        created_ms: state.clock.now_ms(),
        tags: Vec::new(),
        grants: Grants { boundary: input.permissions_boundary, ..Grants::default() },
        keys: Vec::new(),
    };
    tags::add(&mut user.tags, input.tags.unwrap_or_default())?;
    Ok(user)
}

async fn get_user(state: Arc<Directory>, request: Permitted<GetUser>) -> Result<GetUserResponse, Fault> {
    let Permitted { context, input } = request;
    if input.user_name.is_none() && context.caller.principal == Principal::Root {
        return Ok(GetUserResponse { user: root(account(&context)) });
    }
    let name = input.user_name.map_or_else(|| own_name(&context), Ok)?;
    let user = state.user(account(&context), &name).ok_or_else(|| faults::no_entity::<User>(&name))?;
    Ok(GetUserResponse { user: render::user(&user.record) })
}

/// The account itself, which is no user; its date of birth is not known.
fn root(account: &str) -> api::User {
    api::User {
        path: "/".to_owned(),
        user_name: "root".to_owned(),
        user_id: account.to_owned(),
        arn: format!("arn:aws:iam::{account}:root"),
        create_date: render::time(0),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

async fn list_users(state: Arc<Directory>, request: Permitted<ListUsers>) -> Result<ListUsersResponse, Fault> {
    let Permitted { context, input } = request;
    let prefix = input.path_prefix.unwrap_or_default();
    let users = state.users(account(&context), None, usize::MAX);
    let users = users.into_iter().filter(|user| user.record.path.starts_with(&prefix));
    let wanted = Wanted::new(input.marker.as_deref(), input.max_items)?;
    let page = wanted.cut(users, |user| name_key(&user.record.name));
    let is_truncated = page.is_truncated();
    let users = page.items.iter().map(|user| render::listed_user(&user.record)).collect();
    Ok(ListUsersResponse { users, is_truncated, marker: page.marker })
}

async fn delete_user(state: Arc<Directory>, request: Permitted<DeleteUser>) -> Result<Nothing, Fault> {
    let account = account(&request.context);
    let change = |user: &mut User, batch: &mut store::Batch| {
        roles::may_go(&user.grants)?;
        if !user.keys.is_empty() {
            return Err(faults::must_delete_keys());
        }
        if let Some(boundary) = &user.grants.boundary {
            state.count(batch, account, boundary, |policy| policy.boundaries = policy.boundaries.saturating_sub(1))?;
        }
        Ok(Fate::Delete)
    };
    state.change(account, &request.input.user_name, change).await?;
    Ok(Nothing {})
}
