//! PublishVersion, and what `Publish` means to the operations that make code. Source: oracle 6.

use std::sync::Arc;

use base::Fault;
use wire::{Context, Permitted};

use super::{commit, intake};
use crate::api::{FunctionConfiguration, PublishVersion, PublishVersionRequest};
use crate::control::Control;
use crate::function::fault::{invalid, revision_differs};
use crate::function::version::{self, LastNumber, Publication};
use crate::function::{FunctionName, FunctionRecord, Settings, Status, Step, describe};

/// What a step publishes beside its own change.
pub(super) enum Published {
    New(Box<FunctionRecord>, LastNumber),
    /// Nothing has changed since this one.
    Already(Arc<FunctionRecord>),
}

pub(crate) async fn handle(
    control: Arc<Control>,
    permitted: Permitted<PublishVersion>,
) -> Result<FunctionConfiguration, Fault> {
    let Permitted { context, input } = permitted;
    let name = FunctionName::unqualified(&input.function_name, &context.scope)?;
    refuse_publish_to(input.publish_to.is_some())?;
    loop {
        let latest = control.functions.latest(&name)?;
        let record = latest.0.clone();
        check_conditions(&input, &record)?;
        record.status.publishable(&record.arn())?;
        let publication = of(&control, &record, record.running(), Status::active(), input.description.clone());
        let step = match &publication {
            Published::Already(version) => return Ok(describe::in_full(version, version.qualified_arn())),
            Published::New(..) => Step::beside(latest),
        };
        check_storage(&control, &context, &record)?;
        if let Some(answer) = commit_with(&control, step, Some(publication)).await? {
            return Ok(answer);
        }
    }
}

/// Refused rather than ignored: there are no managed instances here, which alone have that version.
pub(super) fn refuse_publish_to(given: bool) -> Result<(), Fault> {
    if given { Err(invalid("PublishTo is not supported by this endpoint.")) } else { Ok(()) }
}

fn check_conditions(input: &PublishVersionRequest, latest: &FunctionRecord) -> Result<(), Fault> {
    if input.revision_id.as_ref().is_some_and(|given| *given != latest.revision_id) {
        return Err(revision_differs());
    }
    let current = describe::code_sha256(&latest.settings.code);
    match &input.code_sha256 {
        Some(given) if *given != current => Err(invalid(format!(
            "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try again with the \
             CodeSHA256 in $LATEST."
        ))),
        _ => Ok(()),
    }
}

/// AWS counts the code of every version, also where two share it.
fn check_storage(control: &Control, context: &Context, latest: &FunctionRecord) -> Result<(), Fault> {
    intake::check_storage(control, &context.scope, latest.running().code.size)
}

/// `settings` of `latest` as its next version, unless the last one is of the same.
fn of(
    control: &Control,
    latest: &FunctionRecord,
    settings: &Settings,
    status: Status,
    description: Option<String>,
) -> Published {
    let name = latest.function_name();
    let last = control.functions.last_number(&name);
    match control.functions.find(&name, &last.to_string()) {
        Some((before, _)) if version::is_of(&before, settings) => return Published::Already(before),
        _ => {}
    }
    let number = last + 1;
    let publication =
        Publication { number, description, status, settings_id: control.new_id(), revision_id: control.new_id() };
    Published::New(Box::new(version::publish(latest, settings, publication)), LastNumber::of(&name, number))
}

/// The version of what `latest` is about to be: it is made ready as `$LATEST` is.
pub(super) fn pending(control: &Control, latest: &FunctionRecord) -> Published {
    of(control, latest, &latest.settings, Status::creating(), None)
}

/// Carries out a step on `$LATEST` with what it publishes. The answer is the version's, or that of `$LATEST`; `None`
/// if somebody else changed the function meanwhile.
pub(super) async fn commit_with(
    control: &Arc<Control>,
    step: Step,
    publication: Option<Published>,
) -> Result<Option<FunctionConfiguration>, Fault> {
    let (step, already) = match publication {
        Some(Published::New(version, number)) => (step.publish(*version, number), None),
        Some(Published::Already(version)) => (step, Some(version)),
        None => (step, None),
    };
    let Some(written) = commit::step(control, step).await? else { return Ok(None) };
    Ok(already.or_else(|| written.last().cloned()).map(|record| {
        let arn = if record.is_latest() { record.arn() } else { record.qualified_arn() };
        describe::in_full(&record, arn)
    }))
}
