//! PutLogEvents: durable before it answers. The sequence token is ignored, as AWS has done since 2023.

use std::sync::Arc;

use base::Fault;
use bytes::Bytes;
use store::log::Place;
use wire::Permitted;

use crate::logs::api::{self, InputLogEvent, PutLogEventsResponse};
use crate::logs::append::{self, Append, NewEvent};
use crate::logs::find::Address;
use crate::logs::service::Logs;
use crate::logs::{event, place};

pub(super) async fn put_log_events(
    logs: Arc<Logs>,
    call: Permitted<api::PutLogEvents>,
) -> Result<PutLogEventsResponse, Fault> {
    let Permitted { context, input } = call;
    event::check_sizes(input.log_events.iter().map(|event| event.message.len()))?;
    let times: Vec<i64> = input.log_events.iter().map(|event| event.timestamp).collect();
    let address = Address { scope: context.scope, group: input.log_group_name, stream: input.log_stream_name };
    let group = logs.find_group(&address.scope, &address.group).await?;
    let now_ms = logs.now_ms();
    let accepted = event::accept(&times, now_ms, group.retained_from_ms(now_ms))?;
    let events: Vec<NewEvent> = input.log_events.into_iter().map(new_event).collect();
    let events = &events[accepted.range];
    let ids = logs.register(&address, &append::days(events)).await?;
    let last = logs.append(&[Append { address: &address, ids, events }]).await?;
    let last = last.unwrap_or_else(|| Place::start_of(now_ms));
    Ok(PutLogEventsResponse {
        next_sequence_token: Some(place::event_id(last)),
        rejected_log_events_info: accepted.rejected,
        rejected_entity_info: None,
    })
}

fn new_event(event: InputLogEvent) -> NewEvent {
    NewEvent { at_ms: event.timestamp, message: Bytes::from(event.message) }
}
