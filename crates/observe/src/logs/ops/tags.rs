//! Tags of log groups, by ARN and by name.

use std::sync::Arc;

use base::{Fault, Scope};
use indexmap::IndexMap;
use wire::{Nothing, Permitted};

use crate::logs::api::{self, ListTagsResponse, invalid_arn, no_such_resource};
use crate::logs::group;
use crate::logs::service::Logs;

pub(super) async fn tag_resource(logs: Arc<Logs>, call: Permitted<api::TagResource>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    let name = name_of(&input.resource_arn, &context.scope)?;
    tag(&logs, &context.scope, &name, &input.tags).await.map_err(by_arn)
}

pub(super) async fn untag_resource(logs: Arc<Logs>, call: Permitted<api::UntagResource>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    let name = name_of(&input.resource_arn, &context.scope)?;
    untag(&logs, &context.scope, &name, &input.tag_keys).await.map_err(by_arn)
}

pub(super) async fn list_for_resource(
    logs: Arc<Logs>,
    call: Permitted<api::ListTagsForResource>,
) -> Result<ListTagsResponse, Fault> {
    let Permitted { context, input } = call;
    let name = name_of(&input.resource_arn, &context.scope)?;
    list(&logs, &context.scope, &name).await.map_err(by_arn)
}

pub(super) async fn tag_log_group(logs: Arc<Logs>, call: Permitted<api::TagLogGroup>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    tag(&logs, &context.scope, &input.log_group_name, &input.tags).await.map_err(by_name)
}

pub(super) async fn untag_log_group(logs: Arc<Logs>, call: Permitted<api::UntagLogGroup>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    untag(&logs, &context.scope, &input.log_group_name, &input.tags).await
}

pub(super) async fn list_log_group(
    logs: Arc<Logs>,
    call: Permitted<api::ListTagsLogGroup>,
) -> Result<ListTagsResponse, Fault> {
    let Permitted { context, input } = call;
    list(&logs, &context.scope, &input.log_group_name).await
}

async fn tag(logs: &Logs, scope: &Scope, name: &str, tags: &IndexMap<String, String>) -> Result<Nothing, Fault> {
    let arn = group::arn(scope, name);
    logs.change_group(scope, name, |group| group.tag(tags, &arn)).await?;
    Ok(Nothing {})
}

async fn untag(logs: &Logs, scope: &Scope, name: &str, keys: &[String]) -> Result<Nothing, Fault> {
    let untag = |group: &mut crate::logs::tables::Group| {
        group.untag(keys);
        Ok(())
    };
    logs.change_group(scope, name, untag).await?;
    Ok(Nothing {})
}

async fn list(logs: &Logs, scope: &Scope, name: &str) -> Result<ListTagsResponse, Fault> {
    let group = logs.find_group(scope, name).await?;
    Ok(ListTagsResponse { tags: group.tags.iter().cloned().collect() })
}

/// Only the ARN without `:*` is one here, as in AWS.
fn name_of(arn: &str, scope: &Scope) -> Result<String, Fault> {
    if group::name_in_arn(arn).is_none() || arn.ends_with(":*") {
        return Err(invalid_arn());
    }
    group::name_of_own(arn, scope).map(str::to_owned).ok_or_else(no_such_resource)
}

/// The older operations have no code of their own for too many tags.
fn by_name(fault: Fault) -> Fault {
    if fault.code == "TooManyTagsException" { api::invalid(fault.message) } else { fault }
}

fn by_arn(fault: Fault) -> Fault {
    if fault.code == "ResourceNotFoundException" { no_such_resource() } else { fault }
}
