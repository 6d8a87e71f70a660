//! An ordinary user's `/tmp`: a file system in memory that the helper keeps for the slot.

use std::sync::{Arc, Weak};

use crate::Result;
use crate::message::Ask;
use crate::sandbox::{Inner, root_failure};

/// Lives until it is given back, or the helper ends.
#[derive(Debug)]
pub(crate) struct MemoryTmp {
    number: u32,
    sandbox: Weak<Inner>,
}

impl MemoryTmp {
    pub(crate) async fn make(sandbox: &Arc<Inner>, number: u32, bytes: u64) -> Result<Self> {
        sandbox.ask(Ask::MakeTmp { number, bytes }, &[]).await?.map_err(root_failure)?;
        Ok(Self { number, sandbox: Arc::downgrade(sandbox) })
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Nothing happens if the helper that had it is gone.
    pub(crate) async fn give_back(self) {
        let Some(sandbox) = self.sandbox.upgrade() else { return };
        match sandbox.ask(Ask::DropTmp { number: self.number }, &[]).await {
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(failure)) => {
                tracing::warn!(error = %failure.source(), step = failure.step, "a /tmp stays in memory")
            }
        }
    }
}
