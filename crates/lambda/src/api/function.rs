//! The operations on functions: create, read, list, update, delete, and what hangs on a function one to one.

use bytes::Bytes;
use indexmap::IndexMap;
use wire::{Resource, op, shape};

use super::configuration::FunctionConfiguration;
use super::enums::{
    Architecture, FunctionVersion, FunctionVersionLatestPublished, PackageType, RecursiveLoop, S3ObjectStorageMode,
    UpdateRuntimeOn,
};
use super::patterns::{
    ANYTHING, ARCHITECTURE, ARN_CHARS, CODE_SIGNING_CONFIG_ARN, FUNCTION_NAME, HANDLER, LAYER_VERSION, MASTER_REGION,
    NAMESPACED_FUNCTION_ARN, NAMESPACED_FUNCTION_NAME, QUALIFIER, RESOURCE_ARN, ROLE_ARN, RUNTIME_VERSION_ARN,
    S3_BUCKET, TAG_KEY, TAG_VALUE, UNQUALIFIED_FUNCTION_NAME,
};
use super::resource::{function_arn, qualified_function_arn};
use super::settings::{
    AcceleratorConfig, CapacityProviderConfig, DeadLetterConfig, DurableConfig, Environment, EphemeralStorage,
    FileSystemConfig, FunctionCode, FunctionRuntimeConfig, ImageConfig, LoggingConfig, SnapStart, TenancyConfig,
    TracingConfig, VpcConfig,
};

const FUNCTION: Resource = Resource::Computed(function_arn);
const QUALIFIED: Resource = Resource::Computed(qualified_function_arn);

