//! Row 14: durable CreateFunction per second of 16 clients, against raw 4 KB writes with fdatasync on the same disk.

use std::fs::File;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{Clock, Fields, Value};
use lambdad::cli::{Connection, Target};

use crate::program::{KEY, Served};
use crate::table::Rounds;

const CLIENTS: usize = 16;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
pub(crate) const ROLE: &str = "bench";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub(crate) fn measure() -> anyhow::Result<Rounds> {
    let clock = Clock::wall();
    let served = Served::start()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let target = Target::new(&served.endpoint, KEY.0, KEY.1);
    runtime.block_on(role(&target.connect()?))?;
    let made = Arc::new(AtomicU64::new(0));
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let ours = runtime.block_on(creations(&target, &clock, &made))?;
        let raw = syncs(&clock)?;
        rounds.ratios.push(ours / raw);
        rounds.seen = format!("{ours:.0}/s of {raw:.0}/s");
    }
    Ok(rounds)
}

pub(crate) async fn role(connection: &Connection) -> anyhow::Result<()> {
    let input = Fields::new().with("RoleName", ROLE).with("AssumeRolePolicyDocument", TRUST);
    connection.call(&access::iam::api::SPEC, "CreateRole", input).await.map(drop)
}

async fn creations(target: &Target, clock: &Clock, made: &Arc<AtomicU64>) -> anyhow::Result<f64> {
    let end = clock.instant() + ROUND;
    let tasks = base::Tasks::new();
    let clients = (0..CLIENTS).map(|_| {
        let (target, clock, made) = (target.clone(), clock.clone(), made.clone());
        tasks.spawn("client", async move {
            let connection = target.connect()?;
            let mut done = 0;
            while clock.instant() < end {
                create(&connection, made.fetch_add(1, Ordering::Relaxed)).await?;
                done += 1;
            }
            anyhow::Ok(done)
        })
    });
    let mut total = 0;
    for client in clients.collect::<Vec<_>>() {
        total += client.await??;
    }
    Ok(f64::from(total) / ROUND.as_secs_f64())
}

async fn create(connection: &Connection, number: u64) -> anyhow::Result<()> {
    let mut code = Fields::new();
    code.set("ZipFile", Value::Blob(archive(number)?.into()));
    let mut input = Fields::new()
        .with("FunctionName", format!("bench-{number}"))
        .with("Role", format!("arn:aws:iam::000000000000:role/{ROLE}"))
        .with("Runtime", "provided.al2023")
        .with("Handler", "bootstrap");
    input.set("Code", Value::Map(code));
    connection.call(&lambda::api::SPEC, "CreateFunction", input).await.map(drop)
}

/// Each function has code of its own.
fn archive(number: u64) -> anyhow::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", zip::write::SimpleFileOptions::default().unix_permissions(0o755))?;
    write!(writer, "#!/bin/sh\n# {number}\n")?;
    Ok(writer.finish()?.into_inner())
}

/// Writes of 4 KB per second, each synced before the next.
fn syncs(clock: &Clock) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    #[expect(clippy::disallowed_methods, reason = "the baseline is a raw file")]
    let file = File::create(folder.path().join("raw"))?;
    let end = clock.instant() + ROUND;
    let mut done = 0_u64;
    while clock.instant() < end {
        file.write_all_at(&[b'x'; 4096], done * 4096)?;
        file.sync_data()?;
        done += 1;
    }
    Ok(done as f64 / ROUND.as_secs_f64())
}
