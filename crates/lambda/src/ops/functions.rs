//! The thin verbs on functions: get, list, and what is read beside them.

use std::sync::Arc;

use base::{Fault, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::{Context, Permitted};

use crate::api::{
    Concurrency, FunctionCodeLocation, FunctionConfiguration, GetFunction, GetFunctionCodeSigningConfig,
    GetFunctionCodeSigningConfigResponse, GetFunctionConfiguration, GetFunctionRecursionConfig,
    GetFunctionRecursionConfigResponse, GetFunctionResponse, GetRuntimeManagementConfig,
    GetRuntimeManagementConfigResponse, ListFunctions, ListFunctionsResponse, ListVersionsByFunction,
    ListVersionsByFunctionResponse, RecursiveLoop, UpdateRuntimeOn,
};
use crate::control::Control;
use crate::function::fault::{function_not_found, invalid};
use crate::function::{FunctionName, FunctionRecord, describe, version};

/// What a list answers at most, whatever MaxItems says.
const PAGE: usize = 50;
/// Greater than the key of any version.
const AFTER_ALL_VERSIONS: &str = "~";

/// The version that a name and the member Qualifier mean, and the ARN by which it was asked for.
fn found(
    control: &Control,
    name_form: &str,
    qualifier: Option<&str>,
    scope: &Scope,
) -> Result<(Arc<FunctionRecord>, String), Fault> {
    let name = FunctionName::qualified(name_form, qualifier, scope)?;
    match control.functions.meant(&name) {
        Some((record, _)) => Ok((record, name.arn_as_given())),
        None => Err(function_not_found(&name.arn_as_given())),
    }
}

pub(crate) async fn get(
    control: Arc<Control>,
    permitted: Permitted<GetFunction>,
) -> Result<GetFunctionResponse, Fault> {
    let Permitted { context, input } = permitted;
    let (record, arn) = found(&control, &input.function_name, input.qualifier.as_deref(), &context.scope)?;
    // These are the function's, whatever the version.
    let (latest, _) = control.functions.latest(&record.function_name())?;
    let reserved = latest.reserved_concurrency;
    Ok(GetFunctionResponse {
        configuration: Some(describe::in_full(&record, arn)),
        code: Some(code_location(&control, &context, &record)),
        tags: (!latest.tags.is_empty()).then(|| latest.tags.clone()),
        tags_error: None,
        concurrency: reserved.map(|number| Concurrency { reserved_concurrent_executions: Some(number) }),
    })
}

fn code_location(control: &Control, context: &Context, record: &FunctionRecord) -> FunctionCodeLocation {
    if let Some(image) = &record.settings.code.image {
        return FunctionCodeLocation {
            repository_type: Some("ECR".to_owned()),
            image_uri: Some(image.uri.clone()),
            resolved_image_uri: Some(image.resolved.clone()),
            ..FunctionCodeLocation::default()
        };
    }
    let key = record.archive_key(&record.settings.code);
    let link = control.links.make(&context.origin, &key, control.deps.clock.now());
    FunctionCodeLocation {
        repository_type: Some("S3".to_owned()),
        location: Some(link),
        ..FunctionCodeLocation::default()
    }
}

pub(crate) async fn get_configuration(
    control: Arc<Control>,
    permitted: Permitted<GetFunctionConfiguration>,
) -> Result<FunctionConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let (record, arn) = found(&control, &input.function_name, input.qualifier.as_deref(), &context.scope)?;
    Ok(describe::in_full(&record, arn))
}

/// With FunctionVersion=ALL every version, by its qualified ARN; else the functions, by their own.
pub(crate) async fn list(
    control: Arc<Control>,
    permitted: Permitted<ListFunctions>,
) -> Result<ListFunctionsResponse, Fault> {
    let Permitted { context, input } = permitted;
    let scope = &context.scope;
    // A master region asks for the replicas that Lambda@Edge makes of functions there; there are none.
    if input.master_region.as_deref().is_some_and(|region| region != "ALL" && region != scope.region.as_str()) {
        return Ok(ListFunctionsResponse { next_marker: None, functions: Some(Vec::new()) });
    }
    let every_version = input.function_version.is_some();
    let mut after = input.marker.as_deref().map(read_marker).transpose()?;
    let limit = page_size(input.max_items);
    let mut found = Vec::with_capacity(limit + 1);
    while found.len() <= limit {
        let page = control.functions.page(scope, after.as_ref(), PAGE);
        let Some(last) = page.last() else { break };
        // Past a function's versions at once, where they are not asked for.
        let last_seen = if every_version { last.version.as_str() } else { AFTER_ALL_VERSIONS };
        after = Some((last.name.clone(), last_seen.to_owned()));
        found.extend(page.into_iter().filter(|record| every_version || record.is_latest()));
    }
    let next_marker = (found.len() > limit).then(|| marker(&found[limit - 1]));
    found.truncate(limit);
    let shown = |record: &Arc<FunctionRecord>| {
        let arn = if every_version { record.qualified_arn() } else { record.arn() };
        describe::in_list(record, arn)
    };
    Ok(ListFunctionsResponse { next_marker, functions: Some(found.iter().map(shown).collect()) })
}

