//! STS's contract on one page. Source: <https://docs.aws.amazon.com/STS/latest/APIReference/>.

use base::Timestamp;
use wire::{Checks, ErrorSpec, Operation, OperationSpec, Resource, ServiceSpec, Tongue, op, shape};

/// The contract.
pub const SPEC: ServiceSpec = ServiceSpec {
    name: "sts",
    signing_name: "sts",
    tongue: Tongue::Query,
    target_prefix: "",
    version: "2011-06-15",
    xml_namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    operations: OPERATIONS,
    errors: ERRORS,
    validation_code: "ValidationError",
    access_denied_code: "AccessDenied",
    internal_code: "InternalFailure",
};

const OPERATIONS: &[&OperationSpec] = &[
    &GetCallerIdentity::SPEC,
    &AssumeRole::SPEC,
    &GetSessionToken::SPEC,
    &OperationSpec::known("AssumeRoleWithSAML", "POST", 200, "/"),
    &OperationSpec::known("AssumeRoleWithWebIdentity", "POST", 200, "/"),
    &OperationSpec::known("AssumeRoot", "POST", 200, "/"),
    &OperationSpec::known("DecodeAuthorizationMessage", "POST", 200, "/"),
    &OperationSpec::known("GetAccessKeyInfo", "POST", 200, "/"),
    &OperationSpec::known("GetDelegatedAccessToken", "POST", 200, "/"),
    &OperationSpec::known("GetFederationToken", "POST", 200, "/"),
    &OperationSpec::known("GetWebIdentityToken", "POST", 200, "/"),
];

const ERRORS: &[ErrorSpec] = &[
    error("ExpiredTokenException", 400, ""),
    error("MalformedPolicyDocumentException", 400, "MalformedPolicyDocument"),
    error("PackedPolicyTooLargeException", 400, "PackedPolicyTooLarge"),
    error("RegionDisabledException", 403, ""),
];

const fn error(code: &'static str, status: u16, wire_code: &'static str) -> ErrorSpec {
    ErrorSpec { code, status, message_key: "message", kind: "Sender", wire_code }
}

const ARN: &str = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";
const SESSION_NAME: &str = r"[\w+=,.@-]*";
const ROLE_ID: &str = r"[\w+=,.@:-]*";
const ACCESS_KEY_ID: &str = r"[\w]*";
const DOCUMENT: &str = r"[\u0009\u000A\u000D\u0020-\u00FF]+";
const TAG_KEY: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+";
const TAG_VALUE: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*";
const EXTERNAL_ID: &str = r"[\w+=,.@:\/-]*";
const SERIAL_NUMBER: &str = r"[\w+=/:,.@-]*";
const TOKEN_CODE: &str = r"[\d]*";

