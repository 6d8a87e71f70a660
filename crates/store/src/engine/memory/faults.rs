//! What may go wrong in memory, by chance under a seed.

use crate::error::Error;

/// Chances between 0 and 1, drawn for every write. The default is a disk without faults.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// A write fails and is not done.
    pub refuse: f64,
    /// A write is done, and its caller hears that it failed.
    pub lose_answer: f64,
    /// Other tasks run before the write is done.
    pub pause: f64,
    /// Writes are answered before they are durable: a crash loses what was written since the last
    /// [`super::Disk::sync`]. This disk lies; it is the control that shows a test to notice a loss.
    pub lazy_sync: bool,
}

pub(super) fn injected(what: &'static str) -> Error {
    Error::io("an injected fault", std::io::Error::other(what))
}
