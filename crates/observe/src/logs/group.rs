//! The rules of log groups: names and ARNs, retention, tags, and how one is shown.

use base::{Fault, Scope};
use indexmap::IndexMap;

use super::api::{LogGroup, LogGroupClass, invalid, too_many_tags};
use super::day::Day;
use super::event::DAY_MS;
use super::tables::Group;

/// What AWS lets a retention policy say.
pub(crate) const RETENTION_DAYS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The name in `arn:aws:logs:REGION:ACCOUNT:log-group:NAME` or the same with `:*`.
pub(crate) fn name_in_arn(arn: &str) -> Option<&str> {
    let arn = arn.strip_suffix(":*").unwrap_or(arn);
    let mut parts = arn.splitn(7, ':');
    (parts.nth(2)? == "logs" && parts.nth(2)? == "log-group").then(|| parts.next())?
}

/// Which group a request means that takes `logGroupName` or `logGroupIdentifier` (a name or an ARN).
pub(crate) fn named(name: Option<String>, identifier: Option<String>, scope: &Scope) -> Result<String, Fault> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => identified(&identifier, scope),
        (Some(_), Some(_)) => Err(invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")),
        (None, None) => Err(invalid("Exactly one of logGroupName or logGroupIdentifier must be specified.")),
    }
}

/// A name, or the name in an ARN of this account and region.
pub(crate) fn identified(identifier: &str, scope: &Scope) -> Result<String, Fault> {
    if !identifier.starts_with("arn:") {
        return Ok(identifier.to_owned());
    }
    name_of_own(identifier, scope).map(str::to_owned).ok_or_else(super::api::no_such_group)
}

/// The name in an ARN, if it is of this account and region.
pub(crate) fn name_of_own<'a>(arn: &'a str, scope: &Scope) -> Option<&'a str> {
    let parsed = base::Arn::parse(arn)?;
    let own = parsed.account == scope.account.as_str() && parsed.region == scope.region.as_str();
    name_in_arn(arn).filter(|name| own && !name.is_empty())
}

/// Without `:*`.
pub(crate) fn arn(scope: &Scope, name: &str) -> String {
    let Scope { account, region } = scope;
    format!("arn:aws:logs:{region}:{account}:log-group:{name}")
}

pub(crate) fn check_new_name(name: &str) -> Result<(), Fault> {
    if name.to_ascii_lowercase().starts_with("aws/") {
        return Err(invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    Ok(())
}

pub(crate) fn check_retention(days: i32) -> Result<(), Fault> {
    if RETENTION_DAYS.contains(&days) {
        return Ok(());
    }
    let allowed = RETENTION_DAYS.map(|days| days.to_string()).join(", ");
    Err(invalid(format!(
        "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: \
         Member must satisfy enum value set: [{allowed}]"
    )))
}

impl Group {
    /// Events before this are expired. Epoch milliseconds.
    pub(crate) fn retained_from_ms(&self, now_ms: i64) -> Option<i64> {
        self.retention_days.map(|days| now_ms - i64::from(days) * DAY_MS)
    }

    /// The days all of whose events are expired.
    pub(crate) fn expired_days(&self, now_ms: i64) -> Vec<Day> {
        let Some(from_ms) = self.retained_from_ms(now_ms) else { return Vec::new() };
        self.days.keys().copied().filter(|day| day.end_ms() <= from_ms).collect()
    }

    /// The bytes of the days that aren't expired.
    pub(crate) fn stored_bytes(&self, now_ms: i64) -> i64 {
        let from_ms = self.retained_from_ms(now_ms).unwrap_or(0);
        let kept = self.days.iter().filter(|(day, _)| day.end_ms() > from_ms);
        i64::try_from(kept.map(|(_, bytes)| bytes).sum::<u64>()).unwrap_or(i64::MAX)
    }

    /// Sets tags; those that are there keep their place.
    pub(crate) fn tag(&mut self, tags: &IndexMap<String, String>, arn: &str) -> Result<(), Fault> {
        for (key, value) in tags {
            match self.tags.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) => known.clone_from(value),
                None => self.tags.push((key.clone(), value.clone())),
            }
        }
        if self.tags.len() > base::limits::logs::TAGS {
            return Err(too_many_tags(arn));
        }
        Ok(())
    }

    pub(crate) fn untag(&mut self, keys: &[String]) {
        self.tags.retain(|(key, _)| !keys.contains(key));
    }

    pub(crate) fn class(&self) -> Option<LogGroupClass> {
        LogGroupClass::parse(&self.class)
    }

    pub(crate) fn show(&self, scope: &Scope, now_ms: i64) -> LogGroup {
        let arn = arn(scope, &self.name);
        LogGroup {
            log_group_name: self.name.clone(),
            creation_time: self.created_ms,
            retention_in_days: self.retention_days,
            metric_filter_count: Some(0),
            arn: format!("{arn}:*"),
            stored_bytes: Some(self.stored_bytes(now_ms)),
            kms_key_id: self.kms_key.clone(),
            log_group_class: self.class(),
            log_group_arn: Some(arn),
            deletion_protection_enabled: Some(self.protected),
            data_protection_status: None,
            inherited_properties: None,
            bearer_token_authentication_enabled: None,
            retention_policy_name: None,
        }
    }

    /// What DescribeLogGroups shows to those who search by a pattern: name, time and ARN only.
    pub(crate) fn show_briefly(&self, scope: &Scope, now_ms: i64) -> LogGroup {
        LogGroup {
            retention_in_days: None,
            metric_filter_count: None,
            stored_bytes: None,
            kms_key_id: None,
            log_group_class: None,
            log_group_arn: None,
            deletion_protection_enabled: None,
            ..self.show(scope, now_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    fn scope() -> Scope {
        Scope::new(Account::default_account(), Region::new("us-east-1"))
    }

    #[test]
    fn a_group_is_named_by_name_or_by_either_arn() {
        let arn = arn(&scope(), "/aws/lambda/f");
        for identifier in ["/aws/lambda/f", &arn, &format!("{arn}:*")] {
            assert_eq!(named(None, Some(identifier.to_owned()), &scope()).unwrap(), "/aws/lambda/f");
        }
        assert_eq!(named(Some("g".to_owned()), None, &scope()).unwrap(), "g");
    }

    #[test]
    fn the_group_of_another_account_or_region_is_not_found() {
        for other in [
            "arn:aws:logs:us-east-1:111111111111:log-group:g",
            "arn:aws:logs:eu-west-1:000000000000:log-group:g",
            "arn:aws:lambda:us-east-1:000000000000:function:g",
            "arn:aws:logs:us-east-1:000000000000:log-group:",
            "arn:",
        ] {
            let fault = named(None, Some(other.to_owned()), &scope()).unwrap_err();
            assert_eq!(fault.code, "ResourceNotFoundException", "{other}");
        }
    }

    #[test]
    fn both_or_neither_is_refused() {
        let some = || Some("g".to_owned());
        for (name, identifier) in [(some(), some()), (None, None)] {
            assert_eq!(named(name, identifier, &scope()).unwrap_err().code, "InvalidParameterException");
        }
    }

    #[test]
    fn retention_takes_the_days_that_aws_takes() {
        assert!(check_retention(7).is_ok());
        for wrong in [0, 2, -1, 10_000] {
            assert!(check_retention(wrong).unwrap_err().message.contains("enum value set: [1, 3, 5"));
        }
    }
}
