//! The wiring: opens every room in order, joins them by their doors, and closes them in the opposite order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use access::Access;
use anyhow::Context as _;
use base::{Account, Clock, Random, Region, Tasks};
use lambda::code::unpacker::{Program, Sandboxed};
use lambda::environment::Workshop;
use lambda::{Control, DataPlane, Keeping};
use observe::logs::Logs;
use sandbox::Sandbox;
use store::Store;
use store::engine::sqlite;
use tokio::net::TcpListener;
use wire::ServiceSpec;
use wire::sigv4::Verifier;

use crate::containment::Containment;
use crate::courier::{Courier, Pace, Receivers};
use crate::fetch::{Allowed, Outside};
use crate::front_door::{Bodies, House, serve_until};
use crate::options::{RegistryOptions, ServeOptions};
use crate::pages::OwnPages;
use crate::registry::Registry;
use crate::relay::EndpointRelay;
use crate::root_key;
use crate::runtimes::{Bootstraps, JavaClient, RuntimeImages, Runtimes};

/// Every contract of this house, whether its service is open or not.
pub const CONTRACTS: &[&ServiceSpec] =
    &[&lambda::api::SPEC, &observe::logs::api::SPEC, &access::iam::api::SPEC, &access::sts::api::SPEC];

const HOUR: Duration = Duration::from_secs(3_600);

/// The spaces whose outboxes are carried.
const OUTBOXES: &[&str] = &["meta", "queue-0"];

/// A house that serves.
#[derive(Debug)]
pub struct Open {
    address: SocketAddr,
    /// What takes requests and events in; closed first.
    front: Tasks,
    /// What they need; closed last.
    back: Tasks,
    registry: Arc<Registry>,
    data_plane: DataPlane,
    logs: Arc<Logs>,
    sandbox: Sandbox,
}

/// What everything is made with.
struct Ground {
    store: Store,
    clock: Clock,
    random: Random,
    front: Tasks,
    back: Tasks,
}

impl Ground {
    async fn lay(options: &ServeOptions) -> anyhow::Result<Self> {
        let (clock, random) = (Clock::wall(), Random::from_os());
        let folder = &options.data_dir;
        std::fs::create_dir_all(folder).with_context(|| format!("making the data directory {}", folder.display()))?;
        let kept = folder.join("store");
        // It holds every secret of the house.
        private(&kept).with_context(|| format!("making {}", kept.display()))?;
        let how = sqlite::Options { no_sync: options.no_fsync, ..sqlite::Options::default() };
        let opening = Store::open_sqlite_with(&kept, how, clock.clone(), random.clone());
        let store = opening.await.with_context(|| format!("opening the store in {}", folder.display()))?;
        Ok(Self { store, clock, random, front: Tasks::new(), back: Tasks::new() })
    }
}

/// A folder that only its owner enters.
fn private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

