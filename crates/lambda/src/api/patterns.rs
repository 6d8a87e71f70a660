//! The patterns and limits that several members share, as AWS's error messages show them.

use wire::Checks;

/// A function's name in any of its forms, where versions and `$LATEST.PUBLISHED` may be named.
pub const NAMESPACED_FUNCTION_NAME: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
/// A function's name in any of its forms.
pub const FUNCTION_NAME: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
/// A function's name in any of its forms, without a qualifier.
pub const UNQUALIFIED_FUNCTION_NAME: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)";
pub const QUALIFIER: &str = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";
pub const VERSION: &str = r"(\$LATEST|[0-9]+)";
pub const VERSION_WITH_LATEST_PUBLISHED: &str = r"(\$LATEST(\.PUBLISHED)?|[0-9]+)";
/// Not a number alone: that would be a version.
pub const ALIAS: &str = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)";

pub const FUNCTION_ARN: &str = r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?";
pub const NAMESPACED_FUNCTION_ARN: &str = r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:function:[a-zA-Z0-9-_\.]+(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
pub const ROLE_ARN: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
/// Any service's resource, or nothing.
pub const RESOURCE_ARN: &str = r"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()";
pub const ARN: &str =
    r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";
pub const LAYER_VERSION_ARN: &str = r"((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))";
pub const LAYER_ARN: &str =
    r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+";
/// A layer's name in both of its forms.
pub const LAYER_NAME_OR_ARN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]{1,140}|[a-zA-Z0-9-_]{1,140})";
pub const LAYER_NAME: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+";
pub const LAYER_ACTION: &str = "lambda:GetLayerVersion";
pub const LAYER_PRINCIPAL: &str = r"\d{12}|\*|arn:(aws[a-zA-Z-]*):iam::\d{12}:root";
pub const ORGANIZATION: &str = "o-[a-z0-9]{10,32}";
pub const STATEMENT_ID: &str = "([a-zA-Z0-9-_]+)";
pub const FILE_SYSTEM_ARN: &str = r"arn:aws[a-zA-Z-]*:elasticfilesystem:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:access-point/fsap-[a-f0-9]{17}$|^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}";
pub const CODE_SIGNING_CONFIG_ARN: &str = r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:code-signing-config:csc-[a-z0-9]{17}";
pub const CAPACITY_PROVIDER_ARN: &str = r"arn:aws[a-zA-Z-]*:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:capacity-provider:[a-zA-Z0-9-_]+";
pub const RUNTIME_ARN: &str = r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:runtime/.+";
pub const RUNTIME_VERSION_ARN: &str = r"((arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}::runtime:.+)|(arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:runtime/[A-Za-z0-9_.-]{1,128}/version/[A-Za-z0-9_.-]{1,128}))";
pub const TAGGABLE_RESOURCE: &str = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})";
pub const DURABLE_EXECUTION_ARN: &str = r"arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]+):(\$LATEST(?:\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)";

pub const HANDLER: &str = r"[^\s]+";
pub const LOG_GROUP: &str = r"[\.\-_/#A-Za-z0-9]+";
pub const LOCAL_MOUNT_PATH: &str = "/mnt/[a-zA-Z0-9-_.]+";
pub const MASTER_REGION: &str = r"ALL|(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}";
pub const S3_BUCKET: &str = r"[0-9A-Za-z\.\-_]*(?<!\.)";
pub const ANYTHING: &str = ".*";
pub const TENANT_ID: &str = r"[a-zA-Z0-9\._:\/=+\-@ ]+";
pub const DURABLE_EXECUTION_NAME: &str = "[a-zA-Z0-9-_]+";
const TAG: &str = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";

pub const TAG_KEY: Checks = Checks::NONE.len(1, 128).pattern(TAG);
pub const TAG_VALUE: Checks = Checks::NONE.len(0, 256).pattern(TAG);
pub const VARIABLE_NAME: Checks = Checks::NONE.pattern("[a-zA-Z]([a-zA-Z0-9_])+");
pub const SUBNET_ID: Checks = Checks::NONE.len(0, 1024).pattern("subnet-[0-9a-z]*");
pub const SECURITY_GROUP_ID: Checks = Checks::NONE.len(0, 1024).pattern("sg-[0-9a-zA-Z]*");
pub const LAYER_VERSION: Checks = Checks::NONE.len(1, 2048).pattern(LAYER_VERSION_ARN);

/// The words of AWS name this rule beside the enum's.
pub const ARCHITECTURE: Checks = Checks::NONE.not_null();

/// The longest ARN that the contract takes.
pub const ARN_CHARS: usize = 10_000;
