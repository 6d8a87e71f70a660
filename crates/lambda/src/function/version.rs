//! Published versions: how they are numbered and ordered, what they keep, and when `$LATEST` gives no new one.
//!
//! Source: oracle 6.

use serde::{Deserialize, Serialize};

use super::name::{FunctionName, LATEST};
use super::record::{Config, FunctionRecord, Settings};
use super::state::Status;

/// The number of a version, if `text` is written as Lambda writes them: `07` is no version.
pub fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if digits { text.parse().ok() } else { None }
}

/// What AWS reads as a version and not as an alias, whether there is one or not.
pub fn is_number(qualifier: &str) -> bool {
    !qualifier.is_empty() && qualifier.bytes().all(|byte| byte.is_ascii_digit())
}

/// A version in keys, where it is ordered by number after `$LATEST`. `None` for what can't be a version.
pub fn key(version: &str) -> Option<String> {
    match number(version) {
        Some(number) => Some(format!("{number:010}")),
        None if version == LATEST => Some(LATEST.to_owned()),
        None => None,
    }
}

/// The last number that a function of this name gave out. Stays when the function goes: numbers are never used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastNumber {
    pub account: String,
    pub region: String,
    pub function: String,
    pub number: u64,
}

impl LastNumber {
    pub fn of(name: &FunctionName, number: u64) -> Self {
        let FunctionName { account, region, name: function, .. } = name.clone();
        Self { account, region, function, number }
    }
}

impl store::Record for LastNumber {
    const TABLE: &'static str = "function-number";
    /// Account, region, function.
    type Key = (String, String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.region.clone(), self.function.clone())
    }
}

/// What is new about a version: all else is `$LATEST`'s.
#[derive(Clone, Debug)]
pub struct Publication {
    pub number: u64,
    /// In the place of `$LATEST`'s.
    pub description: Option<String>,
    pub status: Status,
    pub settings_id: String,
    pub revision_id: String,
}

/// `settings` of `latest` as a version. Its settings have an id of their own: its environments are not `$LATEST`'s.
pub fn publish(latest: &FunctionRecord, settings: &Settings, publication: Publication) -> FunctionRecord {
    let Publication { number, description, status, settings_id, revision_id } = publication;
    let latest_description = settings.config.description.clone();
    let description = description.unwrap_or_else(|| latest_description.clone());
    FunctionRecord {
        version: number.to_string(),
        settings: Settings {
            id: settings_id,
            code: settings.code.clone(),
            config: Config { description, ..settings.config.clone() },
        },
        serving: None,
        status,
        revision_id,
        tags: Default::default(),
        reserved_concurrency: None,
        latest_description: Some(latest_description),
        ..latest.clone()
    }
}

/// Whether `settings` of `$LATEST` are what the version was published of: then there is nothing to publish.
pub fn is_of(version: &FunctionRecord, settings: &Settings) -> bool {
    let published = &version.settings;
    let description = version.latest_description.as_ref().unwrap_or(&published.config.description);
    published.code.sha256 == settings.code.sha256
        && Config { description: description.clone(), ..published.config.clone() } == settings.config
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_lambdas_own_form_is_a_number() {
        assert_eq!(number("1"), Some(1));
        assert_eq!(number("1234567890123"), Some(1_234_567_890_123));
        for text in ["", "0", "01", "-1", "1a", "prod", LATEST, "99999999999999999999"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn keys_are_as_drawn() {
        assert_eq!(key(LATEST).as_deref(), Some("$LATEST"));
        assert_eq!(key("7").as_deref(), Some("0000000007"));
        assert_eq!(key("0000000007"), None, "it is another's key, and no version");
        assert_eq!(key("prod"), None);
    }

    proptest! {
        #[test]
        fn keys_are_ordered_by_number_after_latest(a in 1_u64..9_999_999_999, b in 1_u64..9_999_999_999) {
            let key = |number: u64| key(&number.to_string()).expect("a version");
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
            prop_assert!(key(a).as_str() > LATEST);
        }

        #[test]
        fn the_last_number_comes_back(function in "[a-zA-Z0-9-_]{1,64}", number: u64) {
            let last = LastNumber { account: "123456789012".to_owned(), region: "eu-west-1".to_owned(), function, number };
            let bytes = rmp_serde::to_vec_named(&last).expect("encodes");
            prop_assert_eq!(rmp_serde::from_slice::<LastNumber>(&bytes).expect("decodes"), last);
        }
    }
}
