//! The contract of AWS Lambda, version 2015-03-31: all its operations, and the shapes of those that are done.
//!
//! Data, no behaviour. An operation that nobody has built yet stands here with [`OperationSpec::known`], in one line.

pub mod account;
pub mod alias;
pub mod concurrency;
pub mod configuration;
pub mod enums;
pub mod errors;
pub mod function;
pub mod invoke;
pub mod layer;
pub mod patterns;
pub mod resource;
pub mod settings;
pub mod tags;
pub mod version;

pub use account::*;
pub use alias::*;
pub use concurrency::*;
pub use configuration::*;
pub use enums::*;
pub use function::*;
pub use invoke::*;
pub use layer::*;
pub use settings::*;
pub use tags::*;
pub use version::*;

use wire::{Operation, OperationSpec, ServiceSpec, Tongue};

/// AWS Lambda.
pub const SPEC: ServiceSpec = ServiceSpec {
    name: "lambda",
    signing_name: "lambda",
    tongue: Tongue::RestJson,
    target_prefix: "",
    version: "2015-03-31",
    xml_namespace: "",
    operations: OPERATIONS,
    errors: errors::ERRORS,
    validation_code: "ValidationException",
    access_denied_code: "AccessDeniedException",
    internal_code: "ServiceException",
};

const fn known(name: &'static str, method: &'static str, status: u16, uri: &'static str) -> OperationSpec {
    OperationSpec::known(name, method, status, uri)
}

