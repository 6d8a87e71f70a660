//! Which resource an operation on a function acts on, for the permission columns.
//!
//! IAM knows a function, its versions and its aliases by their ARNs: where a qualifier is named, that ARN is asked
//! for. Source: "Fine-tuning the Resources and Conditions sections of policies" in Lambda's guide.

use base::{Fields, Scope};

use crate::function::name::FunctionName;

/// The function's own ARN, whatever the form of its name.
pub fn function_arn(input: &Fields, scope: &Scope) -> String {
    named(input, scope).map_or_else(anything, |name| name.arn())
}

/// The ARN with the qualifier that the name or the member `Qualifier` gives, if one does.
pub fn qualified_function_arn(input: &Fields, scope: &Scope) -> String {
    let Some(name) = named(input, scope) else { return anything() };
    match name.qualifier.as_deref().or_else(|| input.text("Qualifier")) {
        Some(qualifier) => name.arn_of(qualifier),
        None => name.arn(),
    }
}

fn named(input: &Fields, scope: &Scope) -> Option<FunctionName> {
    FunctionName::parse(input.text("FunctionName")?, scope)
}

/// What isn't a name can only be asked of who may do it with every function.
fn anything() -> String {
    "*".to_owned()
}
