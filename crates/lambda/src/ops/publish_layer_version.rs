//! PublishLayerVersion: the archive, checked as a function's is; the next number; one commit.

use std::sync::Arc;

use base::Fault;
use wire::Permitted;

use super::intake::{self, Source};
use super::{commit, layers};
use crate::api::{LayerVersion, LayerVersionContentInput, PublishLayerVersion};
use crate::control::Control;
use crate::layer::{LayerName, LayerVersionRecord};

pub(crate) async fn handle(
    control: Arc<Control>,
    permitted: Permitted<PublishLayerVersion>,
) -> Result<LayerVersion, Fault> {
    let Permitted { context, input } = permitted;
    let layer = LayerName::here(&input.layer_name, &context.scope)?;
    let (code, bytes) = intake::archive(&control, &context, &source(&input.content)).await?;
    let archive = control.archives.take(bytes).await?;
    let first = LayerVersionRecord {
        account: layer.account.clone(),
        region: layer.region.clone(),
        name: layer.name.clone(),
        version: 1,
        code,
        description: input.description.unwrap_or_default(),
        license: input.license_info,
        runtimes: input.compatible_runtimes.iter().flatten().map(|runtime| runtime.as_str().to_owned()).collect(),
        architectures: input.compatible_architectures.unwrap_or_default(),
        created_ms: control.deps.clock.now_ms(),
        policy: None,
        deleted: false,
    };
    let make = move |version| LayerVersionRecord { version, ..first.clone() };
    let record = commit::publish_layer(&control, layer, make, archive).await?;
    Ok(layers::shown(&control, &context, &record))
}

fn source(content: &LayerVersionContentInput) -> Source<'_> {
    Source {
        zip_file: content.zip_file.as_ref(),
        s3_bucket: content.s3_bucket.as_ref(),
        s3_key: content.s3_key.as_ref(),
        s3_object_version: content.s3_object_version.as_ref(),
        ..Source::default()
    }
}
