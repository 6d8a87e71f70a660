//! `lambdad logs`: a function's log, to now or as it grows.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use base::{Fields, Value};

use super::{Connection, Target};

#[derive(Debug, clap::Args)]
pub(super) struct LogsOptions {
    /// The function's name, or a log group's (with a /).
    function: String,
    /// Go on until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// How far back to begin: 30s, 10m, 2h, 1d.
    #[arg(long, default_value = "10m", value_parser = duration)]
    since: Duration,
    /// A filter pattern, as FilterLogEvents takes it.
    #[arg(long)]
    filter: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// Functions' lines are stored within 200 ms.
const STORED_WITHIN: Duration = Duration::from_millis(300);
/// Between two looks while following.
const PAUSE: Duration = Duration::from_millis(500);

fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last().ok_or("empty")?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err("a number and one of s, m, h, d".to_owned()),
    };
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| "a number and one of s, m, h, d".to_owned())?;
    Ok(Duration::from_secs(number.checked_mul(seconds).ok_or("too long")?))
}

pub(super) async fn logs(options: LogsOptions) -> anyhow::Result<u8> {
    let connection = options.target.connect()?;
    let group = match options.function.contains('/') {
        true => options.function.clone(),
        false => format!("/aws/lambda/{}", options.function),
    };
    let since = i64::try_from(options.since.as_millis()).context("--since is too long")?;
    let mut follower =
        Follower { connection, filter: options.filter, start: 0, seen: HashMap::new(), patient: options.follow, group };
    follower.start = follower.connection.clock().now_ms() - since;
    // What was logged just now is there after this.
    follower.connection.clock().sleep(STORED_WITHIN).await;
    loop {
        follower.look().await?;
        if !options.follow {
            return Ok(0);
        }
        follower.connection.clock().sleep(PAUSE).await;
    }
}

struct Follower {
    connection: Connection,
    group: String,
    filter: Option<String>,
    /// Events from here on; those at this very millisecond may have been shown.
    start: i64,
    /// What was shown since then, by id, and its time.
    seen: HashMap<String, i64>,
    /// A group that isn't there yet is waited for.
    patient: bool,
}

impl Follower {
    async fn look(&mut self) -> anyhow::Result<()> {
        let mut token = None;
        loop {
            let page = match self.page(token.take()).await? {
                Ok(page) => page,
                Err(fault) if self.patient && fault.code == "ResourceNotFoundException" => return Ok(()),
                Err(fault) => return Err(fault.into()),
            };
            if let Some(Value::List(events)) = page.get("events") {
                events.iter().filter_map(Value::as_map).for_each(|event| self.show(event));
            }
            token = page.text("nextToken").map(str::to_owned);
            if token.is_none() {
                self.seen.retain(|_, at| *at >= self.start);
                return Ok(());
            }
        }
    }

    async fn page(&self, token: Option<String>) -> anyhow::Result<Result<Fields, base::Fault>> {
        let mut input = Fields::new().with("logGroupName", self.group.as_str());
        input.set("startTime", Value::Integer(self.start));
        if let Some(filter) = &self.filter {
            input.set("filterPattern", Value::from(filter.as_str()));
        }
        if let Some(token) = token {
            input.set("nextToken", Value::from(token));
        }
        self.connection.try_call(&observe::logs::api::SPEC, "FilterLogEvents", input).await
    }

    fn show(&mut self, event: &Fields) {
        let id = event.text("eventId").unwrap_or_default().to_owned();
        let at = match event.get("timestamp") {
            Some(Value::Integer(at)) => *at,
            _ => self.start,
        };
        if self.seen.insert(id, at).is_some() {
            return;
        }
        // Late events of the last seconds may still come: they are looked for again.
        self.start = self.start.max(at - 5_000);
        super::say(event.text("message").unwrap_or_default().trim_end_matches('\n'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        for wrong in ["", "m", "10", "10x", "-1s", "é", "18446744073709551615d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
