//! The handle of the room.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, Tasks};
use parking_lot::Mutex;
use rustix::fs::FlockOperation;

use crate::cgroup::{self, Driver, Group, Plan};
use crate::helper::Client;
use crate::identity::Identity;
use crate::janitor::Janitor;
use crate::message::{Ask, Failure, UserPlan};
use crate::networks::{self, Networks, SlotNetwork};
use crate::slot::Walls;
use crate::tmp::{self, MemoryTmp, Pool, SlotTmp};
use crate::uids::Uids;
use crate::{Config, Error, Findings, Isolation, Output, Result, Slot, SlotSpec, Spec, gateway, probe};

/// A killed predecessor's helper still cleans up for so long at the most.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
const LOCK_STEP: Duration = Duration::from_millis(20);

/// Makes slots. Clones are the same sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) tasks: Tasks,
    pub(crate) clock: Clock,
    pub(crate) janitor: Janitor,
    pub(crate) config: Config,
    state_dir: PathBuf,
    /// `None` where full isolation is not possible; asking for it again says why.
    groups: Option<Plan>,
    /// Who the slots' uids are; `None` for root, and for a user who may make no user namespace.
    identity: Option<Identity>,
    /// `None` when closed.
    helper: Mutex<Option<(Arc<Client>, Child)>>,
    /// Held while a helper that has died is replaced.
    replacing: tokio::sync::Mutex<()>,
    uids: Uids,
    pool: Pool,
    pub(crate) networks: Arc<Networks>,
    /// Also held by the helper, which may clean for a while after us.
    lock: File,
}

impl Sandbox {
    /// Locks the state directory, cleans what a killed predecessor left there, starts the spawn helper. Works for an
    /// ordinary user too; then [`Isolation::User`] is possible where the kernel lets him make a user namespace.
    pub async fn open(config: Config, tasks: Tasks, clock: Clock) -> Result<Self> {
        let state_dir = make_directory(&config.state_dir)?;
        let lock = lock(&state_dir, &clock).await?;
        let groups = prepare(&state_dir, &tasks).await?;
        let (identity, (client, child)) = start_helper(&config, &state_dir, groups.clone(), &lock).await?;
        let networks = match Networks::open(&config.network, &state_dir, &client, &tasks).await {
            Ok(networks) => networks,
            Err(error) => {
                drop(client);
                // It cleans away what was made, and the state directory is its until then.
                tasks.blocking(move || bury(child)).await;
                return Err(error);
            }
        };
        Ok(Self(Arc::new(Inner {
            janitor: Janitor::new(&tasks, &clock),
            groups,
            helper: Mutex::new(Some((client, child))),
            replacing: tokio::sync::Mutex::default(),
            uids: uids(&config, identity.as_ref()),
            identity,
            pool: Pool::new(state_dir.clone(), config.ready_tmp, tasks.clone()),
            config,
            networks: Arc::new(networks),
            state_dir,
            tasks,
            clock,
            lock,
        })))
    }

    /// A new slot, empty.
    pub async fn slot(&self, spec: SlotSpec) -> Result<Slot> {
        let (walls, listeners) = match spec.isolation {
            Isolation::Full => self.0.walls(&spec).await?,
            Isolation::User => self.0.walls_of_user(&spec).await?,
            Isolation::Off => (None, networks::outside(spec.listen.len())?),
        };
        Ok(Slot::new(self.0.clone(), spec, walls, listeners))
    }

    /// Runs one command to its end in a slot of its own. Output beyond `output_bytes` of each pipe is thrown away; the
    /// tree is killed after `timeout`.
    pub async fn run(&self, slot: SlotSpec, spec: Spec, output_bytes: usize, timeout: Duration) -> Result<Output> {
        let slot = self.slot(slot).await?;
        let output = slot.run(spec, output_bytes, timeout).await;
        slot.destroy().await?;
        output
    }

    /// What this host can isolate, each lack with its fix. Changes nothing on the host.
    pub async fn probe(config: &Config, tasks: &Tasks) -> Findings {
        let state_dir = config.state_dir.clone();
        tasks.blocking(move || probe::probe(&state_dir)).await
    }

