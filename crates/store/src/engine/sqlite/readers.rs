//! The connections that read one space: each sees the last committed state, and none waits for the writer.

use std::path::PathBuf;

use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;

use super::schema;
use crate::error::Result;

/// Connections that are kept for the next reader.
const KEPT: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Shared by those who read; the space is closed when nobody does.
    closed: RwLock<bool>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), closed: RwLock::new(false) }
    }

    /// `None` if the space was closed.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<Option<T>> {
        let closed = self.closed.read();
        if *closed {
            return Ok(None);
        }
        let idle = self.idle.lock().pop();
        let connection = idle.map_or_else(|| schema::open_reader(&self.path), Ok)?;
        let done = work(&connection)?;
        let mut idle = self.idle.lock();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(Some(done))
    }

    pub(super) fn close(&self) {
        *self.closed.write() = true;
        self.idle.lock().clear();
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("path", &self.path).finish()
    }
}
