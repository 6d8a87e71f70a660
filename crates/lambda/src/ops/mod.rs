//! The handlers of the control plane: thick verbs in a file each, the thin verbs of a noun together.

pub(crate) mod account;
pub(crate) mod aliases;
mod commit;
pub(crate) mod concurrency;
pub(crate) mod create_function;
pub(crate) mod delete_function;
pub(crate) mod functions;
mod intake;
pub(crate) mod layer_policy;
pub(crate) mod layers;
pub(crate) mod prepare;
pub(crate) mod publish;
pub(crate) mod publish_layer_version;
mod role;
pub(crate) mod tags;
mod update;
pub(crate) mod update_function_code;
pub(crate) mod update_function_configuration;

#[cfg(test)]
mod tests;
