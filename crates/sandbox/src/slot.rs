//! What outlives processes: uid, control groups, network, `/tmp`.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Tasks};
use parking_lot::Mutex;
use rustix::fs::{FileType, Mode};

use crate::cgroup::{DoorPlan, Group};
use crate::channel;
use crate::high_water;
use crate::message::{Ask, BindPlan, Boot, House, TmpPlan, UserPlan};
use crate::networks::SlotNetwork;
use crate::sandbox::{Inner, root_failure};
use crate::tmp::SlotTmp;
use crate::tree::{Told, Tree};
use crate::uids::Uid;
use crate::way_in::WayIn;
use crate::{Bind, Command, Error, Output, Result, SlotSpec, Spec, Started, Usage, run};

const FREEZE_PATIENCE: Duration = Duration::from_secs(2);
const FREEZE_STEP: Duration = Duration::from_micros(500);
const KILL_PATIENCE: Duration = Duration::from_secs(10);
const KILL_STEP: Duration = Duration::from_millis(1);

/// Dropping it kills what runs in it and gives everything back, in the background.
#[derive(Debug)]
pub struct Slot {
    sandbox: Arc<Inner>,
    spec: SlotSpec,
    listeners: Mutex<Vec<TcpListener>>,
    /// Held while a tree is started or killed.
    tree: tokio::sync::Mutex<Option<Arc<Tree>>>,
    /// `None` without isolation, or when given back.
    walls: Option<Walls>,
    peak: Mutex<Peak>,
}

/// The most memory seen since the last kill.
#[derive(Debug, Default)]
struct Peak {
    bytes: u64,
    /// The group's counter of kills for want of memory, at that time.
    kills_before: u64,
}

/// What contains the slot's processes. Fields are dropped in order: the uid last, when nothing runs under it any more.
#[derive(Debug)]
pub(crate) struct Walls {
    pub(crate) network: SlotNetwork,
    pub(crate) tmp: SlotTmp,
    pub(crate) group: Arc<dyn Group>,
    pub(crate) uid: Uid,
    /// What its processes are called inside.
    pub(crate) inside: u32,
    /// `None` for root's.
    pub(crate) user: Option<UserPlan>,
}

impl Slot {
    pub(crate) fn new(sandbox: Arc<Inner>, spec: SlotSpec, walls: Option<Walls>, listeners: Vec<TcpListener>) -> Self {
        let (listeners, peak) = (Mutex::new(listeners), Mutex::default());
        Self { sandbox, spec, listeners, tree: tokio::sync::Mutex::new(None), walls, peak }
    }

    /// The uid and gid of everything that runs in it; unique among live slots. Our own without isolation.
    pub fn uid(&self) -> u32 {
        match &self.walls {
            Some(walls) => walls.uid.number(),
            None => rustix::process::geteuid().as_raw(),
        }
    }

    pub fn spec(&self) -> &SlotSpec {
        &self.spec
    }

    /// The listeners of [`crate::SlotSpec::listen`], in that order, non-blocking; empty from the second call on. They
    /// stay bound over kills.
    pub fn take_listeners(&self) -> Vec<TcpListener> {
        std::mem::take(&mut *self.listeners.lock())
    }

    /// A way into the slot's network; it outlives neither the slot's use nor the sandbox.
    pub fn way_in(&self) -> Result<WayIn> {
        let failed = |source| Error::Network { step: "keep a handle of the network".to_owned(), source };
        let namespace =
            self.walls.as_ref().map(|walls| walls.network.as_fd().try_clone_to_owned()).transpose().map_err(failed)?;
        Ok(WayIn::new(self.sandbox.clone(), namespace))
    }

    /// Makes `path` (a directory, socket or file of the host, to be bound in) belong to the slot's uid. An ordinary user
    /// cannot give anything away: then everybody may write to it who gets there, and what lies above must keep others out.
    pub fn give(&self, path: &Path) -> Result<()> {
        let failed = |source| Error::Io { what: "the owner of a file", source };
        if self.walls.as_ref().is_some_and(|walls| walls.user.is_some()) {
            let found = rustix::fs::stat(path).map_err(|error| failed(error.into()))?;
            let is_directory = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
            let mode = Mode::from_raw_mode(if is_directory { 0o777 } else { 0o666 });
            return rustix::fs::chmod(path, mode).map_err(|error| failed(error.into()));
        }
        let uid = Some(self.uid());
        std::os::unix::fs::chown(path, uid, uid).map_err(failed)
    }

    /// Makes the root and starts the first process of a tree. [`Error::AlreadyRunning`] if a process that we started
    /// in this slot is alive; what else is left of an earlier tree is killed.
    pub async fn start(&self, spec: Spec) -> Result<Started> {
        let mut tree = self.tree.lock().await;
        if tree.as_ref().is_some_and(|tree| tree.is_busy()) {
            return Err(Error::AlreadyRunning);
        }
        if let Some(left) = tree.take() {
            self.end(&left).await?;
        }
        let (booted, ready) = self.boot(spec.root, spec.binds, spec.hostname).await?;
        // Known from here on: if our caller gives up, the next start or kill ends it.
        *tree = Some(booted.clone());
        ready.await.map_err(|_| Error::TreeGone)?.map_err(root_failure)?;
        drop(tree);
        booted.start(spec.command).await
    }

