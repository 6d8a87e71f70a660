//! The account's limits and usage.

use wire::{Resource, op, shape};

shape! {
    #[derive(Default)]
    pub struct GetAccountSettingsRequest {}

    pub struct GetAccountSettingsResponse {
        account_limit: Option<AccountLimit> = "AccountLimit",
        account_usage: Option<AccountUsage> = "AccountUsage",
    }

    pub struct AccountLimit {
        total_code_size: Option<i64> = "TotalCodeSize",
        code_size_unzipped: Option<i64> = "CodeSizeUnzipped",
        code_size_zipped: Option<i64> = "CodeSizeZipped",
        concurrent_executions: Option<i32> = "ConcurrentExecutions",
        unreserved_concurrent_executions: Option<i32> =
            "UnreservedConcurrentExecutions" [range(0, 2_147_483_647)],
    }

    pub struct AccountUsage {
        total_code_size: Option<i64> = "TotalCodeSize",
        function_count: Option<i64> = "FunctionCount",
    }
}

op! {
    pub GetAccountSettings(GetAccountSettingsRequest) -> GetAccountSettingsResponse {
        http: GET 200 "/2016-08-19/account-settings",
        permit: "lambda:GetAccountSettings" on Resource::Any,
        errors: ["ServiceException", "TooManyRequestsException"],
    }
}