/// In the order of the oracle's table, by noun.
const OPERATIONS: &[&OperationSpec] = &[
    &CreateFunction::SPEC,
    &GetFunction::SPEC,
    &DeleteFunction::SPEC,
    &ListFunctions::SPEC,
    &UpdateFunctionCode::SPEC,
    &GetFunctionConfiguration::SPEC,
    &UpdateFunctionConfiguration::SPEC,
    &Invoke::SPEC,
    &InvokeWithResponseStream::SPEC,
    &known("InvokeAsync", "POST", 202, "/2014-11-13/functions/{FunctionName}/invoke-async"),
    &PublishVersion::SPEC,
    &ListVersionsByFunction::SPEC,
    &CreateAlias::SPEC,
    &GetAlias::SPEC,
    &UpdateAlias::SPEC,
    &DeleteAlias::SPEC,
    &ListAliases::SPEC,
    &PutFunctionConcurrency::SPEC,
    &GetFunctionConcurrency::SPEC,
    &DeleteFunctionConcurrency::SPEC,
    &known(
        "PutProvisionedConcurrencyConfig",
        "PUT",
        202,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
    ),
    &known(
        "GetProvisionedConcurrencyConfig",
        "GET",
        200,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
    ),
    &known(
        "DeleteProvisionedConcurrencyConfig",
        "DELETE",
        204,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
    ),
    &known(
        "ListProvisionedConcurrencyConfigs",
        "GET",
        200,
        "/2019-09-30/functions/{FunctionName}/provisioned-concurrency?List=ALL",
    ),
    &known("CreateEventSourceMapping", "POST", 202, "/2015-03-31/event-source-mappings"),
    &known("GetEventSourceMapping", "GET", 200, "/2015-03-31/event-source-mappings/{UUID}"),
    &known("UpdateEventSourceMapping", "PUT", 202, "/2015-03-31/event-source-mappings/{UUID}"),
    &known("DeleteEventSourceMapping", "DELETE", 202, "/2015-03-31/event-source-mappings/{UUID}"),
    &known("ListEventSourceMappings", "GET", 200, "/2015-03-31/event-source-mappings"),
    &PublishLayerVersion::SPEC,
    &GetLayerVersion::SPEC,
    &GetLayerVersionByArn::SPEC,
    &DeleteLayerVersion::SPEC,
    &ListLayers::SPEC,
    &ListLayerVersions::SPEC,
    &AddLayerVersionPermission::SPEC,
    &GetLayerVersionPolicy::SPEC,
    &RemoveLayerVersionPermission::SPEC,
    &known("AddPermission", "POST", 201, "/2015-03-31/functions/{FunctionName}/policy"),
    &known("GetPolicy", "GET", 200, "/2015-03-31/functions/{FunctionName}/policy"),
    &known("RemovePermission", "DELETE", 204, "/2015-03-31/functions/{FunctionName}/policy/{StatementId}"),
    &known("PutResourcePolicy", "PUT", 200, "/2026-07-09/resource-policy/{ResourceArn}"),
    &known("GetResourcePolicy", "GET", 200, "/2026-07-09/resource-policy/{ResourceArn}"),
    &known("DeleteResourcePolicy", "DELETE", 204, "/2026-07-09/resource-policy/{ResourceArn}"),
    &known("CreateFunctionUrlConfig", "POST", 201, "/2021-10-31/functions/{FunctionName}/url"),
    &known("GetFunctionUrlConfig", "GET", 200, "/2021-10-31/functions/{FunctionName}/url"),
    &known("UpdateFunctionUrlConfig", "PUT", 200, "/2021-10-31/functions/{FunctionName}/url"),
    &known("DeleteFunctionUrlConfig", "DELETE", 204, "/2021-10-31/functions/{FunctionName}/url"),
    &known("ListFunctionUrlConfigs", "GET", 200, "/2021-10-31/functions/{FunctionName}/urls"),
    &known("PutFunctionEventInvokeConfig", "PUT", 200, "/2019-09-25/functions/{FunctionName}/event-invoke-config"),
    &known("UpdateFunctionEventInvokeConfig", "POST", 200, "/2019-09-25/functions/{FunctionName}/event-invoke-config"),
    &known("GetFunctionEventInvokeConfig", "GET", 200, "/2019-09-25/functions/{FunctionName}/event-invoke-config"),
    &known(
        "DeleteFunctionEventInvokeConfig",
        "DELETE",
        204,
        "/2019-09-25/functions/{FunctionName}/event-invoke-config",
    ),
    &known(
        "ListFunctionEventInvokeConfigs",
        "GET",
        200,
        "/2019-09-25/functions/{FunctionName}/event-invoke-config/list",
    ),
    &known("CreateCodeSigningConfig", "POST", 201, "/2020-04-22/code-signing-configs"),
    &known("GetCodeSigningConfig", "GET", 200, "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"),
    &known("UpdateCodeSigningConfig", "PUT", 200, "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"),
    &known("DeleteCodeSigningConfig", "DELETE", 204, "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}"),
    &known("ListCodeSigningConfigs", "GET", 200, "/2020-04-22/code-signing-configs"),
    &known(
        "ListFunctionsByCodeSigningConfig",
        "GET",
        200,
        "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions",
    ),
    &known("PutFunctionCodeSigningConfig", "PUT", 200, "/2020-06-30/functions/{FunctionName}/code-signing-config"),
    &GetFunctionCodeSigningConfig::SPEC,
    &known(
        "DeleteFunctionCodeSigningConfig",
        "DELETE",
        204,
        "/2020-06-30/functions/{FunctionName}/code-signing-config",
    ),
    &known("PutRuntimeManagementConfig", "PUT", 200, "/2021-07-20/functions/{FunctionName}/runtime-management-config"),
    &GetRuntimeManagementConfig::SPEC,
    &known("PutFunctionRecursionConfig", "PUT", 200, "/2024-08-31/functions/{FunctionName}/recursion-config"),
    &GetFunctionRecursionConfig::SPEC,
    &TagResource::SPEC,
    &UntagResource::SPEC,
    &ListTags::SPEC,
    &GetAccountSettings::SPEC,
    &known(
        "CheckpointDurableExecution",
        "POST",
        200,
        "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint",
    ),
    &known("GetDurableExecution", "GET", 200, "/2025-12-01/durable-executions/{DurableExecutionArn}"),
    &known("GetDurableExecutionHistory", "GET", 200, "/2025-12-01/durable-executions/{DurableExecutionArn}/history"),
    &known("GetDurableExecutionState", "GET", 200, "/2025-12-01/durable-executions/{DurableExecutionArn}/state"),
    &known("ListDurableExecutionsByFunction", "GET", 200, "/2025-12-01/functions/{FunctionName}/durable-executions"),
    &known("StopDurableExecution", "POST", 200, "/2025-12-01/durable-executions/{DurableExecutionArn}/stop"),
    &known("PauseDurableExecution", "POST", 202, "/2025-12-01/durable-executions/{DurableExecutionArn}/pause"),
    &known("ResumeDurableExecution", "POST", 202, "/2025-12-01/durable-executions/{DurableExecutionArn}/resume"),
    &known("DeleteDurableExecution", "DELETE", 202, "/2025-12-01/durable-executions/{DurableExecutionArn}"),
    &known(
        "SendDurableExecutionCallbackSuccess",
        "POST",
        200,
        "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed",
    ),
    &known(
        "SendDurableExecutionCallbackFailure",
        "POST",
        200,
        "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail",
    ),
    &known(
        "SendDurableExecutionCallbackHeartbeat",
        "POST",
        200,
        "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat",
    ),
    &known("CreateCapacityProvider", "POST", 202, "/2025-11-30/capacity-providers"),
    &known("GetCapacityProvider", "GET", 200, "/2025-11-30/capacity-providers/{CapacityProviderName}"),
    &known("UpdateCapacityProvider", "PUT", 202, "/2025-11-30/capacity-providers/{CapacityProviderName}"),
    &known("DeleteCapacityProvider", "DELETE", 202, "/2025-11-30/capacity-providers/{CapacityProviderName}"),
    &known("ListCapacityProviders", "GET", 200, "/2025-11-30/capacity-providers"),
    &known(
        "ListFunctionVersionsByCapacityProvider",
        "GET",
        200,
        "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions",
    ),
    &known("PutFunctionScalingConfig", "PUT", 202, "/2025-11-30/functions/{FunctionName}/function-scaling-config"),
    &known("GetFunctionScalingConfig", "GET", 200, "/2025-11-30/functions/{FunctionName}/function-scaling-config"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_contract_is_sound() {
        assert_eq!(wire::contract::problems(&SPEC), Vec::<String>::new());
    }

    #[test]
    fn all_91_operations_are_known_once() {
        let names: BTreeSet<_> = SPEC.operations.iter().map(|operation| operation.name).collect();
        assert_eq!((names.len(), SPEC.operations.len()), (91, 91));
    }

    #[test]
    fn every_operation_that_is_done_asks_for_a_permission() {
        for operation in SPEC.operations.iter().filter(|operation| operation.is_done()) {
            assert!(operation.permission.action.starts_with("lambda:"), "{}", operation.name);
        }
    }
}