impl Open {
    /// Opens the rooms and serves on `listener`.
    pub async fn open(options: &ServeOptions, listener: TcpListener) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let ground = Ground::lay(options).await?;
        let access = access(options, &ground).await?;
        let logs = Logs::open(ground.store.clone(), ground.clock.clone(), ground.random.clone(), &ground.back)?;
        let registry = Registry::new(ground.random.clone());
        let relay = EndpointRelay::new(ground.back.clone());
        let (sandbox, containment) = sandbox(options, &ground).await?;
        let runtimes = runtimes(options, &ground)?;
        let workshop = workshop(options, &ground, &sandbox, &containment, &relay)?;
        let control = Control::open(lambda::Deps {
            store: ground.store.clone(),
            clock: ground.clock.clone(),
            random: ground.random.clone(),
            tasks: ground.back.clone(),
            call: registry.clone(),
            permit: access.clone(),
            interpreters: runtimes.clone(),
            unpacker: unpacker(&ground, &sandbox, &containment)?,
            registry: Arc::new(registry_of(&options.registries, &ground.clock, &ground.back)?),
            data_dir: options.data_dir.clone(),
            concurrency: options.concurrency,
        })
        .await?;
        let keeping = Keeping {
            idle: options.idle(),
            freeze_after: options.freeze_after(),
            concurrency: options.concurrency,
            quotas: options.quotas(),
            ..Keeping::default()
        };
        let doors = lambda::Doors { emit: logs.emit(), call: registry.clone(), permit: access.clone() };
        let data_plane = DataPlane::open(&control, workshop, runtimes, doors, keeping, (&ground.store, &ground.front))?;
        let mut services = access.services();
        services.push(logs.service());
        services.push(data_plane.operations(control.operations(wire::Service::new(&lambda::api::SPEC))));
        registry.install(services, access.clone());
        let pages = pages(&ground, access.clone(), control.clone(), containment);
        let house = house(options, &ground, registry.clone(), access, pages, address);
        relay.install(house.clone());
        carry(&ground)?;
        keep_house(&ground, &control);
        let serving = serve_until(house, listener, ground.front.closing().clone());
        ground.front.spawn("front door", serving);
        data_plane.start();
        Ok(Self { address, front: ground.front, back: ground.back, registry, data_plane, logs, sandbox })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The operations of this house, each behind its permission.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// No new work; what runs ends; then everything is put away.
    pub async fn close(self) {
        self.front.close().await;
        self.data_plane.close().await;
        self.logs.flush().await;
        self.back.close().await;
        self.sandbox.close().await;
    }
}

async fn access(options: &ServeOptions, ground: &Ground) -> anyhow::Result<Arc<Access>> {
    let account = Account::parse(&options.account).context("--account is not twelve digits")?;
    let given = root_key::given(options.root_access_key_id.as_deref(), options.root_secret_access_key.as_ref())?;
    let root = root_key::settle(&options.data_dir, given, &ground.random)?;
    Ok(Access::open(&ground.store, access::Config { account, root }).await?)
}

async fn sandbox(options: &ServeOptions, ground: &Ground) -> anyhow::Result<(Sandbox, Containment)> {
    let mut config = sandbox::Config::new(options.data_dir.join("sandbox"));
    config.uid_base = options.uid_base;
    let findings = Sandbox::probe(&config, &ground.back).await;
    // A network of their own takes root.
    let able = findings.full_isolation() && !options.no_isolation;
    let sandbox = options.network.open(config, able, &ground.back, &ground.clock).await?;
    let containment = if options.no_isolation { Containment::off() } else { Containment::found(&findings, &sandbox) };
    Ok((sandbox, containment))
}

/// Interpreters are found, and bootstraps compiled, beside the start: both run programs of the host.
fn runtimes(options: &ServeOptions, ground: &Ground) -> anyhow::Result<Arc<Runtimes>> {
    let (folder, sdk) = (options.data_dir.join("runtimes"), options.data_dir.join("sdk"));
    let bootstraps = Bootstraps::lay_out(&folder, sdk, &ground.random).context("laying out the bootstraps")?;
    let images = RuntimeImages::below(&options.data_dir);
    images.sweep().context("looking through the images of runtimes")?;
    let java = JavaClient::of(&options.data_dir);
    let runtimes = Arc::new(Runtimes::new(bootstraps, java, images, options.strict_runtimes));
    let (ahead, back, random) = (runtimes.clone(), ground.back.clone(), ground.random.clone());
    ground.back.spawn("prepare runtimes", async move { back.blocking(move || ahead.prepare(&random)).await });
    Ok(runtimes)
}

/// Archives and images are unpacked where functions run.
fn unpacker(ground: &Ground, sandbox: &Sandbox, containment: &Containment) -> anyhow::Result<Arc<Sandboxed>> {
    let program = Program::own().context("finding this program")?;
    Ok(Arc::new(Sandboxed::new(sandbox.clone(), containment.of_environments(), ground.back.clone(), program)))
}

