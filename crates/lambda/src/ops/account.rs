//! GetAccountSettings: the quotas, and what of them is used.

use std::sync::Arc;

use base::Fault;
use base::limits::lambda::{TOTAL_CODE_BYTES, UNZIPPED_BYTES, ZIPPED_BYTES};
use wire::Permitted;

use crate::api::{AccountLimit, AccountUsage, GetAccountSettings, GetAccountSettingsResponse};
use crate::control::Control;

pub(crate) async fn get_settings(
    control: Arc<Control>,
    permitted: Permitted<GetAccountSettings>,
) -> Result<GetAccountSettingsResponse, Fault> {
    let usage = control.functions.usage(&permitted.context.scope);
    let concurrency = control.deps.concurrency;
    let unreserved = i64::from(concurrency) - i64::from(usage.reserved_concurrency);
    Ok(GetAccountSettingsResponse {
        account_limit: Some(AccountLimit {
            total_code_size: Some(TOTAL_CODE_BYTES),
            code_size_unzipped: i64::try_from(UNZIPPED_BYTES).ok(),
            code_size_zipped: i64::try_from(ZIPPED_BYTES).ok(),
            concurrent_executions: Some(concurrency),
            unreserved_concurrent_executions: i32::try_from(unreserved.max(0)).ok(),
        }),
        account_usage: Some(AccountUsage {
            total_code_size: i64::try_from(control.code_bytes(&permitted.context.scope)).ok(),
            function_count: i64::try_from(usage.functions).ok(),
        }),
    })
}
