//! A function's name in all its forms: `name`, `name:qualifier`, partial and full ARNs.
//!
//! Source of the forms and of the refusals: oracle 1.2, 3.1 and Appendix A.

use base::limits::lambda::FUNCTION_NAME_CHARS;
use base::{Arn, Fault, Scope};

use super::fault::{invalid, not_found};

/// The version that may still change.
pub const LATEST: &str = "$LATEST";

/// A name that was read; what it left out is the scope's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    pub region: String,
    pub account: String,
    pub name: String,
    /// A version, an alias or `$LATEST`, if the name said one.
    pub qualifier: Option<String>,
}

impl FunctionName {
    /// `None` for what AWS's pattern of a name does not match.
    pub fn parse(text: &str, scope: &Scope) -> Option<Self> {
        let rest = strip_service(text);
        let (region, rest) = strip_part(rest, is_region);
        let (account, rest) = strip_part(rest, is_account);
        let rest = strip_word(rest, "function:");
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (rest, None),
        };
        (is_name(name) && qualifier.is_none_or(is_qualifier)).then(|| Self {
            region: region.unwrap_or(scope.region.as_str()).to_owned(),
            account: account.unwrap_or(scope.account.as_str()).to_owned(),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }

    /// The name as an operation in `scope` may use it, or AWS's refusal: another region 404, another account 403.
    pub fn here(text: &str, scope: &Scope) -> Result<Self, Fault> {
        // The contract's pattern has been checked already; what still fails here matches it in a way we don't know.
        let name = Self::parse(text, scope).ok_or_else(|| invalid(format!("Invalid function name: {text}")))?;
        if name.name.chars().count() > FUNCTION_NAME_CHARS {
            return Err(too_long(&name.name));
        }
        if name.region != scope.region.as_str() {
            return Err(elsewhere(&name.region, scope));
        }
        if name.account != scope.account.as_str() {
            return Err(Fault::new(Fault::ACCESS_DENIED, "").caused_by("the function belongs to another account"));
        }
        Ok(name)
    }

    /// As [`FunctionName::here`] with the member `Qualifier` taken in; both may name the same qualifier, not two.
    pub fn qualified(text: &str, qualifier: Option<&str>, scope: &Scope) -> Result<Self, Fault> {
        let mut name = Self::here(text, scope)?;
        match (&name.qualifier, qualifier) {
            (Some(derived), Some(given)) if derived != given => {
                let message = "The derived qualifier from the function name does not match the specified qualifier.";
                Err(invalid(message))
            }
            (None, Some(given)) => {
                name.qualifier = Some(given.to_owned());
                Ok(name)
            }
            _ => Ok(name),
        }
    }

    /// As [`FunctionName::here`] for the operations that know no versions and aliases.
    pub fn unqualified(text: &str, scope: &Scope) -> Result<Self, Fault> {
        let mut name = Self::here(text, scope)?;
        match name.qualifier.as_deref() {
            None => Ok(name),
            Some(LATEST) => {
                name.qualifier = None;
                Ok(name)
            }
            Some(_) => Err(invalid(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
                 operation. Please specify either a function name or an unqualified function ARN.",
            )),
        }
    }

    /// The function's own ARN.
    pub fn arn(&self) -> String {
        Arn::new("lambda", &self.region, &self.account, format!("function:{}", self.name)).to_string()
    }

    /// The ARN with a qualifier.
    pub fn arn_of(&self, qualifier: &str) -> String {
        format!("{}:{qualifier}", self.arn())
    }

    /// The ARN as the caller said it: with a qualifier only if one was given.
    pub fn arn_as_given(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => self.arn_of(qualifier),
            None => self.arn(),
        }
    }
}

/// The name of the execution role's session: the function's. STS takes no name of one character, a function may have
/// one; then it is what some of Lambda's own sandboxes have (oracle 7).
pub fn session_name(function: &str) -> String {
    if function.len() < 2 { format!("{function}@lambda_function") } else { function.to_owned() }
}

