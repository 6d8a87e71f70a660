//! Waiting for something to change under a prefix.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use crate::engine::{Change, Start, Watcher};
use crate::error::Result;
use crate::space::Space;

/// Tells that something was put or deleted since it was last asked. Nothing is missed between two calls.
#[derive(Debug)]
pub struct Wake {
    bell: Arc<Bell>,
    heard: watch::Receiver<()>,
}

#[derive(Debug)]
struct Bell(watch::Sender<()>);

impl Watcher for Bell {
    fn changed(&self, changes: &[Change]) {
        // A claim is no news for those who wait for something to claim.
        if changes.iter().any(|change| !matches!(change, Change::Moved { .. })) {
            self.0.send_replace(());
        }
    }
}

impl Wake {
    pub(crate) async fn on(space: &Space, prefix: &[u8]) -> Result<Self> {
        let (sender, heard) = watch::channel(());
        let bell = Arc::new(Bell(sender));
        let watcher: Weak<Bell> = Arc::downgrade(&bell);
        space.engine.watch(&space.name, prefix, Start::Now, watcher).await?;
        Ok(Self { bell, heard })
    }

    /// Returns when something has changed since the last return.
    pub async fn changed(&mut self) {
        // The sender lives in `bell`, so that this can't fail.
        let _ = self.heard.changed().await;
    }

    /// Wakes itself: for a waiter that has to look again.
    pub fn ring(&self) {
        self.bell.0.send_replace(());
    }
}
