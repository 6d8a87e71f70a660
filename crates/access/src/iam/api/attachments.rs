//! Which managed policies a role or user holds: what the contract says of it.

use wire::{Nothing, choice, op, shape};

use super::policies::PolicyUsageType;
use super::{ID, MARKER, NAME, PATH, POLICY, POLICY_PATH, ROLE, USER};

choice! {
    pub enum EntityType { User = "User", Role = "Role", Group = "Group", LocalManagedPolicy = "LocalManagedPolicy", AWSManagedPolicy = "AWSManagedPolicy" }
}

shape! {
    pub struct AttachRolePolicyRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        policy_arn: String = "PolicyArn" [len(20, 2048)],
    }
    pub struct DetachRolePolicyRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        policy_arn: String = "PolicyArn" [len(20, 2048)],
    }
    pub struct ListAttachedRolePoliciesRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        path_prefix: Option<String> = "PathPrefix" [len(1, 512), pattern(POLICY_PATH)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListAttachedRolePoliciesResponse {
        attached_policies: Option<Vec<AttachedPolicy>> = "AttachedPolicies",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct AttachedPolicy {
        policy_name: Option<String> = "PolicyName" [len(1, 128), pattern(NAME)],
        policy_arn: Option<String> = "PolicyArn" [len(20, 2048)],
    }
    pub struct AttachUserPolicyRequest {
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
        policy_arn: String = "PolicyArn" [len(20, 2048)],
    }
    pub struct DetachUserPolicyRequest {
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
        policy_arn: String = "PolicyArn" [len(20, 2048)],
    }
    pub struct ListAttachedUserPoliciesRequest {
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
        path_prefix: Option<String> = "PathPrefix" [len(1, 512), pattern(POLICY_PATH)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListAttachedUserPoliciesResponse {
        attached_policies: Option<Vec<AttachedPolicy>> = "AttachedPolicies",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct ListEntitiesForPolicyRequest {
        policy_arn: String = "PolicyArn" [len(20, 2048)],
        entity_filter: Option<EntityType> = "EntityFilter",
        path_prefix: Option<String> = "PathPrefix" [len(1, 512), pattern(PATH)],
        policy_usage_filter: Option<PolicyUsageType> = "PolicyUsageFilter",
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListEntitiesForPolicyResponse {
        policy_groups: Option<Vec<PolicyGroup>> = "PolicyGroups",
        policy_users: Option<Vec<PolicyUser>> = "PolicyUsers",
        policy_roles: Option<Vec<PolicyRole>> = "PolicyRoles",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct PolicyGroup {
        group_name: Option<String> = "GroupName" [len(1, 128), pattern(NAME)],
        group_id: Option<String> = "GroupId" [len(16, 128), pattern(ID)],
    }
    pub struct PolicyUser {
        user_name: Option<String> = "UserName" [len(1, 64), pattern(NAME)],
        user_id: Option<String> = "UserId" [len(16, 128), pattern(ID)],
    }
    pub struct PolicyRole {
        role_name: Option<String> = "RoleName" [len(1, 64), pattern(NAME)],
        role_id: Option<String> = "RoleId" [len(16, 128), pattern(ID)],
    }
}

op! {
    /// Gives the role a managed policy.
    pub AttachRolePolicy(AttachRolePolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:AttachRolePolicy" on ROLE,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "UnmodifiableEntityException", "PolicyNotAttachableException", "ServiceFailureException"],
    }
    /// Takes a managed policy from the role.
    pub DetachRolePolicy(DetachRolePolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DetachRolePolicy" on ROLE,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "UnmodifiableEntityException", "ServiceFailureException"],
    }
    /// The managed policies of the role.
    pub ListAttachedRolePolicies(ListAttachedRolePoliciesRequest) -> ListAttachedRolePoliciesResponse {
        http: POST 200 "/",
        permit: "iam:ListAttachedRolePolicies" on ROLE,
        errors: ["NoSuchEntityException", "InvalidInputException", "ServiceFailureException"],
    }
    /// Gives the user a managed policy.
    pub AttachUserPolicy(AttachUserPolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:AttachUserPolicy" on USER,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "PolicyNotAttachableException", "ServiceFailureException"],
    }
    /// Takes a managed policy from the user.
    pub DetachUserPolicy(DetachUserPolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DetachUserPolicy" on USER,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "ServiceFailureException"],
    }
    /// The managed policies of the user.
    pub ListAttachedUserPolicies(ListAttachedUserPoliciesRequest) -> ListAttachedUserPoliciesResponse {
        http: POST 200 "/",
        permit: "iam:ListAttachedUserPolicies" on USER,
        errors: ["NoSuchEntityException", "InvalidInputException", "ServiceFailureException"],
    }
    /// Who holds a managed policy.
    pub ListEntitiesForPolicy(ListEntitiesForPolicyRequest) -> ListEntitiesForPolicyResponse {
        http: POST 200 "/",
        permit: "iam:ListEntitiesForPolicy" on POLICY,
        errors: ["NoSuchEntityException", "InvalidInputException", "ServiceFailureException"],
    }
}