fn elsewhere(region: &str, scope: &Scope) -> Fault {
    not_found(format!("Functions from '{region}' are not reachable in this region ('{}')", scope.region))
}

fn too_long(name: &str) -> Fault {
    invalid(format!(
        "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: \
         Member must have length less than or equal to {FUNCTION_NAME_CHARS}"
    ))
}

/// Without `arn:aws:lambda:`, for any partition.
fn strip_service(text: &str) -> &str {
    let Some((partition, rest)) = text.strip_prefix("arn:").and_then(|rest| rest.split_once(':')) else { return text };
    let known = partition.is_empty() || partition.strip_prefix("aws").is_some_and(|rest| rest.bytes().all(is_letter));
    match rest.strip_prefix("lambda:") {
        Some(rest) if known => rest,
        _ => text,
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'-'
}

/// The part before the first colon, if it is of the kind and something follows it.
fn strip_part(text: &str, is: impl Fn(&str) -> bool) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((part, rest)) if is(part) && begins_a_name(rest) => (Some(part), rest),
        _ => (None, text),
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> &'a str {
    match text.strip_prefix(word) {
        Some(rest) if begins_a_name(rest) => rest,
        _ => text,
    }
}

/// `us-east-1:$LATEST` is a function that is called `us-east-1`.
fn begins_a_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('$')
}

