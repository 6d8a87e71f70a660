//! `lambdad serve`: opens the house, says where it listens, and closes it in order when it is told to.

use std::io::{ErrorKind, IsTerminal as _};
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::front_door::Auth;
use crate::house::Open;
use crate::options::ServeOptions;

pub(crate) async fn serve(options: ServeOptions) -> anyhow::Result<u8> {
    log_to_stderr();
    open_many_files();
    if options.auth == Auth::Open && !options.listen.ip().is_loopback() && !options.force_open {
        bail!(
            "--auth open lets anybody who reaches {} do anything. Listen on a loopback address, or say --force-open.",
            options.listen
        );
    }
    let listener = listen(options.listen).await?;
    let mut told = Told::listen()?;
    let house = Open::open(&options, listener).await?;
    eprintln!("listening on http://{}", house.address());
    told.next().await;
    eprintln!("closing: running invocations end, nothing new begins; once more to end at once");
    tokio::select! {
        () = house.close() => Ok(0),
        () = told.next() => {
            eprintln!("ended at once: what was running is cut off, as by a power cut");
            Ok(ENDED_AT_ONCE)
        }
    }
}

/// The status of whoever is ended by an interrupt.
const ENDED_AT_ONCE: u8 = 130;

/// The signals by which we are told to end.
struct Told {
    terminate: Signal,
    interrupt: Signal,
}

impl Told {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Shells allow 1024 by default, for the sake of old programs; that would be some sixty environments.
fn open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, ?current, "the limit of open files can't be raised: few environments fit at a time");
    }
}

fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("LAMBDAD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A test opens several houses in one process; the first one's log is everybody's.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let free = TcpListener::bind((address.ip(), 0)).await?.local_addr()?;
            bail!("{address} is in use. Another program listens there; try: lambdad serve --listen {free}")
        }
        Err(error) => Err(error).with_context(|| format!("can't listen on {address}")),
    }
}