shape! {
    pub struct GetCallerIdentityRequest {
    }
    pub struct GetCallerIdentityResponse {
        user_id: Option<String> = "UserId",
        account: Option<String> = "Account",
        arn: Option<String> = "Arn" [len(20, 2048), pattern(ARN)],
    }
    pub struct AssumeRoleRequest {
        role_arn: String = "RoleArn" [len(20, 2048), pattern(ARN)],
        role_session_name: String = "RoleSessionName" [len(2, 64), pattern(SESSION_NAME)],
        policy_arns: Option<Vec<PolicyDescriptorType>> = "PolicyArns",
        policy: Option<String> = "Policy" [len(1, usize::MAX), pattern(DOCUMENT)],
        duration_seconds: Option<i32> = "DurationSeconds" [range(900, 43200)],
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
        transitive_tag_keys: Option<Vec<String>> = "TransitiveTagKeys" [len(0, 50), each(Checks::NONE.len(1, 128).pattern(TAG_KEY))],
        external_id: Option<String> = "ExternalId" [len(2, 1224), pattern(EXTERNAL_ID)],
        serial_number: Option<String> = "SerialNumber" [len(9, 256), pattern(SERIAL_NUMBER)],
        token_code: Option<String> = "TokenCode" [len(6, 6), pattern(TOKEN_CODE)],
        source_identity: Option<String> = "SourceIdentity" [len(2, 64), pattern(SESSION_NAME)],
        provided_contexts: Option<Vec<ProvidedContext>> = "ProvidedContexts" [len(1, 5)],
        minimum_session_token_size: Option<i32> = "MinimumSessionTokenSize" [range(0, 4096)],
    }
    pub struct PolicyDescriptorType {
        arn: Option<String> = "arn" [len(20, 2048), pattern(ARN)],
    }
    pub struct Tag {
        key: String = "Key" [len(1, 128), pattern(TAG_KEY)],
        value: String = "Value" [len(0, 256), pattern(TAG_VALUE)],
    }
    pub struct ProvidedContext {
        provider_arn: Option<String> = "ProviderArn" [len(20, 2048), pattern(ARN)],
        context_assertion: Option<String> = "ContextAssertion" [len(4, 2048)],
    }
    pub struct AssumeRoleResponse {
        credentials: Option<Credentials> = "Credentials",
        assumed_role_user: Option<AssumedRoleUser> = "AssumedRoleUser",
        packed_policy_size: Option<i32> = "PackedPolicySize" [range(0, i64::MAX)],
        source_identity: Option<String> = "SourceIdentity" [len(2, 64), pattern(SESSION_NAME)],
        session_token_utilization: Option<i32> = "SessionTokenUtilization" [range(0, i64::MAX)],
        session_token_size: Option<i32> = "SessionTokenSize" [range(0, i64::MAX)],
    }
    pub struct Credentials {
        access_key_id: String = "AccessKeyId" [len(16, 128), pattern(ACCESS_KEY_ID)],
        secret_access_key: String = "SecretAccessKey" [sensitive],
        session_token: String = "SessionToken",
        expiration: Timestamp = "Expiration",
    }
    pub struct AssumedRoleUser {
        assumed_role_id: String = "AssumedRoleId" [len(2, 193), pattern(ROLE_ID)],
        arn: String = "Arn" [len(20, 2048), pattern(ARN)],
    }
    pub struct GetSessionTokenRequest {
        duration_seconds: Option<i32> = "DurationSeconds" [range(900, 129600)],
        serial_number: Option<String> = "SerialNumber" [len(9, 256), pattern(SERIAL_NUMBER)],
        token_code: Option<String> = "TokenCode" [len(6, 6), pattern(TOKEN_CODE)],
        minimum_session_token_size: Option<i32> = "MinimumSessionTokenSize" [range(0, 4096)],
    }
    pub struct GetSessionTokenResponse {
        credentials: Option<Credentials> = "Credentials",
        session_token_utilization: Option<i32> = "SessionTokenUtilization" [range(0, i64::MAX)],
        session_token_size: Option<i32> = "SessionTokenSize" [range(0, i64::MAX)],
    }
}

op! {
    /// Who the caller is. AWS asks no permission for it.
    pub GetCallerIdentity(GetCallerIdentityRequest) -> GetCallerIdentityResponse {
        http: POST 200 "/",
        permit: "" on Resource::Any,
        errors: [],
    }
    /// Credentials of a role for a while. The role's trust policy decides, and it may name a service or another
    /// account, for whom an identity-based policy can't speak: so the handler asks, and the pipeline doesn't.
    pub AssumeRole(AssumeRoleRequest) -> AssumeRoleResponse {
        http: POST 200 "/",
        permit: "" on Resource::Any,
        errors: ["MalformedPolicyDocumentException", "PackedPolicyTooLargeException", "RegionDisabledException", "ExpiredTokenException"],
    }
    /// Short-lived credentials of the caller. AWS asks no permission for it: it grants nothing new.
    pub GetSessionToken(GetSessionTokenRequest) -> GetSessionTokenResponse {
        http: POST 200 "/",
        permit: "" on Resource::Any,
        errors: ["RegionDisabledException"],
    }
}
