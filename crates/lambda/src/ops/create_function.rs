//! CreateFunction: the rules, the role, the code; one commit; the rest in the background.

use std::sync::Arc;

use base::Fault;
use indexmap::IndexMap;
use wire::Permitted;

use super::intake::{self, Source};
use super::publish::{self, refuse_publish_to};
use super::role;
use crate::api::{CreateFunction, CreateFunctionRequest, FunctionConfiguration};
use crate::control::Control;
use crate::function::functions::already_there;
use crate::function::{
    Code, Config, FunctionName, FunctionRecord, LATEST, Settings, Status, Step, layers, settings, tags,
};

/// From what costs nothing to what costs most: the name, the rules, the role, the code, the commit.
pub(crate) async fn handle(
    control: Arc<Control>,
    permitted: Permitted<CreateFunction>,
) -> Result<FunctionConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    refuse_publish_to(input.publish_to.is_some())?;
    let config = settings::for_new(&input, &name.name, &control.world(&context))?;
    let tags = tags::add(IndexMap::new(), input.tags.clone().unwrap_or_default())?;
    if control.functions.find(&name, LATEST).is_some() {
        return Err(already_there(&name.name));
    }
    role::check(&control, &context, &input.role, &name.name).await?;
    let taken = intake::take(&control, &context, &source(&input), config.architecture).await?;
    layers::check_size(&taken.code, &config.layers)?;
    let archive = intake::keep(&control, taken.bytes).await?;
    let record = FunctionRecord { tags, ..new_record(&control, &name, config, taken.code) };
    let step = Step::default().archive(&record, archive).insert(record.clone());
    let publication = (input.publish == Some(true)).then(|| publish::pending(&control, &record));
    let answer = publish::commit_with(&control, step, publication).await?;
    answer.ok_or_else(|| already_there(&name.name))
}

fn source(input: &CreateFunctionRequest) -> Source<'_> {
    let code = &input.code;
    Source {
        zip_file: code.zip_file.as_ref(),
        s3_bucket: code.s3_bucket.as_ref(),
        s3_key: code.s3_key.as_ref(),
        s3_object_version: code.s3_object_version.as_ref(),
        image_uri: code.image_uri.as_ref(),
    }
}

fn new_record(control: &Control, name: &FunctionName, config: Config, code: Code) -> FunctionRecord {
    FunctionRecord {
        account: name.account.clone(),
        region: name.region.clone(),
        name: name.name.clone(),
        version: LATEST.to_owned(),
        settings: Settings { id: control.new_id(), code, config },
        serving: None,
        status: Status::creating(),
        revision_id: control.new_id(),
        last_modified_ms: control.deps.clock.now_ms(),
        tags: IndexMap::new(),
        reserved_concurrency: None,
        latest_description: None,
    }
}
