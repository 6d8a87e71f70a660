//! IAM's contract: what stands in a table of its own per noun, and what they share.
//! Source: the IAM API reference, <https://docs.aws.amazon.com/IAM/latest/APIReference/>.

pub mod access_keys;
pub mod attachments;
pub mod inline_policies;
mod known;
pub mod policies;
pub mod roles;
pub mod users;

use base::{Fields, Scope};
use wire::{ErrorSpec, Operation, OperationSpec, Resource, ServiceSpec, Tongue, choice, shape};

/// The contract.
pub const SPEC: ServiceSpec = ServiceSpec {
    name: "iam",
    signing_name: "iam",
    tongue: Tongue::Query,
    target_prefix: "",
    version: "2010-05-08",
    xml_namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    operations: &OPERATIONS,
    errors: ERRORS,
    validation_code: "ValidationError",
    access_denied_code: "AccessDenied",
    internal_code: "ServiceFailureException",
};

const ERRORS: &[ErrorSpec] = &[
    error("ConcurrentModificationException", 409, "ConcurrentModification"),
    error("DeleteConflictException", 409, "DeleteConflict"),
    error("EntityAlreadyExistsException", 409, "EntityAlreadyExists"),
    error("InvalidInputException", 400, "InvalidInput"),
    error("LimitExceededException", 409, "LimitExceeded"),
    error("MalformedPolicyDocumentException", 400, "MalformedPolicyDocument"),
    error("NoSuchEntityException", 404, "NoSuchEntity"),
    error("PolicyNotAttachableException", 400, "PolicyNotAttachable"),
    ErrorSpec { kind: "Receiver", ..error("ServiceFailureException", 500, "ServiceFailure") },
    error("UnmodifiableEntityException", 400, "UnmodifiableEntity"),
];

const fn error(code: &'static str, status: u16, wire_code: &'static str) -> ErrorSpec {
    ErrorSpec { code, status, message_key: "Message", kind: "Sender", wire_code }
}

// The patterns of members, as IAM shows them in its errors.
const NAME: &str = r"[\w+=,.@-]+";
const ID: &str = r"[\w]+";
const PATH: &str = r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)";
const PATH_PREFIX: &str = r"\u002F[\u0021-\u007F]*";
const POLICY_PATH: &str = r"((/[A-Za-z0-9\.,\+@=_-]+)*)/";
const MARKER: &str = r"[\u0020-\u00FF]+";
const DOCUMENT: &str = r"[\u0009\u000A\u000D\u0020-\u00FF]+";
const DESCRIPTION: &str = r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*";
const TAG_KEY: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+";
const TAG_VALUE: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*";
const VERSION_ID: &str = r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";

// What operations act on. A request names a role or user without its path; `permit` adds it.
const ROLE: Resource = Resource::Template("arn:aws:iam::{account}:role/{RoleName}");
const USER: Resource = Resource::Template("arn:aws:iam::{account}:user/{UserName}");
const POLICY: Resource = Resource::Template("{PolicyArn}");
const ANY_ROLE: Resource = Resource::Template("arn:aws:iam::{account}:role/");
const ANY_USER: Resource = Resource::Template("arn:aws:iam::{account}:user/");
const ANY_POLICY: Resource = Resource::Template("arn:aws:iam::{account}:policy/");

fn new_role(input: &Fields, scope: &Scope) -> String {
    new_entity("role", input.text("Path"), input.text("RoleName"), scope)
}

fn new_user(input: &Fields, scope: &Scope) -> String {
    new_entity("user", input.text("Path"), input.text("UserName"), scope)
}

fn new_policy(input: &Fields, scope: &Scope) -> String {
    new_entity("policy", input.text("Path"), input.text("PolicyName"), scope)
}

fn new_entity(kind: &str, path: Option<&str>, name: Option<&str>, scope: &Scope) -> String {
    format!("arn:aws:iam::{}:{kind}{}{}", scope.account, path.unwrap_or("/"), name.unwrap_or("*"))
}

