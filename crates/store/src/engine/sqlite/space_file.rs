//! One open space: its writer's mailbox and its readers.

use std::path::Path;
use std::sync::Weak;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::super::{Claim, Claimed, Committed, Start, Watcher, Writes};
use super::Shared;
use super::readers::Readers;
use super::writer::{Job, Writer};
use crate::error::{Error, IoContext, Result};
use crate::space::SpaceName;

/// Jobs that wait for the writer; who comes after them waits for room.
const MAILBOX: usize = 4_096;

#[derive(Debug)]
pub(super) struct SpaceFile {
    pub(super) readers: Readers,
    writer: Mutex<Option<(mpsc::Sender<Job>, JoinHandle<()>)>>,
}

impl SpaceFile {
    pub(super) fn open(name: &SpaceName, path: &Path, shared: &Shared) -> Result<Self> {
        let writer = Writer::open(name, path, shared)?;
        let (sender, jobs) = mpsc::channel(MAILBOX);
        let thread = std::thread::Builder::new().name(format!("store {name}"));
        let runtime = shared.runtime.clone();
        let run = move || {
            let _time = runtime.enter();
            writer.run(jobs);
        };
        let thread = thread.spawn(run).doing(|| format!("starting the writer of {name}"))?;
        Ok(Self { readers: Readers::new(path.to_owned()), writer: Mutex::new(Some((sender, thread))) })
    }

    pub(super) async fn commit(&self, writes: Writes) -> Result<Committed> {
        self.ask(|answer| Job::Commit { writes, answer }).await?
    }

    pub(super) async fn claim(&self, claim: Claim) -> Result<Claimed> {
        self.ask(|answer| Job::Claim { claim, answer }).await?
    }

    pub(super) async fn watch(&self, prefix: Vec<u8>, start: Start, watcher: Weak<dyn Watcher>) -> Result<()> {
        self.ask(|answer| Job::Watch { prefix, start, watcher, answer }).await?
    }

    /// Returns when the writer stands still; it goes on when the answer is dropped. For a thread of its own.
    pub(super) fn freeze(&self) -> Result<oneshot::Sender<()>> {
        let (go_on, until) = oneshot::channel();
        let (answer, frozen) = oneshot::channel();
        let job = Job::Freeze { until, answer };
        self.mailbox()?.blocking_send(job).map_err(|_| Error::Closed)?;
        frozen.blocking_recv().map_err(|_| Error::Closed)?;
        Ok(go_on)
    }

    fn mailbox(&self) -> Result<mpsc::Sender<Job>> {
        self.writer.lock().as_ref().map(|(sender, _)| sender.clone()).ok_or(Error::Closed)
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.mailbox()?.send(job(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }

    /// Does what is in the mailbox, and closes every connection.
    pub(super) fn close(&self) {
        self.readers.close();
        let Some((sender, thread)) = self.writer.lock().take() else { return };
        drop(sender);
        if thread.join().is_err() {
            tracing::error!("the writer of a space panicked");
        }
    }
}
