//! The execution role: may the caller pass it, and can Lambda assume it. Source: oracle 7.

use base::doors::Question;
use base::{Arn, Fault};
use wire::Context;

use crate::control::Control;
use crate::credentials::{self, LAMBDA_PRINCIPAL};
use crate::function::fault::invalid;

/// Both questions. Every deploy tool tries again on the words of the second.
pub(super) async fn check(control: &Control, context: &Context, role: &str, function: &str) -> Result<(), Fault> {
    pass(control, context, role)?;
    assume(control, context, role, function).await
}

fn pass(control: &Control, context: &Context, role: &str) -> Result<(), Fault> {
    let caller = &context.caller;
    if Arn::parse(role).is_some_and(|role| role.account != context.scope.account.as_str()) {
        return Err(Fault::new(Fault::ACCESS_DENIED, "Cross-account pass role is not allowed."));
    }
    if caller.unchecked {
        return Ok(());
    }
    let keys = [("iam:PassedToService", LAMBDA_PRINCIPAL.to_owned())];
    let question = Question { caller, action: "iam:PassRole", resource: role, context: &keys };
    control.deps.permit.permit(&question).or_fault(&question)
}

async fn assume(control: &Control, context: &Context, role: &str, function: &str) -> Result<(), Fault> {
    let request = credentials::request(&context.scope, role, function);
    match control.deps.call.call(request).await {
        Ok(_) => Ok(()),
        Err(fault) => Err(invalid("The role defined for the function cannot be assumed by Lambda.").caused_by(fault)),
    }
}
