//! Tags of functions. Other things that can be tagged are not here yet, and so are not found.

use std::sync::Arc;

use base::{Arn, Fault, Scope};
use indexmap::IndexMap;
use wire::{Nothing, Permitted};

use super::commit;
use crate::api::{ListTags, ListTagsResponse, TagResource, UntagResource};
use crate::control::Control;
use crate::function::fault::{invalid, not_found};
use crate::function::{FunctionName, FunctionRecord, tags};

/// The function that a resource's ARN names.
fn function(resource: &str, scope: &Scope) -> Result<FunctionName, Fault> {
    let arn = Arn::parse(resource).ok_or_else(|| invalid(format!("Invalid resource: {resource}")))?;
    if !arn.resource.starts_with("function:") {
        return Err(no_such_resource(&arn));
    }
    let name = FunctionName::here(resource, scope)?;
    if name.qualifier.is_some() {
        return Err(invalid("Tags on function aliases and versions are not supported. Please specify a function ARN."));
    }
    Ok(name)
}

fn no_such_resource(arn: &Arn) -> Fault {
    match arn.resource.split(':').next() {
        Some("event-source-mapping") => not_found(format!("Event source mapping not found: {arn}")),
        Some("capacity-provider") => not_found(format!("Capacity provider not found: {arn}")),
        Some("code-signing-config") => {
            not_found(format!("The Lambda code signing configuration {arn} can not be found.")).without("Type")
        }
        _ => not_found(format!("Resource not found: {arn}")),
    }
}

/// Changes the tags of a function; again if somebody else changes the function meanwhile.
async fn change(
    control: &Arc<Control>,
    name: &FunctionName,
    change: impl Fn(&IndexMap<String, String>) -> Result<IndexMap<String, String>, Fault>,
) -> Result<Nothing, Fault> {
    loop {
        let (before, revision) = control.functions.latest(name)?;
        let after = FunctionRecord { tags: change(&before.tags)?, ..(*before).clone() };
        match commit::update(control, before, revision, after).await {
            Err(fault) if fault.code == crate::function::fault::CONFLICT => {}
            other => return other.map(|()| Nothing {}),
        }
    }
}

pub(crate) async fn tag(control: Arc<Control>, permitted: Permitted<TagResource>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = permitted;
    let name = function(&input.resource, &context.scope)?;
    change(&control, &name, |before| tags::add(before.clone(), input.tags.clone())).await
}

pub(crate) async fn untag(control: Arc<Control>, permitted: Permitted<UntagResource>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = permitted;
    let name = function(&input.resource, &context.scope)?;
    let without = |before: &IndexMap<String, String>| {
        let kept = before.iter().filter(|(key, _)| !input.tag_keys.contains(key));
        Ok(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    change(&control, &name, without).await
}

pub(crate) async fn list(control: Arc<Control>, permitted: Permitted<ListTags>) -> Result<ListTagsResponse, Fault> {
    let Permitted { context, input } = permitted;
    let name = function(&input.resource, &context.scope)?;
    let (record, _) = control.functions.latest(&name)?;
    Ok(ListTagsResponse { tags: Some(record.tags.clone()) })
}
