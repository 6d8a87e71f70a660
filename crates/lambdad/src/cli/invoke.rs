//! `lambdad invoke`: one event in, the answer on standard output, the log on standard error.

#![expect(clippy::disallowed_methods, reason = "reads the payload from a person's file")]

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use base::{Fields, Value};
use bytes::Bytes;

use super::Target;

#[derive(Debug, clap::Args)]
pub(super) struct InvokeOptions {
    /// Name or ARN.
    function: String,
    /// The event: JSON, @file, or - for standard input.
    #[arg(long, short, default_value = "{}", value_name = "JSON")]
    payload: String,
    /// A version or an alias.
    #[arg(long)]
    qualifier: Option<String>,
    /// Queue the event and don't wait for an answer.
    #[arg(long = "async")]
    asynchronous: bool,
    /// Don't print the log.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    target: Target,
}

/// 1 if the function failed.
pub(super) async fn invoke(options: InvokeOptions) -> anyhow::Result<u8> {
    let connection = options.target.connect()?;
    let kind = if options.asynchronous { "Event" } else { "RequestResponse" };
    let mut input = Fields::new().with("FunctionName", options.function.as_str()).with("InvocationType", kind);
    if !options.asynchronous && !options.quiet {
        input.set("LogType", Value::from("Tail"));
    }
    if let Some(qualifier) = &options.qualifier {
        input.set("Qualifier", Value::from(qualifier.as_str()));
    }
    input.set("Payload", Value::Blob(payload(&options.payload)?));
    let output = connection.call(&lambda::api::SPEC, "Invoke", input).await?;
    if let Some(log) = output.text("LogResult") {
        use base64::Engine as _;
        let log = base64::engine::general_purpose::STANDARD.decode(log).context("the log's encoding")?;
        std::io::stderr().write_all(&log)?;
    }
    if let Some(Value::Blob(answer)) = output.get("Payload").filter(|_| !options.asynchronous) {
        super::say(&String::from_utf8_lossy(answer));
    }
    Ok(u8::from(output.text("FunctionError").is_some()))
}

fn payload(given: &str) -> anyhow::Result<Bytes> {
    let mut read = Vec::new();
    match given.strip_prefix('@') {
        Some(path) => read = std::fs::read(path).with_context(|| format!("the payload's file {path}"))?,
        None if given == "-" => {
            std::io::stdin().read_to_end(&mut read).context("standard input")?;
        }
        None => read.extend_from_slice(given.as_bytes()),
    }
    Ok(read.into())
}
