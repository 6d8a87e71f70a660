//! Gives back, in the background, what dropped slots leave.

use base::{Clock, Tasks};
use tokio::sync::{mpsc, oneshot};

use crate::slot::Remains;

/// More slots than this are not dropped in one breath; what does not fit is cleaned when the helper ends.
const WAITING: usize = 4096;

#[derive(Clone, Debug)]
pub(crate) struct Janitor(mpsc::Sender<Job>);

#[derive(Debug)]
enum Job {
    Clear(Box<Remains>),
    /// Answered when everything before it is done.
    Mark(oneshot::Sender<()>),
}

impl Janitor {
    pub(crate) fn new(tasks: &Tasks, clock: &Clock) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tasks.spawn_until_closing("sandbox janitor", work(receiver, tasks.clone(), clock.clone()));
        Self(sender)
    }

    /// Does not wait.
    pub(crate) fn leave(&self, remains: Remains) {
        if self.0.try_send(Job::Clear(Box::new(remains))).is_err() {
            tracing::warn!(
                "a slot was dropped too late or with too many others: its control group stays until the end"
            );
        }
    }

    /// Returns when all that was left so far is cleared.
    pub(crate) async fn catch_up(&self) {
        let (done, when_done) = oneshot::channel();
        if self.0.send(Job::Mark(done)).await.is_ok() {
            // An error says that the house has closed, and then nobody works any more.
            let _closed = when_done.await;
        }
    }
}

async fn work(mut jobs: mpsc::Receiver<Job>, tasks: Tasks, clock: Clock) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Clear(remains) => {
                if let Err(error) = remains.clear(&tasks, &clock).await {
                    tracing::error!(%error, "a dropped slot cannot be cleared");
                }
            }
            Job::Mark(done) => {
                // Whoever waited may have given up.
                let _unheard = done.send(());
            }
        }
    }
}
