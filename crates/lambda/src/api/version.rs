//! PublishVersion; the other operations on versions are those on functions, with a qualifier.

use wire::{Resource, op, shape};

use super::configuration::FunctionConfiguration;
use super::enums::FunctionVersionLatestPublished;
use super::patterns::FUNCTION_NAME;
use super::resource::function_arn;

shape! {
    pub struct PublishVersionRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        code_sha256: Option<String> = "CodeSha256",
        description: Option<String> = "Description" [len(0, 256)],
        revision_id: Option<String> = "RevisionId",
        publish_to: Option<FunctionVersionLatestPublished> = "PublishTo",
    }
}

op! {
    pub PublishVersion(PublishVersionRequest) -> FunctionConfiguration {
        http: POST 201 "/2015-03-31/functions/{FunctionName}/versions",
        permit: "lambda:PublishVersion" on Resource::Computed(function_arn),
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException", "CodeStorageExceededException",
            "FunctionVersionsPerCapacityProviderLimitExceededException", "PreconditionFailedException",
        ],
    }
}
