//! A layer's name in its two forms, plain and ARN, and the ARNs of its versions.

use base::{Arn, Fault, Scope};

use crate::function::fault::{invalid, not_found};

/// A name that was read; what a plain one leaves out is the scope's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerName {
    pub region: String,
    pub account: String,
    pub name: String,
}

impl LayerName {
    /// `None` for what AWS's pattern of a name does not match.
    pub fn parse(text: &str, scope: &Scope) -> Option<Self> {
        match text.strip_prefix("arn:") {
            Some(_) => Self::of_arn(text).filter(|(_, version)| version.is_none()).map(|(name, _)| name),
            None => is_name(text).then(|| Self {
                region: scope.region.as_str().to_owned(),
                account: scope.account.as_str().to_owned(),
                name: text.to_owned(),
            }),
        }
    }

    /// The name as an operation in `scope` may use it: a layer of another region is not found.
    pub fn here(text: &str, scope: &Scope) -> Result<Self, Fault> {
        let name = Self::parse(text, scope).ok_or_else(|| invalid(format!("Invalid layer name: {text}")))?;
        if name.region == scope.region.as_str() {
            return Ok(name);
        }
        Err(not_found(format!("Layers from '{}' are not reachable in this region ('{}')", name.region, scope.region)))
    }

    /// The layer and the version that an ARN names.
    pub fn of_version_arn(arn: &str) -> Option<(Self, u64)> {
        let (name, version) = Self::of_arn(arn)?;
        Some((name, version?.parse().ok()?))
    }

    fn of_arn(text: &str) -> Option<(Self, Option<String>)> {
        let arn = Arn::parse(text).filter(|arn| arn.service == "lambda")?;
        let rest = arn.resource.strip_prefix("layer:")?;
        let (name, version) = match rest.split_once(':') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (rest, None),
        };
        let digits = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let whole = is_name(name) && version.as_ref().is_none_or(digits);
        whole.then(|| {
            (Self { region: arn.region.clone(), account: arn.account.clone(), name: name.to_owned() }, version)
        })
    }

    pub fn arn(&self) -> String {
        Arn::new("lambda", &self.region, &self.account, format!("layer:{}", self.name)).to_string()
    }

    pub fn version_arn(&self, version: u64) -> String {
        format!("{}:{version}", self.arn())
    }
}

/// Whose an archive is, in the archives' keys. No function can be called so.
pub(crate) fn archive_owner(layer: &str) -> String {
    format!("layer:{layer}")
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};
    use proptest::prelude::*;

    use super::*;

    fn scope() -> Scope {
        Scope::new(Account::parse("123456789012").expect("digits"), Region::new("us-east-1"))
    }

    #[test]
    fn both_forms_are_understood() {
        let plain = LayerName::parse("tools", &scope()).expect("a name");
        assert_eq!(plain.arn(), "arn:aws:lambda:us-east-1:123456789012:layer:tools");
        assert_eq!(LayerName::parse(&plain.arn(), &scope()), Some(plain.clone()));
        assert_eq!(LayerName::of_version_arn(&plain.version_arn(12)), Some((plain, 12)));
    }

    #[test]
    fn what_is_no_layer_is_none() {
        for text in [
            "",
            "a.b",
            "a:1",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "arn:aws:lambda:us-east-1:123456789012:layer:a:1",
            "arn:aws:s3:us-east-1:123456789012:layer:a",
        ] {
            assert_eq!(LayerName::parse(text, &scope()), None, "{text}");
        }
        for text in ["arn:aws:lambda:us-east-1:123456789012:layer:a", "arn:aws:lambda:::awslayer:AmazonLinux1803"] {
            assert_eq!(LayerName::of_version_arn(text), None, "{text}");
        }
    }

    #[test]
    fn a_layer_of_another_region_is_not_reachable() {
        let there = "arn:aws:lambda:eu-west-1:123456789012:layer:a";
        let fault = LayerName::here(there, &scope()).expect_err("elsewhere");
        assert_eq!(fault.message, "Layers from 'eu-west-1' are not reachable in this region ('us-east-1')");
    }

    proptest! {
        #[test]
        fn an_arn_of_a_version_comes_back(name in "[a-zA-Z0-9_-]{1,140}", version in 1_u64..) {
            let layer = LayerName::parse(&name, &scope()).expect("a name");
            prop_assert_eq!(LayerName::of_version_arn(&layer.version_arn(version)), Some((layer, version)));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = (LayerName::parse(&text, &scope()), LayerName::of_version_arn(&text));
        }
    }
}
