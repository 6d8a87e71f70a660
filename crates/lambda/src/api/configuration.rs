//! What AWS answers about a function: its configuration.

use indexmap::IndexMap;
use wire::shape;

use super::enums::{
    Architecture, LastUpdateStatus, LastUpdateStatusReasonCode, PackageType, SnapStartApplyOn,
    SnapStartOptimizationStatus, State, StateReasonCode, TracingMode,
};
use super::patterns::{
    ANYTHING, ARCHITECTURE, ARN, ARN_CHARS, FUNCTION_ARN, HANDLER, LAYER_VERSION_ARN, NAMESPACED_FUNCTION_ARN,
    NAMESPACED_FUNCTION_NAME, RESOURCE_ARN, ROLE_ARN, RUNTIME_VERSION_ARN, SECURITY_GROUP_ID, SUBNET_ID, VARIABLE_NAME,
    VERSION,
};
use super::settings::{
    AcceleratorConfig, CapacityProviderConfig, DeadLetterConfig, DurableConfig, EphemeralStorage, FileSystemConfig,
    FunctionRuntimeConfig, ImageConfig, LoggingConfig, TenancyConfig,
};

shape! {
    #[derive(Default)]
    pub struct FunctionConfiguration {
        function_name: Option<String> = "FunctionName" [len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        function_arn: Option<String> = "FunctionArn" [len(0, ARN_CHARS), pattern(NAMESPACED_FUNCTION_ARN)],
        runtime: Option<String> = "Runtime",
        role: Option<String> = "Role" [len(0, ARN_CHARS), pattern(ROLE_ARN)],
        handler: Option<String> = "Handler" [len(0, 128), pattern(HANDLER)],
        code_size: Option<i64> = "CodeSize",
        description: Option<String> = "Description" [len(0, 256)],
        timeout: Option<i32> = "Timeout" [range(1, 5400)],
        memory_size: Option<i32> = "MemorySize" [range(128, 32_768)],
        last_modified: Option<String> = "LastModified" [len(0, 100), pattern(ANYTHING)],
        code_sha256: Option<String> = "CodeSha256",
        version: Option<String> = "Version" [len(1, 1024), pattern(VERSION)],
        vpc_config: Option<VpcConfigResponse> = "VpcConfig",
        dead_letter_config: Option<DeadLetterConfig> = "DeadLetterConfig",
        environment: Option<EnvironmentResponse> = "Environment",
        kms_key_arn: Option<String> = "KMSKeyArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
        tracing_config: Option<TracingConfigResponse> = "TracingConfig",
        master_arn: Option<String> = "MasterArn" [len(0, ARN_CHARS), pattern(FUNCTION_ARN)],
        revision_id: Option<String> = "RevisionId",
        layers: Option<Vec<Layer>> = "Layers",
        state: Option<State> = "State",
        state_reason: Option<String> = "StateReason",
        state_reason_code: Option<StateReasonCode> = "StateReasonCode",
        last_update_status: Option<LastUpdateStatus> = "LastUpdateStatus",
        last_update_status_reason: Option<String> = "LastUpdateStatusReason",
        last_update_status_reason_code: Option<LastUpdateStatusReasonCode> = "LastUpdateStatusReasonCode",
        file_system_configs: Option<Vec<FileSystemConfig>> = "FileSystemConfigs" [len(0, 1)],
        signing_profile_version_arn: Option<String> = "SigningProfileVersionArn" [len(0, ARN_CHARS), pattern(ARN)],
        signing_job_arn: Option<String> = "SigningJobArn" [len(0, ARN_CHARS), pattern(ARN)],
        package_type: Option<PackageType> = "PackageType",
        image_config_response: Option<ImageConfigResponse> = "ImageConfigResponse",
        architectures: Option<Vec<Architecture>> = "Architectures" [len(1, 1), each(ARCHITECTURE)],
        ephemeral_storage: Option<EphemeralStorage> = "EphemeralStorage",
        snap_start: Option<SnapStartResponse> = "SnapStart",
        runtime_version_config: Option<RuntimeVersionConfig> = "RuntimeVersionConfig",
        logging_config: Option<LoggingConfig> = "LoggingConfig",
        tenancy_config: Option<TenancyConfig> = "TenancyConfig",
        capacity_provider_config: Option<CapacityProviderConfig> = "CapacityProviderConfig",
        config_sha256: Option<String> = "ConfigSha256",
        durable_config: Option<DurableConfig> = "DurableConfig",
        runtime_config: Option<FunctionRuntimeConfig> = "RuntimeConfig",
        accelerator_config: Option<AcceleratorConfig> = "AcceleratorConfig",
    }

    pub struct VpcConfigResponse {
        subnet_ids: Option<Vec<String>> = "SubnetIds" [len(0, 16), each(SUBNET_ID)],
        security_group_ids: Option<Vec<String>> = "SecurityGroupIds" [len(0, 5), each(SECURITY_GROUP_ID)],
        vpc_id: Option<String> = "VpcId",
        ipv6_allowed_for_dual_stack: Option<bool> = "Ipv6AllowedForDualStack",
    }

    pub struct EnvironmentResponse {
        variables: Option<IndexMap<String, String>> = "Variables" [sensitive, keys(VARIABLE_NAME)],
        error: Option<EnvironmentError> = "Error",
    }

    pub struct EnvironmentError {
        error_code: Option<String> = "ErrorCode",
        message: Option<String> = "Message" [sensitive],
    }

    pub struct TracingConfigResponse {
        mode: Option<TracingMode> = "Mode",
    }

    pub struct Layer {
        arn: Option<String> = "Arn" [len(1, 2048), pattern(LAYER_VERSION_ARN)],
        code_size: Option<i64> = "CodeSize",
        signing_profile_version_arn: Option<String> = "SigningProfileVersionArn" [len(0, ARN_CHARS), pattern(ARN)],
        signing_job_arn: Option<String> = "SigningJobArn" [len(0, ARN_CHARS), pattern(ARN)],
    }

    pub struct ImageConfigResponse {
        image_config: Option<ImageConfig> = "ImageConfig",
        error: Option<ImageConfigError> = "Error",
    }

    pub struct ImageConfigError {
        error_code: Option<String> = "ErrorCode",
        message: Option<String> = "Message" [sensitive],
    }

    pub struct SnapStartResponse {
        apply_on: Option<SnapStartApplyOn> = "ApplyOn",
        optimization_status: Option<SnapStartOptimizationStatus> = "OptimizationStatus",
    }

    pub struct RuntimeVersionConfig {
        runtime_version_arn: Option<String> = "RuntimeVersionArn" [len(26, 2048), pattern(RUNTIME_VERSION_ARN)],
        error: Option<RuntimeVersionError> = "Error",
    }

    pub struct RuntimeVersionError {
        error_code: Option<String> = "ErrorCode",
        message: Option<String> = "Message" [sensitive],
    }
}
