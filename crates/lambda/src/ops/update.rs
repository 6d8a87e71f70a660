//! What the two updates of a function share: finding it, its conditions, and the record that comes next.

use std::sync::Arc;

use base::{Fault, Scope};
use store::engine::Revision;

use crate::control::Control;
use crate::function::fault::revision_differs;
use crate::function::{FunctionName, FunctionRecord, Settings, Status, Step};

/// A function that may be updated now.
pub(super) struct Found {
    pub record: Arc<FunctionRecord>,
    pub revision: Revision,
    updating: Status,
}

/// 404 if there is none, 412 if its revision is another one, 409 if it can't be updated now.
pub(super) fn find(
    control: &Control,
    name_form: &str,
    revision_id: Option<&str>,
    scope: &Scope,
) -> Result<Found, Fault> {
    let name = FunctionName::unqualified(name_form, scope)?;
    let (record, revision) = control.functions.latest(&name)?;
    if revision_id.is_some_and(|given| given != record.revision_id) {
        return Err(revision_differs());
    }
    let updating = record.status.updating(&record.arn())?;
    Ok(Found { record, revision, updating })
}

impl Found {
    /// What takes the record on to `next`.
    pub(super) fn step(self, next: FunctionRecord) -> Step {
        Step::default().update((self.record, self.revision), next)
    }

    /// The record while the update to `settings` is in progress. What never ran has nothing to go on serving.
    pub(super) fn next(&self, settings: Settings, control: &Control) -> FunctionRecord {
        let runs = self.record.status.invocable().is_ok();
        FunctionRecord {
            serving: runs.then(|| Box::new(self.record.running().clone())),
            settings,
            status: self.updating.clone(),
            revision_id: control.new_id(),
            last_modified_ms: control.deps.clock.now_ms(),
            ..(*self.record).clone()
        }
    }
}
