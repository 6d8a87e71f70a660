//! Records as the contract shows them.

use base::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::api::access_keys::{self, StatusType};
use super::api::{AttachedPermissionsBoundary, PermissionsBoundaryAttachmentType, Tag, policies, roles, users};
use crate::directory::managed::Version;
use crate::directory::{AccessKey, AwsManaged, Entity, ManagedPolicy, Role, Tags, User, aws_managed};

/// Everything but RFC 3986's unreserved characters.
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Policy documents travel percent-encoded.
pub(super) fn document(text: &str) -> String {
    utf8_percent_encode(text, DOCUMENT).to_string()
}

/// IAM shows whole seconds.
pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_second(ms.div_euclid(1_000)).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(super) fn tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

fn some_tags(all: &Tags) -> Option<Vec<Tag>> {
    (!all.is_empty()).then(|| tags(all))
}

fn boundary<E: Entity>(entity: &E) -> Option<AttachedPermissionsBoundary> {
    entity.grants().boundary.as_ref().map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy),
        permissions_boundary_arn: Some(arn.clone()),
    })
}

pub(super) fn user(user: &User) -> users::User {
    users::User {
        path: user.path.clone(),
        user_name: user.name.clone(),
        user_id: user.id.clone(),
        arn: user.arn(),
        create_date: time(user.created_ms),
        password_last_used: None,
        permissions_boundary: boundary(user),
        tags: some_tags(&user.tags),
    }
}

/// A list leaves out what takes a second look: tags and the boundary.
pub(super) fn listed_user(listed: &User) -> users::User {
    users::User { permissions_boundary: None, tags: None, ..user(listed) }
}

pub(super) fn role(role: &Role) -> roles::Role {
    roles::Role {
        path: role.path.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        arn: role.arn(),
        create_date: time(role.created_ms),
        assume_role_policy_document: Some(document(&role.trust)),
        description: role.description.clone(),
        max_session_duration: Some(role.max_session_seconds),
        permissions_boundary: boundary(role),
        tags: some_tags(&role.tags),
        role_last_used: None,
        source_role_template: None,
    }
}

pub(super) fn listed_role(listed: &Role) -> roles::Role {
    roles::Role { permissions_boundary: None, tags: None, ..role(listed) }
}

pub(super) fn status(key: &AccessKey) -> StatusType {
    if key.active { StatusType::Active } else { StatusType::Inactive }
}

pub(super) fn key_metadata(key: &AccessKey) -> access_keys::AccessKeyMetadata {
    access_keys::AccessKeyMetadata {
        user_name: Some(key.user.clone()),
        access_key_id: Some(key.id.clone()),
        status: Some(status(key)),
        create_date: Some(time(key.created_ms)),
    }
}

pub(super) fn policy(policy: &ManagedPolicy) -> policies::Policy {
    policies::Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy.arn()),
        path: Some(policy.path.clone()),
        default_version_id: Some(format!("v{}", policy.default_version)),
        attachment_count: Some(count(policy.attachments)),
        permissions_boundary_usage_count: Some(count(policy.boundaries)),
        is_attachable: Some(true),
        description: policy.description.clone(),
        create_date: Some(time(policy.created_ms)),
        update_date: Some(time(policy.updated_ms)),
        tags: some_tags(&policy.tags),
    }
}

pub(super) fn aws_policy(policy: &AwsManaged, attachments: usize, boundaries: usize) -> policies::Policy {
    policies::Policy {
        policy_name: Some(policy.name.to_owned()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy.arn.clone()),
        path: Some(policy.path.to_owned()),
        default_version_id: Some("v1".to_owned()),
        attachment_count: Some(count(attachments)),
        permissions_boundary_usage_count: Some(count(boundaries)),
        is_attachable: Some(true),
        description: Some(policy.description.to_owned()),
        create_date: Some(time(aws_managed::CREATED_MS)),
        update_date: Some(time(aws_managed::CREATED_MS)),
        tags: None,
    }
}

fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

/// Without its document, as lists and new versions show it.
pub(super) fn version(policy: &ManagedPolicy, version: &Version) -> policies::PolicyVersion {
    policies::PolicyVersion {
        document: None,
        version_id: Some(version.id()),
        is_default_version: Some(version.number == policy.default_version),
        create_date: Some(time(version.created_ms)),
    }
}

pub(super) fn aws_version() -> policies::PolicyVersion {
    policies::PolicyVersion {
        document: None,
        version_id: Some("v1".to_owned()),
        is_default_version: Some(true),
        create_date: Some(time(aws_managed::CREATED_MS)),
    }
}
