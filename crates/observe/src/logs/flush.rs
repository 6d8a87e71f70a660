//! Stores what came through the door `emit`: in batches, at most 200 ms after the line, in the order of the lines.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::Fault;
use base::doors::LogLine;
use base::limits::logs as limits;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::append::{self, Append, NewEvent};
use super::find::{Address, Ids};
use super::ops::{NewGroup, make_group, make_stream};
use super::service::Logs;

/// How long a line may wait for others.
const LINGER: Duration = Duration::from_millis(200);
/// How often lines are tried again that could not be stored; without end while the disk is full.
const TRIES: usize = 25;
const TRIES_WHEN_CLOSING: usize = 3;
/// When the house closes, others may still have something to say; nothing more comes after so long a silence.
const SILENCE: Duration = Duration::from_millis(300);

/// Lines of one stream.
#[derive(Debug)]
struct Bundle {
    address: Address,
    events: Vec<NewEvent>,
    lines: usize,
}

/// Runs until the house closes and everything that was emitted is stored.
pub(super) async fn run(logs: Arc<Logs>, closing: CancellationToken) {
    let mut reported = 0;
    while !closing.is_cancelled() {
        tokio::select! {
            () = logs.emitter.some() => {}
            () = closing.cancelled() => break,
        }
        tokio::select! {
            () = logs.clock.sleep(LINGER) => {}
            () = logs.emitter.urgent() => {}
            () = closing.cancelled() => {}
        }
        logs.store_emitted(&closing).await;
        logs.report_dropped(&mut reported);
    }
    logs.close_emitter(&closing).await;
    logs.report_dropped(&mut reported);
}

impl Logs {
    async fn close_emitter(&self, closing: &CancellationToken) {
        loop {
            self.store_emitted(closing).await;
            let silence = self.clock.sleep(SILENCE);
            tokio::select! {
                () = silence => {
                    if self.emitter.close() {
                        break;
                    }
                }
                () = self.emitter.some() => {}
            }
        }
        if let Err(fault) = self.flush_stats().await {
            tracing::warn!(%fault, "the times and sizes of log streams could not be written");
        }
    }

    fn report_dropped(&self, reported: &mut u64) {
        let dropped = self.counters().lines_dropped;
        if dropped > *reported {
            tracing::warn!(
                lines = dropped - *reported,
                "log lines were dropped: they came faster than they could be stored"
            );
            *reported = dropped;
        }
    }

    /// Stores everything that waits.
    async fn store_emitted(&self, closing: &CancellationToken) {
        loop {
            let lines = self.emitter.take_batch();
            if lines.is_empty() {
                return;
            }
            let bundles = bundle(lines);
            if let Err(fault) = self.store_bundles(&bundles).await {
                tracing::debug!(%fault, "log lines could not be stored together; trying one stream after the other");
                for bundle in &bundles {
                    self.store_alone(bundle, closing).await;
                }
            }
            self.emitter.settle(bundles.iter().map(|bundle| bundle.lines).sum());
        }
    }

    /// Tries again and again; lines that can't be stored at all are counted and given up.
    async fn store_alone(&self, bundle: &Bundle, closing: &CancellationToken) {
        for tried in 1.. {
            let Err(fault) = self.store_bundles(std::slice::from_ref(bundle)).await else { return };
            let is_full = fault.code == Fault::UNAVAILABLE;
            let tries = if closing.is_cancelled() { TRIES_WHEN_CLOSING } else { TRIES };
            if tried >= tries && (!is_full || closing.is_cancelled()) {
                tracing::error!(%fault, lines = bundle.lines, group = bundle.address.group, "log lines could not be stored");
                self.emitter.count_dropped(bundle.lines);
                return;
            }
            self.clock.sleep(LINGER).await;
        }
    }

    async fn store_bundles(&self, bundles: &[Bundle]) -> Result<(), Fault> {
        let mut appends = Vec::with_capacity(bundles.len());
        for Bundle { address, events, .. } in bundles {
            let ids = self.register_or_make(address, events).await?;
            appends.push(Append { address, ids, events });
        }
        self.append(&appends).await?;
        Ok(())
    }

    /// Makes the group and the stream if they aren't there.
    async fn register_or_make(&self, address: &Address, events: &[NewEvent]) -> Result<Ids, Fault> {
        let days = append::days(events);
        match self.register(address, &days).await {
            Err(fault) if is_not_found(&fault) => {}
            done => return done,
        }
        let Address { scope, group, stream } = address;
        unless_there(make_group(self, scope, NewGroup::named(group)).await)?;
        unless_there(make_stream(self, scope, group, stream).await)?;
        self.register(address, &days).await
    }
}

fn is_not_found(fault: &Fault) -> bool {
    fault.code == "ResourceNotFoundException"
}

fn unless_there(made: Result<(), Fault>) -> Result<(), Fault> {
    made.or_else(|fault| if fault.code == "ResourceAlreadyExistsException" { Ok(()) } else { Err(fault) })
}

/// Gathers lines by stream; within a stream they keep their order.
fn bundle(lines: Vec<LogLine>) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut known = HashMap::new();
    for line in lines {
        let LogLine { scope, group, stream, at, message } = line;
        let at_ms = at.as_millisecond().max(0);
        let index = *known.entry((scope.clone(), group.clone(), stream.clone())).or_insert_with(|| {
            let address = Address { scope, group: group.to_string(), stream: stream.to_string() };
            bundles.push(Bundle { address, events: Vec::new(), lines: 0 });
            bundles.len() - 1
        });
        let bundle = &mut bundles[index];
        bundle.lines += 1;
        bundle.events.extend(split(message).into_iter().map(|message| NewEvent { at_ms, message }));
    }
    bundles
}

/// A function's line is hostile: what isn't UTF-8 is replaced, and what is too long becomes several events.
fn split(message: Bytes) -> Vec<Bytes> {
    let mut rest = match String::from_utf8_lossy(&message) {
        std::borrow::Cow::Borrowed(_) => message,
        std::borrow::Cow::Owned(text) => Bytes::from(text),
    };
    let most = limits::EVENT_BYTES - limits::EVENT_OVERHEAD_BYTES;
    let mut parts = Vec::with_capacity(1);
    while rest.len() > most {
        // A character has at most three bytes more; the boundary is where none continues.
        let end = (most - 3..=most).rev().find(|at| rest[*at] & 0xc0 != 0x80).unwrap_or(most);
        parts.push(rest.split_to(end));
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn a_long_line_is_cut_between_characters(fill in 0usize..4, times in 0usize..3) {
            let text = "x".repeat(fill) + &"é€😀".repeat((times + 1) * limits::EVENT_BYTES / 9);
            let parts = split(Bytes::from(text.clone()));
            let joined: String = parts.iter().map(|part| std::str::from_utf8(part).expect("whole characters")).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(parts.iter().all(|part| part.len() + limits::EVENT_OVERHEAD_BYTES <= limits::EVENT_BYTES));
        }
    }

    #[test]
    fn what_is_not_text_is_replaced() {
        assert_eq!(split(Bytes::from_static(b"a\xffb")), [Bytes::from("a\u{fffd}b")]);
    }
}
