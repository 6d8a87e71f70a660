//! Reserved concurrency: put, read, taken away. Source: oracle 3.2 and Appendix A.

use std::sync::Arc;

use base::Fault;
use base::limits::lambda::UNRESERVED_CONCURRENT_EXECUTIONS;
use wire::{Nothing, Permitted};

use super::commit;
use super::functions::found_unqualified;
use crate::api::{
    Concurrency, DeleteFunctionConcurrency, GetFunctionConcurrency, GetFunctionConcurrencyResponse,
    PutFunctionConcurrency,
};
use crate::control::Control;
use crate::function::fault::invalid;
use crate::function::{FunctionName, FunctionRecord, Step};

pub(crate) async fn put(
    control: Arc<Control>,
    permitted: Permitted<PutFunctionConcurrency>,
) -> Result<Concurrency, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    let number = input.reserved_concurrent_executions;
    set(&control, name, Some(number)).await?;
    Ok(Concurrency { reserved_concurrent_executions: Some(number) })
}

pub(crate) async fn delete(
    control: Arc<Control>,
    permitted: Permitted<DeleteFunctionConcurrency>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    set(&control, name, None).await?;
    Ok(Nothing {})
}

pub(crate) async fn get(
    control: Arc<Control>,
    permitted: Permitted<GetFunctionConcurrency>,
) -> Result<GetFunctionConcurrencyResponse, Fault> {
    let Permitted { context, input } = permitted;
    let record = found_unqualified(&control, &input.function_name, &context.scope)?;
    Ok(GetFunctionConcurrencyResponse { reserved_concurrent_executions: record.reserved_concurrency })
}

/// One at a time, also when its caller hangs up: what is left is an account's, not one function's.
async fn set(control: &Arc<Control>, name: FunctionName, number: Option<i32>) -> Result<(), Fault> {
    let this = control.clone();
    commit::uninterrupted(control, async move {
        let _turn = this.reserving.lock().await;
        loop {
            let latest = this.functions.latest(&name)?;
            check(&this, &latest.0, number.unwrap_or(0))?;
            let after = FunctionRecord { reserved_concurrency: number, ..(*latest.0).clone() };
            if commit::step(&this, Step::default().update(latest, after)).await?.is_some() {
                return Ok(());
            }
        }
    })
    .await
}

/// So much of an account's concurrency stays for the functions that reserve none.
fn check(control: &Control, record: &FunctionRecord, wanted: i32) -> Result<(), Fault> {
    let before = record.reserved_concurrency.unwrap_or(0);
    let scope = record.scope().ok_or_else(|| Fault::internal("a function's record names no account"))?;
    let reserved = i64::from(control.functions.usage(&scope).reserved_concurrency);
    let left = i64::from(control.deps.concurrency) - reserved + i64::from(before) - i64::from(wanted);
    if wanted <= before || left >= i64::from(UNRESERVED_CONCURRENT_EXECUTIONS) {
        return Ok(());
    }
    let message = format!(
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below \
         its minimum value of [{UNRESERVED_CONCURRENT_EXECUTIONS}]."
    );
    Err(invalid(message).without("Type"))
}
