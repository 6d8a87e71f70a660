//! The first process of a tree: makes the root, starts processes in it, buries the dead, tells the host.
//!
//! It is a copy of the helper, outside of the slot's control groups, and pid 1 inside: when it ends, for whatever reason,
//! the kernel kills all the rest. It ends when the host's end of its channel closes, so nothing outlives the host.

mod child;
mod image;
mod landlock;
mod privileges;
mod root;
mod trees;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags};
use rustix::process::{DumpableBehavior, Pid, Signal};
use rustix::thread::LinkNameSpaceType;

pub(crate) use landlock::version as landlock_version;

use crate::cgroup::Doors;
use crate::channel::{self, MESSAGE_BYTES};
use crate::message::{Boot, Failure, House, Order, Report, Start, Step};
use crate::sys::{self, Dead, SingleThread};

/// Never returns. `fds` are as [`Boot`] names them.
pub(crate) fn main(thread: &SingleThread, state_dir: &Path, boot: Boot, fds: Vec<OwnedFd>) -> ! {
    let served = Init::new(thread, boot, fds).and_then(|init| init.serve(state_dir));
    // Whoever is told of an error here is gone; and the end of this process is the end of the tree either way.
    std::process::exit(i32::from(served.is_err()))
}

struct Init<'a> {
    thread: &'a SingleThread,
    channel: OwnedFd,
    contained: Option<Contained>,
    children: OwnedFd,
    /// Processes that we started and the host waits for, by their pid.
    started: BTreeMap<i32, u32>,
}

/// What a contained tree has.
struct Contained {
    house: House,
    network: OwnedFd,
    doors: Doors,
}

impl<'a> Init<'a> {
    fn new(thread: &'a SingleThread, boot: Boot, fds: Vec<OwnedFd>) -> io::Result<Self> {
        let mut fds = fds.into_iter();
        let mut next = || fds.next().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData));
        let channel = next()?;
        let contained = match boot.house {
            None => None,
            Some(house) => {
                let network = next()?;
                let doors = Doors::unpack(&house.doors, fds)?;
                Some(Contained { house, network, doors })
            }
        };
        let children = sys::child_signals()?;
        let init = Self { thread, channel, contained, children, started: BTreeMap::new() };
        init.close_the_rest()?;
        Ok(init)
    }

    /// The helper's own socket above all: while a copy of it is open, the host would not see the helper's end.
    fn close_the_rest(&self) -> io::Result<()> {
        let contained = self.contained.iter();
        let own = contained.flat_map(|c| c.doors.descriptors().chain([c.network.as_fd()]));
        sys::close_all_but(own.chain([self.channel.as_fd(), self.children.as_fd()]))
    }

    fn serve(mut self, state_dir: &Path) -> io::Result<()> {
        if let Err(failure) = self.settle(state_dir) {
            return self.report(&Report::NotReady(failure), &[]);
        }
        self.report(&Report::Ready, &[])?;
        while self.listen()? {}
        self.end()
    }

    fn settle(&self, state_dir: &Path) -> Result<(), Failure> {
        let Some(Contained { house, network, .. }) = &self.contained else { return Ok(()) };
        let kind = Some(LinkNameSpaceType::Network);
        rustix::thread::move_into_link_name_space(network.as_fd(), kind).step("enter the network")?;
        rustix::system::sethostname(house.hostname.as_bytes()).step("set the hostname")?;
        match house.root.is_empty() {
            true => root::make(state_dir, house)?,
            false => image::make(state_dir, house)?,
        }
        if house.user.is_some() {
            // Here, and passed on: the files of a process that hides its memory are the host's root's.
            child::volunteer().step("raise the out-of-memory score")?;
        }
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).step("hide the init's memory")?;
        landlock::raise(house).step("raise the second wall")?;
        privileges::narrow().step("drop capabilities")
    }

    /// One round: what the host orders, and who has died. False when the host is gone.
    fn listen(&mut self) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.channel, PollFlags::IN), PollFd::new(&self.children, PollFlags::IN)];
        match rustix::event::poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        let [ordered, died] = fds.map(|fd| !fd.revents().is_empty());
        if died {
            self.bury()?;
        }
        if !ordered {
            return Ok(true);
        }
        let Some((bytes, fds)) = channel::receive(self.channel.as_fd(), MESSAGE_BYTES)? else { return Ok(false) };
        self.obey(channel::decode(&bytes)?, fds)?;
        Ok(true)
    }

    fn obey(&mut self, order: Order, fds: Vec<OwnedFd>) -> io::Result<()> {
        match order {
            Order::Start(start) => self.start(&start, fds),
            Order::Signal { id, signal } => self.signal(id, signal),
        }
    }

    fn start(&mut self, start: &Start, fds: Vec<OwnedFd>) -> io::Result<()> {
        let walls = self.contained.as_ref().map(|c| (&c.house, &c.doors));
        match child::start(self.thread, start, walls, fds) {
            Ok(pid) => {
                self.started.insert(pid, start.id);
                self.report(&Report::Started { id: start.id, pid: pid.cast_unsigned() }, &[])
            }
            Err(failure) => self.report(&Report::NotStarted { id: start.id, failure }, &[]),
        }
    }

    /// Only to processes that we have not buried: their pid cannot be another's yet.
    fn signal(&self, id: u32, signal: i32) -> io::Result<()> {
        let pid = self.started.iter().find(|(_, started)| **started == id).and_then(|(pid, _)| Pid::from_raw(*pid));
        match (pid, Signal::from_named_raw(signal)) {
            (Some(pid), Some(signal)) => Ok(rustix::process::kill_process(pid, signal)?),
            _ => Ok(()),
        }
    }

    /// Also those that nobody started here: orphans, whose parents have died.
    fn bury(&mut self) -> io::Result<()> {
        sys::drain(self.children.as_fd())?;
        loop {
            let Some(Dead { pid, status, peak_bytes }) = sys::bury()? else { return Ok(()) };
            if let Some(id) = self.started.remove(&pid) {
                self.report(&Report::Exited { id, status, peak_bytes }, &[])?;
            }
        }
    }

    fn report(&self, report: &Report, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        channel::send(self.channel.as_fd(), &channel::encode(report)?, fds)
    }

    /// Frozen processes cannot die: thaw them, then end, and all the rest with us.
    fn end(self) -> io::Result<()> {
        match &self.contained {
            Some(contained) => contained.doors.thaw(),
            None => {
                self.kill_groups();
                Ok(())
            }
        }
    }

    /// Without a pid namespace each started process leads a group of its own; what has left the group escapes.
    fn kill_groups(&self) {
        for pid in self.started.keys().filter_map(|pid| Pid::from_raw(*pid)) {
            // It may have just died; then there is nothing to kill.
            let _gone = rustix::process::kill_process_group(pid, Signal::KILL);
        }
    }
}

/// The one thing that a child which became its program cannot do is return.
type Never = Infallible;
