//! UpdateFunctionCode: what runs goes on running until the new code is ready.

use std::sync::Arc;

use base::Fault;
use wire::Permitted;

use super::intake::{self, Source};
use super::{commit, refuse_publish, update};
use crate::api::{FunctionConfiguration, UpdateFunctionCode, UpdateFunctionCodeRequest};
use crate::control::Control;
use crate::function::fault::invalid;
use crate::function::{FunctionRecord, Settings, describe};

pub(crate) async fn handle(
    control: Arc<Control>,
    permitted: Permitted<UpdateFunctionCode>,
) -> Result<FunctionConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let found = update::find(&control, &input.function_name, input.revision_id.as_deref(), &context.scope)?;
    refuse_publish(input.publish, input.publish_to.is_some())?;
    if input.image_uri.is_some() {
        return Err(invalid("Please don't provide ImageUri when updating a function with packageType Zip."));
    }
    let taken = intake::take(&control, &context, &source(&input)).await?;
    let mut config = found.record.settings.config.clone();
    if let Some([architecture]) = input.architectures.as_deref() {
        config.architecture = *architecture;
    }
    let settings = Settings { id: control.new_id(), code: taken.code, config };
    if input.dry_run == Some(true) {
        let would_be = FunctionRecord { settings, ..(*found.record).clone() };
        return Ok(describe::in_full(&would_be, would_be.arn()));
    }
    let archive = control.archives.take(taken.bytes).await?;
    let next = found.next(settings, &control);
    let record = commit::update(&control, found.record, found.revision, next, Some(archive)).await?;
    Ok(describe::in_full(&record, record.arn()))
}

fn source(input: &UpdateFunctionCodeRequest) -> Source<'_> {
    Source {
        zip_file: input.zip_file.as_ref(),
        s3_bucket: input.s3_bucket.as_ref(),
        s3_key: input.s3_key.as_ref(),
        s3_object_version: input.s3_object_version.as_ref(),
    }
}
