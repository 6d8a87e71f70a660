//! The operations on tags.

use indexmap::IndexMap;
use wire::{Nothing, Resource, op, shape};

use super::patterns::{ARN_CHARS, TAG_KEY, TAG_VALUE, TAGGABLE_RESOURCE};

const RESOURCE: Resource = Resource::Template("{Resource}");

shape! {
    pub struct TagResourceRequest {
        resource: String = "Resource" [label, len(1, ARN_CHARS), pattern(TAGGABLE_RESOURCE)],
        tags: IndexMap<String, String> = "Tags" [keys(TAG_KEY), each(TAG_VALUE)],
    }

    pub struct UntagResourceRequest {
        resource: String = "Resource" [label, len(1, ARN_CHARS), pattern(TAGGABLE_RESOURCE)],
        tag_keys: Vec<String> = "TagKeys" [query("tagKeys"), each(TAG_KEY)],
    }

    pub struct ListTagsRequest {
        resource: String = "Resource" [label, len(1, ARN_CHARS), pattern(TAGGABLE_RESOURCE)],
    }

    pub struct ListTagsResponse {
        tags: Option<IndexMap<String, String>> = "Tags" [keys(TAG_KEY), each(TAG_VALUE)],
    }
}

op! {
    pub TagResource(TagResourceRequest) -> Nothing {
        http: POST 204 "/2017-03-31/tags/{Resource}",
        permit: "lambda:TagResource" on RESOURCE,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException",
        ],
    }

    pub UntagResource(UntagResourceRequest) -> Nothing {
        http: DELETE 204 "/2017-03-31/tags/{Resource}",
        permit: "lambda:UntagResource" on RESOURCE,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException",
        ],
    }

    pub ListTags(ListTagsRequest) -> ListTagsResponse {
        http: GET 200 "/2017-03-31/tags/{Resource}",
        permit: "lambda:ListTags" on RESOURCE,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }
}
