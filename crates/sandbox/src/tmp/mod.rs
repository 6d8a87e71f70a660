//! `/tmp` of a slot: an ext4 image on a loop device, so that what a function writes is disk and not memory.
//!
//! Nothing of it has a name that could be left behind: the image is a file without a directory entry, the device frees
//! itself with its last user, and the file system is held by a mount that is in no place. When the descriptors close,
//! even by SIGKILL, all of it is gone.

mod image;
mod memory;
mod pool;

pub(crate) use image::{Tmp, clear_drafts};
pub(crate) use memory::MemoryTmp;
pub(crate) use pool::Pool;

/// What a slot has for its `/tmp`.
#[derive(Debug)]
pub(crate) enum SlotTmp {
    /// An empty one that nobody can write to.
    None,
    Disk(Tmp),
    Memory(MemoryTmp),
}

impl SlotTmp {
    /// Unmounting may wait for the disk.
    pub(crate) async fn give_back(self, tasks: &base::Tasks) {
        match self {
            Self::None => {}
            Self::Disk(tmp) => tasks.blocking(move || drop(tmp)).await,
            Self::Memory(tmp) => tmp.give_back().await,
        }
    }
}
