//! The spawn helper: a small process of one thread, from which every tree is copied.
//!
//! The host must not fork: it has many threads and much memory. The helper holds nothing between two requests but its
//! children. When the host's end of the socket closes, because it ended or was killed, the helper waits for the trees
//! (each sees the same end), removes what they leave, and ends.

mod client;
mod farewell;
mod network;
mod user;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::mount::MountPropagationFlags;
use rustix::thread::UnshareFlags;

pub(crate) use client::Client;
pub(crate) use farewell::pause;
pub(crate) use user::tmp;

use crate::cgroup::Driver;
use crate::channel::{self, MESSAGE_BYTES};
use crate::gateway::{Gateway, Plan};
use crate::message::{Answer, Answered, Ask, Asked, Boot, Failure, Step};
use crate::sys::{self, Cloned, SingleThread};
use crate::{HELPER_ARGUMENT, init, seccomp};

/// Namespaces of every tree; the network's is the slot's and joined by the init, the control groups' is each child's.
const NAMESPACES: libc::c_int = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;

/// Becomes the spawn helper, and never returns, if the first argument says so. A binary's `main` calls this before it
/// does anything else: no thread may exist yet.
pub fn run_helper_if_asked() {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == HELPER_ARGUMENT) {
        std::process::exit(match Helper::open().and_then(Helper::run) {
            Ok(()) => 0,
            Err(error) => {
                complain(&error);
                1
            }
        });
    }
}

/// The one voice that the helper has when its line is broken: the host's standard error.
fn complain(error: &io::Error) {
    use std::io::Write;
    // Nobody is left to hear that this failed too.
    let _silent = writeln!(io::stderr(), "sandbox helper: {error}");
}

struct Helper {
    thread: SingleThread,
    socket: OwnedFd,
    state_dir: PathBuf,
    /// Keeps the state directory ours until all is cleaned, even if the host is gone.
    _lock: Vec<OwnedFd>,
    /// The way out of environments, once it was asked for.
    gateway: Option<Gateway>,
    /// `None` where there are none, and so nothing is contained.
    groups: Option<Arc<dyn Driver>>,
}

impl Helper {
    /// The socket comes as standard input, since that is the one descriptor that can be handed to a new program safely.
    fn open() -> io::Result<Self> {
        let thread = SingleThread::prove()?;
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR, Mode::empty())?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        // A ^C in the host's terminal is the host's affair; we end when it does.
        rustix::process::setsid()?;
        let mut helper =
            Self { thread, socket, state_dir: PathBuf::new(), _lock: Vec::new(), gateway: None, groups: None };
        helper.greet()?;
        Ok(helper)
    }

    fn greet(&mut self) -> io::Result<()> {
        let (Asked { id, ask: Ask::Hello { state_dir, groups, as_user } }, fds) = self.first()? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        self.state_dir = PathBuf::from(std::ffi::OsString::from_vec(state_dir));
        self._lock = fds;
        self.groups = groups.map(|plan| plan.driver());
        let left = if as_user { user::leave(&self.thread) } else { Ok(()) };
        self.answer(id, left.map(|()| Vec::new()))?;
        let (Asked { id, ask: Ask::Settle }, _) = self.first()? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let settled = self.settle(as_user);
        self.answer(id, settled.map(|()| Vec::new()))
    }

    fn first(&self) -> io::Result<(Asked, Vec<OwnedFd>)> {
        match channel::receive(self.socket.as_fd(), MESSAGE_BYTES)? {
            Some((bytes, fds)) => Ok((channel::decode(&bytes)?, fds)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// A mount namespace of its own keeps what we mount out of the host's sight.
    fn settle(&self, as_user: bool) -> Result<(), Failure> {
        sys::ignore_children();
        rustix::process::umask(Mode::from_raw_mode(0o022));
        // Made once, here, so that no copy of us has to.
        seccomp::program();
        if !as_user && !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        self.thread.unshare(UnshareFlags::NEWNS).step("unshare the mount namespace")?;
        let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
        rustix::mount::mount_change("/", slave).step("make the mounts ours")?;
        if as_user {
            user::settle(&self.thread)?;
            user::make_place(&self.state_dir)?;
        }
        Ok(())
    }

    /// However the line ends, we clean: there is nobody else.
    fn run(mut self) -> io::Result<()> {
        let served = self.serve();
        let cleaned = farewell::clean(self.groups.as_deref());
        // Its walls stand as long as anything runs behind them.
        let ended = self.gateway.take().map_or(Ok(()), Gateway::end);
        cleaned.and(ended).and(served)
    }

    fn serve(&mut self) -> io::Result<()> {
        while let Some((bytes, fds)) = self.next()? {
            let Asked { id, ask } = channel::decode(&bytes)?;
            let done = match ask {
                Ask::Gateway(plan) => self.make_gateway(plan),
                Ask::Adopt(plan) => {
                    self.gateway = Some(Gateway::adopt(plan, fds)?);
                    Ok(Vec::new())
                }
                Ask::Network { way_out } => self.network(way_out).map(|namespace| vec![namespace]),
                Ask::Listen { listen } => match fds.first() {
                    Some(namespace) => network::listen(&self.thread, namespace.as_fd(), &listen),
                    None => return Err(io::ErrorKind::InvalidData.into()),
                },
                Ask::Socket => network::socket(&self.thread, &fds).map(|socket| vec![socket]),
                Ask::Boot(boot) => self.boot(boot, fds).map(|pidfd| vec![pidfd]),
                Ask::MakeTmp { number, bytes } => user::make_tmp(&self.state_dir, number, bytes).map(|()| Vec::new()),
                Ask::DropTmp { number } => user::drop_tmp(&self.state_dir, number).map(|()| Vec::new()),
                Ask::Hello { .. } | Ask::Settle => return Err(io::ErrorKind::InvalidData.into()),
            };
            self.answer(id, done)?;
        }
        Ok(())
    }

    fn make_gateway(&mut self, plan: Plan) -> Result<Vec<OwnedFd>, Failure> {
        let gateway = network::make_gateway(&self.thread, plan)?;
        self.gateway.insert(gateway).descriptors().step("share the gateway")
    }

    fn network(&self, way_out: Option<u32>) -> Result<OwnedFd, Failure> {
        network::make(&self.thread, self.gateway.as_ref().zip(way_out))
    }

    /// `None` when the host is gone. One that was killed before it read our last answer leaves a reset line.
    fn next(&self) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
        match channel::receive(self.socket.as_fd(), MESSAGE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            received => received,
        }
    }

    fn answer(&self, id: u64, done: Result<Vec<OwnedFd>, Failure>) -> io::Result<()> {
        let (answer, fds) = match done {
            Ok(fds) => (Answer::Done, fds),
            Err(failure) => (Answer::Failed(failure), Vec::new()),
        };
        let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        match channel::send(self.socket.as_fd(), &channel::encode(&Answered { id, answer })?, &fds) {
            // The host is gone: the next receive says so, and then we clean.
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(()),
            other => other,
        }
    }

    /// The copy becomes the tree's init; the descriptors are its alone as soon as this returns.
    fn boot(&self, boot: Boot, fds: Vec<OwnedFd>) -> Result<OwnedFd, Failure> {
        let namespaces = if boot.house.is_some() { NAMESPACES } else { 0 };
        match self.thread.clone_process(namespaces, None).step("clone3")? {
            Cloned::Parent { pidfd, .. } => Ok(pidfd),
            Cloned::Child => init::main(&self.thread, &self.state_dir, boot, fds),
        }
    }
}
