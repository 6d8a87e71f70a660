//! Where code comes in: from the request or from S3, checked to its last byte.

use base::doors::Request;
use base::limits::lambda::{TOTAL_CODE_BYTES, ZIPPED_BYTES};
use base::{Fault, Fields, Scope, Value};
use bytes::Bytes;
use wire::Context;

use crate::code::Refusal;
use crate::control::Control;
use crate::function::Code;
use crate::function::fault::{invalid, too_large};

/// What a request says of its code.
#[derive(Default)]
pub(super) struct Source<'a> {
    pub zip_file: Option<&'a Bytes>,
    pub s3_bucket: Option<&'a String>,
    pub s3_key: Option<&'a String>,
    pub s3_object_version: Option<&'a String>,
}

/// The code of a request, checked to its last byte.
pub(super) struct Taken {
    pub code: Code,
    pub bytes: Bytes,
}

/// Fetches and checks; nothing is kept yet.
pub(super) async fn take(control: &Control, context: &Context, source: &Source<'_>) -> Result<Taken, Fault> {
    let bytes = fetch(control, context, source).await?;
    if bytes.len() > ZIPPED_BYTES {
        return Err(too_large(format!("Zipped size must be smaller than {ZIPPED_BYTES} bytes")));
    }
    if bytes.is_empty() {
        return Err(empty());
    }
    let size = bytes.len() as u64;
    check_storage(control, &context.scope, size)?;
    let checked = control.trees.check(bytes.clone()).await.map_err(refused)?;
    let code = Code { id: control.new_id(), sha256: store::BlobId::of(&bytes), size, unpacked: checked.unpacked };
    Ok(Taken { code, bytes })
}

async fn fetch(control: &Control, context: &Context, source: &Source<'_>) -> Result<Bytes, Fault> {
    match (source.zip_file, source.s3_bucket, source.s3_key) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            Err(invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."))
        }
        (Some(bytes), None, None) => Ok(bytes.clone()),
        (None, Some(bucket), Some(key)) => from_s3(control, context, bucket, key, source.s3_object_version).await,
        _ => Err(invalid("Please provide a source for function code.")),
    }
}

/// In the caller's name: who may not read the object may not make a function of it.
async fn from_s3(
    control: &Control,
    context: &Context,
    bucket: &str,
    key: &str,
    version: Option<&String>,
) -> Result<Bytes, Fault> {
    let mut input = Fields::new().with("Bucket", bucket).with("Key", key);
    if let Some(version) = version {
        input = input.with("VersionId", version.as_str());
    }
    let request = Request {
        service: "s3",
        operation: "GetObject",
        caller: context.caller.clone(),
        region: context.scope.region.clone(),
        input,
    };
    let mut output = control.deps.call.call(request).await.map_err(|fault| s3_fault(&fault))?;
    match output.take("Body") {
        Some(Value::Blob(bytes)) => Ok(bytes),
        other => Err(Fault::internal(format!("S3 answered GetObject with the body {other:?}"))),
    }
}

fn s3_fault(fault: &Fault) -> Fault {
    // Where there is no S3, there is no bucket.
    let (code, message) = match fault.code.as_ref() {
        Fault::NO_SERVICE => ("NoSuchBucket", "The specified bucket does not exist"),
        code => (code, fault.message.as_str()),
    };
    invalid(format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"))
        .caused_by(fault)
}

/// Whether so much more code may be kept.
pub(super) fn check_storage(control: &Control, scope: &Scope, size: u64) -> Result<(), Fault> {
    let used = control.code_bytes(scope);
    if i64::try_from(used.saturating_add(size)).is_ok_and(|total| total <= TOTAL_CODE_BYTES) {
        return Ok(());
    }
    Err(Fault::new("CodeStorageExceededException", "Code storage limit exceeded."))
}

fn empty() -> Fault {
    invalid("Uploaded file must be a non-empty zip")
}

pub(super) fn refused(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Empty => empty(),
        Refusal::TooLarge { limit } => invalid(format!("Unzipped size must be smaller than {limit} bytes")),
        Refusal::Bad(cause) => {
            invalid("Could not unzip uploaded file. Please check your file, then try to upload again.").caused_by(cause)
        }
    }
}
