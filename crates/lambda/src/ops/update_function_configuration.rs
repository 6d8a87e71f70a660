//! UpdateFunctionConfiguration: each member that is given replaces what was there.

use std::sync::Arc;

use base::Fault;
use wire::Permitted;

use super::{publish, role, update};
use crate::api::{FunctionConfiguration, UpdateFunctionConfiguration};
use crate::control::Control;
use crate::function::{Settings, layers, settings};

pub(crate) async fn handle(
    control: Arc<Control>,
    permitted: Permitted<UpdateFunctionConfiguration>,
) -> Result<FunctionConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    loop {
        let found = update::find(&control, &input.function_name, input.revision_id.as_deref(), &context.scope)?;
        let before = found.record.settings.clone();
        let package = found.record.package_type();
        let config = settings::for_update(&input, before.config, package, &control.world(&context))?;
        layers::check_size(&before.code, &config.layers)?;
        if let Some(role) = &input.role {
            role::check(&control, &context, role, &found.record.name).await?;
        }
        let next = found.next(Settings { id: control.new_id(), code: before.code, config }, &control);
        if let Some(answer) = publish::commit_with(&control, found.step(next), None).await? {
            return Ok(answer);
        }
    }
}
