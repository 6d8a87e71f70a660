//! DescribeLogStreams: by name or by the time of the last event, upwards or downwards.

use std::sync::Arc;

use base::Fault;
use base::limits::logs as limits;
use store::Versioned;
use wire::Permitted;

use crate::logs::api::{self, DescribeLogStreamsResponse, OrderBy, invalid, invalid_token};
use crate::logs::group;
use crate::logs::service::Logs;
use crate::logs::tables::{Id, Recent, Stream};

/// Longer than any name: after every name that begins with the same prefix.
const LONGEST_NAME: usize = 513;

pub(super) async fn describe_log_streams(
    logs: Arc<Logs>,
    call: Permitted<api::DescribeLogStreams>,
) -> Result<DescribeLogStreamsResponse, Fault> {
    let Permitted { context, input } = call;
    let by_time = input.order_by == Some(OrderBy::LastEventTime);
    if by_time && input.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let name = group::named(input.log_group_name, input.log_group_identifier, &context.scope)?;
    let group = logs.find_group(&context.scope, &name).await?;
    logs.flush_stats().await?;
    let page = Page {
        logs: &logs,
        group: group.id,
        prefix: input.log_stream_name_prefix.unwrap_or_default(),
        descending: input.descending.unwrap_or(false),
        token: input.next_token,
        limit: input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(limits::DESCRIBED),
    };
    let (streams, next_token) = if by_time { page.by_time().await? } else { page.by_name().await? };
    let log_streams = streams.iter().map(|stream| stream.show(&context.scope, &name)).collect();
    Ok(DescribeLogStreamsResponse { log_streams, next_token })
}

struct Page<'a> {
    logs: &'a Logs,
    group: Id,
    prefix: String,
    descending: bool,
    token: Option<String>,
    limit: usize,
}

type Found = (Vec<Versioned<Stream>>, Option<String>);

impl Page<'_> {
    async fn by_name(&self) -> Result<Found, Fault> {
        let mut found = if self.descending { self.names_down().await? } else { self.names_up().await? };
        found.retain(|stream| stream.name.starts_with(&self.prefix));
        let token = cut(&mut found, self.limit).then(|| found.last().map(|stream| stream.name.clone()));
        Ok((found, token.flatten()))
    }

    /// One more than fits, so that it is known whether there are more.
    async fn names_up(&self) -> Result<Vec<Versioned<Stream>>, Fault> {
        let table = self.logs.meta.table::<Stream>();
        let after = (self.group, self.token.clone().unwrap_or_else(|| self.prefix.clone()));
        let rest = table.list((self.group,), Some(&after), self.limit + 1).await?;
        if self.token.is_some() {
            return Ok(rest);
        }
        let exact = table.get((self.group, self.prefix.as_str())).await?;
        Ok(exact.into_iter().chain(rest).collect())
    }

    async fn names_down(&self) -> Result<Vec<Versioned<Stream>>, Fault> {
        let end = || format!("{}{}", self.prefix, String::from(char::MAX).repeat(LONGEST_NAME));
        let before = (self.group, self.token.clone().unwrap_or_else(end));
        Ok(self.logs.meta.table().list_back((self.group,), Some(&before), self.limit + 1).await?)
    }

    async fn by_time(&self) -> Result<Found, Fault> {
        let from = self.token.as_deref().map(|token| self.parse_time(token)).transpose()?;
        let table = self.logs.meta.table::<Recent>();
        let mut recent = if self.descending {
            table.list_back((self.group,), from.as_ref(), self.limit + 1).await?
        } else {
            table.list((self.group,), from.as_ref(), self.limit + 1).await?
        };
        let more = cut(&mut recent, self.limit);
        let token = recent.last().filter(|_| more).map(|last| format!("{}/{}", last.last_ms, last.name));
        let mut found = Vec::with_capacity(recent.len());
        for Recent { name, .. } in recent.iter().map(|recent| &recent.record) {
            found.extend(self.logs.meta.table::<Stream>().get((self.group, name.as_str())).await?);
        }
        Ok((found, token))
    }

    fn parse_time(&self, token: &str) -> Result<(Id, i64, String), Fault> {
        let (last_ms, name) = token.split_once('/').ok_or_else(invalid_token)?;
        Ok((self.group, last_ms.parse().map_err(|_| invalid_token())?, name.to_owned()))
    }
}

/// Whether there was more than `limit`.
fn cut<T>(items: &mut Vec<T>, limit: usize) -> bool {
    let more = items.len() > limit;
    items.truncate(limit);
    more
}