/// Where images come from.
pub(crate) fn registry_of(
    options: &RegistryOptions,
    clock: &Clock,
    tasks: &Tasks,
) -> anyhow::Result<lambda::image::Registry> {
    let allowed = Allowed::parse(&options.fetch_allow, &options.insecure_registry)?;
    let logins = match &options.registry_auth {
        None => lambda::image::Logins::default(),
        Some(path) => {
            #[expect(clippy::disallowed_methods, reason = "the operator's own file")]
            let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
            lambda::image::Logins::parse(&bytes).with_context(|| format!("reading {}", path.display()))?
        }
    };
    let door = Outside::new(allowed, clock.clone(), tasks.clone());
    Ok(lambda::image::Registry::new(Arc::new(door), logins, options.insecure_registry.clone()))
}

fn workshop(
    options: &ServeOptions,
    ground: &Ground,
    sandbox: &Sandbox,
    containment: &Containment,
    relay: &Arc<EndpointRelay>,
) -> anyhow::Result<Arc<Workshop>> {
    let sockets = empty(options.data_dir.join("sockets")).context("clearing away the sockets of an earlier run")?;
    // An ordinary user's sockets are open to whoever gets to them; environments do by their own way.
    private(&sockets).context("making the folder of the sockets")?;
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    Ok(Arc::new(Workshop {
        sandbox: sandbox.clone(),
        clock: ground.clock.clone(),
        random: ground.random.clone(),
        tasks: ground.back.clone(),
        relay: relay.clone(),
        sockets,
        isolation: containment.of_environments(),
        cores,
    }))
}

/// A killed predecessor's environments are gone; their folders are not.
fn empty(folder: PathBuf) -> std::io::Result<PathBuf> {
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(folder),
    }
}

fn pages(ground: &Ground, keys: Arc<Access>, control: Arc<Control>, containment: Containment) -> OwnPages {
    OwnPages {
        store: ground.store.clone(),
        verifier: Verifier::new(ground.clock.clone()),
        keys,
        control,
        clock: ground.clock.clone(),
        containment,
    }
}

fn house(
    options: &ServeOptions,
    ground: &Ground,
    registry: Arc<Registry>,
    access: Arc<Access>,
    pages: OwnPages,
    address: SocketAddr,
) -> Arc<House> {
    Arc::new(House {
        router: wire::Router::new(&registry.specs()),
        registry,
        verifier: Verifier::new(ground.clock.clone()),
        keys: access,
        auth: options.auth,
        region: Region::new(&options.region),
        clock: ground.clock.clone(),
        random: ground.random.clone(),
        tasks: ground.front.clone(),
        pages: Arc::new(pages),
        bodies: Bodies::default(),
        origin: format!("http://{address}"),
    })
}

/// No service of this house takes letters yet; one that is posted all the same is given up, and said in the log.
fn carry(ground: &Ground) -> anyhow::Result<()> {
    let receivers = Arc::new(Receivers::new());
    for space in OUTBOXES {
        let outbox = ground.store.space(space)?.outbox();
        let (clock, random) = (ground.clock.clone(), ground.random.clone());
        Courier::new(outbox, receivers.clone(), clock, random, ground.front.clone(), Pace::default()).start();
    }
    Ok(())
}

/// Blobs that nobody names any more go, once they are old enough not to be on their way into a commit.
fn keep_house(ground: &Ground, control: &Arc<Control>) {
    let (blobs, clock, control) = (ground.store.blobs().clone(), ground.clock.clone(), control.clone());
    ground.back.spawn_until_closing("sweep blobs", async move {
        loop {
            clock.sleep(HOUR).await;
            let control = control.clone();
            if let Err(error) = blobs.sweep(move |blob| control.needs(blob), HOUR).await {
                tracing::warn!(%error, "unused blobs could not be swept; they are tried again in an hour");
            }
        }
    });
}

/// Puts a backup in place as a data directory.
pub async fn restore(from: &Path, data_dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(data_dir).with_context(|| format!("making {}", data_dir.display()))?;
    store::restore(from, &data_dir.join("store")).await?;
    Ok(())
}
