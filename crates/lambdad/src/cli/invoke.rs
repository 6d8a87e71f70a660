//! `lambdad invoke`: one event in, the answer on standard output, the log on standard error.

#![expect(clippy::disallowed_methods, reason = "reads the payload from a person's file")]

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use base::{Fields, Value};
use bytes::Bytes;
use lambda::api::InvokeWithResponseStreamResponseEvent;
use wire::Payload;

use super::{Connection, Target};

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
    /// Print the answer as it comes.
    #[arg(long, conflicts_with = "asynchronous")]
    stream: bool,
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
    if options.stream {
        return stream(&connection, input).await;
    }
    let output = connection.call(&lambda::api::SPEC, "Invoke", input).await?;
    print_log(output.text("LogResult"))?;
    if let Some(Value::Blob(answer)) = output.get("Payload").filter(|_| !options.asynchronous) {
        super::say(&String::from_utf8_lossy(answer));
    }
    Ok(u8::from(output.text("FunctionError").is_some()))
}

async fn stream(connection: &Connection, input: Fields) -> anyhow::Result<u8> {
    let mut failed = false;
    let heard = |event: InvokeWithResponseStreamResponseEvent| {
        if let Some(Payload(bytes)) = event.payload_chunk.and_then(|chunk| chunk.payload) {
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes).and_then(|()| out.flush())?;
        }
        if let Some(complete) = event.invoke_complete {
            print_log(complete.log_result.as_deref())?;
            if let Some(code) = complete.error_code {
                failed = true;
                eprintln!("{code}: {}", complete.error_details.unwrap_or_default());
            }
        }
        Ok(())
    };
    connection.stream(&lambda::api::SPEC, "InvokeWithResponseStream", input, heard).await?;
    Ok(u8::from(failed))
}

fn print_log(encoded: Option<&str>) -> anyhow::Result<()> {
    use base64::Engine as _;
    let log = base64::engine::general_purpose::STANDARD.decode(encoded.unwrap_or_default());
    Ok(std::io::stderr().write_all(&log.context("the log's encoding")?)?)
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