choice! {
    pub enum PermissionsBoundaryAttachmentType { PermissionsBoundaryPolicy = "PermissionsBoundaryPolicy" }
}

shape! {
    pub struct Tag {
        key: String = "Key" [len(1, 128), pattern(TAG_KEY)],
        value: String = "Value" [len(0, 256), pattern(TAG_VALUE)],
    }
    pub struct AttachedPermissionsBoundary {
        permissions_boundary_type: Option<PermissionsBoundaryAttachmentType> = "PermissionsBoundaryType",
        permissions_boundary_arn: Option<String> = "PermissionsBoundaryArn" [len(20, 2048)],
    }
}

const DONE: &[OperationSpec] = &[
    roles::CreateRole::SPEC,
    roles::GetRole::SPEC,
    roles::ListRoles::SPEC,
    roles::UpdateRole::SPEC,
    roles::UpdateRoleDescription::SPEC,
    roles::UpdateAssumeRolePolicy::SPEC,
    roles::DeleteRole::SPEC,
    roles::TagRole::SPEC,
    roles::UntagRole::SPEC,
    roles::ListRoleTags::SPEC,
    roles::PutRolePermissionsBoundary::SPEC,
    roles::DeleteRolePermissionsBoundary::SPEC,
    roles::ListInstanceProfilesForRole::SPEC,
    users::CreateUser::SPEC,
    users::GetUser::SPEC,
    users::ListUsers::SPEC,
    users::DeleteUser::SPEC,
    users::TagUser::SPEC,
    users::UntagUser::SPEC,
    users::ListUserTags::SPEC,
    users::PutUserPermissionsBoundary::SPEC,
    users::DeleteUserPermissionsBoundary::SPEC,
    access_keys::CreateAccessKey::SPEC,
    access_keys::ListAccessKeys::SPEC,
    access_keys::UpdateAccessKey::SPEC,
    access_keys::DeleteAccessKey::SPEC,
    inline_policies::PutRolePolicy::SPEC,
    inline_policies::GetRolePolicy::SPEC,
    inline_policies::ListRolePolicies::SPEC,
    inline_policies::DeleteRolePolicy::SPEC,
    inline_policies::PutUserPolicy::SPEC,
    inline_policies::GetUserPolicy::SPEC,
    inline_policies::ListUserPolicies::SPEC,
    inline_policies::DeleteUserPolicy::SPEC,
    policies::CreatePolicy::SPEC,
    policies::GetPolicy::SPEC,
    policies::ListPolicies::SPEC,
    policies::DeletePolicy::SPEC,
    policies::CreatePolicyVersion::SPEC,
    policies::GetPolicyVersion::SPEC,
    policies::ListPolicyVersions::SPEC,
    policies::SetDefaultPolicyVersion::SPEC,
    policies::DeletePolicyVersion::SPEC,
    policies::TagPolicy::SPEC,
    policies::UntagPolicy::SPEC,
    policies::ListPolicyTags::SPEC,
    attachments::AttachRolePolicy::SPEC,
    attachments::DetachRolePolicy::SPEC,
    attachments::ListAttachedRolePolicies::SPEC,
    attachments::AttachUserPolicy::SPEC,
    attachments::DetachUserPolicy::SPEC,
    attachments::ListAttachedUserPolicies::SPEC,
    attachments::ListEntitiesForPolicy::SPEC,
];

const OPERATIONS: [&OperationSpec; DONE.len() + known::KNOWN.len()] = {
    let mut all = [&DONE[0]; DONE.len() + known::KNOWN.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < DONE.len() { &DONE[at] } else { &known::KNOWN[at - DONE.len()] };
        at += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_operation_stands_once_and_every_error_is_in_the_table() {
        let names: HashSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!((names.len(), OPERATIONS.len()), (180, 180));
        for code in DONE.iter().flat_map(|operation| operation.errors) {
            assert!(SPEC.error(code).is_some(), "{code}");
        }
    }

    #[test]
    fn every_done_operation_asks_for_its_own_permission() {
        for operation in DONE {
            assert_eq!(operation.permission.action, format!("iam:{}", operation.name));
        }
    }
}
