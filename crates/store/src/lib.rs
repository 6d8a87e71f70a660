//! What is kept, and how: documents in order, append-only logs, queues, timers, leases, blobs and letters to be
//! carried, over one small engine. Knows neither AWS, nor Lambda, nor HTTP.
//!
//! Begin with [`Store`]: it hands out a [`Space`], and everything else is reached from there. A [`Batch`] belongs to
//! one space, and nothing that is added to it names another: a commit across spaces can't be written.
//! The bytes are drawn in `docs/format/`.

pub mod batch;
pub mod blob;
pub mod engine;
pub mod error;
pub mod key;
pub mod lease;
pub mod log;
pub mod outbox;
pub mod queue;
pub mod space;
pub mod store;
pub mod table;
pub mod timer;
pub mod view;
pub mod wake;

mod files;
mod restore;
mod value;

#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use blob::{BlobId, Blobs, Body};
pub use engine::{Committed, Counters, Engine, Expect, Position, Revision, Row};
pub use error::{Error, Result};
pub use key::{Encode, Key, KeyOf, PrefixOf};
pub use lease::{Lease, Leases};
pub use log::{Log, LogName, Series, SeriesName};
pub use outbox::{Outbox, Parcel};
pub use queue::{Message, Queue, QueueName, Receipt};
pub use restore::restore;
pub use space::{Space, SpaceName};
pub use store::Store;
pub use table::{Record, Table, Versioned};
pub use timer::{Fired, TimerName, Timers};
pub use view::View;
pub use wake::Wake;