pub(super) fn page_size(max_items: Option<i32>) -> usize {
    max_items.and_then(|items| usize::try_from(items).ok()).unwrap_or(PAGE).clamp(1, PAGE)
}

fn marker(last: &FunctionRecord) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{}", last.name, last.version))
}

fn read_marker(marker: &str) -> Result<(String, String), Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once(':'));
    let (name, version) = parts.ok_or_else(|| invalid("Invalid pagination token"))?;
    Ok((name.to_owned(), version.to_owned()))
}

/// Versions stand under their qualified ARNs, `$LATEST` first.
pub(crate) async fn list_versions(
    control: Arc<Control>,
    permitted: Permitted<ListVersionsByFunction>,
) -> Result<ListVersionsByFunctionResponse, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    let versions = control.functions.versions(&name);
    if versions.is_empty() {
        return Err(function_not_found(&name.arn()));
    }
    let after = input.marker.as_deref().map(read_marker).transpose()?.map(|(_, version)| version);
    let after = after.and_then(|version| version::key(&version));
    let skip = versions.iter().take_while(|record| version::key(&record.version) <= after).count();
    let limit = page_size(input.max_items);
    let page: Vec<_> = versions.iter().skip(skip).take(limit).collect();
    let more = versions.len() > skip + page.len();
    Ok(ListVersionsByFunctionResponse {
        next_marker: page.last().filter(|_| more).map(|last| marker(last)),
        versions: Some(page.iter().map(|record| describe::in_list(record, record.qualified_arn())).collect()),
    })
}

/// The function that a name without a qualifier means.
pub(super) fn found_unqualified(
    control: &Control,
    name_form: &str,
    scope: &Scope,
) -> Result<Arc<FunctionRecord>, Fault> {
    let name = FunctionName::unqualified(name_form, scope)?;
    control.functions.latest(&name).map(|(record, _)| record)
}

/// 200 also without one: Terraform asks for it after every creation.
pub(crate) async fn get_code_signing_config(
    control: Arc<Control>,
    permitted: Permitted<GetFunctionCodeSigningConfig>,
) -> Result<GetFunctionCodeSigningConfigResponse, Fault> {
    let Permitted { context, input } = permitted;
    let record = found_unqualified(&control, &input.function_name, &context.scope)?;
    Ok(GetFunctionCodeSigningConfigResponse { code_signing_config_arn: None, function_name: record.name.clone() })
}

/// Terminate, unless PutFunctionRecursionConfig says otherwise, which is still to come.
pub(crate) async fn get_recursion_config(
    control: Arc<Control>,
    permitted: Permitted<GetFunctionRecursionConfig>,
) -> Result<GetFunctionRecursionConfigResponse, Fault> {
    let Permitted { context, input } = permitted;
    found_unqualified(&control, &input.function_name, &context.scope)?;
    Ok(GetFunctionRecursionConfigResponse { recursive_loop: Some(RecursiveLoop::Terminate) })
}

/// Auto, unless PutRuntimeManagementConfig says otherwise, which is still to come. With Auto there is no version ARN.
pub(crate) async fn get_runtime_management_config(
    control: Arc<Control>,
    permitted: Permitted<GetRuntimeManagementConfig>,
) -> Result<GetRuntimeManagementConfigResponse, Fault> {
    let Permitted { context, input } = permitted;
    let (_, arn) = found(&control, &input.function_name, input.qualifier.as_deref(), &context.scope)?;
    Ok(GetRuntimeManagementConfigResponse {
        update_runtime_on: Some(UpdateRuntimeOn::Auto),
        function_arn: Some(arn),
        runtime_version_arn: None,
    })
}
