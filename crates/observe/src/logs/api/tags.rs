//! Tags of log groups: shapes and operations, by ARN and, as it was before, by name.

use indexmap::IndexMap;
use wire::{Checks, Nothing};

use super::GROUP_NAME;
use super::arns::{TAGGED, TAGGED_GROUP};

pub(super) const TAG_KEY: Checks = Checks::NONE.len(1, 128).pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$");
pub(super) const TAG_VALUE: Checks = Checks::NONE.len(0, 256).pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$");

wire::shape! {
    pub struct TagResourceRequest {
        resource_arn: String = "resourceArn" [len(1, 1011)],
        tags: IndexMap<String, String> = "tags" [len(1, 50), keys(TAG_KEY), each(TAG_VALUE)],
    }

    pub struct UntagResourceRequest {
        resource_arn: String = "resourceArn" [len(1, 1011)],
        tag_keys: Vec<String> = "tagKeys" [len(0, 50), each(TAG_KEY)],
    }

    pub struct ListTagsForResourceRequest {
        resource_arn: String = "resourceArn" [len(1, 1011)],
    }

    /// The answer of both listings.
    pub struct ListTagsResponse {
        tags: IndexMap<String, String> = "tags",
    }

    pub struct TagLogGroupRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        tags: IndexMap<String, String> = "tags" [len(1, 50), keys(TAG_KEY), each(TAG_VALUE)],
    }

    pub struct UntagLogGroupRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
        tags: Vec<String> = "tags" [len(1, usize::MAX), each(TAG_KEY)],
    }

    pub struct ListTagsLogGroupRequest {
        log_group_name: String = "logGroupName" [len(1, 512), pattern(GROUP_NAME)],
    }
}

wire::op! {
    pub TagResource(TagResourceRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:TagResource" on TAGGED,
        keys: ["aws:RequestTag", "aws:TagKeys"],
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "ServiceUnavailableException",
            "TooManyTagsException", "ValidationException",
        ],
    }
    pub UntagResource(UntagResourceRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:UntagResource" on TAGGED,
        keys: ["aws:TagKeys"],
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "ServiceUnavailableException",
            "ValidationException",
        ],
    }
    pub ListTagsForResource(ListTagsForResourceRequest) -> ListTagsResponse {
        http: POST 200 "/",
        permit: "logs:ListTagsForResource" on TAGGED,
        errors: [
            "InvalidParameterException", "ResourceNotFoundException", "ServiceUnavailableException",
            "ValidationException",
        ],
    }
    pub TagLogGroup(TagLogGroupRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:TagLogGroup" on TAGGED_GROUP,
        keys: ["aws:RequestTag", "aws:TagKeys"],
        errors: ["ResourceNotFoundException", "InvalidParameterException"],
    }
    pub UntagLogGroup(UntagLogGroupRequest) -> Nothing {
        http: POST 200 "/",
        permit: "logs:UntagLogGroup" on TAGGED_GROUP,
        keys: ["aws:TagKeys"],
        errors: ["ResourceNotFoundException"],
    }
    pub ListTagsLogGroup(ListTagsLogGroupRequest) -> ListTagsResponse {
        http: POST 200 "/",
        permit: "logs:ListTagsLogGroup" on TAGGED_GROUP,
        errors: ["ResourceNotFoundException", "ServiceUnavailableException"],
    }
}
