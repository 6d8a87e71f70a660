//! The verbs on aliases. Source of the refusals: oracle 6 and Appendix A.

use std::sync::Arc;

use base::Fault;
use base::limits::lambda::ALIASES;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::{Nothing, Permitted};

use super::commit;
use super::functions::page_size;
use crate::api::{
    AliasConfiguration, AliasRoutingConfiguration, CreateAlias, DeleteAlias, GetAlias, ListAliases,
    ListAliasesResponse, UpdateAlias, UpdateAliasRequest,
};
use crate::control::Control;
use crate::function::fault::{conflict, function_not_found, invalid, not_found, revision_differs};
use crate::function::{AliasRecord, FunctionName, Step, alias};

pub(crate) async fn create(
    control: Arc<Control>,
    permitted: Permitted<CreateAlias>,
) -> Result<AliasConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    loop {
        let latest = control.functions.latest(&name)?;
        if control.functions.alias(&name, &input.name).is_some() {
            return Err(conflict(format!("Alias already exists: {}", name.arn_of(&input.name))));
        }
        if control.functions.aliases(&name, None).len() >= ALIASES {
            return Err(Fault::new("AliasLimitExceededException", "Alias limit exceeded for the function."));
        }
        let record = AliasRecord {
            account: name.account.clone(),
            region: name.region.clone(),
            function: name.name.clone(),
            name: input.name.clone(),
            version: input.function_version.clone(),
            description: input.description.clone().unwrap_or_default(),
            additional: additional(input.routing_config.as_ref())?,
            revision_id: control.new_id(),
        };
        check(&control, &name, &record)?;
        if commit::step(&control, Step::beside(latest).put_alias(record.clone())).await?.is_some() {
            return Ok(record.describe(&name));
        }
    }
}

fn additional(routing: Option<&AliasRoutingConfiguration>) -> Result<Option<alias::Additional>, Fault> {
    routing.map_or(Ok(None), alias::additional)
}

/// An alias leads to versions that are there.
fn check(control: &Control, name: &FunctionName, record: &AliasRecord) -> Result<(), Fault> {
    let is_there = |version: &str| match control.functions.find(name, version) {
        Some(_) => Ok(()),
        None => Err(function_not_found(&name.arn_of(version))),
    };
    is_there(&record.version)?;
    alias::check(&record.version, record.additional.as_ref())?;
    record.additional.as_ref().map_or(Ok(()), |additional| is_there(&additional.version))
}

pub(crate) async fn get(control: Arc<Control>, permitted: Permitted<GetAlias>) -> Result<AliasConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    match control.functions.alias(&name, &input.name) {
        Some(alias) => Ok(alias.describe(&name)),
        None => Err(not_found(format!("Cannot find alias arn: {}", name.arn_of(&input.name)))),
    }
}

pub(crate) async fn update(
    control: Arc<Control>,
    permitted: Permitted<UpdateAlias>,
) -> Result<AliasConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    loop {
        let latest = control.functions.latest(&name)?;
        let before = control.functions.alias(&name, &input.name);
        let before = before.ok_or_else(|| not_found(format!("Alias not found: {}", name.arn_of(&input.name))))?;
        if input.revision_id.as_ref().is_some_and(|given| *given != before.revision_id) {
            return Err(revision_differs());
        }
        let record = changed(&control, &before, &input)?;
        check(&control, &name, &record)?;
        if commit::step(&control, Step::beside(latest).put_alias(record.clone())).await?.is_some() {
            return Ok(record.describe(&name));
        }
    }
}

/// What isn't given stays; a routing without weights takes them away.
fn changed(control: &Control, before: &AliasRecord, input: &UpdateAliasRequest) -> Result<AliasRecord, Fault> {
    Ok(AliasRecord {
        version: input.function_version.clone().unwrap_or_else(|| before.version.clone()),
        description: input.description.clone().unwrap_or_else(|| before.description.clone()),
        additional: match &input.routing_config {
            Some(routing) => alias::additional(routing)?,
            None => before.additional.clone(),
        },
        revision_id: control.new_id(),
        ..before.clone()
    })
}

/// 204 also for an alias that isn't there.
pub(crate) async fn delete(control: Arc<Control>, permitted: Permitted<DeleteAlias>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    loop {
        let latest = control.functions.latest(&name)?;
        let Some(alias) = control.functions.alias(&name, &input.name) else { return Ok(Nothing {}) };
        if commit::step(&control, Step::beside(latest).delete_alias(alias)).await?.is_some() {
            return Ok(Nothing {});
        }
    }
}

/// By name; with FunctionVersion those that stand for that version first.
pub(crate) async fn list(
    control: Arc<Control>,
    permitted: Permitted<ListAliases>,
) -> Result<ListAliasesResponse, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    control.functions.latest(&name)?;
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    let limit = page_size(input.max_items);
    let wanted = |alias: &Arc<AliasRecord>| input.function_version.as_ref().is_none_or(|given| *given == alias.version);
    let mut found = control.functions.aliases(&name, after.as_deref());
    found.retain(wanted);
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(ListAliasesResponse {
        next_marker: found.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(&last.name)),
        aliases: Some(found.iter().map(|alias| alias.describe(&name)).collect()),
    })
}

fn read_marker(marker: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| invalid("Invalid pagination token"))
}