    /// Whether slots can be contained at all, as far as the spawn helper got.
    pub fn contains(&self) -> bool {
        self.0.identity.is_some() || rustix::process::geteuid().is_root()
    }

    #[cfg(test)]
    pub(crate) fn helper_pid(&self) -> Option<u32> {
        self.0.helper.lock().as_ref().map(|(_, child)| child.id())
    }

    /// Whether this host can give slots a way out, and what may stand in it. Changes nothing on the host.
    pub async fn probe_network(tasks: &Tasks) -> Findings {
        Findings(tasks.blocking(gateway::probe).await, Isolation::default())
    }

    #[cfg(test)]
    pub(crate) fn networks(&self) -> &Networks {
        &self.0.networks
    }

    /// Whether slots have a way out of their own.
    pub fn has_way_out(&self) -> bool {
        self.0.networks.name_servers().is_some()
    }

    /// The name servers of the host that slots cannot ask, where there is a way out, if there is none that they can.
    pub fn lost_name_servers(&self) -> Option<&[String]> {
        let found = self.0.networks.name_servers()?;
        found.servers.is_empty().then_some(found.left_out.as_slice())
    }

    /// Returns when everything that dropped slots left is given back.
    pub async fn quiet(&self) {
        self.0.janitor.catch_up().await;
    }

    /// Ends the helper and everything that still runs, and returns when all of it is given back. Slots that are neither
    /// destroyed nor dropped are useless afterwards.
    pub async fn close(&self) {
        self.0.janitor.catch_up().await;
        self.0.pool.clear().await;
        self.0.networks.close();
        let Some((client, mut child)) = self.0.helper.lock().take() else { return };
        drop(client);
        let ended = self.0.tasks.blocking(move || child.wait()).await;
        match ended {
            Ok(status) if status.success() => {}
            Ok(status) => tracing::error!(%status, "the spawn helper could not clean up"),
            Err(error) => tracing::error!(%error, "the spawn helper cannot be waited for"),
        }
    }
}

