//! Row 15: how long until lambdad answers, and what it takes while idle, against a bare hyper server.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use base::Clock;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::program::{Served, command};
use crate::table::Rounds;

/// The argument with which this program is the bare server.
pub(crate) const BARE: &str = "__bare-server";
const ROUNDS: usize = 7;

/// A hyper server that answers everything with `ok`, and tells its address as lambdad does.
pub(crate) fn bare_server() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        eprintln!("listening on http://{}", listener.local_addr().expect("bound"));
        let tasks = base::Tasks::new();
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|_| async { Ok::<_, Infallible>(http::Response::new(Full::<bytes::Bytes>::from("ok"))) });
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tasks.spawn("connection", connection);
        }
    });
    ExitCode::SUCCESS
}

struct Bare {
    child: Child,
    endpoint: String,
}

impl Bare {
    fn start() -> anyhow::Result<Self> {
        let mut child = command(PathBuf::from("/proc/self/exe")).arg(BARE).stderr(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stderr.take().context("a pipe")?).read_line(&mut line)?;
        let endpoint = line.trim().trim_start_matches("listening on ").to_owned();
        Ok(Self { child, endpoint })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One GET, answered.
fn get(endpoint: &str) -> anyhow::Result<()> {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /_lambdad/health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}

pub(crate) fn time() -> anyhow::Result<Rounds> {
    let clock = Clock::wall();
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let started = clock.instant();
        let served = Served::start()?;
        get(&served.endpoint)?;
        let ours = started.elapsed();
        drop(served);
        let started = clock.instant();
        let bare = Bare::start()?;
        get(&bare.endpoint)?;
        let theirs = started.elapsed();
        rounds.ratios.push(ours.as_secs_f64() / theirs.as_secs_f64());
        rounds.seen = format!("{:.1} ms of {:.1} ms", milliseconds(ours), milliseconds(theirs));
    }
    Ok(rounds)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub(crate) fn memory() -> anyhow::Result<Rounds> {
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let (served, bare) = (Served::start()?, Bare::start()?);
        get(&served.endpoint)?;
        get(&bare.endpoint)?;
        let ours = Served::memory_kib(served.child.id())?;
        let theirs = Served::memory_kib(bare.child.id())?;
        rounds.ratios.push(ours / theirs);
        rounds.seen = format!("{:.1} MiB of {:.1} MiB", ours / 1024.0, theirs / 1024.0);
    }
    Ok(rounds)
}
