//! From the init's copy to the caller's program: each step, in the order in which it must stand.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions};
use rustix::thread::UnshareFlags;

use super::{Never, privileges};
use crate::WORKING_DIRECTORY;
use crate::cgroup::Doors;
use crate::channel::{decode, encode};
use crate::message::{Failure, House, Start, Step};
use crate::seccomp;
use crate::sys::{self, Cloned, SingleThread};

const MEBIBYTE: u64 = 1 << 20;
/// Where programs are where the caller's environment names no `PATH`.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const STACK_BYTES: u64 = 8 * MEBIBYTE;
const LOCKED_BYTES: u64 = 64 * 1024;
/// The longest failure that a child writes; a pipe takes so much at once.
const FAILURE_BYTES: usize = 4096;

/// The containment of a child, and how it enters the control groups. `None`: not contained.
type Walls<'a> = Option<(&'a House, &'a Doors)>;

/// Returns the pid when the program runs, or what kept it from running.
pub(super) fn start(thread: &SingleThread, start: &Start, walls: Walls<'_>, fds: Vec<OwnedFd>) -> Result<i32, Failure> {
    let (failed, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).step("make a pipe")?;
    let group = walls.and_then(|(_, doors)| doors.born_in.as_ref()).map(AsFd::as_fd);
    match thread.clone_process(0, group).step("clone3")? {
        Cloned::Parent { pid, .. } => {
            drop((tell, fds));
            outcome(pid, failed)
        }
        Cloned::Child => {
            drop(failed);
            die(thread, start, walls, fds, &tell)
        }
    }
}

/// The child: becomes the program, or says why not.
fn die(thread: &SingleThread, start: &Start, walls: Walls<'_>, fds: Vec<OwnedFd>, tell: &OwnedFd) -> ! {
    if let Ok(tell) = lift(tell, above(start)) {
        let Err(failure) = run(thread, start, walls, fds);
        let bytes = encode(&failure).unwrap_or_default();
        // If even this fails, the init sees an empty pipe, and then this exit code.
        let _untold = rustix::io::write(&tell, &bytes);
    }
    std::process::exit(127)
}

/// The pipe closes without a word at exec.
fn outcome(pid: i32, failed: OwnedFd) -> Result<i32, Failure> {
    let mut bytes = vec![0; FAILURE_BYTES];
    let length = rustix::io::retry_on_intr(|| rustix::io::read(&failed, &mut *bytes)).step("read the child's pipe")?;
    if length == 0 {
        return Ok(pid);
    }
    let pid = Pid::from_raw(pid);
    rustix::io::retry_on_intr(|| rustix::process::waitpid(pid, WaitOptions::empty())).step("bury the child")?;
    Err(decode(&bytes[..length]).unwrap_or_else(|error| Failure::new("understand the child", &error)))
}

fn run(thread: &SingleThread, start: &Start, walls: Walls<'_>, fds: Vec<OwnedFd>) -> Result<Never, Failure> {
    let argv = strings(&start.argv).step("read argv")?;
    let env = strings(&start.env).step("read the environment")?;
    let programs = strings(&programs(start)).step("look for the program")?;
    // Before anything is allocated that the limits should count; and before the namespace, whose root it becomes.
    if let Some((_, doors)) = walls {
        doors.enter().step("enter the control groups")?;
        thread.unshare(UnshareFlags::NEWCGROUP).step("unshare the control group namespace")?;
    }
    rustix::process::setsid().step("start a session")?;
    if walls.is_none() {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).step("tie to the init")?;
    }
    install(start, fds).step("place the descriptors")?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    sys::reset_signals();
    if let Some((house, _)) = walls {
        if house.user.is_none() {
            volunteer().step("raise the out-of-memory score")?;
        }
        limit(house).step("set the resource limits")?;
        let keeps_groups = house.user.is_some_and(|user| user.keeps_groups);
        privileges::become_user(house.uid, keeps_groups).step("drop privileges")?;
    }
    // As the user: a directory that it may not enter is not its working directory.
    let cwd: &[u8] = if start.cwd.is_empty() { b"/" } else { &start.cwd };
    rustix::process::chdir(cwd).step(WORKING_DIRECTORY)?;
    // Last, since the steps above need calls that it refuses.
    if walls.is_some() {
        sys::install_filter(seccomp::program()).step("install the seccomp filter")?;
    }
    Err(Failure::new("execute the program", &execute(&programs, &argv, &env)))
}

