//! Commits that nobody can interrupt: a client that hangs up takes its handler with it, but a commit that has begun is
//! done all the same, and then it must be counted, told, and finished in the background.

use std::sync::Arc;

use base::Fault;
use store::engine::Revision;

use super::prepare;
use crate::code::Incoming;
use crate::control::Control;
use crate::function::FunctionRecord;

async fn uninterrupted<T: Send + 'static>(
    control: &Control,
    work: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    control.deps.tasks.spawn("function_commit", work).await.map_err(Fault::internal)?
}

/// A new function; its preparation begins.
pub(super) async fn insert(
    control: &Arc<Control>,
    record: FunctionRecord,
    archive: Incoming,
) -> Result<Arc<FunctionRecord>, Fault> {
    let this = control.clone();
    uninterrupted(control, async move {
        let record = this.functions.insert(record, &archive).await?;
        prepare::begin(&this, &record);
        Ok(record)
    })
    .await
}

/// A changed function; its preparation begins if the change needs one.
pub(super) async fn update(
    control: &Arc<Control>,
    before: Arc<FunctionRecord>,
    revision: Revision,
    record: FunctionRecord,
    archive: Option<Incoming>,
) -> Result<Arc<FunctionRecord>, Fault> {
    let this = control.clone();
    uninterrupted(control, async move {
        let record = this.functions.update(&before, revision, record, archive.as_ref()).await?;
        if record.status.is_preparing() {
            prepare::begin(&this, &record);
        }
        Ok(record)
    })
    .await
}

/// False if the function was changed meanwhile, and nothing was deleted.
pub(super) async fn delete(
    control: &Arc<Control>,
    before: Arc<FunctionRecord>,
    revision: Revision,
) -> Result<bool, Fault> {
    let functions = control.functions.clone();
    uninterrupted(control, async move { functions.delete(&before, revision).await }).await
}
