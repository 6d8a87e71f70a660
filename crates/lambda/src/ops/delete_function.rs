//! DeleteFunction: one version, or the function with all its versions and aliases.

use std::sync::Arc;

use base::Fault;
use wire::Permitted;

use super::commit;
use crate::api::{DeleteFunction, DeleteFunctionResponse};
use crate::control::Control;
use crate::function::fault::{conflict, function_not_found, invalid};
use crate::function::{Found, FunctionName, LATEST, Step, version};

pub(crate) async fn handle(
    control: Arc<Control>,
    permitted: Permitted<DeleteFunction>,
) -> Result<DeleteFunctionResponse, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::qualified(&input.function_name, input.qualifier.as_deref(), &context.scope)?;
    // A change in the background may come between the look and the deletion: then look again.
    loop {
        let latest = control.functions.latest(&name)?;
        let step = match &name.qualifier {
            Some(qualifier) => of_version(&control, &name, qualifier, latest)?,
            None => of_function(&control, &name, latest),
        };
        if commit::step(&control, step).await?.is_some() {
            return Ok(DeleteFunctionResponse { status_code: Some(204) });
        }
    }
}

fn of_version(control: &Control, name: &FunctionName, qualifier: &str, latest: Found) -> Result<Step, Fault> {
    if qualifier == LATEST {
        return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
    }
    if !version::is_number(qualifier) {
        return Err(invalid("Deletion of aliases is not currently supported."));
    }
    let found = control.functions.find(name, qualifier);
    let found = found.ok_or_else(|| function_not_found(&name.arn_of(qualifier)))?;
    let aliases = control.functions.aliases(name, None);
    let leading: Vec<&str> =
        aliases.iter().filter(|alias| alias.leads_to(qualifier)).map(|alias| alias.name.as_str()).collect();
    if !leading.is_empty() {
        let message =
            format!("Unable to delete version because the following aliases reference it: [{}]", leading.join(", "));
        return Err(conflict(message));
    }
    Ok(Step::beside(latest).delete(found))
}

fn of_function(control: &Control, name: &FunctionName, latest: Found) -> Step {
    let functions = &control.functions;
    let published = functions.versions(name).into_iter().filter(|record| !record.is_latest());
    let published = published.filter_map(|record| functions.find(name, &record.version));
    let step = published.fold(Step::default().delete(latest), Step::delete);
    functions.aliases(name, None).into_iter().fold(step, Step::delete_alias)
}
