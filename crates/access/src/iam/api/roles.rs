//! Roles: what the contract says of them.

use base::Timestamp;
use wire::{Checks, Nothing, Resource, op, shape};

use super::{
    ANY_ROLE, AttachedPermissionsBoundary, DESCRIPTION, DOCUMENT, ID, MARKER, NAME, PATH, PATH_PREFIX, ROLE, TAG_KEY,
    Tag, new_role,
};

shape! {
    pub struct CreateRoleRequest {
        path: Option<String> = "Path" [len(1, 512), pattern(PATH)],
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        assume_role_policy_document: String = "AssumeRolePolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
        description: Option<String> = "Description" [len(0, 1000), pattern(DESCRIPTION)],
        max_session_duration: Option<i32> = "MaxSessionDuration" [range(3600, 43200)],
        permissions_boundary: Option<String> = "PermissionsBoundary" [len(20, 2048)],
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
    }
    pub struct CreateRoleResponse {
        role: Role = "Role",
    }
    pub struct Role {
        path: String = "Path" [len(1, 512), pattern(PATH)],
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        role_id: String = "RoleId" [len(16, 128), pattern(ID)],
        arn: String = "Arn" [len(20, 2048)],
        create_date: Timestamp = "CreateDate",
        assume_role_policy_document: Option<String> = "AssumeRolePolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
        description: Option<String> = "Description" [len(0, 1000), pattern(DESCRIPTION)],
        max_session_duration: Option<i32> = "MaxSessionDuration" [range(3600, 43200)],
        permissions_boundary: Option<AttachedPermissionsBoundary> = "PermissionsBoundary",
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
        role_last_used: Option<RoleLastUsed> = "RoleLastUsed",
        source_role_template: Option<SourceRoleTemplate> = "SourceRoleTemplate",
    }
    pub struct RoleLastUsed {
        last_used_date: Option<Timestamp> = "LastUsedDate",
        region: Option<String> = "Region",
    }
    pub struct SourceRoleTemplate {
        template_arn: String = "TemplateArn" [len(20, 2048)],
        template_minor_version: i32 = "TemplateMinorVersion",
    }
    pub struct GetRoleRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
    }
    pub struct GetRoleResponse {
        role: Role = "Role",
    }
    pub struct ListRolesRequest {
        path_prefix: Option<String> = "PathPrefix" [len(1, 512), pattern(PATH_PREFIX)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListRolesResponse {
        roles: Vec<Role> = "Roles",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct UpdateRoleRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        description: Option<String> = "Description" [len(0, 1000), pattern(DESCRIPTION)],
        max_session_duration: Option<i32> = "MaxSessionDuration" [range(3600, 43200)],
    }
    pub struct UpdateRoleResponse {
    }
    pub struct UpdateRoleDescriptionRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        description: String = "Description" [len(0, 1000), pattern(DESCRIPTION)],
    }
    pub struct UpdateRoleDescriptionResponse {
        role: Option<Role> = "Role",
    }
    pub struct UpdateAssumeRolePolicyRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        policy_document: String = "PolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
    }
    pub struct DeleteRoleRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
    }
    pub struct TagRoleRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        tags: Vec<Tag> = "Tags" [len(0, 50)],
    }
    pub struct UntagRoleRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        tag_keys: Vec<String> = "TagKeys" [len(0, 50), each(Checks::NONE.len(1, 128).pattern(TAG_KEY))],
    }
    pub struct ListRoleTagsRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListRoleTagsResponse {
        tags: Vec<Tag> = "Tags" [len(0, 50)],
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct PutRolePermissionsBoundaryRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        permissions_boundary: String = "PermissionsBoundary" [len(20, 2048)],
    }
    pub struct DeleteRolePermissionsBoundaryRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
    }
    pub struct ListInstanceProfilesForRoleRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListInstanceProfilesForRoleResponse {
        instance_profiles: Vec<InstanceProfile> = "InstanceProfiles",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct InstanceProfile {
        path: String = "Path" [len(1, 512), pattern(PATH)],
        instance_profile_name: String = "InstanceProfileName" [len(1, 128), pattern(NAME)],
        instance_profile_id: String = "InstanceProfileId" [len(16, 128), pattern(ID)],
        arn: String = "Arn" [len(20, 2048)],
        create_date: Timestamp = "CreateDate",
        roles: Vec<Role> = "Roles",
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
    }
}