/// `us-east-1`, `us-gov-west-1`, `us-iso-east-1`, `eusc-de-east-1`.
fn is_region(text: &str) -> bool {
    let mut parts: Vec<&str> = text.strip_prefix("eusc-").unwrap_or(text).split('-').collect();
    let special = |part: &str| part == "gov" || matches!(part.strip_prefix("iso"), Some(rest) if rest.len() <= 1);
    if parts.len() == 4 && special(parts[1]) {
        parts.remove(1);
    }
    let [area, direction, number] = parts[..] else { return false };
    let lower = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    area.len() == 2
        && lower(area)
        && !direction.is_empty()
        && lower(direction)
        && number.len() == 1
        && number.as_bytes()[0].is_ascii_digit()
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn is_name(text: &str) -> bool {
    is_word(&text.replace('.', "_"))
}

fn is_qualifier(text: &str) -> bool {
    text == LATEST || text == "$LATEST.PUBLISHED" || is_word(text)
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};
    use proptest::prelude::*;

    use super::*;

    fn scope() -> Scope {
        Scope::new(Account::parse("123456789012").expect("digits"), Region::new("eu-west-1"))
    }

    fn check(text: &str, region: &str, account: &str, name: &str, qualifier: Option<&str>) {
        let expected = FunctionName {
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        };
        assert_eq!(FunctionName::parse(text, &scope()), Some(expected), "{text}");
    }

    #[test]
    fn every_form_is_understood() {
        let (region, account) = ("eu-west-1", "123456789012");
        check("f", region, account, "f", None);
        check("f:prod", region, account, "f", Some("prod"));
        check("f:$LATEST", region, account, "f", Some("$LATEST"));
        check("f:$LATEST.PUBLISHED", region, account, "f", Some("$LATEST.PUBLISHED"));
        check("function:f", region, account, "f", None);
        check("function:f:7", region, account, "f", Some("7"));
        check("function", region, account, "function", None);
        check("111111111111:function:f", region, "111111111111", "f", None);
        check("111111111111:f:q", region, "111111111111", "f", Some("q"));
        check("111111111111", region, account, "111111111111", None);
        check("us-gov-west-1:111111111111:function:f", "us-gov-west-1", "111111111111", "f", None);
        check("arn:aws:lambda:eu-west-1:123456789012:function:f", region, account, "f", None);
        check("arn:aws-cn:lambda:cn-north-1:123456789012:function:f:1", "cn-north-1", account, "f", Some("1"));
        check("a.b", region, account, "a.b", None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let wrong = [
            "",
            ":",
            "f:",
            ":f",
            "a b",
            "a/b",
            "f:a:b",
            "invalid:function:name",
            "f:$LAST",
            "f:a.b",
            "arn:aws:lambda:us-east-1:123400000000@function:myfn",
            "arn:aws:s3:::bucket",
            "function:f:",
        ];
        for text in wrong {
            assert_eq!(FunctionName::parse(text, &scope()), None, "{text}");
        }
    }

    fn refusal(text: &str, qualifier: Option<&str>) -> (String, String) {
        let fault = FunctionName::qualified(text, qualifier, &scope()).expect_err(text);
        (fault.code.into_owned(), fault.message)
    }

    #[test]
    fn names_from_elsewhere_are_refused_in_awss_words() {
        let (code, message) = refusal("arn:aws:lambda:ap-southeast-1:123456789012:function:f", None);
        assert_eq!(code, "ResourceNotFoundException");
        assert_eq!(message, "Functions from 'ap-southeast-1' are not reachable in this region ('eu-west-1')");
        assert_eq!(refusal("111111111111:function:f", None), ("AccessDeniedException".to_owned(), String::new()));
    }

    #[test]
    fn two_qualifiers_must_agree() {
        let (code, message) = refusal("f:1", Some("2"));
        assert_eq!(code, "InvalidParameterValueException");
        assert_eq!(message, "The derived qualifier from the function name does not match the specified qualifier.");
        let same = FunctionName::qualified("f:1", Some("1"), &scope()).expect("they agree");
        assert_eq!(same.arn_as_given(), "arn:aws:lambda:eu-west-1:123456789012:function:f:1");
    }

    #[test]
    fn a_name_alone_has_64_characters_at_most() {
        assert!(FunctionName::here(&"a".repeat(64), &scope()).is_ok());
        let (code, message) = refusal(&"a".repeat(65), None);
        assert_eq!(code, "InvalidParameterValueException");
        assert!(message.ends_with(
            "at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"
        ));
    }

    #[test]
    fn unqualified_operations_take_latest_only() {
        assert_eq!(FunctionName::unqualified("f:$LATEST", &scope()).expect("latest").qualifier, None);
        assert!(FunctionName::unqualified("f:1", &scope()).is_err());
    }

    proptest! {
        #[test]
        fn a_name_survives_each_of_its_forms(
            name in "[a-zA-Z0-9-_]{1,64}",
            qualifier in proptest::option::of("[a-zA-Z0-9-_]{1,20}|\\$LATEST"),
        ) {
            let arn = "arn:aws:lambda:eu-west-1:123456789012:function:";
            let tail = qualifier.as_ref().map(|text| format!(":{text}")).unwrap_or_default();
            for prefix in [arn, "eu-west-1:123456789012:function:", "123456789012:function:", "function:"] {
                let read = FunctionName::parse(&format!("{prefix}{name}{tail}"), &scope()).expect(prefix);
                prop_assert_eq!(&read.name, &name);
                prop_assert_eq!(&read.qualifier, &qualifier);
                let again = FunctionName::parse(&read.arn_as_given(), &scope());
                prop_assert_eq!(again, Some(read));
            }
        }

        #[test]
        fn hostile_names_never_panic(text in "[a-z0-9:$._-]{0,80}|.{0,40}") {
            if let Some(name) = FunctionName::parse(&text, &scope()) {
                let pattern = regex::Regex::new(&format!("^(?:{})$", crate::api::patterns::NAMESPACED_FUNCTION_NAME));
                prop_assert!(pattern.expect("it compiles").is_match(&text));
                prop_assert!(!name.name.is_empty());
            }
        }

        #[test]
        fn hostile_whatever_awss_pattern_takes_is_understood(
            text in "(arn:aws:lambda:)?(us-east-1:)?(123456789012:)?(function:)?[a-zA-Z0-9-_.]{1,9}(:(\\$LATEST|[a-z0-9]{1,5}))?"
        ) {
            prop_assert!(FunctionName::parse(&text, &scope()).is_some());
        }
    }
}
