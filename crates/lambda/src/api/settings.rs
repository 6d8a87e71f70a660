//! What a function can be set to: the structures that requests and answers share.

use bytes::Bytes;
use indexmap::IndexMap;
use wire::shape;

use super::enums::{
    ApplicationLogLevel, DirectS3Read, LogFormat, S3ObjectStorageMode, SnapStartApplyOn, SystemLogLevel,
    TenantIsolationMode, TracingMode,
};
use super::patterns::{
    ANYTHING, ARN_CHARS, CAPACITY_PROVIDER_ARN, FILE_SYSTEM_ARN, LOCAL_MOUNT_PATH, LOG_GROUP, RESOURCE_ARN,
    RUNTIME_ARN, S3_BUCKET, SECURITY_GROUP_ID, SUBNET_ID, VARIABLE_NAME,
};

shape! {
    /// Where the code of a function comes from.
    pub struct FunctionCode {
        zip_file: Option<Bytes> = "ZipFile" [sensitive],
        s3_bucket: Option<String> = "S3Bucket" [len(3, 63), pattern(S3_BUCKET)],
        s3_key: Option<String> = "S3Key" [len(1, 1024), pattern(ANYTHING)],
        s3_object_version: Option<String> = "S3ObjectVersion" [len(1, 1024), pattern(ANYTHING)],
        s3_object_storage_mode: Option<S3ObjectStorageMode> = "S3ObjectStorageMode",
        image_uri: Option<String> = "ImageUri",
        source_kms_key_arn: Option<String> = "SourceKMSKeyArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
    }

    pub struct VpcConfig {
        subnet_ids: Option<Vec<String>> = "SubnetIds" [len(0, 16), each(SUBNET_ID)],
        security_group_ids: Option<Vec<String>> = "SecurityGroupIds" [len(0, 5), each(SECURITY_GROUP_ID)],
        ipv6_allowed_for_dual_stack: Option<bool> = "Ipv6AllowedForDualStack",
    }

    pub struct DeadLetterConfig {
        target_arn: Option<String> = "TargetArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
    }

    pub struct Environment {
        variables: Option<IndexMap<String, String>> = "Variables" [sensitive, keys(VARIABLE_NAME)],
    }

    pub struct TracingConfig {
        mode: Option<TracingMode> = "Mode",
    }

    pub struct FileSystemConfig {
        arn: String = "Arn" [len(0, 256), pattern(FILE_SYSTEM_ARN)],
        local_mount_path: String = "LocalMountPath" [len(0, 160), pattern(LOCAL_MOUNT_PATH)],
        s3_files_config: Option<S3FilesConfig> = "S3FilesConfig",
    }

    pub struct S3FilesConfig {
        direct_s3_read: Option<DirectS3Read> = "DirectS3Read",
    }

    pub struct ImageConfig {
        entry_point: Option<Vec<String>> = "EntryPoint" [len(0, 1500)],
        command: Option<Vec<String>> = "Command" [len(0, 1500)],
        working_directory: Option<String> = "WorkingDirectory" [len(0, 1000)],
    }

    pub struct EphemeralStorage {
        /// MB.
        size: i32 = "Size" [range(512, 32_768)],
    }

    pub struct SnapStart {
        apply_on: Option<SnapStartApplyOn> = "ApplyOn",
    }

    pub struct LoggingConfig {
        log_format: Option<LogFormat> = "LogFormat",
        application_log_level: Option<ApplicationLogLevel> = "ApplicationLogLevel",
        system_log_level: Option<SystemLogLevel> = "SystemLogLevel",
        log_group: Option<String> = "LogGroup" [len(1, 512), pattern(LOG_GROUP)],
    }

    pub struct TenancyConfig {
        tenant_isolation_mode: TenantIsolationMode = "TenantIsolationMode",
    }

    pub struct CapacityProviderConfig {
        lambda_managed_instances_capacity_provider_config: LambdaManagedInstancesCapacityProviderConfig =
            "LambdaManagedInstancesCapacityProviderConfig",
    }

    pub struct LambdaManagedInstancesCapacityProviderConfig {
        capacity_provider_arn: String = "CapacityProviderArn" [len(1, 140), pattern(CAPACITY_PROVIDER_ARN)],
        per_execution_environment_max_concurrency: Option<i32> =
            "PerExecutionEnvironmentMaxConcurrency" [range(1, 1600)],
        execution_environment_memory_gib_per_vcpu: Option<f64> =
            "ExecutionEnvironmentMemoryGiBPerVCpu" [float_range(2.0, 8.0)],
    }

    pub struct DurableConfig {
        kms_key_arn: Option<String> = "KMSKeyArn" [len(0, ARN_CHARS), pattern(RESOURCE_ARN)],
        retention_period_in_days: Option<i32> = "RetentionPeriodInDays" [range(1, 90)],
        /// Seconds.
        execution_timeout: Option<i32> = "ExecutionTimeout" [range(1, 31_622_400)],
    }

    pub struct FunctionRuntimeConfig {
        runtime_arn: String = "RuntimeArn" [len(48, 2048), pattern(RUNTIME_ARN)],
        runtime_alias: String = "RuntimeAlias" [len(1, 128)],
    }

    pub struct AcceleratorConfig {
        accelerator_memory_size: i32 = "AcceleratorMemorySize",
    }
}
