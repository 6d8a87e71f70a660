//! The descriptors by which those who do not see a group's path enter it, with all of their future children, and thaw it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub(crate) struct Doors {
    /// The directory to be born in (CLONE_INTO_CGROUP).
    pub(crate) born_in: Option<OwnedFd>,
    /// Files into which a process writes `0`.
    pub(crate) tasks: Vec<OwnedFd>,
    /// A file, and what is written into it to thaw.
    pub(crate) thaw: Option<(OwnedFd, String)>,
}

/// Which descriptors come on the way to an init, in this order: to thaw, to be born in, the files to write into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DoorPlan {
    thaw_word: Option<String>,
    born_in: bool,
}

impl Doors {
    pub(crate) fn pack(self) -> (DoorPlan, Vec<OwnedFd>) {
        let (thaw, thaw_word) = self.thaw.unzip();
        let plan = DoorPlan { thaw_word, born_in: self.born_in.is_some() };
        (plan, thaw.into_iter().chain(self.born_in).chain(self.tasks).collect())
    }

    pub(crate) fn unpack(plan: &DoorPlan, mut fds: impl Iterator<Item = OwnedFd>) -> io::Result<Self> {
        let mut next = || fds.next().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData));
        let thaw = plan.thaw_word.clone().map(|word| Ok::<_, io::Error>((next()?, word))).transpose()?;
        let born_in = plan.born_in.then(next).transpose()?;
        Ok(Self { born_in, thaw, tasks: fds.collect() })
    }

    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let thaw = self.thaw.iter().map(|(file, _)| file.as_fd());
        thaw.chain(self.born_in.iter().map(AsFd::as_fd)).chain(self.tasks.iter().map(AsFd::as_fd))
    }

    /// This process, and what it starts, is in the group from here on.
    pub(crate) fn enter(&self) -> io::Result<()> {
        for tasks in &self.tasks {
            rustix::io::write(tasks, b"0")?;
        }
        Ok(())
    }

    pub(crate) fn thaw(&self) -> io::Result<()> {
        if let Some((file, word)) = &self.thaw {
            rustix::io::write(file, word.as_bytes())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    fn some() -> OwnedFd {
        std::io::pipe().expect("a pipe").0.into()
    }

    #[test]
    fn doors_come_back_whichever_there_are() {
        for (thaws, has_directory, tasks) in [(true, true, 5), (true, false, 4), (true, true, 0), (false, false, 0)] {
            let doors = Doors {
                thaw: thaws.then(|| (some(), "0".to_owned())),
                born_in: has_directory.then(some),
                tasks: (0..tasks).map(|_| some()).collect(),
            };
            let numbers: Vec<_> = doors.descriptors().map(|fd| fd.as_raw_fd()).collect();
            let (plan, fds) = doors.pack();
            let again = Doors::unpack(&plan, fds.into_iter()).expect("unpacked");
            assert_eq!(again.descriptors().map(|fd| fd.as_raw_fd()).collect::<Vec<_>>(), numbers);
            assert_eq!((again.born_in.is_some(), again.tasks.len()), (has_directory, tasks));
        }
    }
}
