//! Layer versions as AWS shows them. Source: oracle 6.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::record::LayerVersionRecord;
use crate::api::{
    Architecture, LayerVersion, LayerVersionContentOutput, LayerVersionsListItem, LayersListItem, Runtime,
};
use crate::function::describe::last_modified;

/// In full; `location` is where the archive can be fetched.
pub fn in_full(record: &LayerVersionRecord, location: String) -> LayerVersion {
    let content = LayerVersionContentOutput {
        location: Some(location),
        code_sha256: Some(STANDARD.encode(record.code.sha256.0)),
        code_size: Some(i64::try_from(record.code.size).unwrap_or(i64::MAX)),
        ..LayerVersionContentOutput::default()
    };
    LayerVersion {
        content: Some(content),
        layer_arn: Some(record.layer().arn()),
        layer_version_arn: Some(record.arn()),
        description: Some(record.description.clone()),
        created_date: Some(last_modified(record.created_ms)),
        version: Some(number(record.version)),
        compatible_architectures: architectures(record),
        compatible_runtimes: runtimes(record),
        license_info: record.license.clone(),
    }
}

/// As the lists show it.
pub fn in_list(record: &LayerVersionRecord) -> LayerVersionsListItem {
    LayerVersionsListItem {
        layer_version_arn: Some(record.arn()),
        version: Some(number(record.version)),
        description: Some(record.description.clone()),
        created_date: Some(last_modified(record.created_ms)),
        compatible_architectures: architectures(record),
        compatible_runtimes: runtimes(record),
        license_info: record.license.clone(),
    }
}

/// A layer with the latest of its versions that was asked for.
pub fn layer(latest: &LayerVersionRecord) -> LayersListItem {
    LayersListItem {
        layer_name: Some(latest.name.clone()),
        layer_arn: Some(latest.layer().arn()),
        latest_matching_version: Some(in_list(latest)),
    }
}

fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn architectures(record: &LayerVersionRecord) -> Option<Vec<Architecture>> {
    (!record.architectures.is_empty()).then(|| record.architectures.clone())
}

/// What a later contract knew and this one doesn't is left out.
fn runtimes(record: &LayerVersionRecord) -> Option<Vec<Runtime>> {
    let known: Vec<_> = record.runtimes.iter().filter_map(|name| Runtime::parse(name)).collect();
    (!known.is_empty()).then_some(known)
}
