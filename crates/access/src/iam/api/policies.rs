//! Managed policies and their versions: what the contract says of them.

use base::Timestamp;
use wire::{Checks, Nothing, Resource, choice, op, shape};

use super::{ANY_POLICY, DOCUMENT, ID, MARKER, NAME, POLICY, POLICY_PATH, TAG_KEY, Tag, VERSION_ID, new_policy};

choice! {
    pub enum PolicyScopeType { All = "All", AWS = "AWS", Local = "Local" }
}

choice! {
    pub enum PolicyUsageType { PermissionsPolicy = "PermissionsPolicy", PermissionsBoundary = "PermissionsBoundary" }
}

shape! {
    pub struct CreatePolicyRequest {
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
        path: Option<String> = "Path" [len(1, 512), pattern(POLICY_PATH)],
        policy_document: String = "PolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
        description: Option<String> = "Description" [len(0, 1000)],
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
    }
    pub struct CreatePolicyResponse {
        policy: Option<Policy> = "Policy",
    }
    pub struct Policy {
        policy_name: Option<String> = "PolicyName" [len(1, 128), pattern(NAME)],
        policy_id: Option<String> = "PolicyId" [len(16, 128), pattern(ID)],
        arn: Option<String> = "Arn" [len(20, 2048)],
        path: Option<String> = "Path" [len(1, 512), pattern(POLICY_PATH)],
        default_version_id: Option<String> = "DefaultVersionId" [pattern(VERSION_ID)],
        attachment_count: Option<i32> = "AttachmentCount",
        permissions_boundary_usage_count: Option<i32> = "PermissionsBoundaryUsageCount",
        is_attachable: Option<bool> = "IsAttachable",
        description: Option<String> = "Description" [len(0, 1000)],
        create_date: Option<Timestamp> = "CreateDate",
        update_date: Option<Timestamp> = "UpdateDate",
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
    }
    pub struct GetPolicyRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
    }
    pub struct GetPolicyResponse {
        policy: Option<Policy> = "Policy",
    }
    pub struct ListPoliciesRequest {
        scope: Option<PolicyScopeType> = "Scope",
        only_attached: Option<bool> = "OnlyAttached",
        path_prefix: Option<String> = "PathPrefix" [len(1, 512), pattern(POLICY_PATH)],
        policy_usage_filter: Option<PolicyUsageType> = "PolicyUsageFilter",
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListPoliciesResponse {
        policies: Option<Vec<Policy>> = "Policies",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct DeletePolicyRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
    }
    pub struct CreatePolicyVersionRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        policy_document: String = "PolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
        set_as_default: Option<bool> = "SetAsDefault",
    }
    pub struct CreatePolicyVersionResponse {
        policy_version: Option<PolicyVersion> = "PolicyVersion",
    }
    pub struct PolicyVersion {
        document: Option<String> = "Document" [len(1, 131_072), pattern(DOCUMENT)],
        version_id: Option<String> = "VersionId" [pattern(VERSION_ID)],
        is_default_version: Option<bool> = "IsDefaultVersion",
        create_date: Option<Timestamp> = "CreateDate",
    }
    pub struct GetPolicyVersionRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        version_id: String = "VersionId" [pattern(VERSION_ID)],
    }
    pub struct GetPolicyVersionResponse {
        policy_version: Option<PolicyVersion> = "PolicyVersion",
    }
    pub struct ListPolicyVersionsRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListPolicyVersionsResponse {
        versions: Option<Vec<PolicyVersion>> = "Versions",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct SetDefaultPolicyVersionRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        version_id: String = "VersionId" [pattern(VERSION_ID)],
    }
    pub struct DeletePolicyVersionRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        version_id: String = "VersionId" [pattern(VERSION_ID)],
    }
    pub struct TagPolicyRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        tags: Vec<Tag> = "Tags" [len(0, 50)],
    }
    pub struct UntagPolicyRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        tag_keys: Vec<String> = "TagKeys" [len(0, 50), each(Checks::NONE.len(1, 128).pattern(TAG_KEY))],
    }
    pub struct ListPolicyTagsRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListPolicyTagsResponse {
        tags: Vec<Tag> = "Tags" [len(0, 50)],
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
}

op! {
    /// Makes a managed policy with its first version.
    pub CreatePolicy(CreatePolicyRequest) -> CreatePolicyResponse {
        http: POST 200 "/",
        permit: "iam:CreatePolicy" on Resource::Computed(new_policy),
        errors: ["InvalidInputException", "LimitExceededException", "EntityAlreadyExistsException", "MalformedPolicyDocumentException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// One managed policy, without its document.
    pub GetPolicy(GetPolicyRequest) -> GetPolicyResponse {
        http: POST 200 "/",
        permit: "iam:GetPolicy" on POLICY,
        errors: ["NoSuchEntityException", "InvalidInputException", "ServiceFailureException"],
    }
    /// Managed policies, the account's own and AWS's.
    pub ListPolicies(ListPoliciesRequest) -> ListPoliciesResponse {
        http: POST 200 "/",
        permit: "iam:ListPolicies" on ANY_POLICY,
        errors: ["ServiceFailureException"],
    }
    /// Deletes a policy that is attached to nobody and has one version left.
    pub DeletePolicy(DeletePolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeletePolicy" on POLICY,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "DeleteConflictException", "ServiceFailureException"],
    }
    /// Adds a version; five at most.
    pub CreatePolicyVersion(CreatePolicyVersionRequest) -> CreatePolicyVersionResponse {
        http: POST 200 "/",
        permit: "iam:CreatePolicyVersion" on POLICY,
        errors: ["NoSuchEntityException", "MalformedPolicyDocumentException", "InvalidInputException", "LimitExceededException", "ServiceFailureException"],
    }
    /// One version, with its document.
    pub GetPolicyVersion(GetPolicyVersionRequest) -> GetPolicyVersionResponse {
        http: POST 200 "/",
        permit: "iam:GetPolicyVersion" on POLICY,
        errors: ["NoSuchEntityException", "InvalidInputException", "ServiceFailureException"],
    }
    /// The versions, newest first.
    pub ListPolicyVersions(ListPolicyVersionsRequest) -> ListPolicyVersionsResponse {
        http: POST 200 "/",
        permit: "iam:ListPolicyVersions" on POLICY,
        errors: ["NoSuchEntityException", "InvalidInputException", "ServiceFailureException"],
    }
    /// Says which version counts.
    pub SetDefaultPolicyVersion(SetDefaultPolicyVersionRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:SetDefaultPolicyVersion" on POLICY,
        errors: ["NoSuchEntityException", "InvalidInputException", "LimitExceededException", "ServiceFailureException"],
    }
    /// Deletes a version that is not the default.
    pub DeletePolicyVersion(DeletePolicyVersionRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeletePolicyVersion" on POLICY,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "DeleteConflictException", "ServiceFailureException"],
    }
    /// Adds or replaces tags.
    pub TagPolicy(TagPolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:TagPolicy" on POLICY,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// Removes tags.
    pub UntagPolicy(UntagPolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:UntagPolicy" on POLICY,
        errors: ["NoSuchEntityException", "InvalidInputException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// The tags of a policy.
    pub ListPolicyTags(ListPolicyTagsRequest) -> ListPolicyTagsResponse {
        http: POST 200 "/",
        permit: "iam:ListPolicyTags" on POLICY,
        errors: ["NoSuchEntityException", "ServiceFailureException", "InvalidInputException"],
    }
}
