//! The operations on reserved concurrency.

use wire::{Nothing, Resource, op, shape};

use super::function::Concurrency;
use super::patterns::FUNCTION_NAME;
use super::resource::function_arn;

const FUNCTION: Resource = Resource::Computed(function_arn);

shape! {
    pub struct PutFunctionConcurrencyRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        reserved_concurrent_executions: i32 = "ReservedConcurrentExecutions" [range(0, i64::MAX)],
    }

    pub struct GetFunctionConcurrencyRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
    }

    pub struct GetFunctionConcurrencyResponse {
        reserved_concurrent_executions: Option<i32> =
            "ReservedConcurrentExecutions" [range(0, 2_147_483_647)],
    }

    pub struct DeleteFunctionConcurrencyRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
    }
}

op! {
    pub PutFunctionConcurrency(PutFunctionConcurrencyRequest) -> Concurrency {
        http: PUT 200 "/2017-10-31/functions/{FunctionName}/concurrency",
        permit: "lambda:PutFunctionConcurrency" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException",
        ],
    }

    pub GetFunctionConcurrency(GetFunctionConcurrencyRequest) -> GetFunctionConcurrencyResponse {
        http: GET 200 "/2019-09-30/functions/{FunctionName}/concurrency",
        permit: "lambda:GetFunctionConcurrency" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub DeleteFunctionConcurrency(DeleteFunctionConcurrencyRequest) -> Nothing {
        http: DELETE 204 "/2017-10-31/functions/{FunctionName}/concurrency",
        permit: "lambda:DeleteFunctionConcurrency" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException",
        ],
    }
}