shape! {
    pub struct CreateFunctionRequest {
        function_name: String = "FunctionName" [len(1, 140), pattern(FUNCTION_NAME)],
        /// Not an enum here: AWS checks it with words of its own, which also know ARNs.
        runtime: Option<String> = "Runtime",
        role: String = "Role" [len(0, ARN_CHARS), pattern(ROLE_ARN)],
        handler: Option<String> = "Handler" [len(0, 128), pattern(HANDLER)],
        code: FunctionCode = "Code",
        description: Option<String> = "Description" [len(0, 256)],
        /// Seconds.
        timeout: Option<i32> = "Timeout" [range(1, 5400)],
        /// MB.
        memory_size: Option<i32> = "MemorySize" [range(128, 32_768)],
        publish: Option<bool> = "Publish",
        publish_to: Option<FunctionVersionLatestPublished> = "PublishTo",
        vpc_config: Option<VpcConfig> = "VpcConfig",
        package_type: Option<PackageType> = "PackageType",
        dead_letter_config: Option<DeadLetterConfig> = "DeadLetterConfig",
        environment: Option<Environment> = "Environment",
        kms_key_arn: Option<String> = "KMSKeyArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
        tracing_config: Option<TracingConfig> = "TracingConfig",
        tags: Option<IndexMap<String, String>> = "Tags" [keys(TAG_KEY), each(TAG_VALUE)],
        layers: Option<Vec<String>> = "Layers" [each(LAYER_VERSION)],
        file_system_configs: Option<Vec<FileSystemConfig>> = "FileSystemConfigs" [len(0, 1)],
        code_signing_config_arn: Option<String> =
            "CodeSigningConfigArn" [len(0, 200), pattern(CODE_SIGNING_CONFIG_ARN)],
        image_config: Option<ImageConfig> = "ImageConfig",
        architectures: Option<Vec<Architecture>> = "Architectures" [len(1, 1), each(ARCHITECTURE)],
        ephemeral_storage: Option<EphemeralStorage> = "EphemeralStorage",
        snap_start: Option<SnapStart> = "SnapStart",
        logging_config: Option<LoggingConfig> = "LoggingConfig",
        tenancy_config: Option<TenancyConfig> = "TenancyConfig",
        capacity_provider_config: Option<CapacityProviderConfig> = "CapacityProviderConfig",
        durable_config: Option<DurableConfig> = "DurableConfig",
        runtime_config: Option<FunctionRuntimeConfig> = "RuntimeConfig",
        accelerator_config: Option<AcceleratorConfig> = "AcceleratorConfig",
    }

    pub struct GetFunctionRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        qualifier: Option<String> = "Qualifier" [query("Qualifier"), len(1, 128), pattern(QUALIFIER)],
    }

    pub struct GetFunctionResponse {
        configuration: Option<FunctionConfiguration> = "Configuration",
        code: Option<FunctionCodeLocation> = "Code",
        tags: Option<IndexMap<String, String>> = "Tags" [keys(TAG_KEY), each(TAG_VALUE)],
        tags_error: Option<TagsError> = "TagsError",
        concurrency: Option<Concurrency> = "Concurrency",
    }

    #[derive(Default)]
    pub struct FunctionCodeLocation {
        repository_type: Option<String> = "RepositoryType",
        /// A link that is good for ten minutes.
        location: Option<String> = "Location" [len(0, 10_000)],
        image_uri: Option<String> = "ImageUri",
        resolved_image_uri: Option<String> = "ResolvedImageUri",
        resolved_s3_object: Option<ResolvedS3Object> = "ResolvedS3Object",
        source_kms_key_arn: Option<String> = "SourceKMSKeyArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
        error: Option<FunctionCodeLocationError> = "Error",
    }

    pub struct ResolvedS3Object {
        s3_bucket: Option<String> = "S3Bucket" [len(3, 63), pattern(S3_BUCKET)],
        s3_key: Option<String> = "S3Key" [len(1, 1024), pattern(ANYTHING)],
        s3_object_version: Option<String> = "S3ObjectVersion" [len(1, 1024), pattern(ANYTHING)],
    }

    pub struct FunctionCodeLocationError {
        error_code: Option<String> = "ErrorCode",
        message: Option<String> = "Message" [sensitive],
    }

    pub struct TagsError {
        error_code: String = "ErrorCode" [len(10, 21), pattern("[A-Za-z]+Exception")],
        message: String = "Message" [len(84, 1000), pattern(ANYTHING)],
    }

    pub struct Concurrency {
        reserved_concurrent_executions: Option<i32> =
            "ReservedConcurrentExecutions" [range(0, 2_147_483_647)],
    }

    pub struct GetFunctionConfigurationRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        qualifier: Option<String> = "Qualifier" [query("Qualifier"), len(1, 128), pattern(QUALIFIER)],
    }

    pub struct ListFunctionsRequest {
        master_region: Option<String> = "MasterRegion" [query("MasterRegion"), len(1, 50), pattern(MASTER_REGION)],
        function_version: Option<FunctionVersion> = "FunctionVersion" [query("FunctionVersion")],
        marker: Option<String> = "Marker" [query("Marker")],
        max_items: Option<i32> = "MaxItems" [query("MaxItems"), range(1, 10_000)],
    }

    pub struct ListFunctionsResponse {
        next_marker: Option<String> = "NextMarker",
        functions: Option<Vec<FunctionConfiguration>> = "Functions",
    }

    pub struct ListVersionsByFunctionRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        marker: Option<String> = "Marker" [query("Marker")],
        max_items: Option<i32> = "MaxItems" [query("MaxItems"), range(1, 10_000)],
    }

    pub struct ListVersionsByFunctionResponse {
        next_marker: Option<String> = "NextMarker",
        versions: Option<Vec<FunctionConfiguration>> = "Versions",
    }

    pub struct UpdateFunctionCodeRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        zip_file: Option<Bytes> = "ZipFile" [sensitive],
        s3_bucket: Option<String> = "S3Bucket" [len(3, 63), pattern(S3_BUCKET)],
        s3_key: Option<String> = "S3Key" [len(1, 1024), pattern(ANYTHING)],
        s3_object_version: Option<String> = "S3ObjectVersion" [len(1, 1024), pattern(ANYTHING)],
        s3_object_storage_mode: Option<S3ObjectStorageMode> = "S3ObjectStorageMode",
        image_uri: Option<String> = "ImageUri",
        architectures: Option<Vec<Architecture>> = "Architectures" [len(1, 1), each(ARCHITECTURE)],
        publish: Option<bool> = "Publish",
        publish_to: Option<FunctionVersionLatestPublished> = "PublishTo",
        dry_run: Option<bool> = "DryRun",
        revision_id: Option<String> = "RevisionId",
        source_kms_key_arn: Option<String> = "SourceKMSKeyArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
    }

    pub struct UpdateFunctionConfigurationRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        role: Option<String> = "Role" [len(0, ARN_CHARS), pattern(ROLE_ARN)],
        handler: Option<String> = "Handler" [len(0, 128), pattern(HANDLER)],
        description: Option<String> = "Description" [len(0, 256)],
        /// Seconds.
        timeout: Option<i32> = "Timeout" [range(1, 5400)],
        /// MB.
        memory_size: Option<i32> = "MemorySize" [range(128, 32_768)],
        vpc_config: Option<VpcConfig> = "VpcConfig",
        environment: Option<Environment> = "Environment",
        runtime: Option<String> = "Runtime",
        dead_letter_config: Option<DeadLetterConfig> = "DeadLetterConfig",
        kms_key_arn: Option<String> = "KMSKeyArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
        tracing_config: Option<TracingConfig> = "TracingConfig",
        revision_id: Option<String> = "RevisionId",
        layers: Option<Vec<String>> = "Layers" [each(LAYER_VERSION)],
        file_system_configs: Option<Vec<FileSystemConfig>> = "FileSystemConfigs" [len(0, 1)],
        image_config: Option<ImageConfig> = "ImageConfig",
        ephemeral_storage: Option<EphemeralStorage> = "EphemeralStorage",
        snap_start: Option<SnapStart> = "SnapStart",
        logging_config: Option<LoggingConfig> = "LoggingConfig",
        capacity_provider_config: Option<CapacityProviderConfig> = "CapacityProviderConfig",
        durable_config: Option<DurableConfig> = "DurableConfig",
        runtime_config: Option<FunctionRuntimeConfig> = "RuntimeConfig",
        accelerator_config: Option<AcceleratorConfig> = "AcceleratorConfig",
    }

    pub struct DeleteFunctionRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        qualifier: Option<String> = "Qualifier" [query("Qualifier"), len(1, 128), pattern(QUALIFIER)],
    }

    pub struct DeleteFunctionResponse {
        /// AWS answers 204, whatever its model says.
        status_code: Option<i32> = "StatusCode" [status],
    }

    pub struct GetFunctionCodeSigningConfigRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
    }

    pub struct GetFunctionCodeSigningConfigResponse {
        /// Absent when the function has none, though AWS's model calls it required.
        code_signing_config_arn: Option<String> =
            "CodeSigningConfigArn" [len(0, 200), pattern(CODE_SIGNING_CONFIG_ARN)],
        function_name: String = "FunctionName" [len(1, 140), pattern(FUNCTION_NAME)],
    }

    pub struct GetFunctionRecursionConfigRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(UNQUALIFIED_FUNCTION_NAME)],
    }

    pub struct GetFunctionRecursionConfigResponse {
        recursive_loop: Option<RecursiveLoop> = "RecursiveLoop",
    }

    pub struct GetRuntimeManagementConfigRequest {
        function_name: String = "FunctionName" [label, len(1, 256), pattern(NAMESPACED_FUNCTION_NAME)],
        qualifier: Option<String> = "Qualifier" [query("Qualifier"), len(1, 128), pattern(QUALIFIER)],
    }

    pub struct GetRuntimeManagementConfigResponse {
        update_runtime_on: Option<UpdateRuntimeOn> = "UpdateRuntimeOn",
        function_arn: Option<String> = "FunctionArn" [len(0, ARN_CHARS), pattern(NAMESPACED_FUNCTION_ARN)],
        runtime_version_arn: Option<String> = "RuntimeVersionArn" [len(26, 2048), pattern(RUNTIME_VERSION_ARN)],
    }
}