/// Where the program may be: as the caller named it, or, by a bare name, in each folder of its `PATH`.
fn programs(start: &Start) -> Vec<Vec<u8>> {
    let Some(name) = start.argv.first() else { return Vec::new() };
    if name.contains(&b'/') || name.is_empty() {
        return vec![name.clone()];
    }
    let path = start.env.iter().find_map(|pair| pair.strip_prefix(b"PATH=")).unwrap_or(DEFAULT_PATH);
    let folders = path.split(|byte| *byte == b':').filter(|folder| !folder.is_empty());
    folders.map(|folder| [folder, b"/", name].concat()).collect()
}

/// The first that can be executed; of those that can't, the one that is there says why.
fn execute(programs: &[CString], argv: &[CString], env: &[CString]) -> io::Error {
    let mut why = io::Error::from(rustix::io::Errno::NOENT);
    for program in programs {
        let error = sys::execute(program, argv, env);
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
            io::ErrorKind::PermissionDenied => why = error,
            _ => return error,
        }
    }
    why
}

fn strings(all: &[Vec<u8>]) -> io::Result<Vec<CString>> {
    all.iter().map(|bytes| CString::new(bytes.as_slice()).map_err(io::Error::from)).collect()
}

/// Standard input is nothing, then output, error and the caller's own; nothing else survives exec.
///
/// All are first moved above every number that is asked for, since placing one could close another.
fn install(start: &Start, fds: Vec<OwnedFd>) -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let numbers: Vec<RawFd> = [0, 1, 2].into_iter().chain(start.fd_numbers.iter().copied()).collect();
    let sources: Vec<OwnedFd> = std::iter::once(null).chain(fds).collect();
    if numbers.len() != sources.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "descriptors and their numbers differ in count"));
    }
    let above = above(start);
    let lifted: io::Result<Vec<OwnedFd>> = sources.iter().map(|fd| lift(fd, above)).collect();
    sys::close_on_exec_from(3)?;
    // Their numbers may be among those placed, and then are no longer theirs to close; exec closes the others.
    std::mem::forget(sources);
    lifted?.iter().zip(numbers).try_for_each(|(fd, number)| sys::place(fd.as_fd(), number))
}

/// The first number that no descriptor is to be placed at.
fn above(start: &Start) -> RawFd {
    start.fd_numbers.iter().copied().max().unwrap_or(0).max(2) + 1
}

fn lift(fd: &OwnedFd, above: RawFd) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, above)?)
}

/// When the host itself runs out of memory, environments die before the program that runs them.
pub(super) fn volunteer() -> io::Result<()> {
    let score = rustix::fs::open("/proc/self/oom_score_adj", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&score, b"500")?;
    Ok(())
}

fn limit(house: &House) -> io::Result<()> {
    let data = house.user.and_then(|user| user.data_bytes).map(|bytes| (Resource::Data, bytes));
    let limits = [
        (Resource::Nofile, house.files),
        (Resource::Nproc, house.processes),
        (Resource::Stack, STACK_BYTES),
        (Resource::Memlock, LOCKED_BYTES),
        // Not 0: the kernel still feeds a program of the host (core_pattern with a pipe) then. 1 is none at all.
        (Resource::Core, 1),
    ];
    for (resource, value) in limits.into_iter().chain(data) {
        // The host's own hard limit may be lower, and only some roots may raise it.
        let value = rustix::process::getrlimit(resource).maximum.map_or(value, |hard| hard.min(value));
        rustix::process::setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?;
    }
    Ok(())
}
