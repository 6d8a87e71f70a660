//! The operations on layers and on the policies of their versions.

use bytes::Bytes;
use wire::{Nothing, Resource, op, shape};

use super::enums::{Architecture, Runtime, S3ObjectStorageMode};
use super::function::ResolvedS3Object;
use super::patterns::{
    ANYTHING, ARCHITECTURE, ARN, ARN_CHARS, LAYER_ACTION, LAYER_ARN, LAYER_NAME, LAYER_NAME_OR_ARN, LAYER_PRINCIPAL,
    LAYER_VERSION_ARN, ORGANIZATION, S3_BUCKET, STATEMENT_ID,
};
use super::resource::{layer_arn, layer_version_arn};

const LAYER: Resource = Resource::Computed(layer_arn);
const VERSION: Resource = Resource::Computed(layer_version_arn);

shape! {
    pub struct PublishLayerVersionRequest {
        layer_name: String = "LayerName" [label, len(1, 2048), pattern(LAYER_NAME_OR_ARN)],
        description: Option<String> = "Description" [len(0, 256)],
        content: LayerVersionContentInput = "Content",
        /// First, as in AWS's message of what failed.
        compatible_runtimes: Option<Vec<Runtime>> = "CompatibleRuntimes" [len(0, 15)],
        compatible_architectures: Option<Vec<Architecture>> =
            "CompatibleArchitectures" [len(0, 2), each(ARCHITECTURE)],
        license_info: Option<String> = "LicenseInfo" [len(0, 512), pattern(ANYTHING)],
    }

    pub struct LayerVersionContentInput {
        s3_bucket: Option<String> = "S3Bucket" [len(3, 63), pattern(S3_BUCKET)],
        s3_key: Option<String> = "S3Key" [len(1, 1024), pattern(ANYTHING)],
        s3_object_version: Option<String> = "S3ObjectVersion" [len(1, 1024), pattern(ANYTHING)],
        s3_object_storage_mode: Option<S3ObjectStorageMode> = "S3ObjectStorageMode",
        zip_file: Option<Bytes> = "ZipFile" [sensitive],
    }

    /// What Publish and both Gets answer.
    pub struct LayerVersion {
        content: Option<LayerVersionContentOutput> = "Content",
        layer_arn: Option<String> = "LayerArn" [len(1, 2048), pattern(LAYER_ARN)],
        layer_version_arn: Option<String> = "LayerVersionArn" [len(1, 2048), pattern(LAYER_VERSION_ARN)],
        description: Option<String> = "Description" [len(0, 256)],
        created_date: Option<String> = "CreatedDate" [len(0, 100), pattern(ANYTHING)],
        version: Option<i64> = "Version",
        compatible_architectures: Option<Vec<Architecture>> =
            "CompatibleArchitectures" [len(0, 2), each(ARCHITECTURE)],
        compatible_runtimes: Option<Vec<Runtime>> = "CompatibleRuntimes" [len(0, 15)],
        license_info: Option<String> = "LicenseInfo" [len(0, 512), pattern(ANYTHING)],
    }

    #[derive(Default)]
    pub struct LayerVersionContentOutput {
        /// A link that is good for ten minutes.
        location: Option<String> = "Location" [len(0, 10_000)],
        code_sha256: Option<String> = "CodeSha256",
        code_size: Option<i64> = "CodeSize",
        signing_profile_version_arn: Option<String> = "SigningProfileVersionArn" [len(0, ARN_CHARS), pattern(ARN)],
        signing_job_arn: Option<String> = "SigningJobArn" [len(0, ARN_CHARS), pattern(ARN)],
        resolved_s3_object: Option<ResolvedS3Object> = "ResolvedS3Object",
    }

    pub struct GetLayerVersionRequest {
        layer_name: String = "LayerName" [label, len(1, 2048), pattern(LAYER_NAME_OR_ARN)],
        version_number: i64 = "VersionNumber" [label],
    }

    pub struct GetLayerVersionByArnRequest {
        arn: String = "Arn" [query("Arn"), len(1, 2048), pattern(LAYER_VERSION_ARN)],
    }

    pub struct ListLayersRequest {
        compatible_architecture: Option<Architecture> = "CompatibleArchitecture" [query("CompatibleArchitecture")],
        compatible_runtime: Option<Runtime> = "CompatibleRuntime" [query("CompatibleRuntime")],
        marker: Option<String> = "Marker" [query("Marker")],
        max_items: Option<i32> = "MaxItems" [query("MaxItems"), range(1, 50)],
    }

    pub struct ListLayersResponse {
        next_marker: Option<String> = "NextMarker",
        layers: Option<Vec<LayersListItem>> = "Layers",
    }

    pub struct LayersListItem {
        layer_name: Option<String> = "LayerName" [len(1, 140), pattern(LAYER_NAME)],
        layer_arn: Option<String> = "LayerArn" [len(1, 2048), pattern(LAYER_ARN)],
        latest_matching_version: Option<LayerVersionsListItem> = "LatestMatchingVersion",
    }

    pub struct ListLayerVersionsRequest {
        compatible_architecture: Option<Architecture> = "CompatibleArchitecture" [query("CompatibleArchitecture")],
        compatible_runtime: Option<Runtime> = "CompatibleRuntime" [query("CompatibleRuntime")],
        layer_name: String = "LayerName" [label, len(1, 2048), pattern(LAYER_NAME_OR_ARN)],
        marker: Option<String> = "Marker" [query("Marker")],
        max_items: Option<i32> = "MaxItems" [query("MaxItems"), range(1, 50)],
    }

    pub struct ListLayerVersionsResponse {
        next_marker: Option<String> = "NextMarker",
        layer_versions: Option<Vec<LayerVersionsListItem>> = "LayerVersions",
    }

    pub struct LayerVersionsListItem {
        layer_version_arn: Option<String> = "LayerVersionArn" [len(1, 2048), pattern(LAYER_VERSION_ARN)],
        version: Option<i64> = "Version",
        description: Option<String> = "Description" [len(0, 256)],
        created_date: Option<String> = "CreatedDate" [len(0, 100), pattern(ANYTHING)],
        compatible_architectures: Option<Vec<Architecture>> =
            "CompatibleArchitectures" [len(0, 2), each(ARCHITECTURE)],
        compatible_runtimes: Option<Vec<Runtime>> = "CompatibleRuntimes" [len(0, 15)],
        license_info: Option<String> = "LicenseInfo" [len(0, 512), pattern(ANYTHING)],
    }

    pub struct DeleteLayerVersionRequest {
        layer_name: String = "LayerName" [label, len(1, 2048), pattern(LAYER_NAME_OR_ARN)],
        version_number: i64 = "VersionNumber" [label],
    }

    pub struct AddLayerVersionPermissionRequest {
        layer_name: String = "LayerName" [label, len(1, 2048), pattern(LAYER_NAME_OR_ARN)],
        version_number: i64 = "VersionNumber" [label],
        statement_id: String = "StatementId" [len(1, 100), pattern(STATEMENT_ID)],
        action: String = "Action" [len(0, 22), pattern(LAYER_ACTION)],
        principal: String = "Principal" [len(0, 10_000), pattern(LAYER_PRINCIPAL)],
        organization_id: Option<String> = "OrganizationId" [len(0, 34), pattern(ORGANIZATION)],
        revision_id: Option<String> = "RevisionId" [query("RevisionId")],
    }

    pub struct AddLayerVersionPermissionResponse {
        /// JSON.
        statement: Option<String> = "Statement",
        revision_id: Option<String> = "RevisionId",
    }

    pub struct GetLayerVersionPolicyRequest {
        layer_name: String = "LayerName" [label, len(1, 2048), pattern(LAYER_NAME_OR_ARN)],
        version_number: i64 = "VersionNumber" [label],
    }

    pub struct GetLayerVersionPolicyResponse {
        /// JSON.
        policy: Option<String> = "Policy",
        revision_id: Option<String> = "RevisionId",
    }

    pub struct RemoveLayerVersionPermissionRequest {
        layer_name: String = "LayerName" [label, len(1, 2048), pattern(LAYER_NAME_OR_ARN)],
        version_number: i64 = "VersionNumber" [label],
        statement_id: String = "StatementId" [label, len(1, 100), pattern(STATEMENT_ID)],
        revision_id: Option<String> = "RevisionId" [query("RevisionId")],
    }
}