    /// Starts one more process in the running tree: same root, same pids, same network.
    pub async fn join(&self, command: Command) -> Result<Started> {
        let tree = self.tree.lock().await.clone();
        tree.ok_or(Error::NotRunning)?.start(command).await
    }

    /// Runs one command to its end as [`Slot::start`] would begin it, then kills what is left of its tree. Output beyond
    /// `output_bytes` of each pipe is thrown away; the tree is killed after `timeout`.
    pub async fn run(&self, spec: Spec, output_bytes: usize, timeout: Duration) -> Result<Output> {
        run::run(self, spec, output_bytes, timeout, &self.sandbox.clock).await
    }

    async fn boot(&self, root: Option<PathBuf>, binds: Vec<Bind>, hostname: String) -> Result<(Arc<Tree>, Told<()>)> {
        if root.is_some() && self.walls.is_none() {
            let missing = "isolation: a tree with a root of its own needs it".to_owned();
            return Err(Error::Unable { missing, fix: "switch it on".to_owned() });
        }
        let (ours, theirs) = channel::pair().map_err(|source| Error::Io { what: "a socket pair", source })?;
        let (doors, entries) = self.doors()?;
        let mut fds: Vec<BorrowedFd<'_>> = vec![theirs.as_fd()];
        fds.extend(self.walls.iter().map(|walls| walls.network.as_fd()));
        fds.extend(entries.iter().map(AsFd::as_fd));
        let house = self.walls.as_ref().map(|walls| self.house(walls, root, binds, hostname, doors));
        let answer = self.sandbox.ask(Ask::Boot(Boot { house }), &fds).await?.map_err(root_failure)?;
        drop((entries, theirs));
        let init = answer.into_iter().next().ok_or(Error::HelperGone)?;
        let group = self.walls.as_ref().map(|walls| walls.group.clone());
        if let Some(group) = &group {
            group.follow(init.as_fd());
        }
        Tree::new(ours, init, group, &self.sandbox.tasks)
    }

    fn doors(&self) -> Result<(DoorPlan, Vec<OwnedFd>)> {
        let Some(Walls { group, .. }) = &self.walls else { return Ok(Default::default()) };
        let doors = group.doors().map_err(|source| Error::Io { what: "the control group's files", source })?;
        Ok(doors.pack())
    }

    fn house(
        &self,
        walls: &Walls,
        root: Option<PathBuf>,
        binds: Vec<Bind>,
        hostname: String,
        doors: DoorPlan,
    ) -> House {
        let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
        let plan = |bind: Bind| BindPlan {
            source: bytes(&bind.source),
            target: bytes(&bind.target),
            read_only: bind.read_only,
        };
        House {
            uid: walls.inside,
            files: self.spec.files,
            processes: self.spec.processes,
            hostname,
            doors,
            landlock: self.sandbox.config.landlock,
            root: root.as_deref().map(bytes).unwrap_or_default(),
            tmp: match &walls.tmp {
                SlotTmp::None => TmpPlan::None,
                SlotTmp::Disk(tmp) => TmpPlan::Disk(bytes(tmp.device())),
                SlotTmp::Memory(tmp) => TmpPlan::Memory(tmp.number()),
            },
            user: walls.user,
            binds: binds.into_iter().map(plan).collect(),
            resolv_conf: self.sandbox.networks.resolv_conf(),
        }
    }

    /// Nothing in the slot gets cpu until [`Slot::thaw`]. Returns when all of it stands still.
    pub async fn freeze(&self) -> Result<()> {
        let mut waited = Duration::ZERO;
        self.of_group("the freezer", |group| group.freeze()).await?;
        while !self.of_group("the freezer", |group| group.is_frozen()).await?.unwrap_or(true) {
            if waited >= FREEZE_PATIENCE {
                self.thaw().await?;
                return Err(Error::WillNotFreeze { millis: waited.as_millis() as u64 });
            }
            self.sandbox.clock.sleep(FREEZE_STEP).await;
            waited += FREEZE_STEP;
        }
        Ok(())
    }

    /// Here and now, not on another thread: it takes less than the way there, and an event waits for it.
    pub async fn thaw(&self) -> Result<()> {
        let Some(Walls { group, .. }) = &self.walls else { return Ok(()) };
        group.thaw().map_err(|source| Error::Io { what: "the freezer", source })
    }

