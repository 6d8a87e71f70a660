//! Which ARN a permission is asked for. AWS asks with `:log-stream:` at the end even where a group is meant, which is
//! why policies name groups as `log-group:NAME:*`; only the tagging operations take the bare ARN of the group.

use base::{Fields, Scope};
use wire::Resource;

/// DescribeLogGroups looks at all of them.
pub(super) const EVERY_GROUP: Resource = Resource::Template("arn:aws:logs:{region}:{account}:log-group::log-stream:");
pub(super) const GROUP: Resource =
    Resource::Template("arn:aws:logs:{region}:{account}:log-group:{logGroupName}:log-stream:");
pub(super) const STREAM: Resource =
    Resource::Template("arn:aws:logs:{region}:{account}:log-group:{logGroupName}:log-stream:{logStreamName}");
pub(super) const NAMED_OR_IDENTIFIED_GROUP: Resource = Resource::Computed(|input, scope| group_arn(input, scope, ""));
pub(super) const STREAM_OF_NAMED_OR_IDENTIFIED_GROUP: Resource =
    Resource::Computed(|input, scope| group_arn(input, scope, input.text("logStreamName").unwrap_or("*")));
pub(super) const TAGGED: Resource = Resource::Template("{resourceArn}");
pub(super) const TAGGED_GROUP: Resource =
    Resource::Template("arn:aws:logs:{region}:{account}:log-group:{logGroupName}");
/// PutLogGroupDeletionProtection knows its group by `logGroupIdentifier` only.
pub(super) const IDENTIFIED_GROUP: Resource = NAMED_OR_IDENTIFIED_GROUP;

fn group_arn(input: &Fields, scope: &Scope, stream: &str) -> String {
    let Scope { account, region } = scope;
    match (input.text("logGroupName"), input.text("logGroupIdentifier")) {
        (None, Some(arn)) if arn.starts_with("arn:") => {
            let arn = arn.strip_suffix(":*").unwrap_or(arn);
            format!("{arn}:log-stream:{stream}")
        }
        (name, identifier) => {
            let name = name.or(identifier).unwrap_or("*");
            format!("arn:aws:logs:{region}:{account}:log-group:{name}:log-stream:{stream}")
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;
    use crate::logs::group::name_in_arn;

    fn resolved(resource: Resource, input: Fields) -> String {
        resource.resolve(&input, &Scope::new(Account::default_account(), Region::new("us-east-1")))
    }

    #[test]
    fn a_name_and_both_forms_of_the_arn_ask_for_the_same() {
        let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/a/b";
        let wanted = format!("{arn}:log-stream:");
        let with = |name, text: &str| Fields::new().with(name, text);
        for input in [
            with("logGroupName", "/a/b"),
            with("logGroupIdentifier", "/a/b"),
            with("logGroupIdentifier", arn),
            with("logGroupIdentifier", &format!("{arn}:*")),
        ] {
            assert_eq!(resolved(NAMED_OR_IDENTIFIED_GROUP, input), wanted);
        }
        assert_eq!(name_in_arn(&format!("{arn}:*")), Some("/a/b"));
    }

    #[test]
    fn a_stream_is_asked_for_in_its_group() {
        let input = Fields::new().with("logGroupName", "g").with("logStreamName", "s");
        assert_eq!(resolved(STREAM, input), "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s");
    }
}
