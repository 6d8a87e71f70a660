//! Background work, through a door: every task has a name, is counted, and hears when the house closes.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Spawns tasks and ends them together. Clones share the same tasks.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    closing: CancellationToken,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `future` to its end; [`Tasks::close`] waits for it. It should listen to [`Tasks::closing`] if it may last.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let counted = Counted::new(name, self.running.clone());
        self.tracker.spawn(async move {
            let _counted = counted;
            future.await
        })
    }

    /// Runs `future` until it ends or the house closes, whichever is first.
    pub fn spawn_until_closing<F>(&self, name: &'static str, future: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let closing = self.closing.clone();
        self.spawn(name, async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = future => {}
            }
        })
    }

    /// Runs blocking work on a thread made for it.
    #[expect(clippy::disallowed_methods, reason = "this is the door that the ban names")]
    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match tokio::task::spawn_blocking(work).await {
            Ok(value) => value,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Cancelled when the house closes.
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Tells every task to end, and waits until all have.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// How many tasks of each name are running.
    pub fn running(&self) -> BTreeMap<&'static str, usize> {
        self.running.lock().clone()
    }
}

struct Counted {
    name: &'static str,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Counted {
    fn new(name: &'static str, running: Arc<Mutex<BTreeMap<&'static str, usize>>>) -> Self {
        *running.lock().entry(name).or_insert(0) += 1;
        Self { name, running }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        if let Some(count) = running.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn close_waits_for_every_task() {
        let tasks = Tasks::new();
        tasks.spawn_until_closing("waits", std::future::pending());
        assert_eq!(tasks.running().get("waits"), Some(&1));
        tasks.close().await;
        assert!(tasks.running().is_empty());
    }
}
