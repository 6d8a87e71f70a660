//! The handlers of the control plane: thick verbs in a file each, the thin verbs of a noun together.

pub(crate) mod account;
mod commit;
pub(crate) mod create_function;
pub(crate) mod functions;
mod intake;
pub(crate) mod prepare;
mod role;
pub(crate) mod tags;
mod update;
pub(crate) mod update_function_code;
pub(crate) mod update_function_configuration;

#[cfg(test)]
mod tests;

use base::Fault;

use crate::function::fault::invalid;

/// Refused rather than ignored: who asks for a version counts on its number. Versions come with PublishVersion.
fn refuse_publish(publish: Option<bool>, publish_to: bool) -> Result<(), Fault> {
    if publish == Some(true) || publish_to {
        return Err(invalid("Publishing versions is not supported by this endpoint yet. Please set Publish to false."));
    }
    Ok(())
}