op! {
    /// Makes a role that those may assume whom its trust policy names.
    pub CreateRole(CreateRoleRequest) -> CreateRoleResponse {
        http: POST 200 "/",
        permit: "iam:CreateRole" on Resource::Computed(new_role),
        errors: ["LimitExceededException", "InvalidInputException", "EntityAlreadyExistsException", "MalformedPolicyDocumentException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// One role, with its trust policy.
    pub GetRole(GetRoleRequest) -> GetRoleResponse {
        http: POST 200 "/",
        permit: "iam:GetRole" on ROLE,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// The roles below a path.
    pub ListRoles(ListRolesRequest) -> ListRolesResponse {
        http: POST 200 "/",
        permit: "iam:ListRoles" on ANY_ROLE,
        errors: ["ServiceFailureException"],
    }
    /// Changes description and session length.
    pub UpdateRole(UpdateRoleRequest) -> UpdateRoleResponse {
        http: POST 200 "/",
        permit: "iam:UpdateRole" on ROLE,
        errors: ["UnmodifiableEntityException", "NoSuchEntityException", "ServiceFailureException"],
    }
    /// Changes the description.
    pub UpdateRoleDescription(UpdateRoleDescriptionRequest) -> UpdateRoleDescriptionResponse {
        http: POST 200 "/",
        permit: "iam:UpdateRoleDescription" on ROLE,
        errors: ["NoSuchEntityException", "UnmodifiableEntityException", "ServiceFailureException"],
    }
    /// Replaces the trust policy.
    pub UpdateAssumeRolePolicy(UpdateAssumeRolePolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:UpdateAssumeRolePolicy" on ROLE,
        errors: ["NoSuchEntityException", "MalformedPolicyDocumentException", "LimitExceededException", "UnmodifiableEntityException", "ServiceFailureException"],
    }
    /// Deletes a role that holds no policy any more.
    pub DeleteRole(DeleteRoleRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeleteRole" on ROLE,
        errors: ["NoSuchEntityException", "DeleteConflictException", "LimitExceededException", "UnmodifiableEntityException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// Adds or replaces tags.
    pub TagRole(TagRoleRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:TagRole" on ROLE,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// Removes tags.
    pub UntagRole(UntagRoleRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:UntagRole" on ROLE,
        errors: ["NoSuchEntityException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// The tags of a role.
    pub ListRoleTags(ListRoleTagsRequest) -> ListRoleTagsResponse {
        http: POST 200 "/",
        permit: "iam:ListRoleTags" on ROLE,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// Sets the policy that limits what the role may be granted.
    pub PutRolePermissionsBoundary(PutRolePermissionsBoundaryRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:PutRolePermissionsBoundary" on ROLE,
        errors: ["NoSuchEntityException", "InvalidInputException", "UnmodifiableEntityException", "PolicyNotAttachableException", "ServiceFailureException"],
    }
    /// Removes that limit.
    pub DeleteRolePermissionsBoundary(DeleteRolePermissionsBoundaryRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeleteRolePermissionsBoundary" on ROLE,
        errors: ["NoSuchEntityException", "UnmodifiableEntityException", "ServiceFailureException"],
    }
    /// Always empty: there are no instances here. Terraform asks before it deletes a role.
    pub ListInstanceProfilesForRole(ListInstanceProfilesForRoleRequest) -> ListInstanceProfilesForRoleResponse {
        http: POST 200 "/",
        permit: "iam:ListInstanceProfilesForRole" on ROLE,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
}