    /// `None` without isolation. The kernel may hold a call up while other groups are made.
    async fn of_group<T, F>(&self, what: &'static str, call: F) -> Result<Option<T>>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Group) -> io::Result<T> + Send + 'static,
    {
        let Some(Walls { group, .. }) = &self.walls else { return Ok(None) };
        let group = group.clone();
        let called = self.sandbox.tasks.blocking(move || call(group.as_ref())).await;
        called.map(Some).map_err(|source| Error::Io { what, source })
    }

    /// Kills the whole tree, frozen or not; returns when it is verified to be gone. `/tmp` and listeners stay.
    pub async fn kill(&self) -> Result<()> {
        let mut tree = self.tree.lock().await;
        if let Some(running) = tree.as_ref() {
            self.end(running).await?;
        }
        *tree = None;
        let kills = self.of_group("the out-of-memory counter", |group| group.out_of_memory_kills()).await?;
        *self.peak.lock() = Peak { bytes: 0, kills_before: kills.unwrap_or(0) };
        Ok(())
    }

    async fn end(&self, tree: &Tree) -> Result<()> {
        let group = self.walls.as_ref().map(|walls| walls.group.as_ref());
        end(tree, group, &self.sandbox.clock).await
    }

    /// Cores from now on; `None` is unlimited (INIT).
    pub async fn set_cpu(&self, cores: Option<f64>) -> Result<()> {
        self.of_group("the cpu limit", move |group| group.set_cpu(cores)).await.map(|_| ())
    }

    /// What has been used so far; all zero without isolation.
    pub async fn usage(&self) -> Result<Usage> {
        let read = |group: &dyn Group| {
            let living = high_water::of(&group.members()?);
            Ok((group.reading()?, group.out_of_memory_kills()?, living))
        };
        let dead = self.tree.lock().await.as_ref().map_or(0, |tree| tree.peak_of_dead());
        let Some((reading, kills, living)) = self.of_group("the control group's counters", read).await? else {
            return Ok(Usage::default());
        };
        Ok(Usage {
            cpu: reading.cpu,
            memory_bytes: reading.memory_bytes,
            max_memory_bytes: self.highest(reading.memory_bytes.max(living).max(dead), kills),
            processes: reading.processes,
            throttled_periods: reading.throttled_periods,
            throttled: reading.throttled,
        })
    }

    fn highest(&self, now: u64, kills: u64) -> u64 {
        let mut peak = self.peak.lock();
        let hit_the_limit = kills > peak.kills_before;
        // A `/tmp` in memory counts, and has its own room.
        let now = now.min(self.spec.memory_bytes);
        peak.bytes = if hit_the_limit { self.spec.memory_bytes } else { peak.bytes.max(now) };
        peak.bytes
    }

    /// Kills the tree and gives everything back, verified.
    pub async fn destroy(mut self) -> Result<()> {
        self.kill().await?;
        self.listeners.lock().clear();
        match self.walls.take() {
            Some(walls) => walls.give_back(&self.sandbox.tasks).await,
            None => Ok(()),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let tree = self.tree.get_mut().take();
        if let Some(tree) = &tree {
            tree.begin_to_kill();
        }
        if let Some(walls) = self.walls.take() {
            self.sandbox.janitor.leave(Remains { tree, walls });
        }
    }
}

impl Walls {
    /// Nothing may run in them any more.
    pub(crate) async fn give_back(self, tasks: &Tasks) -> Result<()> {
        let Self { network, tmp, group, uid, .. } = self;
        drop(network);
        tmp.give_back(tasks).await;
        match tasks.blocking(move || group.remove()).await {
            Ok(()) => Ok(()),
            Err(source) => {
                // Something may still run under it.
                uid.withhold();
                Err(Error::Io { what: "the control group", source })
            }
        }
    }
}

/// What a dropped slot leaves.
#[derive(Debug)]
pub(crate) struct Remains {
    tree: Option<Arc<Tree>>,
    walls: Walls,
}

impl Remains {
    pub(crate) async fn clear(self, tasks: &Tasks, clock: &Clock) -> Result<()> {
        if let Some(tree) = &self.tree {
            end(tree, Some(self.walls.group.as_ref()), clock).await?;
        }
        self.walls.give_back(tasks).await
    }
}

/// Kills, and waits until the init and everything in the group is gone.
async fn end(tree: &Tree, group: Option<&dyn Group>, clock: &Clock) -> Result<()> {
    tree.begin_to_kill();
    tokio::select! {
        ended = tree.ended() => ended?,
        () = clock.sleep(KILL_PATIENCE) => return Err(will_not_die(group)),
    }
    let Some(group) = group else { return Ok(()) };
    let mut waited = Duration::ZERO;
    while !group.is_empty().map_err(|source| Error::Io { what: "the control group", source })? {
        if waited >= KILL_PATIENCE {
            return Err(will_not_die(Some(group)));
        }
        clock.sleep(KILL_STEP).await;
        waited += KILL_STEP;
    }
    Ok(())
}

fn will_not_die(group: Option<&dyn Group>) -> Error {
    let left = group.and_then(|group| group.members().ok()).map_or(1, |members| members.len());
    Error::WillNotDie { seconds: KILL_PATIENCE.as_secs(), left }
}