op! {
    pub PublishLayerVersion(PublishLayerVersionRequest) -> LayerVersion {
        http: POST 201 "/2018-10-31/layers/{LayerName}/versions",
        permit: "lambda:PublishLayerVersion" on LAYER,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException", "CodeStorageExceededException",
        ],
    }

    pub GetLayerVersion(GetLayerVersionRequest) -> LayerVersion {
        http: GET 200 "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
        permit: "lambda:GetLayerVersion" on VERSION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    /// The same action as GetLayerVersion: AWS has none for this one.
    pub GetLayerVersionByArn(GetLayerVersionByArnRequest) -> LayerVersion {
        http: GET 200 "/2018-10-31/layers?find=LayerVersion",
        permit: "lambda:GetLayerVersion" on VERSION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub DeleteLayerVersion(DeleteLayerVersionRequest) -> Nothing {
        http: DELETE 204 "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
        permit: "lambda:DeleteLayerVersion" on VERSION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub ListLayers(ListLayersRequest) -> ListLayersResponse {
        http: GET 200 "/2018-10-31/layers",
        permit: "lambda:ListLayers" on Resource::Any,
        errors: ["InvalidParameterValueException", "ServiceException", "TooManyRequestsException"],
    }

    pub ListLayerVersions(ListLayerVersionsRequest) -> ListLayerVersionsResponse {
        http: GET 200 "/2018-10-31/layers/{LayerName}/versions",
        permit: "lambda:ListLayerVersions" on Resource::Any,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub AddLayerVersionPermission(AddLayerVersionPermissionRequest) -> AddLayerVersionPermissionResponse {
        http: POST 201 "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
        permit: "lambda:AddLayerVersionPermission" on VERSION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "PolicyLengthExceededException", "ResourceNotFoundException", "PreconditionFailedException",
        ],
    }

    pub GetLayerVersionPolicy(GetLayerVersionPolicyRequest) -> GetLayerVersionPolicyResponse {
        http: GET 200 "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
        permit: "lambda:GetLayerVersionPolicy" on VERSION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub RemoveLayerVersionPermission(RemoveLayerVersionPermissionRequest) -> Nothing {
        http: DELETE 204 "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}",
        permit: "lambda:RemoveLayerVersionPermission" on VERSION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException", "PreconditionFailedException",
        ],
    }
}
