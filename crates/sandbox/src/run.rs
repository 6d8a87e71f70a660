//! One command from start to end, with what it said.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use base::Clock;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use crate::{Error, Output, Result, Slot, Spec};

pub(crate) async fn run(slot: &Slot, spec: Spec, limit: usize, timeout: Duration, clock: &Clock) -> Result<Output> {
    let started = slot.start(spec).await?;
    let process = started.process;
    // A child of it may still hold the pipes when it has ended: they close with the tree.
    let end = async {
        let timed_out = tokio::select! {
            _ = process.wait() => false,
            () = clock.sleep(timeout) => true,
        };
        slot.kill().await.map(|()| timed_out)
    };
    let (stdout, stderr, timed_out) = tokio::join!(read(started.stdout, limit), read(started.stderr, limit), end);
    let failed = |source| Error::Io { what: "the output of a process", source };
    let (stdout, stderr) = (stdout.map_err(failed)?, stderr.map_err(failed)?);
    Ok(Output { exit: process.wait().await, stdout, stderr, timed_out: timed_out? })
}

/// The first `limit` bytes; the rest is read too, or the process would wait for ever.
async fn read(pipe: OwnedFd, limit: usize) -> io::Result<Vec<u8>> {
    let mut pipe = Receiver::from_owned_fd(pipe)?;
    let mut kept = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = pipe.read(&mut chunk).await?;
        if length == 0 {
            return Ok(kept);
        }
        let room = limit.saturating_sub(kept.len()).min(length);
        kept.extend_from_slice(&chunk[..room]);
    }
}
