//! The front door: connections, and the steps that a request goes (`way`).

mod bodies;
mod connections;
mod outgoing;
mod pages;
mod way;

use std::sync::Arc;

use access::Access;
use base::{Clock, Fault, Random, Region, Tasks};
use wire::sigv4::Verifier;

use crate::registry::Registry;

pub use bodies::Bodies;
pub use connections::{serve_connections, serve_until};
pub use pages::Pages;

/// Whether callers are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Auth {
    /// Signatures are checked and policies evaluated.
    #[default]
    Enforce,
    /// Any credentials are taken, and no caller is asked for a permission. For tests.
    Open,
}

/// The two ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The listener of the host: operations and lambdad's own pages.
    Front,
    /// An environment's endpoint: AWS operations only, and always enforced.
    Relay,
}

impl Door {
    /// How many connections may be open through it at once: who is inside of an environment must not use up the
    /// descriptors of the house.
    const fn connections(self) -> usize {
        match self {
            Self::Front => tokio::sync::Semaphore::MAX_PERMITS,
            Self::Relay => base::limits::environment::ENDPOINT_CONNECTIONS,
        }
    }
}

/// All that a request needs on its way.
pub struct House {
    pub registry: Arc<Registry>,
    pub router: wire::Router,
    pub verifier: Verifier,
    pub keys: Arc<Access>,
    pub auth: Auth,
    pub region: Region,
    pub clock: Clock,
    pub random: Random,
    pub tasks: Tasks,
    pub pages: Arc<dyn Pages>,
    /// What bodies may take of our memory.
    pub bodies: Bodies,
    /// The origin for addresses in answers where a request names no host.
    pub origin: String,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// A body over the limit, in AWS's words.
fn too_large(limit: usize, operation: Option<&str>) -> Fault {
    let whose = operation.map(|operation| format!(" for the {operation} operation")).unwrap_or_default();
    Fault::new("RequestEntityTooLargeException", format!("Request must be smaller than {limit} bytes{whose}"))
}
