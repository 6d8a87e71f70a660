//! Log groups: shapes and operations.

use indexmap::IndexMap;
use wire::{Checks, Nothing};

use super::arns::{EVERY_GROUP, GROUP, IDENTIFIED_GROUP};
use super::tags::{TAG_KEY, TAG_VALUE};
use super::{GROUP_IDENTIFIER, GROUP_NAME};

wire::choice! {
    pub enum LogGroupClass {
        Standard = "STANDARD",
        InfrequentAccess = "INFREQUENT_ACCESS",
        Delivery = "DELIVERY",
        Essentials = "ESSENTIALS",
    }
}

wire::shape! {
    pub struct CreateLogGroupRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        kms_key_id: Option<String> = "kmsKeyId" [len(0, 256)],
        tags: Option<IndexMap<String, String>> = "tags" [len(1, 50), keys(TAG_KEY), each(TAG_VALUE)],
        log_group_class: Option<LogGroupClass> = "logGroupClass",
        deletion_protection_enabled: Option<bool> = "deletionProtectionEnabled",
    }

    /// What takes nothing but a group's name.
    pub struct LogGroupNameRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
    }

    pub struct DescribeLogGroupsRequest {
        account_identifiers: Option<Vec<String>> = "accountIdentifiers" [
            len(0, 20), each(Checks::NONE.len(12, 12).pattern(r"^\d{12}$")),
        ],
        log_group_name_prefix: Option<String> = "logGroupNamePrefix" [len(1, 512), pattern(GROUP_NAME)],
        log_group_name_pattern: Option<String> = "logGroupNamePattern" [
            len(0, 512), pattern(r"[\.\-_/#A-Za-z0-9]*"),
        ],
        next_token: Option<String> = "nextToken" [len(1, usize::MAX)],
        limit: Option<i32> = "limit" [range(1, 50)],
        include_linked_accounts: Option<bool> = "includeLinkedAccounts",
        log_group_class: Option<LogGroupClass> = "logGroupClass",
        log_group_identifiers: Option<Vec<String>> = "logGroupIdentifiers" [
            len(1, 50), each(Checks::NONE.len(1, 2048).pattern(GROUP_IDENTIFIER)),
        ],
    }

    pub struct DescribeLogGroupsResponse {
        log_groups: Vec<LogGroup> = "logGroups",
        next_token: Option<String> = "nextToken" [len(1, usize::MAX)],
    }

    pub struct LogGroup {
        log_group_name: String = "logGroupName",
        creation_time: i64 = "creationTime",
        retention_in_days: Option<i32> = "retentionInDays",
        metric_filter_count: Option<i32> = "metricFilterCount",
        /// With `:*` at the end, as policies name it.
        arn: String = "arn",
        stored_bytes: Option<i64> = "storedBytes",
        kms_key_id: Option<String> = "kmsKeyId",
        log_group_class: Option<LogGroupClass> = "logGroupClass",
        /// Without it, as identifiers and tags name it.
        log_group_arn: Option<String> = "logGroupArn",
        deletion_protection_enabled: Option<bool> = "deletionProtectionEnabled",
        data_protection_status: Option<String> = "dataProtectionStatus",
        inherited_properties: Option<Vec<String>> = "inheritedProperties",
        bearer_token_authentication_enabled: Option<bool> = "bearerTokenAuthenticationEnabled",
        retention_policy_name: Option<String> = "retentionPolicyName",
    }

    pub struct PutRetentionPolicyRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        retention_in_days: i32 = "retentionInDays",
    }

    pub struct PutLogGroupDeletionProtectionRequest {
        log_group_identifier: String = "logGroupIdentifier" [len(1, 2048), pattern(GROUP_IDENTIFIER)],
        deletion_protection_enabled: bool = "deletionProtectionEnabled",
    }
}

wire::op! {
    /// Makes a group; its events never expire until a retention policy says so.
    pub CreateLogGroup(CreateLogGroupRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:CreateLogGroup" on GROUP,
        keys: ["aws:RequestTag", "aws:TagKeys"],
        errors: [
            "InvalidParameterException", "ResourceAlreadyExistsException", "LimitExceededException",
            "OperationAbortedException", "ServiceUnavailableException",
        ],
    }
    /// Removes a group with its streams and events; they are unreachable at once.
    pub DeleteLogGroup(LogGroupNameRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:DeleteLogGroup" on GROUP,
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "OperationAbortedException",
            "ServiceUnavailableException", "ValidationException",
        ],
    }
    pub DescribeLogGroups(DescribeLogGroupsRequest) -> DescribeLogGroupsResponse {
        http: POST 200 "/",
        permit: "logs:DescribeLogGroups" on EVERY_GROUP,
        errors: ["InvalidParameterException", "ServiceUnavailableException"],
    }
    pub PutRetentionPolicy(PutRetentionPolicyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:PutRetentionPolicy" on GROUP,
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "OperationAbortedException",
            "ServiceUnavailableException",
        ],
    }
    pub DeleteRetentionPolicy(LogGroupNameRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:DeleteRetentionPolicy" on GROUP,
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "OperationAbortedException",
            "ServiceUnavailableException",
        ],
    }
    pub PutLogGroupDeletionProtection(PutLogGroupDeletionProtectionRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:PutLogGroupDeletionProtection" on IDENTIFIED_GROUP,
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "OperationAbortedException",
            "ServiceUnavailableException", "AccessDeniedException", "InvalidOperationException",
        ],
    }
}
