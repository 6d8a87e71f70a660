//! The host's side of the helper: starts it, asks it, one question at a time.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;

use crate::cgroup::Plan;
use crate::channel::{self, Channel, REPORT_BYTES};
use crate::identity::Identity;
use crate::message::{Answer, Answered, Ask, Asked, Failure};
use crate::{Config, Error, HELPER_ARGUMENT, Result};

/// The helper, as seen by the host. Dropping it ends the helper.
#[derive(Debug)]
pub(crate) struct Client {
    line: tokio::sync::Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    channel: Channel,
    /// A question whose asker gave up leaves its answer on the line; numbers tell it from ours.
    last: u64,
}

impl Client {
    /// Starts the helper and waits until it is ready. `lock` is shared with it.
    pub(crate) async fn start(
        config: &Config,
        state_dir: &Path,
        groups: Option<Plan>,
        identity: Option<&Identity>,
        lock: BorrowedFd<'_>,
    ) -> Result<(Arc<Self>, Child)> {
        let failed = |source| Error::HelperStart { program: config.helper.clone(), source };
        let (ours, theirs) = channel::pair().map_err(failed)?;
        let child = spawn(&config.helper, theirs).map_err(failed)?;
        let channel = Channel::new(ours).map_err(failed)?;
        let client = Self { line: tokio::sync::Mutex::new(Line { channel, last: 0 }) };
        let hello = Ask::Hello {
            state_dir: state_dir.as_os_str().as_encoded_bytes().to_vec(),
            groups,
            as_user: identity.is_some(),
        };
        heard(client.ask(hello, &[lock]).await).map_err(failed)?;
        if let Some(identity) = identity {
            identity.write(child.id()).map_err(failed)?;
        }
        heard(client.ask(Ask::Settle, &[]).await).map_err(failed)?;
        Ok((Arc::new(client), child))
    }

    /// The descriptors that answer `ask`.
    pub(crate) async fn ask(&self, ask: Ask, fds: &[BorrowedFd<'_>]) -> Result<Result<Vec<OwnedFd>, Failure>> {
        let mut line = self.line.lock().await;
        line.last += 1;
        let id = line.last;
        let bytes = channel::encode(&Asked { id, ask }).map_err(gone)?;
        if bytes.len() > channel::MESSAGE_BYTES {
            return Err(Error::RequestTooLarge { bytes: bytes.len(), limit: channel::MESSAGE_BYTES });
        }
        line.channel.send(&bytes, fds).await.map_err(gone)?;
        loop {
            let (bytes, fds) = line.channel.receive(REPORT_BYTES).await.map_err(gone)?.ok_or(Error::HelperGone)?;
            let answered: Answered = channel::decode(&bytes).map_err(gone)?;
            match answered.answer {
                _ if answered.id != id => {}
                Answer::Done => return Ok(Ok(fds)),
                Answer::Failed(failure) => return Ok(Err(failure)),
            }
        }
    }
}

/// A helper that does not get through its first steps, in words.
fn heard(answered: Result<Result<Vec<OwnedFd>, Failure>>) -> io::Result<()> {
    match answered {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(failure)) => Err(io::Error::other(format!("{}: {}", failure.step, failure.source()))),
        Err(Error::HelperGone) => Err(io::Error::other("it ended at once")),
        Err(error) => Err(io::Error::other(error)),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one process that this room starts from the host")]
fn spawn(program: &Path, socket: OwnedFd) -> io::Result<Child> {
    std::process::Command::new(program)
        .arg(HELPER_ARGUMENT)
        .env_clear()
        .stdin(Stdio::from(socket))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
}

fn gone(error: io::Error) -> Error {
    tracing::error!(%error, "the line to the spawn helper is broken");
    Error::HelperGone
}
