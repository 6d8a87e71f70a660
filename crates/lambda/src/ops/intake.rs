//! Where code comes in: from the request or from S3, checked to its last byte.

use std::sync::Arc;

use base::doors::Request;
use base::limits::lambda::{TOTAL_CODE_BYTES, ZIPPED_BYTES};
use base::{Fault, Fields, Scope, Value};
use bytes::Bytes;
use wire::Context;

use crate::api::Architecture;
use crate::code::{Incoming, Refusal};
use crate::control::Control;
use crate::function::fault::{invalid, too_large};
use crate::function::{Code, Image};
use crate::image::{self, Reference};

/// What a request says of its code.
#[derive(Default)]
pub(super) struct Source<'a> {
    pub zip_file: Option<&'a Bytes>,
    pub s3_bucket: Option<&'a String>,
    pub s3_key: Option<&'a String>,
    pub s3_object_version: Option<&'a String>,
    pub image_uri: Option<&'a String>,
}

/// The code of a request, checked to its last byte.
pub(super) struct Taken {
    pub code: Code,
    /// An archive's; the registry keeps an image's.
    pub bytes: Option<Bytes>,
}

/// The code of a function that is packed in this way; nothing is kept yet.
pub(super) async fn take(
    control: &Control,
    context: &Context,
    source: &Source<'_>,
    architecture: Architecture,
) -> Result<Taken, Fault> {
    match source.image_uri {
        Some(uri) => image(control, source, uri, architecture).await,
        None => {
            let (code, bytes) = archive(control, context, source).await?;
            Ok(Taken { code, bytes: Some(bytes) })
        }
    }
}

/// What the image's name means now; its layers are pulled in the background.
async fn image(control: &Control, source: &Source<'_>, uri: &str, architecture: Architecture) -> Result<Taken, Fault> {
    if source.zip_file.is_some() || source.s3_bucket.is_some() || source.s3_key.is_some() {
        return Err(invalid("Please do not provide other FunctionCode parameters when providing an ImageUri."));
    }
    let not_valid = || invalid(format!("Source image {uri} is not valid. Provide a valid source image."));
    let named = Reference::parse(uri).ok_or_else(not_valid)?;
    let found = control.deps.registry.find(&named, architecture).await.map_err(|error| no_image(uri, &error))?;
    let image = Image { uri: uri.to_owned(), resolved: named.at(found.digest).to_string(), architecture };
    let code = Code { id: control.new_id(), sha256: found.digest, size: 0, unpacked: 0, image: Some(image) };
    Ok(Taken { code, bytes: None })
}

fn no_image(uri: &str, error: &image::Error) -> Fault {
    // Addresses that may be asked and passwords are the operator's: the caller isn't told which, and can't help it.
    if matches!(error, image::Error::Denied(_) | image::Error::Unreachable(_)) {
        tracing::warn!(uri, %error, "an image can't be fetched");
    }
    let fault = match error {
        image::Error::Denied(_) => Fault::new(
            Fault::ACCESS_DENIED,
            "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
        ),
        image::Error::Missing(_) => {
            invalid(format!("Source image {uri} does not exist. Provide a valid source image."))
        }
        image::Error::Unsupported(_) | image::Error::Bad(_) => invalid(format!(
            "The image manifest, config or layer media type for the source image {uri} is not supported."
        )),
        image::Error::TooLarge { limit } => invalid(format!("Source image {uri} must be smaller than {limit} bytes.")),
        image::Error::Unreachable(_) => {
            invalid(format!("Source image {uri} cannot be fetched: its registry gives no answer or may not be asked."))
        }
        image::Error::Internal(cause) => Fault::internal(cause),
    };
    fault.caused_by(error)
}

/// An archive, fetched and checked.
pub(super) async fn archive(control: &Control, context: &Context, source: &Source<'_>) -> Result<(Code, Bytes), Fault> {
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
    let (id, sha256) = (control.new_id(), store::BlobId::of(&bytes));
    let code = Code { id, sha256, size, unpacked: checked.unpacked, image: None };
    Ok((code, bytes))
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

/// Durable for itself if it is a large archive; the rest comes with the commit.
pub(super) async fn keep(control: &Control, bytes: Option<Bytes>) -> Result<Option<Arc<Incoming>>, Fault> {
    match bytes {
        Some(bytes) => Ok(Some(Arc::new(control.archives.take(bytes).await?))),
        None => Ok(None),
    }
}
