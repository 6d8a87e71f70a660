//! The policy of a layer version: statements are added and removed one by one.

use std::sync::Arc;

use base::Fault;
use wire::{Nothing, Permitted};

use super::{commit, layers};
use crate::api::{
    AddLayerVersionPermission, AddLayerVersionPermissionResponse, GetLayerVersionPolicy, GetLayerVersionPolicyResponse,
    RemoveLayerVersionPermission,
};
use crate::control::Control;
use crate::layer::policy::Statement;
use crate::layer::{LayerVersionRecord, Policy, no_policy, no_such_version};

pub(crate) async fn add(
    control: Arc<Control>,
    permitted: Permitted<AddLayerVersionPermission>,
) -> Result<AddLayerVersionPermissionResponse, Fault> {
    let Permitted { context, input } = permitted;
    let expected = input.revision_id.as_deref();
    let statement =
        Statement { sid: input.statement_id, principal: input.principal, organization: input.organization_id };
    // Somebody else may change the version between the look and the commit: then look again.
    loop {
        let (arn, found) = layers::look(&control, &input.layer_name, input.version_number, &context.scope)?;
        let (record, revision) = found.ok_or_else(|| no_such_version(&arn))?;
        let place = (control.new_id(), &*arn);
        let policy = Policy::add(record.policy.as_ref(), statement.clone(), expected, place)?;
        let revision_id = Some(policy.revision_id.clone());
        let next = LayerVersionRecord { policy: Some(policy), ..(*record).clone() };
        if commit::update_layer(&control, next, revision).await?.is_some() {
            return Ok(AddLayerVersionPermissionResponse { statement: Some(statement.text(&arn)), revision_id });
        }
    }
}

pub(crate) async fn get(
    control: Arc<Control>,
    permitted: Permitted<GetLayerVersionPolicy>,
) -> Result<GetLayerVersionPolicyResponse, Fault> {
    let Permitted { context, input } = permitted;
    let (arn, found) = layers::look(&control, &input.layer_name, input.version_number, &context.scope)?;
    let (record, _) = found.ok_or_else(|| no_such_version(&arn))?;
    let policy = record.policy.as_ref().ok_or_else(no_policy)?;
    Ok(GetLayerVersionPolicyResponse {
        policy: Some(policy.document(&arn)),
        revision_id: Some(policy.revision_id.clone()),
    })
}

pub(crate) async fn remove(
    control: Arc<Control>,
    permitted: Permitted<RemoveLayerVersionPermission>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = permitted;
    loop {
        let (arn, found) = layers::look(&control, &input.layer_name, input.version_number, &context.scope)?;
        let (record, revision) = found.ok_or_else(|| no_such_version(&arn))?;
        let before = record.policy.as_ref().ok_or_else(no_policy)?;
        let policy = before.remove(&input.statement_id, input.revision_id.as_deref(), control.new_id())?;
        let next = LayerVersionRecord { policy, ..(*record).clone() };
        if commit::update_layer(&control, next, revision).await?.is_some() {
            return Ok(Nothing {});
        }
    }
}
