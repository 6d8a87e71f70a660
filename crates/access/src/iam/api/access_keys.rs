//! Access keys: what the contract says of them.

use base::Timestamp;
use wire::{Nothing, choice, op, shape};

use super::{ID, MARKER, NAME, USER};

choice! {
    pub enum StatusType { Active = "Active", Inactive = "Inactive", Expired = "Expired" }
}

shape! {
    pub struct CreateAccessKeyRequest {
        user_name: Option<String> = "UserName" [len(1, 128), pattern(NAME)],
    }
    pub struct CreateAccessKeyResponse {
        access_key: AccessKey = "AccessKey",
    }
    pub struct AccessKey {
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
        access_key_id: String = "AccessKeyId" [len(16, 128), pattern(ID)],
        status: StatusType = "Status",
        secret_access_key: String = "SecretAccessKey" [sensitive],
        create_date: Option<Timestamp> = "CreateDate",
    }
    pub struct ListAccessKeysRequest {
        user_name: Option<String> = "UserName" [len(1, 128), pattern(NAME)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListAccessKeysResponse {
        access_key_metadata: Vec<AccessKeyMetadata> = "AccessKeyMetadata",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct AccessKeyMetadata {
        user_name: Option<String> = "UserName" [len(1, 64), pattern(NAME)],
        access_key_id: Option<String> = "AccessKeyId" [len(16, 128), pattern(ID)],
        status: Option<StatusType> = "Status",
        create_date: Option<Timestamp> = "CreateDate",
    }
    pub struct UpdateAccessKeyRequest {
        user_name: Option<String> = "UserName" [len(1, 128), pattern(NAME)],
        access_key_id: String = "AccessKeyId" [len(16, 128), pattern(ID)],
        status: StatusType = "Status",
    }
    pub struct DeleteAccessKeyRequest {
        user_name: Option<String> = "UserName" [len(1, 128), pattern(NAME)],
        access_key_id: String = "AccessKeyId" [len(16, 128), pattern(ID)],
    }
}

op! {
    /// Makes a key; its secret is told this once.
    pub CreateAccessKey(CreateAccessKeyRequest) -> CreateAccessKeyResponse {
        http: POST 200 "/",
        permit: "iam:CreateAccessKey" on USER,
        errors: ["NoSuchEntityException", "LimitExceededException", "ServiceFailureException"],
    }
    /// The keys of a user, without secrets.
    pub ListAccessKeys(ListAccessKeysRequest) -> ListAccessKeysResponse {
        http: POST 200 "/",
        permit: "iam:ListAccessKeys" on USER,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// Switches a key on or off.
    pub UpdateAccessKey(UpdateAccessKeyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:UpdateAccessKey" on USER,
        errors: ["NoSuchEntityException", "LimitExceededException", "ServiceFailureException", "InvalidInputException"],
    }
    /// Deletes a key.
    pub DeleteAccessKey(DeleteAccessKeyRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeleteAccessKey" on USER,
        errors: ["NoSuchEntityException", "LimitExceededException", "ServiceFailureException"],
    }
}
