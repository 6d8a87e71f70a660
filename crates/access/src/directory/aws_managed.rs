//! The managed policies of AWS that deploy tools attach, in our own words: the actions are AWS's, the texts ours.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::entity::compiled;
use crate::policy::{Compiled, identity_policy};

/// A policy of AWS's own.
#[derive(Debug)]
pub struct AwsManaged {
    pub name: &'static str,
    pub path: &'static str,
    pub description: &'static str,
    pub arn: String,
    pub id: String,
    pub document: String,
    pub compiled: Compiled,
}

/// AWS doesn't say when; the first of them came with IAM's managed policies. Milliseconds since the epoch.
pub const CREATED_MS: i64 = 1_423_180_800_000;

struct Source {
    path: &'static str,
    name: &'static str,
    description: &'static str,
    statements: &'static [&'static [&'static str]],
    /// Further statements, as JSON, where a list of actions on everything isn't enough.
    more: &'static [&'static str],
}

const LOGS: &[&str] = &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const INTERFACES: &[&str] = &[
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];
const LOOK_AROUND: &[&str] = &[
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:ListRoles",
    "kms:ListAliases",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetQueryResults",
    "logs:StartLiveTail",
    "logs:StartQuery",
    "logs:StopQuery",
    "states:DescribeStateMachine",
    "states:ListStateMachines",
    "tag:GetResources",
    "xray:BatchGetTraces",
    "xray:GetTraceSummaries",
];
const PASS_TO_LAMBDA: &str = r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}"#;
const ALL_BUT_ACCOUNTS: &str =
    r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}"#;

const fn service_role(
    name: &'static str,
    description: &'static str,
    statements: &'static [&'static [&'static str]],
) -> Source {
    Source { path: "/service-role/", name, description, statements, more: &[] }
}

const fn plain(
    name: &'static str,
    description: &'static str,
    statements: &'static [&'static [&'static str]],
    more: &'static [&'static str],
) -> Source {
    Source { path: "/", name, description, statements, more }
}

const SOURCES: &[Source] = &[
    plain("AdministratorAccess", "Everything.", &[&["*"]], &[]),
    plain(
        "PowerUserAccess",
        "Everything but users, accounts and organizations.",
        &[&[
            "account:GetAccountInformation",
            "account:ListRegions",
            "iam:ListRoles",
            "organizations:DescribeOrganization",
        ]],
        &[ALL_BUT_ACCOUNTS],
    ),
    plain("IAMFullAccess", "Everything in IAM.", &[&["iam:*"]], &[]),
    plain("CloudWatchLogsFullAccess", "Everything in CloudWatch Logs.", &[&["logs:*"]], &[]),
    service_role("AWSLambdaBasicExecutionRole", "Lets a function write its logs.", &[LOGS]),
    service_role(
        "AWSLambdaVPCAccessExecutionRole",
        "Lets a function write its logs and join a VPC.",
        &[LOGS, INTERFACES],
    ),
    service_role(
        "AWSLambdaSQSQueueExecutionRole",
        "Lets a function write its logs and read queues.",
        &[LOGS, &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]],
    ),
    service_role(
        "AWSLambdaKinesisExecutionRole",
        "Lets a function write its logs and read Kinesis streams.",
        &[
            LOGS,
            &[
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:ListStreams",
                "kinesis:SubscribeToShard",
            ],
        ],
    ),
    service_role(
        "AWSLambdaDynamoDBExecutionRole",
        "Lets a function write its logs and read DynamoDB streams.",
        &[
            LOGS,
            &["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
        ],
    ),
    service_role(
        "AWSLambdaMSKExecutionRole",
        "Lets a function write its logs, join a VPC and read from MSK.",
        &[
            LOGS,
            INTERFACES,
            &[
                "kafka:DescribeCluster",
                "kafka:DescribeClusterV2",
                "kafka:GetBootstrapBrokers",
                "ec2:DescribeVpcs",
                "ec2:DescribeSecurityGroups",
            ],
        ],
    ),
    service_role("AWSLambdaRole", "Lets a service invoke functions.", &[&["lambda:InvokeFunction"]]),
    service_role(
        "AWSLambdaBasicDurableExecutionRolePolicy",
        "Lets a function write its logs and keep the state of durable executions.",
        &[LOGS, &["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"]],
    ),
    plain(
        "AWSLambda_FullAccess",
        "Everything in Lambda, and what its console looks at.",
        &[&["lambda:*"], LOOK_AROUND],
        &[PASS_TO_LAMBDA],
    ),
    plain(
        "AWSLambda_ReadOnlyAccess",
        "Looking at everything in Lambda.",
        &[&["lambda:Get*", "lambda:List*"], LOOK_AROUND],
        &[],
    ),
    plain(
        "AWSXRayDaemonWriteAccess",
        "Lets traces be sent to X-Ray.",
        &[&[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ]],
        &[],
    ),
];

static POLICIES: LazyLock<BTreeMap<String, AwsManaged>> =
    LazyLock::new(|| SOURCES.iter().map(AwsManaged::new).map(|policy| (policy.arn.clone(), policy)).collect());

pub fn find(arn: &str) -> Option<&'static AwsManaged> {
    POLICIES.get(arn)
}

/// All of them, by ARN.
pub fn all() -> impl Iterator<Item = &'static AwsManaged> {
    POLICIES.values()
}

impl AwsManaged {
    fn new(source: &Source) -> Self {
        let Source { path, name, description, .. } = *source;
        let document = source.document();
        let compiled = compiled(identity_policy(&document));
        Self {
            name,
            path,
            description,
            arn: format!("arn:aws:iam::aws:policy{path}{name}"),
            id: id(name),
            document,
            compiled,
        }
    }
}

impl Source {
    fn document(&self) -> String {
        let allow = |actions: &&[&str]| {
            format!(r#"{{"Effect":"Allow","Action":["{}"],"Resource":"*"}}"#, actions.join(r#"",""#))
        };
        let statements: Vec<_> =
            self.statements.iter().map(allow).chain(self.more.iter().map(|more| (*more).to_owned())).collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }
}

/// The same id at every start.
fn id(name: &str) -> String {
    let digest = Sha256::digest(name);
    let letters =
        digest.iter().take(17).map(|byte| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte % 32)]));
    format!("ANPA{}", letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Verdict;

    #[test]
    fn every_policy_can_be_read_and_stands_once() {
        assert_eq!(all().count(), SOURCES.len());
        for policy in all() {
            assert!(identity_policy(&policy.document).is_ok(), "{}", policy.name);
        }
    }

    #[test]
    fn an_execution_role_may_write_logs_and_no_more() {
        let basic = find("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").expect("it stands above");
        assert_eq!(basic.compiled.ask("logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:g"), Verdict::Allow);
        assert_eq!(basic.compiled.ask("logs:DeleteLogGroup", "*"), Verdict::Silent);
    }

    #[test]
    fn a_power_user_makes_no_users() {
        let power = find("arn:aws:iam::aws:policy/PowerUserAccess").expect("it stands above");
        assert_eq!(power.compiled.ask("lambda:InvokeFunction", "*"), Verdict::Allow);
        assert_eq!(power.compiled.ask("iam:CreateUser", "*"), Verdict::Silent);
    }
}
