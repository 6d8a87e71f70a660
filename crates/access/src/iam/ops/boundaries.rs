//! Permissions boundaries: the managed policy that limits what a user or role may be granted.

use std::sync::Arc;

use base::Fault;
use store::Batch;
use wire::{Context, Nothing, Permitted, Service};

use super::account;
use crate::directory::change::{Fate, Kept};
use crate::directory::{Directory, Role, User, faults};
use crate::iam::api::roles::{DeleteRolePermissionsBoundary, PutRolePermissionsBoundary};
use crate::iam::api::users::{DeleteUserPermissionsBoundary, PutUserPermissionsBoundary};

pub(super) fn register(service: Service, state: &Arc<Directory>) -> Service {
    service
        .on::<PutRolePermissionsBoundary, _, _, _>(state, put_role_boundary)
        .on::<DeleteRolePermissionsBoundary, _, _, _>(state, delete_role_boundary)
        .on::<PutUserPermissionsBoundary, _, _, _>(state, put_user_boundary)
        .on::<DeleteUserPermissionsBoundary, _, _, _>(state, delete_user_boundary)
}

async fn set<E: Kept>(
    state: &Directory,
    context: &Context,
    holder: &str,
    boundary: Option<&str>,
) -> Result<Nothing, Fault> {
    let account = account(context);
    let change = |entity: &mut E, batch: &mut Batch| {
        let before = entity.grants_mut().boundary.take();
        if before.as_deref() == boundary {
            entity.grants_mut().boundary = before;
            return Ok(Fate::Keep);
        }
        if let Some(arn) = boundary {
            state.policy(account, arn).ok_or_else(|| faults::not_attachable(arn))?;
            state.count(batch, account, arn, |policy| policy.boundaries += 1)?;
        }
        if let Some(arn) = before {
            state.count(batch, account, &arn, |policy| policy.boundaries = policy.boundaries.saturating_sub(1))?;
        }
        entity.grants_mut().boundary = boundary.map(str::to_owned);
        Ok(Fate::Keep)
    };
    state.change(account, holder, change).await?;
    Ok(Nothing {})
}

async fn put_role_boundary(
    state: Arc<Directory>,
    request: Permitted<PutRolePermissionsBoundary>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    set::<Role>(&state, &context, &input.role_name, Some(&input.permissions_boundary)).await
}

async fn delete_role_boundary(
    state: Arc<Directory>,
    request: Permitted<DeleteRolePermissionsBoundary>,
) -> Result<Nothing, Fault> {
    set::<Role>(&state, &request.context, &request.input.role_name, None).await
}

async fn put_user_boundary(
    state: Arc<Directory>,
    request: Permitted<PutUserPermissionsBoundary>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = request;
    set::<User>(&state, &context, &input.user_name, Some(&input.permissions_boundary)).await
}

async fn delete_user_boundary(
    state: Arc<Directory>,
    request: Permitted<DeleteUserPermissionsBoundary>,
) -> Result<Nothing, Fault> {
    set::<User>(&state, &request.context, &request.input.user_name, None).await
}
