//! An alias: a name for one version, or for two of which each event gets one by weight.
//!
//! Source of the rules and of the refusals: oracle 6 and Appendix A.

use base::Fault;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::fault::invalid;
use super::name::{FunctionName, LATEST};
use crate::api::{AliasConfiguration, AliasRoutingConfiguration};

/// What is kept of an alias, in the table `function-alias`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliasRecord {
    pub account: String,
    pub region: String,
    pub function: String,
    pub name: String,
    /// `$LATEST` or a number.
    pub version: String,
    pub description: String,
    /// The second version that it leads to.
    #[serde(default)]
    pub additional: Option<Additional>,
    /// Changes with every update.
    pub revision_id: String,
}

/// The share of the events that a second version gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Additional {
    pub version: String,
    /// 0.0 to 1.0.
    pub weight: f64,
}

impl store::Record for AliasRecord {
    const TABLE: &'static str = "function-alias";
    /// Account, region, function, name.
    type Key = (String, String, String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.region.clone(), self.function.clone(), self.name.clone())
    }
}

impl AliasRecord {
    /// The version that an event gets, for a number drawn from `[0, 1)`.
    pub fn pick(&self, drawn: f64) -> &str {
        match &self.additional {
            Some(additional) if drawn < additional.weight => &additional.version,
            _ => &self.version,
        }
    }

    /// Whether an event may get the version.
    pub fn leads_to(&self, version: &str) -> bool {
        self.version == version || self.additional.as_ref().is_some_and(|additional| additional.version == version)
    }

    /// As AWS shows it; `function` is the alias's.
    pub fn describe(&self, function: &FunctionName) -> AliasConfiguration {
        let weights =
            self.additional.iter().map(|additional| (additional.version.clone(), additional.weight)).collect();
        AliasConfiguration {
            alias_arn: Some(function.arn_of(&self.name)),
            name: Some(self.name.clone()),
            function_version: Some(self.version.clone()),
            description: Some(self.description.clone()),
            routing_config: self
                .additional
                .is_some()
                .then_some(AliasRoutingConfiguration { additional_version_weights: Some(weights) }),
            revision_id: Some(self.revision_id.clone()),
        }
    }
}

/// The second version that a request asks for; no weights are none.
pub fn additional(routing: &AliasRoutingConfiguration) -> Result<Option<Additional>, Fault> {
    let none = IndexMap::new();
    let weights = routing.additional_version_weights.as_ref().unwrap_or(&none);
    if weights.len() > 1 {
        return Err(invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    Ok(weights.first().map(|(version, weight)| Additional { version: version.clone(), weight: *weight }))
}

/// Two versions must be two, and published.
pub fn check(version: &str, additional: Option<&Additional>) -> Result<(), Fault> {
    match additional {
        Some(_) if version == LATEST => {
            Err(invalid("$LATEST is not supported for an alias pointing to more than 1 version").without("Type"))
        }
        Some(additional) if additional.version == version => Err(invalid(format!(
            "Invalid function version {version}. Function version {version} is already included in routing \
             configuration."
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use base::Random;

    use super::*;

    fn alias(additional: Option<Additional>) -> AliasRecord {
        AliasRecord {
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            function: "f".to_owned(),
            name: "prod".to_owned(),
            version: "1".to_owned(),
            description: String::new(),
            additional,
            revision_id: "r".to_owned(),
        }
    }

    fn to_second(weight: f64) -> Option<Additional> {
        Some(Additional { version: "2".to_owned(), weight })
    }

    #[test]
    fn events_are_shared_by_weight() {
        let random = Random::seeded(7);
        let count = |weight: f64| {
            let alias = alias(to_second(weight));
            (0..10_000).filter(|_| alias.pick(random.fraction()) == "2").count()
        };
        assert_eq!((count(0.0), count(1.0)), (0, 10_000));
        assert!((2_800..3_200).contains(&count(0.3)), "{}", count(0.3));
        assert_eq!(alias(None).pick(0.0), "1");
    }

    #[test]
    fn two_versions_must_be_two_and_published() {
        assert!(check("1", to_second(0.5).as_ref()).is_ok());
        assert!(check(LATEST, None).is_ok());
        let same = check("2", to_second(0.5).as_ref()).expect_err("the same");
        assert_eq!(
            same.message,
            "Invalid function version 2. Function version 2 is already included in routing configuration."
        );
        assert!(check(LATEST, to_second(0.5).as_ref()).is_err());
    }

    proptest! {
        #[test]
        fn an_alias_comes_back(description in ".{0,256}", weight in proptest::option::of(0.0..=1.0_f64)) {
            let alias = AliasRecord { description, ..alias(weight.and_then(to_second)) };
            let bytes = rmp_serde::to_vec_named(&alias).expect("encodes");
            prop_assert_eq!(rmp_serde::from_slice::<AliasRecord>(&bytes).expect("decodes"), alias);
        }
    }
}
