//! Policies that stand inside a role or user: what the contract says of them.

use wire::{Checks, Nothing, op, shape};

use super::{DOCUMENT, MARKER, NAME, ROLE, USER};

shape! {
    pub struct PutRolePolicyRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
        policy_document: String = "PolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
    }
    pub struct GetRolePolicyRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
    }
    pub struct GetRolePolicyResponse {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
        policy_document: String = "PolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
    }
    pub struct ListRolePoliciesRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListRolePoliciesResponse {
        policy_names: Vec<String> = "PolicyNames" [each(Checks::NONE.len(1, 128).pattern(NAME))],
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct DeleteRolePolicyRequest {
        role_name: String = "RoleName" [len(1, 64), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
    }
    pub struct PutUserPolicyRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
        policy_document: String = "PolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
    }
    pub struct GetUserPolicyRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
    }
    pub struct GetUserPolicyResponse {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
        policy_document: String = "PolicyDocument" [len(1, 131_072), pattern(DOCUMENT)],
    }
    pub struct ListUserPoliciesRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListUserPoliciesResponse {
        policy_names: Vec<String> = "PolicyNames" [each(Checks::NONE.len(1, 128).pattern(NAME))],
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct DeleteUserPolicyRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        policy_name: String = "PolicyName" [len(1, 128), pattern(NAME)],
    }
}

op! {
    /// Writes an inline policy.
    pub PutRolePolicy(PutRolePolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:PutRolePolicy" on ROLE,
        errors: ["LimitExceededException", "MalformedPolicyDocumentException", "NoSuchEntityException", "UnmodifiableEntityException", "ServiceFailureException"],
    }
    /// One inline policy.
    pub GetRolePolicy(GetRolePolicyRequest) -> GetRolePolicyResponse {
        http: POST 200 "/",
        permit: "iam:GetRolePolicy" on ROLE,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// The names of the inline policies.
    pub ListRolePolicies(ListRolePoliciesRequest) -> ListRolePoliciesResponse {
        http: POST 200 "/",
        permit: "iam:ListRolePolicies" on ROLE,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// Deletes an inline policy.
    pub DeleteRolePolicy(DeleteRolePolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeleteRolePolicy" on ROLE,
        errors: ["NoSuchEntityException", "LimitExceededException", "UnmodifiableEntityException", "ServiceFailureException"],
    }
    /// Writes an inline policy.
    pub PutUserPolicy(PutUserPolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:PutUserPolicy" on USER,
        errors: ["LimitExceededException", "MalformedPolicyDocumentException", "NoSuchEntityException", "ServiceFailureException"],
    }
    /// One inline policy.
    pub GetUserPolicy(GetUserPolicyRequest) -> GetUserPolicyResponse {
        http: POST 200 "/",
        permit: "iam:GetUserPolicy" on USER,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// The names of the inline policies.
    pub ListUserPolicies(ListUserPoliciesRequest) -> ListUserPoliciesResponse {
        http: POST 200 "/",
        permit: "iam:ListUserPolicies" on USER,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// Deletes an inline policy.
    pub DeleteUserPolicy(DeleteUserPolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeleteUserPolicy" on USER,
        errors: ["NoSuchEntityException", "LimitExceededException", "ServiceFailureException"],
    }
}
