//! Amazon Resource Names: the address that everything in AWS has.

use std::fmt;

use crate::scope::{Account, Region};

/// `arn:partition:service:region:account:resource`; region and account may be empty, as they are for IAM and S3.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

impl Arn {
    pub fn new(service: &str, region: &str, account: &str, resource: impl Into<String>) -> Self {
        Self {
            partition: "aws".to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.into(),
        }
    }

    /// A regional resource of an account.
    pub fn regional(service: &str, region: &Region, account: &Account, resource: impl Into<String>) -> Self {
        Self::new(service, region.as_str(), account.as_str(), resource)
    }

    /// `None` unless `text` has six parts and the first is `arn`; the resource may contain colons.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let mut part = || parts.next().map(str::to_owned);
        let arn = Self { partition: part()?, service: part()?, region: part()?, account: part()?, resource: part()? };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Arn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Arn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an ARN"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_arn_comes_back(text in "arn:aws(-cn)?:[a-z]{1,8}:[a-z0-9-]{0,12}:[0-9]{0,12}:[a-z:/$]{1,20}") {
            prop_assert_eq!(Arn::parse(&text).expect("well formed").to_string(), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = Arn::parse(&text);
        }
    }

    #[test]
    fn the_resource_keeps_its_colons() {
        let arn = Arn::parse("arn:aws:lambda:us-east-1:123456789012:function:f:prod").expect("well formed");
        assert_eq!(arn.resource, "function:f:prod");
    }

    #[test]
    fn too_few_parts_are_no_arn() {
        assert!(Arn::parse("arn:aws:lambda:us-east-1:123456789012").is_none());
        assert!(Arn::parse("arn:aws:lambda:us-east-1:123456789012:").is_none());
    }
}
