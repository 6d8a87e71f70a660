//! The AWS endpoint inside of environments: the front door's way, with signatures and permissions always enforced.

use std::sync::Arc;

use base::{Scope, Tasks};
use lambda::environment::Relay;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::front_door::{Door, House, serve_connections};

/// Serves environments' connections.
pub(crate) struct EndpointRelay {
    house: std::sync::OnceLock<Arc<House>>,
    tasks: Tasks,
}

impl EndpointRelay {
    /// Made before the house, since environments need it; [`EndpointRelay::install`] gives it the house.
    pub(crate) fn new(tasks: Tasks) -> Arc<Self> {
        Arc::new(Self { house: std::sync::OnceLock::new(), tasks })
    }

    pub(crate) fn install(&self, house: Arc<House>) {
        let first = self.house.set(house).is_ok();
        debug_assert!(first, "the relay is given its house once");
    }
}

impl Relay for EndpointRelay {
    fn serve(&self, listener: TcpListener, _scope: &Scope) -> DropGuard {
        let ended = CancellationToken::new();
        if let Some(house) = self.house.get() {
            let (house, tasks, closing) = (house.clone(), self.tasks.clone(), ended.clone());
            // The environment keeps its connections, and is destroyed after the front door has closed.
            self.tasks.spawn("endpoint relay", async move {
                serve_connections(house, listener, Door::Relay, &tasks, closing).await;
            });
        }
        ended.drop_guard()
    }
}

impl std::fmt::Debug for EndpointRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EndpointRelay")
    }
}
