//! UpdateFunctionCode: what runs goes on running until the new code is ready.

use std::sync::Arc;

use base::Fault;
use wire::Permitted;

use super::intake::{self, Source};
use super::publish::{self, refuse_publish_to};
use super::update;
use crate::api::{FunctionConfiguration, PackageType, UpdateFunctionCode, UpdateFunctionCodeRequest};
use crate::control::Control;
use crate::function::fault::invalid;
use crate::function::{Code, Config, FunctionRecord, Settings, describe, layers};

/// With Publish the answer is the version's; else `$LATEST`'s.
pub(crate) async fn handle(
    control: Arc<Control>,
    permitted: Permitted<UpdateFunctionCode>,
) -> Result<FunctionConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let find = || update::find(&control, &input.function_name, input.revision_id.as_deref(), &context.scope);
    let found = find()?;
    refuse_publish_to(input.publish_to.is_some())?;
    check_package(&input, found.record.package_type())?;
    let architecture = config(&input, &found.record).architecture;
    let taken = intake::take(&control, &context, &source(&input), architecture).await?;
    if input.dry_run == Some(true) {
        let settings = settings(&control, &input, &found.record, &taken.code)?;
        let would_be = FunctionRecord { settings, ..(*found.record).clone() };
        return Ok(describe::in_full(&would_be, would_be.arn()));
    }
    let archive = intake::keep(&control, taken.bytes).await?;
    loop {
        let found = find()?;
        let next = found.next(settings(&control, &input, &found.record, &taken.code)?, &control);
        let step = found.step(next.clone()).archive(&next, archive.clone());
        let publication = (input.publish == Some(true)).then(|| publish::pending(&control, &next));
        if let Some(answer) = publish::commit_with(&control, step, publication).await? {
            return Ok(answer);
        }
    }
}

/// How a function is packed stays.
fn check_package(input: &UpdateFunctionCodeRequest, package: PackageType) -> Result<(), Fault> {
    match (package, input.image_uri.is_some()) {
        (PackageType::Zip, true) => {
            Err(invalid("Please don't provide ImageUri when updating a function with packageType Zip."))
        }
        (PackageType::Image, false) => {
            Err(invalid("Please provide ImageUri when updating a function with packageType Image."))
        }
        _ => Ok(()),
    }
}

fn config(input: &UpdateFunctionCodeRequest, before: &FunctionRecord) -> Config {
    let mut config = before.settings.config.clone();
    if let Some([architecture]) = input.architectures.as_deref() {
        config.architecture = *architecture;
    }
    config
}

fn settings(
    control: &Control,
    input: &UpdateFunctionCodeRequest,
    before: &FunctionRecord,
    code: &Code,
) -> Result<Settings, Fault> {
    let config = config(input, before);
    layers::check_size(code, &config.layers)?;
    Ok(Settings { id: control.new_id(), code: code.clone(), config })
}

fn source(input: &UpdateFunctionCodeRequest) -> Source<'_> {
    Source {
        zip_file: input.zip_file.as_ref(),
        s3_bucket: input.s3_bucket.as_ref(),
        s3_key: input.s3_key.as_ref(),
        s3_object_version: input.s3_object_version.as_ref(),
        image_uri: input.image_uri.as_ref(),
    }
}