impl Inner {
    /// A helper that dies (the kernel wanted memory, say) takes the questions of that moment with it: they may be half
    /// done, and are not asked again. The next one finds another helper; what runs goes on, since a tree is its init's.
    pub(crate) async fn ask(&self, ask: Ask, fds: &[BorrowedFd<'_>]) -> Result<Result<Vec<OwnedFd>, Failure>> {
        let client = self.helper.lock().as_ref().map(|(client, _)| client.clone()).ok_or(Error::HelperGone)?;
        let answered = client.ask(ask, fds).await;
        if matches!(answered, Err(Error::HelperGone)) {
            self.replace(&client).await;
        }
        answered
    }

    async fn replace(&self, gone: &Arc<Client>) {
        let _turn = self.replacing.lock().await;
        let is_current = |helper: &Option<(Arc<Client>, Child)>| {
            helper.as_ref().is_some_and(|(current, _)| Arc::ptr_eq(current, gone))
        };
        if !is_current(&self.helper.lock()) {
            return;
        }
        let started = match self.start_helper().await {
            Ok(started) => started,
            Err(error) => return tracing::error!(%error, "the spawn helper died, and no other can be started"),
        };
        if let Err(error) = self.networks.hand_over(&started.0).await {
            tracing::error!(%error, "the new spawn helper does not know the way out: environments cannot be made");
        }
        tracing::error!("the spawn helper died; there is another");
        let before = {
            let mut helper = self.helper.lock();
            // Closed meanwhile: then the new one ends with its client.
            if is_current(&helper) { helper.replace(started) } else { Some(started) }
        };
        if self.identity.is_some() {
            // They are in a user namespace that ended with its helper.
            self.networks.forget_ready();
        }
        if let Some((_, child)) = before {
            self.tasks.blocking(move || end(child)).await;
        }
    }

    async fn start_helper(&self) -> Result<(Arc<Client>, Child)> {
        let (groups, identity) = (self.groups.clone(), self.identity.as_ref());
        Client::start(&self.config, &self.state_dir, groups, identity, self.lock.as_fd()).await
    }

    async fn walls(self: &Arc<Self>, spec: &SlotSpec) -> Result<(Option<Walls>, Vec<TcpListener>)> {
        require_root()?;
        let driver = self.groups.clone().map_or_else(|| Plan::settle(&self.state_dir), Ok)?.driver();
        let uid = self.uids.take()?;
        let name = format!("slot-{}", uid.number());
        let (group, tmp, network) = tokio::join!(
            self.group(driver, name, spec),
            self.tmp(spec.tmp_bytes),
            self.networks.take(self, uid.number(), spec)
        );
        let parts = Parts { group: group?, tmp, network };
        let inside = uid.number();
        parts.join(&self.tasks, |network, tmp, group| Walls { network, tmp, group, uid, inside, user: None }).await
    }

    /// As [`Self::walls`]; but `/tmp` is memory, for which a group's limit makes room, and uids are those of a user
    /// namespace.
    async fn walls_of_user(self: &Arc<Self>, spec: &SlotSpec) -> Result<(Option<Walls>, Vec<TcpListener>)> {
        let (Some(identity), Some(groups)) = (&self.identity, &self.groups) else { return Err(no_user_namespace()) };
        let uid = self.uids.take()?;
        let name = format!("slot-{}", uid.number());
        let with_tmp = SlotSpec { memory_bytes: spec.memory_bytes.saturating_add(spec.tmp_bytes), ..spec.clone() };
        let (group, tmp, network) = tokio::join!(
            self.group(groups.driver(), name, &with_tmp),
            self.tmp_of_user(uid.number(), spec.tmp_bytes),
            self.networks.take(self, uid.number(), spec)
        );
        let parts = Parts { group: group?, tmp, network };
        let user = Some(UserPlan {
            keeps_groups: *identity == Identity::Alone,
            data_bytes: (!groups.limits()).then_some(spec.memory_bytes),
        });
        let inside = if spec.writes_as_host { identity.own() } else { identity.inside(uid.number()) };
        parts.join(&self.tasks, |network, tmp, group| Walls { network, tmp, group, uid, inside, user }).await
    }

    async fn group(&self, driver: Arc<dyn Driver>, name: String, spec: &SlotSpec) -> Result<Arc<dyn Group>> {
        let (memory, cpu, processes) = (spec.memory_bytes, spec.cpu, spec.processes);
        let make = move || {
            let group = driver.group(&name)?;
            let limited = group
                .set_memory(memory)
                .and_then(|()| group.set_cpu(cpu))
                .and_then(|()| group.set_processes(processes));
            match limited {
                Ok(()) => Ok(group),
                Err(source) => {
                    let _first_error_counts = group.remove();
                    Err(Error::Io { what: "the limits of a control group", source })
                }
            }
        };
        self.tasks.blocking(make).await
    }

    async fn tmp(&self, bytes: u64) -> Result<SlotTmp> {
        if bytes == 0 { Ok(SlotTmp::None) } else { self.pool.take(bytes).await.map(SlotTmp::Disk) }
    }

    async fn tmp_of_user(self: &Arc<Self>, number: u32, bytes: u64) -> Result<SlotTmp> {
        if bytes == 0 { Ok(SlotTmp::None) } else { MemoryTmp::make(self, number, bytes).await.map(SlotTmp::Memory) }
    }
}

/// What a slot has, as far as it could be made.
struct Parts {
    group: Arc<dyn Group>,
    tmp: Result<SlotTmp>,
    network: Result<(SlotNetwork, Vec<TcpListener>)>,
}

impl Parts {
    /// All of it, or nothing is left of it.
    async fn join(
        self,
        tasks: &Tasks,
        walls: impl FnOnce(SlotNetwork, SlotTmp, Arc<dyn Group>) -> Walls,
    ) -> Result<(Option<Walls>, Vec<TcpListener>)> {
        let Self { group, tmp, network } = self;
        let error = match (tmp, network) {
            (Ok(tmp), Ok((network, listeners))) => return Ok((Some(walls(network, tmp, group)), listeners)),
            (Ok(tmp), Err(error)) => {
                tmp.give_back(tasks).await;
                error
            }
            (Err(error), _) => error,
        };
        if let Err(error) = tasks.blocking(move || group.remove()).await {
            tracing::error!(%error, "the control group of a slot that never was cannot be removed");
        }
        Err(error)
    }
}

/// For an ordinary user it tries to be his; where the kernel does not allow that, it can contain nothing.
async fn start_helper(
    config: &Config,
    state_dir: &Path,
    groups: Option<Plan>,
    lock: &File,
) -> Result<(Option<Identity>, (Arc<Client>, Child))> {
    if !rustix::process::geteuid().is_root() {
        let identity = Identity::find();
        match Client::start(config, state_dir, groups.clone(), Some(&identity), lock.as_fd()).await {
            Ok(started) => return Ok((Some(identity), started)),
            Err(error) => tracing::warn!(%error, "this user's processes cannot be isolated"),
        }
    }
    Ok((None, Client::start(config, state_dir, groups, None, lock.as_fd()).await?))
}

/// Root's uids are the host's, and a user's those of his user namespace.
fn uids(config: &Config, identity: Option<&Identity>) -> Uids {
    match identity {
        None => Uids::new(config.uid_base, config.uid_count),
        Some(identity) => Uids::new(1, identity.count().unwrap_or(u32::MAX).min(config.uid_count)),
    }
}

fn no_user_namespace() -> Error {
    let missing = if rustix::process::geteuid().is_root() {
        "root needs no user namespace, and has none here"
    } else {
        "the kernel let this user make no user namespace"
    };
    let fix = "see `lambdad doctor`, or run it as root";
    Error::Unable { missing: missing.to_owned(), fix: fix.to_owned() }
}

pub(crate) fn root_failure(failure: Failure) -> Error {
    let source = failure.source();
    Error::Root { step: failure.step, source }
}

/// Killed, if only its line was broken: it would clean away what its successor makes.
fn end(mut helper: Child) {
    if let Err(error) = helper.kill() {
        tracing::error!(%error, "a spawn helper that has died cannot be killed");
    }
    bury(helper);
}

fn bury(mut helper: Child) {
    if let Err(error) = helper.wait() {
        tracing::error!(%error, "a spawn helper that has died cannot be waited for");
    }
}

/// The absolute path of the directory, which only we may read.
fn make_directory(path: &Path) -> Result<PathBuf> {
    let failed = |source| Error::StateDirectory { path: path.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let path_found = std::fs::canonicalize(path).map_err(failed)?;
    std::fs::create_dir_all(path_found.join("root")).map_err(failed)?;
    Ok(path_found)
}

async fn lock(state_dir: &Path, clock: &Clock) -> Result<File> {
    let failed = |source| Error::StateDirectory { path: state_dir.to_owned(), source };
    let path = state_dir.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
    let mut waited = Duration::ZERO;
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if waited < LOCK_PATIENCE => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(Error::StateLocked { path: state_dir.to_owned() }),
            Err(error) => return Err(failed(error.into())),
        }
        clock.sleep(LOCK_STEP).await;
        waited += LOCK_STEP;
    }
}

/// The control groups, after what was left behind is gone; `None` where there can be none.
async fn prepare(state_dir: &Path, tasks: &Tasks) -> Result<Option<Plan>> {
    let state_dir = state_dir.to_owned();
    let work = move || {
        let failed = |source| Error::StateDirectory { path: state_dir.clone(), source };
        tmp::clear_drafts(&state_dir).map_err(failed)?;
        let Ok(plan) = groups(&state_dir) else { return Ok(None) };
        cgroup::remove_leftovers(plan.driver().as_ref()).map_err(failed)?;
        Ok(Some(plan))
    };
    tasks.blocking(work).await
}

fn groups(state_dir: &Path) -> Result<Plan> {
    if rustix::process::geteuid().is_root() { Plan::settle(state_dir) } else { Plan::settle_as_user(state_dir) }
}

fn require_root() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Error::Unable { missing: "this program is not root".to_owned(), fix: "run it as root".to_owned() })
}
