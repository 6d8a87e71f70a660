//! The closed sets of the contract, in the order in which AWS's error messages list them. Source: oracle 1.3.

use wire::choice;

choice! {
    pub enum Architecture { X8664 = "x86_64", Arm64 = "arm64" }
    pub enum PackageType { Zip = "Zip", Image = "Image" }
    pub enum TracingMode { Active = "Active", PassThrough = "PassThrough" }
    pub enum SnapStartApplyOn { PublishedVersions = "PublishedVersions", None = "None" }
    pub enum SnapStartOptimizationStatus { On = "On", Off = "Off" }
    pub enum LogFormat { Json = "JSON", Text = "Text" }
    pub enum ApplicationLogLevel {
        Trace = "TRACE", Debug = "DEBUG", Info = "INFO", Warn = "WARN", Error = "ERROR", Fatal = "FATAL",
    }
    pub enum SystemLogLevel { Debug = "DEBUG", Info = "INFO", Warn = "WARN" }
    pub enum TenantIsolationMode { PerTenant = "PER_TENANT" }
    pub enum S3ObjectStorageMode { Copy = "COPY", Reference = "REFERENCE" }
    pub enum DirectS3Read { Enabled = "ENABLED", Disabled = "DISABLED", Auto = "AUTO" }
    pub enum FunctionVersion { All = "ALL" }
    pub enum FunctionVersionLatestPublished { LatestPublished = "LATEST_PUBLISHED" }
    pub enum InvocationType { Event = "Event", RequestResponse = "RequestResponse", DryRun = "DryRun" }
    pub enum ResponseStreamingInvocationType { RequestResponse = "RequestResponse", DryRun = "DryRun" }
    pub enum LogType { None = "None", Tail = "Tail" }
    pub enum RecursiveLoop { Terminate = "Terminate", Allow = "Allow" }
    pub enum UpdateRuntimeOn { Auto = "Auto", Manual = "Manual", FunctionUpdate = "FunctionUpdate" }

    pub enum State {
        Pending = "Pending", Active = "Active", Inactive = "Inactive", Failed = "Failed",
        Deactivating = "Deactivating", Deactivated = "Deactivated", ActiveNonInvocable = "ActiveNonInvocable",
        Deleting = "Deleting",
    }
    pub enum LastUpdateStatus { Successful = "Successful", Failed = "Failed", InProgress = "InProgress" }
    pub enum StateReasonCode {
        Idle = "Idle",
        Creating = "Creating",
        Restoring = "Restoring",
        EniLimitExceeded = "EniLimitExceeded",
        InsufficientRolePermissions = "InsufficientRolePermissions",
        InvalidConfiguration = "InvalidConfiguration",
        InternalError = "InternalError",
        SubnetOutOfIPAddresses = "SubnetOutOfIPAddresses",
        InvalidSubnet = "InvalidSubnet",
        InvalidSecurityGroup = "InvalidSecurityGroup",
        ImageDeleted = "ImageDeleted",
        ImageAccessDenied = "ImageAccessDenied",
        InvalidImage = "InvalidImage",
        KMSKeyAccessDenied = "KMSKeyAccessDenied",
        KMSKeyNotFound = "KMSKeyNotFound",
        InvalidStateKMSKey = "InvalidStateKMSKey",
        DisabledKMSKey = "DisabledKMSKey",
        EFSIOError = "EFSIOError",
        EFSMountConnectivityError = "EFSMountConnectivityError",
        EFSMountFailure = "EFSMountFailure",
        EFSMountTimeout = "EFSMountTimeout",
        InvalidRuntime = "InvalidRuntime",
        InvalidZipFileException = "InvalidZipFileException",
        FunctionError = "FunctionError",
        ServiceQuotaExceededException = "ServiceQuotaExceededException",
        VcpuLimitExceeded = "VcpuLimitExceeded",
        CapacityProviderScalingLimitExceeded = "CapacityProviderScalingLimitExceeded",
        InsufficientCapacity = "InsufficientCapacity",
        EC2RequestLimitExceeded = "EC2RequestLimitExceeded",
        FunctionErrorInitTimeout = "FunctionError.InitTimeout",
        FunctionErrorRuntimeInitError = "FunctionError.RuntimeInitError",
        FunctionErrorExtensionInitError = "FunctionError.ExtensionInitError",
        FunctionErrorInvalidEntryPoint = "FunctionError.InvalidEntryPoint",
        FunctionErrorInvalidWorkingDirectory = "FunctionError.InvalidWorkingDirectory",
        FunctionErrorPermissionDenied = "FunctionError.PermissionDenied",
        FunctionErrorTooManyExtensions = "FunctionError.TooManyExtensions",
        FunctionErrorInitResourceExhausted = "FunctionError.InitResourceExhausted",
        DisallowedByVpcEncryptionControl = "DisallowedByVpcEncryptionControl",
        DrainingDurableExecutions = "DrainingDurableExecutions",
        IncompatibleAcceleratorInstanceTypes = "IncompatibleAcceleratorInstanceTypes",
        DependencyError = "DependencyError",
    }
    /// `Creating` is not in the model, but it is what AWS answers while an update is in progress (oracle 6).
    pub enum LastUpdateStatusReasonCode {
        Creating = "Creating",
        EniLimitExceeded = "EniLimitExceeded",
        InsufficientRolePermissions = "InsufficientRolePermissions",
        InvalidConfiguration = "InvalidConfiguration",
        InternalError = "InternalError",
        SubnetOutOfIPAddresses = "SubnetOutOfIPAddresses",
        InvalidSubnet = "InvalidSubnet",
        InvalidSecurityGroup = "InvalidSecurityGroup",
        ImageDeleted = "ImageDeleted",
        ImageAccessDenied = "ImageAccessDenied",
        InvalidImage = "InvalidImage",
        KMSKeyAccessDenied = "KMSKeyAccessDenied",
        KMSKeyNotFound = "KMSKeyNotFound",
        InvalidStateKMSKey = "InvalidStateKMSKey",
        DisabledKMSKey = "DisabledKMSKey",
        EFSIOError = "EFSIOError",
        EFSMountConnectivityError = "EFSMountConnectivityError",
        EFSMountFailure = "EFSMountFailure",
        EFSMountTimeout = "EFSMountTimeout",
        InvalidRuntime = "InvalidRuntime",
        InvalidZipFileException = "InvalidZipFileException",
        FunctionError = "FunctionError",
        ServiceQuotaExceededException = "ServiceQuotaExceededException",
        VcpuLimitExceeded = "VcpuLimitExceeded",
        CapacityProviderScalingLimitExceeded = "CapacityProviderScalingLimitExceeded",
        InsufficientCapacity = "InsufficientCapacity",
        EC2RequestLimitExceeded = "EC2RequestLimitExceeded",
        FunctionErrorInitTimeout = "FunctionError.InitTimeout",
        FunctionErrorRuntimeInitError = "FunctionError.RuntimeInitError",
        FunctionErrorExtensionInitError = "FunctionError.ExtensionInitError",
        FunctionErrorInvalidEntryPoint = "FunctionError.InvalidEntryPoint",
        FunctionErrorInvalidWorkingDirectory = "FunctionError.InvalidWorkingDirectory",
        FunctionErrorPermissionDenied = "FunctionError.PermissionDenied",
        FunctionErrorTooManyExtensions = "FunctionError.TooManyExtensions",
        FunctionErrorInitResourceExhausted = "FunctionError.InitResourceExhausted",
        DisallowedByVpcEncryptionControl = "DisallowedByVpcEncryptionControl",
        IncompatibleAcceleratorInstanceTypes = "IncompatibleAcceleratorInstanceTypes",
        DependencyError = "DependencyError",
    }
}
