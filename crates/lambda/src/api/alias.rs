//! The operations on aliases. IAM asks for the function's own ARN: an alias is a thing of its function.

use indexmap::IndexMap;
use wire::{Checks, Nothing, Resource, op, shape};

use super::patterns::{ALIAS, ARN_CHARS, FUNCTION_ARN, FUNCTION_NAME, VERSION, VERSION_WITH_LATEST_PUBLISHED};
use super::resource::function_arn;

const FUNCTION: Resource = Resource::Computed(function_arn);
const ADDITIONAL_VERSION: Checks = Checks::NONE.len(1, 1024).pattern("[0-9]+");
const WEIGHT: Checks = Checks::NONE.float_range(0.0, 1.0).not_null();

shape! {
    #[derive(Default)]
    pub struct AliasConfiguration {
        alias_arn: Option<String> = "AliasArn" [len(0, ARN_CHARS), pattern(FUNCTION_ARN)],
        name: Option<String> = "Name" [len(1, 128), pattern(ALIAS)],
        function_version: Option<String> = "FunctionVersion" [len(1, 1024), pattern(VERSION)],
        description: Option<String> = "Description" [len(0, 256)],
        routing_config: Option<AliasRoutingConfiguration> = "RoutingConfig",
        revision_id: Option<String> = "RevisionId",
    }

    pub struct AliasRoutingConfiguration {
        /// By version, the share of events that it gets; one entry at most.
        additional_version_weights: Option<IndexMap<String, f64>> =
            "AdditionalVersionWeights" [keys(ADDITIONAL_VERSION), each(WEIGHT)],
    }

    pub struct CreateAliasRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        name: String = "Name" [len(1, 128), pattern(ALIAS)],
        function_version: String = "FunctionVersion" [len(1, 1024), pattern(VERSION_WITH_LATEST_PUBLISHED)],
        description: Option<String> = "Description" [len(0, 256)],
        routing_config: Option<AliasRoutingConfiguration> = "RoutingConfig",
    }

    pub struct GetAliasRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        name: String = "Name" [label, len(1, 128), pattern(ALIAS)],
    }

    pub struct UpdateAliasRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        name: String = "Name" [label, len(1, 128), pattern(ALIAS)],
        function_version: Option<String> = "FunctionVersion" [len(1, 1024), pattern(VERSION_WITH_LATEST_PUBLISHED)],
        description: Option<String> = "Description" [len(0, 256)],
        routing_config: Option<AliasRoutingConfiguration> = "RoutingConfig",
        revision_id: Option<String> = "RevisionId",
    }

    pub struct DeleteAliasRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        name: String = "Name" [label, len(1, 128), pattern(ALIAS)],
    }

    pub struct ListAliasesRequest {
        function_name: String = "FunctionName" [label, len(1, 140), pattern(FUNCTION_NAME)],
        function_version: Option<String> =
            "FunctionVersion" [query("FunctionVersion"), len(1, 1024), pattern(VERSION_WITH_LATEST_PUBLISHED)],
        marker: Option<String> = "Marker" [query("Marker")],
        max_items: Option<i32> = "MaxItems" [query("MaxItems"), range(1, 10_000)],
    }

    pub struct ListAliasesResponse {
        next_marker: Option<String> = "NextMarker",
        aliases: Option<Vec<AliasConfiguration>> = "Aliases",
    }
}

op! {
    pub CreateAlias(CreateAliasRequest) -> AliasConfiguration {
        http: POST 201 "/2015-03-31/functions/{FunctionName}/aliases",
        permit: "lambda:CreateAlias" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "AliasLimitExceededException", "ResourceNotFoundException",
        ],
    }

    pub GetAlias(GetAliasRequest) -> AliasConfiguration {
        http: GET 200 "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
        permit: "lambda:GetAlias" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }

    pub UpdateAlias(UpdateAliasRequest) -> AliasConfiguration {
        http: PUT 200 "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
        permit: "lambda:UpdateAlias" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException", "PreconditionFailedException",
        ],
    }

    pub DeleteAlias(DeleteAliasRequest) -> Nothing {
        http: DELETE 204 "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
        permit: "lambda:DeleteAlias" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ResourceConflictException", "ServiceException", "TooManyRequestsException",
            "ResourceNotFoundException",
        ],
    }

    pub ListAliases(ListAliasesRequest) -> ListAliasesResponse {
        http: GET 200 "/2015-03-31/functions/{FunctionName}/aliases",
        permit: "lambda:ListAliases" on FUNCTION,
        errors: [
            "InvalidParameterValueException", "ServiceException", "TooManyRequestsException", "ResourceNotFoundException",
        ],
    }
}
