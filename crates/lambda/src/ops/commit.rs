//! Commits that nobody can interrupt: a client that hangs up takes its handler with it, but a commit that has begun is
//! done all the same, and then it must be counted, told, and finished in the background.

use std::sync::Arc;

use base::Fault;
use store::engine::Revision;

use super::prepare;
use crate::code::Incoming;
use crate::control::Control;
use crate::function::fault::update_in_progress;
use crate::function::{FunctionRecord, Step};
use crate::layer::{LayerName, LayerVersionRecord};

/// Goes on to its end if nobody waits for it any more.
pub(super) async fn uninterrupted<T: Send + 'static>(
    control: &Control,
    work: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    control.deps.tasks.spawn("function_commit", work).await.map_err(Fault::internal)?
}

/// What the step wrote; the preparation of what needs one begins. `None` if somebody else changed the function
/// meanwhile, and nothing was done: look again.
pub(super) async fn step(control: &Arc<Control>, step: Step) -> Result<Option<Vec<Arc<FunctionRecord>>>, Fault> {
    let this = control.clone();
    uninterrupted(control, async move {
        let written = this.functions.commit(step).await?;
        for record in written.iter().flatten().filter(|record| record.status.is_preparing()) {
            prepare::begin(&this, record);
        }
        Ok(written)
    })
    .await
}

/// One changed record; 409 if somebody else changed it meanwhile.
pub(super) async fn update(
    control: &Arc<Control>,
    before: Arc<FunctionRecord>,
    revision: Revision,
    record: FunctionRecord,
) -> Result<(), Fault> {
    let arn = record.arn();
    match step(control, Step::default().update((before, revision), record)).await? {
        Some(_) => Ok(()),
        None => Err(update_in_progress(&arn)),
    }
}

/// A new version of a layer.
pub(super) async fn publish_layer(
    control: &Control,
    layer: LayerName,
    make: impl Fn(u64) -> LayerVersionRecord + Send + Sync + 'static,
    archive: Incoming,
) -> Result<Arc<LayerVersionRecord>, Fault> {
    let layers = control.layers.clone();
    uninterrupted(control, async move { layers.publish(&layer, make, &archive).await }).await
}

/// A changed layer version; `None` if somebody else changed it meanwhile, and nothing was done.
pub(super) async fn update_layer(
    control: &Control,
    record: LayerVersionRecord,
    revision: Revision,
) -> Result<Option<Arc<LayerVersionRecord>>, Fault> {
    let layers = control.layers.clone();
    uninterrupted(control, async move { layers.update(record, revision).await }).await
}
