//! DescribeLogGroups: by prefix, by a part of the name, by identifiers, or all; in order of their names.

use std::sync::Arc;

use base::limits::logs as limits;
use base::{Fault, Scope};
use store::{Record, Versioned};
use wire::Permitted;

use crate::logs::api::{self, DescribeLogGroupsRequest, DescribeLogGroupsResponse, LogGroup, LogGroupClass, invalid};
use crate::logs::group;
use crate::logs::service::Logs;
use crate::logs::tables::{Group, group_key};

/// Rows that are read at a time.
const PAGE: usize = 500;
/// Pages that one request looks through for a part of a name before it answers with a token.
const PAGES: usize = 40;

pub(super) async fn describe_log_groups(
    logs: Arc<Logs>,
    call: Permitted<api::DescribeLogGroups>,
) -> Result<DescribeLogGroupsResponse, Fault> {
    let Permitted { context, input } = call;
    let search = Search::new(&logs, &context.scope, &input)?;
    logs.flush_stats().await?;
    match &input.log_group_identifiers {
        Some(identifiers) => search.identified(identifiers).await,
        None => search.walk(input.next_token.clone()).await,
    }
}

struct Search<'a> {
    logs: &'a Logs,
    scope: &'a Scope,
    prefix: &'a str,
    part: Option<&'a str>,
    class: Option<LogGroupClass>,
    limit: usize,
}

impl<'a> Search<'a> {
    fn new(logs: &'a Logs, scope: &'a Scope, input: &'a DescribeLogGroupsRequest) -> Result<Self, Fault> {
        let prefix = input.log_group_name_prefix.as_deref();
        let part = input.log_group_name_pattern.as_deref();
        if prefix.is_some() && part.is_some() {
            return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
        }
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(limits::DESCRIBED);
        Ok(Self { logs, scope, prefix: prefix.unwrap_or(""), part, class: input.log_group_class, limit })
    }

    async fn walk(&self, token: Option<String>) -> Result<DescribeLogGroupsResponse, Fault> {
        let mut found = Vec::new();
        let mut after = token;
        for _ in 0..PAGES {
            let page = self.page(after.as_deref()).await?;
            let is_last = page.len() < PAGE;
            for group in page {
                if !group.name.starts_with(self.prefix) {
                    return Ok(answer(found, None));
                }
                if found.len() == self.limit {
                    return Ok(answer(found, after));
                }
                after = Some(group.name.clone());
                found.extend(self.show(&group));
            }
            if is_last {
                return Ok(answer(found, None));
            }
        }
        Ok(answer(found, after))
    }

    /// The groups after the one named `after`, or from the prefix on.
    async fn page(&self, after: Option<&str>) -> Result<Vec<Versioned<Group>>, Fault> {
        let table = self.logs.meta.table::<Group>();
        let (account, region) = (self.scope.account.as_str(), self.scope.region.as_str());
        let key = |name: &str| (account.to_owned(), region.to_owned(), name.to_owned());
        let after_key = key(after.unwrap_or(self.prefix));
        let rest = table.list((account, region), Some(&after_key), PAGE).await?;
        if after.is_some() {
            return Ok(rest);
        }
        // The group that is named exactly as the prefix comes first.
        let exact = table.get(group_key(self.scope, self.prefix)).await?;
        Ok(exact.into_iter().chain(rest).collect())
    }

    fn show(&self, group: &Group) -> Option<LogGroup> {
        if self.class.is_some() && group.class() != self.class {
            return None;
        }
        match self.part {
            Some(part) => group.name.contains(part).then(|| group.show_briefly(self.scope, self.logs.now_ms())),
            None => Some(group.show(self.scope, self.logs.now_ms())),
        }
    }

    async fn identified(&self, identifiers: &[String]) -> Result<DescribeLogGroupsResponse, Fault> {
        let mut found: Vec<Group> = Vec::new();
        for identifier in identifiers {
            let Ok(name) = group::identified(identifier, self.scope) else { continue };
            let group = self.logs.meta.table::<Group>().get(group_key(self.scope, &name)).await?;
            found.extend(group.map(|group| group.record));
        }
        found.sort_by_key(Record::key);
        found.dedup_by_key(|group| group.id);
        Ok(answer(found.iter().filter_map(|group| self.show(group)).collect(), None))
    }
}

fn answer(log_groups: Vec<LogGroup>, next_token: Option<String>) -> DescribeLogGroupsResponse {
    DescribeLogGroupsResponse { log_groups, next_token }
}
