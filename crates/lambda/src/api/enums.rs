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
    /// What a layer may name: every runtime that ever was.
    pub enum Runtime {
        Nodejs = "nodejs", Nodejs4_3 = "nodejs4.3", Nodejs6_10 = "nodejs6.10", Nodejs8_10 = "nodejs8.10",
        Nodejs10 = "nodejs10.x", Nodejs12 = "nodejs12.x", Nodejs14 = "nodejs14.x", Nodejs16 = "nodejs16.x",
        Nodejs18 = "nodejs18.x", Nodejs20 = "nodejs20.x", Nodejs22 = "nodejs22.x", Nodejs24 = "nodejs24.x",
        Java8 = "java8", Java8Al2 = "java8.al2", Java11 = "java11", Java17 = "java17", Java21 = "java21",
        Java25 = "java25", Python2_7 = "python2.7", Python3_6 = "python3.6", Python3_7 = "python3.7",
        Python3_8 = "python3.8", Python3_9 = "python3.9", Python3_10 = "python3.10", Python3_11 = "python3.11",
        Python3_12 = "python3.12", Python3_13 = "python3.13", Python3_14 = "python3.14",
        DotnetCore1_0 = "dotnetcore1.0", DotnetCore2_0 = "dotnetcore2.0", DotnetCore2_1 = "dotnetcore2.1",
        DotnetCore3_1 = "dotnetcore3.1", Dotnet6 = "dotnet6", Dotnet8 = "dotnet8", Dotnet10 = "dotnet10",
        Nodejs4_3Edge = "nodejs4.3-edge", Go1 = "go1.x", Ruby2_5 = "ruby2.5", Ruby2_7 = "ruby2.7",
        Ruby3_2 = "ruby3.2", Ruby3_3 = "ruby3.3", Ruby3_4 = "ruby3.4", Ruby4_0 = "ruby4.0", Provided = "provided",
        ProvidedAl2 = "provided.al2", ProvidedAl2023 = "provided.al2023", Nodejs26 = "nodejs26.x",
        Python3_15 = "python3.15", Java8Al2023 = "java8.al2023", Java11Al2023 = "java11.al2023",
        Java17Al2023 = "java17.al2023", Custom = "custom",
    }
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
