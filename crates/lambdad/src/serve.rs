//! `lambdad serve`: opens the house, says where it listens, and closes it in order when it is told to.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::front_door::Auth;
use crate::house::Open;
use crate::options::ServeOptions;

pub(crate) async fn serve(options: ServeOptions) -> anyhow::Result<u8> {
    log_to_stderr();
    if options.auth == Auth::Open && !options.listen.ip().is_loopback() && !options.force_open {
        bail!(
            "--auth open lets anybody who reaches {} do anything. Listen on a loopback address, or say --force-open.",
            options.listen
        );
    }
    raise_descriptors();
    let listener = listen(options.listen).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let house = Open::open(&options, listener).await?;
    eprintln!("listening on http://{}", house.address());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    eprintln!("closing: running invocations end, nothing new begins");
    house.close().await;
    Ok(0)
}

/// An environment takes about fifteen descriptors, and shells and systemd give a program 1,024 unless it asks for more.
/// Functions have a limit of their own.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, ?current, "the limit of open files could not be raised; many environments will not fit");
    }
}

fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("LAMBDAD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A test opens several houses in one process; the first one's log is everybody's.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
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
