//! Row 18: an event of 1 MB and one of 6 MB through a warm function that answers it, against the same bytes through a
//! bare Unix socket and back.

use std::io::{Cursor, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::ensure;
use base::{Clock, Fields, Value};
use bytes::Bytes;
use lambdad::cli::{Connection, Target};

use crate::create::{ROLE, role};
use crate::program::{KEY, Served};
use crate::table::Rounds;

const ROUNDS: usize = 15;
const NAME: &str = "echo";
const HANDLER: &[u8] = b"exports.handler = async (event) => event;";

pub(crate) fn one_megabyte() -> anyhow::Result<Rounds> {
    measure(1 << 20)
}

/// As large as an event may be.
pub(crate) fn six_megabytes() -> anyhow::Result<Rounds> {
    measure(6 << 20)
}

fn measure(bytes: usize) -> anyhow::Result<Rounds> {
    let clock = Clock::wall();
    let served = Served::start()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let connection = Target::new(&served.endpoint, KEY.0, KEY.1).connect()?;
    let event = Bytes::from(format!("\"{}\"", "x".repeat(bytes - 2)));
    runtime.block_on(function(&connection))?;
    runtime.block_on(invoke(&connection, event.clone()))?;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let started = clock.instant();
        runtime.block_on(invoke(&connection, event.clone()))?;
        let ours = started.elapsed();
        let raw = bare(&clock, &event)?;
        rounds.ratios.push(ours.as_secs_f64() / raw.as_secs_f64());
        rounds.seen = format!("{:.1} ms of {:.1} ms", ours.as_secs_f64() * 1e3, raw.as_secs_f64() * 1e3);
    }
    Ok(rounds)
}

async fn function(connection: &Connection) -> anyhow::Result<()> {
    role(connection).await?;
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("index.js", zip::write::SimpleFileOptions::default())?;
    writer.write_all(HANDLER)?;
    let mut code = Fields::new();
    code.set("ZipFile", Value::Blob(writer.finish()?.into_inner().into()));
    let mut input = Fields::new()
        .with("FunctionName", NAME)
        .with("Role", format!("arn:aws:iam::000000000000:role/{ROLE}"))
        .with("Runtime", "nodejs22.x")
        .with("Handler", "index.handler");
    input.set("MemorySize", Value::Integer(1_769));
    input.set("Code", Value::Map(code));
    connection.call(&lambda::api::SPEC, "CreateFunction", input).await?;
    loop {
        let asked = Fields::new().with("FunctionName", NAME);
        let found = connection.call(&lambda::api::SPEC, "GetFunctionConfiguration", asked).await?;
        if found.text("State") == Some("Active") {
            return Ok(());
        }
        connection.clock().sleep(Duration::from_millis(20)).await;
    }
}

async fn invoke(connection: &Connection, event: Bytes) -> anyhow::Result<()> {
    let mut input = Fields::new().with("FunctionName", NAME);
    input.set("Payload", Value::Blob(event.clone()));
    let output = connection.call(&lambda::api::SPEC, "Invoke", input).await?;
    ensure!(output.get("Payload") == Some(&Value::Blob(event)), "the answer is not the event");
    Ok(())
}

/// There and back, through a thread that answers what it has read whole.
fn bare(clock: &Clock, event: &[u8]) -> anyhow::Result<Duration> {
    let (mut near, mut far) = UnixStream::pair()?;
    let length = event.len();
    std::thread::scope(|threads| {
        let echo = threads.spawn(move || {
            let mut read = vec![0; length];
            far.read_exact(&mut read)?;
            far.write_all(&read)
        });
        let started = clock.instant();
        near.write_all(event)?;
        let mut answer = vec![0; length];
        near.read_exact(&mut answer)?;
        let took = started.elapsed();
        echo.join().map_err(|_| anyhow::anyhow!("the echo panicked"))??;
        Ok(took)
    })
}
