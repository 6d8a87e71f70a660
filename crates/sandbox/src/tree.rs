//! The host's side of a tree: everything that runs in a slot between a start and a kill.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use base::Tasks;
use parking_lot::Mutex;
use rustix::pipe::PipeFlags;
use rustix::process::Signal;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::cgroup::Group;
use crate::channel::{self, Channel, MESSAGE_BYTES, REPORT_BYTES};
use crate::message::{Failure, Order, Report, Start};
use crate::sys;
use crate::{Command, Error, Exit, ExitStatus, Process, Result, Started};

/// A running tree, known by its init.
#[derive(Debug)]
pub(crate) struct Tree {
    channel: Channel,
    /// Readable when the init has ended; and it ends after all the rest.
    init: AsyncFd<OwnedFd>,
    /// `None` when not contained.
    group: Option<Arc<dyn Group>>,
    /// The group's counter when the tree began.
    earlier_kills: u64,
    /// The counter when we began to kill: whoever dies by our hand is not the kernel's victim.
    kills_before_ours: OnceLock<u64>,
    last: AtomicU32,
    /// The most that any of its dead had of memory, in bytes.
    peak_of_dead: AtomicU64,
    waiting: Mutex<Waiting>,
}

/// What an init will say.
pub(crate) type Told<T> = oneshot::Receiver<Result<T, Failure>>;

#[derive(Debug, Default)]
struct Waiting {
    /// Set when nothing will be reported any more.
    ended: bool,
    starts: BTreeMap<u32, oneshot::Sender<Result<u32, Failure>>>,
    exits: BTreeMap<u32, watch::Sender<Option<Exit>>>,
    ready: Option<oneshot::Sender<Result<(), Failure>>>,
}

impl Tree {
    /// What is said of a process whose end nobody saw: the kernel killed it with its tree.
    pub(crate) const LOST: Exit = Exit { status: ExitStatus::Signal(libc::SIGKILL), out_of_memory: false };

    /// Takes over a tree whose init was just made; the second value says when its root stands.
    pub(crate) fn new(
        socket: OwnedFd,
        init: OwnedFd,
        group: Option<Arc<dyn Group>>,
        tasks: &Tasks,
    ) -> Result<(Arc<Self>, Told<()>)> {
        let failed = |what| move |source| Error::Io { what, source };
        let earlier_kills = match &group {
            Some(group) => group.out_of_memory_kills().map_err(failed("the out-of-memory counter"))?,
            None => 0,
        };
        let (ready, when_ready) = oneshot::channel();
        let tree = Arc::new(Self {
            channel: Channel::new(socket).map_err(failed("the init's channel"))?,
            init: sys::watch(init, Interest::READABLE).map_err(failed("the init's pidfd"))?,
            group,
            earlier_kills,
            kills_before_ours: OnceLock::new(),
            last: AtomicU32::new(0),
            peak_of_dead: AtomicU64::new(0),
            waiting: Mutex::new(Waiting { ready: Some(ready), ..Waiting::default() }),
        });
        tasks.spawn("sandbox tree", tree.clone().live(tasks.closing().clone()));
        Ok((tree, when_ready))
    }

    /// When the house closes, so does the tree.
    async fn live(self: Arc<Self>, closing: CancellationToken) {
        let mut listening = pin!(self.clone().listen());
        tokio::select! {
            () = &mut listening => return,
            () = closing.cancelled() => self.begin_to_kill(),
        }
        listening.await;
    }

    async fn listen(self: Arc<Self>) {
        loop {
            let report = match self.channel.receive(REPORT_BYTES).await {
                Ok(Some((bytes, _))) => channel::decode::<Report>(&bytes),
                Ok(None) => break,
                Err(error) => Err(error),
            };
            match report {
                Ok(report) => self.hear(report),
                Err(error) => {
                    tracing::error!(%error, "an init cannot be understood; its tree is killed");
                    self.begin_to_kill();
                    break;
                }
            }
        }
        self.end();
    }

    fn hear(&self, report: Report) {
        let mut waiting = self.waiting.lock();
        match report {
            Report::Ready => tell(waiting.ready.take(), Ok(())),
            Report::NotReady(failure) => tell(waiting.ready.take(), Err(failure)),
            Report::Started { id, pid } => tell(waiting.starts.remove(&id), Ok(pid)),
            Report::NotStarted { id, failure } => {
                waiting.exits.remove(&id);
                tell(waiting.starts.remove(&id), Err(failure));
            }
            Report::Exited { id, status, peak_bytes } => {
                self.peak_of_dead.fetch_max(peak_bytes, Ordering::Relaxed);
                if let Some(exit) = waiting.exits.remove(&id) {
                    exit.send_replace(Some(self.exit(status)));
                }
            }
        }
    }

    /// Everything that still waits hears that it is over.
    fn end(&self) {
        let waiting = {
            let mut waiting = self.waiting.lock();
            let ended = Waiting { ended: true, ..Waiting::default() };
            std::mem::replace(&mut *waiting, ended)
        };
        for exit in waiting.exits.into_values() {
            exit.send_replace(Some(self.exit(Self::LOST.status)));
        }
    }

    pub(crate) fn peak_of_dead(&self) -> u64 {
        self.peak_of_dead.load(Ordering::Relaxed)
    }

    fn exit(&self, status: ExitStatus) -> Exit {
        let killed = status == ExitStatus::Signal(libc::SIGKILL);
        Exit { status, out_of_memory: killed && self.kernel_kills() > self.earlier_kills }
    }

    fn kernel_kills(&self) -> u64 {
        self.kills_before_ours.get().copied().unwrap_or_else(|| self.count_kernel_kills())
    }

