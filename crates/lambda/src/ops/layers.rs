//! The thin verbs on layers: get, list, delete; and whether a function may use one.

use std::sync::Arc;

use base::doors::Question;
use base::limits::lambda::LAYERS_LISTED;
use base::{Caller, Fault, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::engine::Revision;
use wire::{Context, Nothing, Permitted};

use super::commit;
use crate::api::{
    DeleteLayerVersion, GetLayerVersion, GetLayerVersionByArn, LayerVersion, ListLayerVersions,
    ListLayerVersionsResponse, ListLayers, ListLayersResponse,
};
use crate::control::Control;
use crate::function::Layer;
use crate::function::fault::invalid;
use crate::layer::{LayerName, LayerVersionRecord, describe, not_there, policy};

/// A layer version that was found, and what a change of it expects.
pub(super) type Found = (Arc<LayerVersionRecord>, Revision);

/// What a name and a number mean: their ARN, and the version if it is there.
pub(super) fn look(
    control: &Control,
    name: &str,
    number: i64,
    scope: &Scope,
) -> Result<(String, Option<Found>), Fault> {
    let layer = LayerName::here(name, scope)?;
    let version = u64::try_from(number).ok().filter(|version| *version > 0);
    let version = version.ok_or_else(|| invalid("Layer Version Cannot be less than 1"))?;
    Ok((layer.version_arn(version), control.layers.find(&layer, version)))
}

/// In full, with a link to its archive.
pub(super) fn shown(control: &Control, context: &Context, record: &LayerVersionRecord) -> LayerVersion {
    let link = control.links.make(&context.origin, &record.archive_key(), control.deps.clock.now());
    describe::in_full(record, link)
}

pub(crate) async fn get(control: Arc<Control>, permitted: Permitted<GetLayerVersion>) -> Result<LayerVersion, Fault> {
    let Permitted { context, input } = permitted;
    let (_, found) = look(&control, &input.layer_name, input.version_number, &context.scope)?;
    let (record, _) = found.ok_or_else(not_there)?;
    Ok(shown(&control, &context, &record))
}

pub(crate) async fn get_by_arn(
    control: Arc<Control>,
    permitted: Permitted<GetLayerVersionByArn>,
) -> Result<LayerVersion, Fault> {
    let Permitted { context, input } = permitted;
    let (layer, version) = LayerName::of_version_arn(&input.arn).ok_or_else(not_there)?;
    LayerName::here(&layer.arn(), &context.scope)?;
    let (record, _) = control.layers.find(&layer, version).ok_or_else(not_there)?;
    Ok(shown(&control, &context, &record))
}

/// By their names, each with the latest of its versions that was asked for.
pub(crate) async fn list(control: Arc<Control>, permitted: Permitted<ListLayers>) -> Result<ListLayersResponse, Fault> {
    let Permitted { context, input } = permitted;
    let runtime = input.compatible_runtime.map(|runtime| runtime.as_str());
    let limit = page_size(input.max_items);
    let mut after = input.marker.as_deref().map(read_marker).transpose()?;
    let mut found = Vec::with_capacity(limit + 1);
    while found.len() <= limit {
        let names = control.layers.names(&context.scope, after.as_deref(), LAYERS_LISTED);
        let Some(last) = names.last() else { break };
        after = Some(last.name.clone());
        let latest = |layer: &LayerName| {
            let versions = control.layers.versions(layer);
            versions.into_iter().rev().find(|record| record.is_for(runtime, input.compatible_architecture))
        };
        found.extend(names.iter().filter_map(latest));
    }
    let next_marker = (found.len() > limit).then(|| marker(&found[limit - 1].name));
    let layers = found.iter().take(limit).map(|record| describe::layer(record)).collect();
    Ok(ListLayersResponse { next_marker, layers: Some(layers) })
}

/// The newest first. A layer that never was has no versions.
pub(crate) async fn list_versions(
    control: Arc<Control>,
    permitted: Permitted<ListLayerVersions>,
) -> Result<ListLayerVersionsResponse, Fault> {
    let Permitted { context, input } = permitted;
    let layer = LayerName::here(&input.layer_name, &context.scope)?;
    let runtime = input.compatible_runtime.map(|runtime| runtime.as_str());
    let before = input.marker.as_deref().map(read_number).transpose()?.unwrap_or(u64::MAX);
    let limit = page_size(input.max_items);
    let wanted = |record: &Arc<LayerVersionRecord>| {
        record.version < before && record.is_for(runtime, input.compatible_architecture)
    };
    let versions = control.layers.versions(&layer);
    let found: Vec<_> = versions.into_iter().rev().filter(wanted).take(limit + 1).collect();
    let next_marker = (found.len() > limit).then(|| marker(&found[limit - 1].version.to_string()));
    let shown = found.iter().take(limit).map(|record| describe::in_list(record)).collect();
    Ok(ListLayerVersionsResponse { next_marker, layer_versions: Some(shown) })
}

fn page_size(max_items: Option<i32>) -> usize {
    let wanted = max_items.and_then(|items| usize::try_from(items).ok());
    wanted.unwrap_or(LAYERS_LISTED).clamp(1, LAYERS_LISTED)
}

fn marker(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

fn read_marker(marker: &str) -> Result<String, Fault> {
    let text = URL_SAFE_NO_PAD.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| invalid("Invalid pagination token"))
}

fn read_number(marker: &str) -> Result<u64, Fault> {
    read_marker(marker)?.parse().map_err(|_| invalid("Invalid pagination token"))
}

/// 204 also for what isn't there. A permission that is added meanwhile goes with the version.
pub(crate) async fn delete(control: Arc<Control>, permitted: Permitted<DeleteLayerVersion>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = permitted;
    loop {
        let (_, found) = look(&control, &input.layer_name, input.version_number, &context.scope)?;
        let Some((record, revision)) = found else { return Ok(Nothing {}) };
        let deleted = LayerVersionRecord { deleted: true, ..(*record).clone() };
        if commit::update_layer(&control, deleted, revision).await?.is_some() {
            return Ok(Nothing {});
        }
    }
}

/// The layer version for a function that `caller` makes or changes: he needs the permission to read it; for another
/// account's, its policy must grant it too.
pub(crate) fn usable(control: &Control, caller: &Caller, arn: &str) -> Result<Option<Layer>, Fault> {
    if !caller.unchecked {
        let question = Question { caller, action: policy::ACTION, resource: arn, context: &[] };
        let decision = control.deps.permit.permit(&question);
        if !(decision.is_up_to_the_resource() && control.layers.grants(&question)) {
            decision.or_fault(&question)?;
        }
    }
    let found = LayerName::of_version_arn(arn).and_then(|(layer, version)| control.layers.find(&layer, version));
    Ok(found.map(|(record, _)| record.held()))
}