op! {
    pub CreateFunction(CreateFunctionRequest) -> FunctionConfiguration {
        http: POST 201 "/2015-03-31/functions",
        permit: "lambda:CreateFunction" on FUNCTION,
        keys: ["lambda:CodeSigningConfigArn", "lambda:Layer", "lambda:VpcIds", "lambda:SubnetIds", "lambda:SecurityGroupIds"],
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "InvalidCodeSignatureException", "ResourceNotFoundException", "CodeVerificationFailedException",
            "CodeSigningConfigNotFoundException", "CodeStorageExceededException",
            "FunctionVersionsPerCapacityProviderLimitExceededException",
        ],
    }

    pub GetFunction(GetFunctionRequest) -> GetFunctionResponse {
        http: GET 200 "/2015-03-31/functions/{FunctionName}",
        permit: "lambda:GetFunction" on QUALIFIED,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub GetFunctionConfiguration(GetFunctionConfigurationRequest) -> FunctionConfiguration {
        http: GET 200 "/2015-03-31/functions/{FunctionName}/configuration",
        permit: "lambda:GetFunctionConfiguration" on QUALIFIED,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub ListFunctions(ListFunctionsRequest) -> ListFunctionsResponse {
        http: GET 200 "/2015-03-31/functions",
        permit: "lambda:ListFunctions" on Resource::Any,
        errors: ["InvalidParameterValueException", "ServiceException", "TooManyRequestsException"],
    }

    pub ListVersionsByFunction(ListVersionsByFunctionRequest) -> ListVersionsByFunctionResponse {
        http: GET 200 "/2015-03-31/functions/{FunctionName}/versions",
        permit: "lambda:ListVersionsByFunction" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub UpdateFunctionCode(UpdateFunctionCodeRequest) -> FunctionConfiguration {
        http: PUT 200 "/2015-03-31/functions/{FunctionName}/code",
        permit: "lambda:UpdateFunctionCode" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException",
            "TooManyRequestsException", "InvalidCodeSignatureException", "ResourceNotFoundException",
            "CodeVerificationFailedException", "CodeSigningConfigNotFoundException", "CodeStorageExceededException",
            "PreconditionFailedException",
        ],
    }

    pub UpdateFunctionConfiguration(UpdateFunctionConfigurationRequest) -> FunctionConfiguration {
        http: PUT 200 "/2015-03-31/functions/{FunctionName}/configuration",
        permit: "lambda:UpdateFunctionConfiguration" on FUNCTION,
        keys: ["lambda:Layer", "lambda:VpcIds", "lambda:SubnetIds", "lambda:SecurityGroupIds"],
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException",
            "TooManyRequestsException", "InvalidCodeSignatureException", "ResourceNotFoundException",
            "CodeVerificationFailedException", "CodeSigningConfigNotFoundException", "PreconditionFailedException",
        ],
    }

    pub DeleteFunction(DeleteFunctionRequest) -> DeleteFunctionResponse {
        http: DELETE 200 "/2015-03-31/functions/{FunctionName}",
        permit: "lambda:DeleteFunction" on QUALIFIED,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException",
        ],
    }

    pub GetFunctionCodeSigningConfig(GetFunctionCodeSigningConfigRequest) -> GetFunctionCodeSigningConfigResponse {
        http: GET 200 "/2020-06-30/functions/{FunctionName}/code-signing-config",
        permit: "lambda:GetFunctionCodeSigningConfig" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
            "CodeSigningConfigNotFoundException",
        ],
    }

    pub GetFunctionRecursionConfig(GetFunctionRecursionConfigRequest) -> GetFunctionRecursionConfigResponse {
        http: GET 200 "/2024-08-31/functions/{FunctionName}/recursion-config",
        permit: "lambda:GetFunctionRecursionConfig" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub GetRuntimeManagementConfig(GetRuntimeManagementConfigRequest) -> GetRuntimeManagementConfigResponse {
        http: GET 200 "/2021-07-20/functions/{FunctionName}/runtime-management-config",
        permit: "lambda:GetRuntimeManagementConfig" on QUALIFIED,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }
}
