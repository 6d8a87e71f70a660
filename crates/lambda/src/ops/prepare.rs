//! Makes a function ready in the background: from Pending to Active, from InProgress to Successful.
//!
//! Idempotent: it looks at the record, unpacks the code if that isn't done, and commits the next state. After a crash
//! it begins again for every record that was left on the way.

use std::sync::Arc;
use std::time::Duration;

use base::Fault;

use crate::code::{CodeTree, trees};
use crate::control::Control;
use crate::function::fault::{CONFLICT, update_in_progress};
use crate::function::state::{Refused, Unready};
use crate::function::{FunctionName, FunctionRecord, Settings, Step};
use crate::image;

/// How long to wait when the store can't be used.
const AGAIN: Duration = Duration::from_millis(500);

/// Begins for every record that needs it; and unpacks again what isn't there any more.
pub(crate) fn resume(control: &Arc<Control>) {
    let all = control.functions.all();
    for record in all.iter().filter(|record| record.status.is_preparing()) {
        begin(control, record);
    }
    let this = control.clone();
    control.deps.tasks.spawn("code_unpack", async move {
        let closing = this.deps.tasks.closing();
        for record in all.iter().filter(|record| !record.status.is_preparing()).take_while(|_| !closing.is_cancelled())
        {
            if let Err(error) = trees_of(&this, record, record.running()).await {
                tracing::warn!(function = %record.arn(), %error, "cannot unpack the code of a function");
            }
        }
    });
}

/// Begins for one record, which has just been committed.
pub(crate) fn begin(control: &Arc<Control>, record: &FunctionRecord) {
    let this = control.clone();
    let name = record.function_name();
    let version = record.version.clone();
    // Not cut off when the house closes: what is being unpacked is finished, what has to wait is left for the next start.
    control.deps.tasks.spawn("function_prepare", async move {
        while let Err(fault) = prepare(&this, &name, &version).await {
            // Somebody has put a tag on it meanwhile, or published it: look again at once.
            if fault.code == CONFLICT {
                continue;
            }
            tracing::warn!(function = %name.arn(), %fault, "a function can't go on to its next state yet");
            tokio::select! {
                () = this.deps.tasks.closing().cancelled() => return,
                () = this.deps.clock.sleep(AGAIN) => {}
            }
        }
    });
}

/// `Err` if it has to be tried again: somebody else changed the record, or the store can't be used now.
async fn prepare(control: &Control, name: &FunctionName, version: &str) -> Result<(), Fault> {
    let Some((record, revision)) = control.functions.find(name, version) else { return Ok(()) };
    if !record.status.is_preparing() {
        return Ok(());
    }
    // Held until the new state is committed; from then on the record itself keeps the tree.
    let (next, _trees) = match trees_of(control, &record, &record.settings).await {
        Ok(trees) => (ready(&record, control)?, Some(trees)),
        // The archive may be there when the store can be read again.
        Err(trees::Error::Store(error)) if !matches!(error, store::Error::Corrupt { .. }) => return Err(error.into()),
        // Begun again at the next start.
        Err(error @ trees::Error::Closing) => return Err(Fault::internal(error)),
        Err(error) => {
            tracing::error!(function = %record.arn(), %error, "the code of a function can't be made ready");
            (unready(&record, &why(&error), control)?, None)
        }
    };
    let arn = record.arn();
    let done = control.functions.commit(Step::default().update((record, revision), next)).await?;
    done.map(drop).ok_or_else(|| update_in_progress(&arn))
}

/// What a function runs, unpacked: its code, and its layers if it has some.
async fn trees_of(
    control: &Control,
    record: &FunctionRecord,
    settings: &Settings,
) -> Result<(Arc<CodeTree>, Option<Arc<CodeTree>>), trees::Error> {
    let code = control.functions.tree(record, &settings.code).await?;
    Ok((code, control.functions.layers_tree(&settings.config).await?))
}

fn ready(record: &FunctionRecord, control: &Control) -> Result<FunctionRecord, Fault> {
    let status = record.status.ready().map_err(impossible)?;
    Ok(FunctionRecord { status, serving: None, revision_id: control.new_id(), ..record.clone() })
}

/// A failed update leaves the function as it was.
fn unready(record: &FunctionRecord, why: &Unready, control: &Control) -> Result<FunctionRecord, Fault> {
    let status = record.status.unready(why).map_err(impossible)?;
    let settings = record.running().clone();
    Ok(FunctionRecord { status, settings, serving: None, revision_id: control.new_id(), ..record.clone() })
}

fn impossible(refused: Refused) -> Fault {
    Fault::internal(refused)
}

fn why(error: &trees::Error) -> Unready {
    match error {
        trees::Error::Refused { .. } => Unready::BadArchive(error.to_string()),
        trees::Error::Image { error: image, .. } => match image {
            image::Error::Denied(_) => Unready::ImageAccessDenied(error.to_string()),
            image::Error::Missing(_) => Unready::ImageDeleted(error.to_string()),
            image::Error::Unsupported(_) | image::Error::Bad(_) | image::Error::TooLarge { .. } => {
                Unready::InvalidImage(error.to_string())
            }
            image::Error::Unreachable(_) | image::Error::Internal(_) => Unready::Internal(error.to_string()),
        },
        trees::Error::Missing { .. }
        | trees::Error::Store(_)
        | trees::Error::Closing
        | trees::Error::Unpack { .. }
        | trees::Error::Directory { .. } => Unready::Internal(error.to_string()),
    }
}
