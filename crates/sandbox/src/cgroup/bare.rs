//! Hosts that give an ordinary user no control groups: no group limits, freezes or counts; each process has limits of its
//! own instead (`init::child`), and the tree's processes are looked at one by one.

#![expect(clippy::disallowed_methods, reason = "what processes use stands in files of /proc")]

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{Doors, Driver, Group, Reading};
use crate::Result;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bare;

impl Driver for Bare {
    fn group(&self, _name: &str) -> Result<Arc<dyn Group>> {
        Ok(Arc::new(BareGroup::default()))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn remove(&self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Default)]
struct BareGroup {
    /// The init of the tree that runs, or ran last.
    init: Mutex<Option<i32>>,
}

impl Group for BareGroup {
    fn doors(&self) -> io::Result<Doors> {
        Ok(Doors { born_in: None, tasks: Vec::new(), thaw: None })
    }

    fn set_memory(&self, _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn set_cpu(&self, _cores: Option<f64>) -> io::Result<()> {
        Ok(())
    }

    fn set_processes(&self, _count: u64) -> io::Result<()> {
        Ok(())
    }

    fn freeze(&self) -> io::Result<()> {
        Ok(())
    }

    fn thaw(&self) -> io::Result<()> {
        Ok(())
    }

    fn is_frozen(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// The tree's pid namespace ends with its init, and nothing but the tree is in the group.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn members(&self) -> io::Result<Vec<i32>> {
        Ok(self.init.lock().map(descendants).unwrap_or_default())
    }

    fn kill(&self) -> io::Result<()> {
        Ok(())
    }

    fn out_of_memory_kills(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn reading(&self) -> io::Result<Reading> {
        let found: Vec<(u64, u64)> = self.members()?.into_iter().filter_map(memory_and_threads).collect();
        Ok(Reading {
            memory_bytes: found.iter().map(|(memory, _)| memory).sum(),
            processes: found.iter().map(|(_, threads)| threads).sum(),
            ..Reading::default()
        })
    }

    fn follow(&self, init: BorrowedFd<'_>) {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", init.as_raw_fd())).unwrap_or_default();
        *self.init.lock() = number_after(&info, "Pid:").and_then(|pid| i32::try_from(pid).ok());
    }

    fn remove(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Without the eldest; whoever ends meanwhile is left out.
fn descendants(eldest: i32) -> Vec<i32> {
    let mut family = vec![eldest];
    let mut at = 0;
    while let Some(parent) = family.get(at) {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        family.extend(children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
        at += 1;
    }
    family.split_off(1)
}

fn memory_and_threads(pid: i32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kibibytes = number_after(&status, "RssAnon:").unwrap_or(0) + number_after(&status, "RssShmem:").unwrap_or(0);
    Some((kibibytes << 10, number_after(&status, "Threads:").unwrap_or(0)))
}

fn number_after(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_process_are_found_by_their_names() {
        let status = "Name:\tpython3\nThreads:\t3\nRssAnon:\t    4404 kB\nRssShmem:\t       0 kB\n";
        assert_eq!(number_after(status, "RssAnon:"), Some(4404));
        assert_eq!(number_after(status, "Threads:"), Some(3));
        assert_eq!(number_after(status, "Absent:"), None);
    }
}