    fn count_kernel_kills(&self) -> u64 {
        let Some(group) = &self.group else { return 0 };
        group.out_of_memory_kills().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot tell whether a process ran out of memory");
            self.earlier_kills
        })
    }

    /// Whether a process that we started may still run.
    pub(crate) fn is_busy(&self) -> bool {
        !self.waiting.lock().exits.is_empty()
    }

    pub(crate) async fn start(self: &Arc<Self>, command: Command) -> Result<Started> {
        let program = command.argv.first().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
        let failed = |step: &'static str| {
            let program = program.clone();
            move |source: io::Error| Error::Start { program, step: step.to_owned(), source }
        };
        check(&command).map_err(failed("read the command"))?;
        let (stdout, out) = pipe().map_err(failed("make a pipe"))?;
        let (stderr, err) = pipe().map_err(failed("make a pipe"))?;
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let (exit, started) = self.expect(id)?;
        self.order_start(id, &command, [out.as_fd(), err.as_fd()]).await?;
        drop((out, err));
        match started.await {
            Ok(Ok(pid)) => {
                let process = Process { id, pid, exit, tree: self.clone() };
                Ok(Started { process, stdout, stderr })
            }
            Ok(Err(failure)) => {
                let source = failure.source();
                Err(Error::Start { program, step: failure.step, source })
            }
            Err(_) => Err(Error::TreeGone),
        }
    }

    fn expect(&self, id: u32) -> Result<(watch::Receiver<Option<Exit>>, Told<u32>)> {
        let mut waiting = self.waiting.lock();
        if waiting.ended {
            return Err(Error::TreeGone);
        }
        let (exit, when_exited) = watch::channel(None);
        let (started, when_started) = oneshot::channel();
        waiting.exits.insert(id, exit);
        waiting.starts.insert(id, started);
        Ok((when_exited, when_started))
    }

    async fn order_start(&self, id: u32, command: &Command, output: [BorrowedFd<'_>; 2]) -> Result<()> {
        let start = Start {
            id,
            argv: command.argv.iter().map(|a| a.as_bytes().to_vec()).collect(),
            env: command.env.iter().map(|(k, v)| [k.as_bytes(), b"=", v.as_bytes()].concat()).collect(),
            cwd: command.cwd.as_os_str().as_bytes().to_vec(),
            fd_numbers: command.fds.iter().map(|(_, number)| *number).collect(),
        };
        let fds: Vec<BorrowedFd<'_>> = output.into_iter().chain(command.fds.iter().map(|(fd, _)| fd.as_fd())).collect();
        let sent = self.order(&Order::Start(start), &fds).await;
        if sent.is_err() {
            let mut waiting = self.waiting.lock();
            waiting.starts.remove(&id);
            waiting.exits.remove(&id);
        }
        sent
    }

    async fn order(&self, order: &Order, fds: &[BorrowedFd<'_>]) -> Result<()> {
        let failed = |source| Error::Io { what: "the init's channel", source };
        let bytes = channel::encode(order).map_err(failed)?;
        if bytes.len() > MESSAGE_BYTES {
            return Err(Error::RequestTooLarge { bytes: bytes.len(), limit: MESSAGE_BYTES });
        }
        match self.channel.send(&bytes, fds).await {
            Err(error) if is_gone(&error) => Err(Error::TreeGone),
            other => other.map_err(failed),
        }
    }

    pub(crate) async fn signal(&self, id: u32, signal: i32) -> Result<()> {
        match self.order(&Order::Signal { id, signal }, &[]).await {
            Err(Error::TreeGone) => Ok(()),
            other => other,
        }
    }

    /// Does not wait. A frozen tree dies when it is thawed, so it is, after the signal.
    pub(crate) fn begin_to_kill(&self) {
        self.kills_before_ours.get_or_init(|| self.count_kernel_kills());
        let done = match &self.group {
            Some(group) => self.kill_init().and_then(|()| group.thaw()),
            // Without a pid namespace the init must do it.
            None => self.channel.shut(),
        };
        if let Err(error) = done {
            tracing::error!(%error, "a tree cannot be killed");
        }
    }

    fn kill_init(&self) -> io::Result<()> {
        match rustix::process::pidfd_send_signal(self.init.get_ref(), Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns when the init has ended, and so everything in its pid namespace.
    pub(crate) async fn ended(&self) -> Result<()> {
        let ended = self.init.readable().await.map_err(|source| Error::Io { what: "the init's pidfd", source })?;
        drop(ended);
        Ok(())
    }
}

fn tell<T>(to: Option<oneshot::Sender<T>>, what: T) {
    if let Some(to) = to {
        // Whoever asked may have given up; then nobody is left to tell.
        let _unheard = to.send(what);
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected)
}

/// The read end, non-blocking, and the write end, blocking as programs expect it.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&read, true)?;
    Ok((read, write))
}

fn check(command: &Command) -> io::Result<()> {
    let wrong = |words: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, words.to_owned()));
    let Some(program) = command.argv.first() else { return wrong("argv is empty") };
    if program.is_empty() {
        return wrong("argv[0] is empty");
    }
    if command.env.iter().any(|(key, _)| key.is_empty() || key.as_bytes().contains(&b'=')) {
        return wrong("a variable's name is empty or has a `=`");
    }
    let most = base::limits::lambda::FILE_DESCRIPTORS as i32;
    let numbers: Vec<i32> = command.fds.iter().map(|(_, number)| *number).collect();
    let distinct: std::collections::BTreeSet<_> = numbers.iter().collect();
    if distinct.len() != numbers.len() || numbers.iter().any(|number| !(3..most).contains(number)) {
        return wrong("descriptor numbers must be distinct, 3 to 1023");
    }
    Ok(())
}
