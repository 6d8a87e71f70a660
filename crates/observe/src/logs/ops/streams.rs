//! The thin verbs of log streams.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Fault, Scope};
use store::{Expect, Record, Versioned};
use wire::{Nothing, Permitted};

use crate::logs::api::{self, aborted, no_such_group, stream_exists};
use crate::logs::find::TRIES;
use crate::logs::service::Logs;
use crate::logs::tables::{Gone, Group, Recent, Stream, StreamName, group_key};

pub(super) async fn create(logs: Arc<Logs>, call: Permitted<api::CreateLogStream>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    make_stream(&logs, &context.scope, &input.log_group_name, &input.log_stream_name).await?;
    Ok(Nothing {})
}

/// Makes a stream, or says that there is one of this name.
pub(in crate::logs) async fn make_stream(logs: &Logs, scope: &Scope, group: &str, name: &str) -> Result<(), Fault> {
    let found = logs.find_group(scope, group).await?;
    let stream = Stream {
        group: found.id,
        name: name.to_owned(),
        id: logs.new_id(),
        created_ms: logs.now_ms(),
        first_ms: None,
        last_ms: None,
        ingested_ms: None,
        days: BTreeSet::new(),
    };
    let mut batch = logs.meta.batch();
    batch.require::<Group>(&group_key(scope, group), Expect::Present);
    batch.insert(&stream).put(&Recent::of(&stream));
    batch.put(&StreamName { id: stream.id, name: stream.name.clone() });
    match batch.commit().await {
        Err(error) if error.is_conflict_of::<Stream>(&stream.key()) => Err(stream_exists()),
        Err(error) if error.is_conflict() => Err(no_such_group()),
        done => done.map(|_| ()).map_err(Fault::from),
    }
}

pub(super) async fn delete(logs: Arc<Logs>, call: Permitted<api::DeleteLogStream>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    let group = logs.find_group(&context.scope, &input.log_group_name).await?;
    for _ in 0..TRIES {
        let Versioned { record: stream, revision } = logs.find_stream(group.id, &input.log_stream_name).await?;
        let mut batch = logs.meta.batch();
        batch.delete_at::<Stream>(stream.key(), revision);
        batch.delete::<StreamName>(stream.id).delete::<Recent>(Recent::of(&stream).key());
        batch.put(&Gone { id: stream.id, is_group: false, days: stream.days, deleted_ms: logs.now_ms() });
        match batch.commit().await {
            Err(error) if error.is_conflict() => {}
            done => {
                done?;
                logs.swept.notify_one();
                return Ok(Nothing {});
            }
        }
    }
    Err(aborted(format!("the stream was changed by others {TRIES} times")))
}
