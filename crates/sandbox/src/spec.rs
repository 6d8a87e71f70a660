//! What a caller asks for, and what it hears back: slots, commands, limits, exits. Data, no behaviour.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Cidr;

/// The address that every slot's loopback interface has beside 127.0.0.1, as Lambda's environments have it.
pub const LINK_LOCAL: Ipv4Addr = Ipv4Addr::new(169, 254, 100, 1);

/// The name of the slot's uid inside, as in Lambda's environments.
pub const USER_NAME: &str = "sbx_user1051";

/// What a root that is brought along must have, so that something can be mounted there: directories, not links to some.
pub const IMAGE_DIRECTORIES: &[&str] = &["dev", "etc", "opt", "proc", "sys", "tmp", "var", "var/task"];
/// And files, or links to some inside of it. Of these, `passwd`, `group` and `nsswitch.conf` are its own unless empty.
pub const IMAGE_FILES: &[&str] =
    &["etc/group", "etc/hostname", "etc/hosts", "etc/nsswitch.conf", "etc/passwd", "etc/resolv.conf"];

/// The step of [`crate::Error::Start`] that enters [`Command::cwd`].
pub const WORKING_DIRECTORY: &str = "change to the working directory";

/// How the whole room is set up on this host.
#[derive(Clone, Debug)]
pub struct Config {
    /// Kept for this sandbox alone (locked), made if absent. Holds the templates of `/tmp` images; should be on a real
    /// disk, since the images are as large as what functions write to `/tmp`.
    pub state_dir: PathBuf,
    /// The first uid given to slots. The range `uid_base..uid_base + uid_count` must belong to nobody else on the host.
    pub uid_base: u32,
    /// So many slots can live at once.
    pub uid_count: u32,
    /// `/tmp` images of these sizes (bytes) are kept ready, so many of each.
    pub ready_tmp: usize,
    /// Where environments get to beyond their own listeners.
    pub network: Network,
    /// A second wall behind the mounts, where the kernel has landlock. Off for the controls of tests only.
    pub landlock: bool,
    /// The program that becomes the helper when its first argument is [`crate::HELPER_ARGUMENT`]: this one.
    pub helper: PathBuf,
}

impl Config {
    /// Uids from 200000, no way out, two ready `/tmp` images of each size in use, every wall, and this very binary as the
    /// helper.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            uid_base: 200_000,
            uid_count: 65_536,
            ready_tmp: 2,
            network: Network::None,
            landlock: true,
            helper: PathBuf::from("/proc/self/exe"),
        }
    }
}

/// Where contained slots get to, beside the listeners of [`SlotSpec::listen`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Nowhere: there is nothing but loopback.
    #[default]
    None,
    /// By IPv4 wherever the host gets to, with the host's address; never to the host itself, to another slot, or to
    /// link-local addresses. Nobody gets to them.
    Nat(Nat),
    /// They share the host's network, its loopback and its abstract sockets; only their listeners are their own.
    Host,
}

/// How the way out is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nat {
    /// The addresses of slots; `None` chooses some that the host knows no way to.
    pub range: Option<Cidr>,
    /// Reached although `deny` says otherwise. Opens none of what is never reached.
    pub allow: Vec<Cidr>,
    /// Not reached.
    pub deny: Vec<Cidr>,
    /// Bytes per second of each slot, either way, and a second's worth more at once; what is faster is lost. `None` is
    /// unlimited.
    pub rate: Option<u64>,
    /// Whom slots ask for names; empty takes the host's, as far as they can be reached.
    pub name_servers: Vec<Ipv4Addr>,
}

/// Whether a slot is contained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Namespaces, own root, own uid, control groups, seccomp, own `/tmp`.
    #[default]
    Full,
    /// What an ordinary user can: the same within a user namespace, with `/tmp` in memory. Which limits hold depends on
    /// what the host gives the user: see [`crate::Sandbox::probe`].
    User,
    /// A plain child process of the same user, without any limit: for the controls of tests and for benchmarks only.
    /// Binds, hostname, limits and `/tmp` are ignored; listeners are bound to a free port of 127.0.0.1 each
    /// (`local_addr` tells which).
    Off,
}

/// The resources that outlive the processes in them.
#[derive(Clone, Debug)]
pub struct SlotSpec {
    pub isolation: Isolation,
    /// Anonymous and shared memory, page cache and kernel memory of everything in the slot.
    pub memory_bytes: u64,
    /// Cores; `None` is unlimited. See [`crate::Slot::set_cpu`].
    pub cpu: Option<f64>,
    /// Processes and threads at once.
    pub processes: u64,
    /// Open files of each process.
    pub files: u64,
    /// Size of `/tmp`, whose files survive [`crate::Slot::kill`]. 0 is an empty one that nobody can write to.
    pub tmp_bytes: u64,
    /// With [`Isolation::User`]: it runs as the host's user, so that what it writes into binds is his.
    pub writes_as_host: bool,
    /// Bound inside the slot's network and handed out by [`crate::Slot::take_listeners`]. With [`Network::Host`] each has
    /// its port at a loopback address of the slot's own (`local_addr` tells which).
    pub listen: Vec<SocketAddr>,
    /// Whether it gets out as [`Config::network`] says; else it has a loopback interface of its own and no more.
    pub way_out: bool,
}

impl SlotSpec {
    /// Lambda's numbers for the given memory: 1,024 processes and files, 512 MiB of `/tmp`; cpu unlimited, as in INIT.
    pub fn new(memory_bytes: u64) -> Self {
        Self {
            isolation: Isolation::Full,
            memory_bytes,
            cpu: None,
            processes: base::limits::lambda::PROCESSES,
            files: base::limits::lambda::FILE_DESCRIPTORS,
            tmp_bytes: 512 << 20,
            writes_as_host: false,
            listen: Vec::new(),
            way_out: true,
        }
    }
}

/// The root that a tree of processes sees, and the first process in it.
#[derive(Debug, Default)]
pub struct Spec {
    /// What stands instead of the standard root: a folder of the host, seen read-only. Only root may be able to change
    /// it; it must have all of [`IMAGE_DIRECTORIES`] and [`IMAGE_FILES`].
    pub root: Option<PathBuf>,
    /// Applied in order over the standard root; parents of a target are made as needed.
    pub binds: Vec<Bind>,
    /// At most 64 bytes.
    pub hostname: String,
    pub command: Command,
}

/// A directory, file or socket of the host at a path of the environment. Never carries set-uid bits or devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Symbolic links in it are followed, on the host.
    pub source: PathBuf,
    /// Absolute.
    pub target: PathBuf,
    pub read_only: bool,
}

impl Bind {
    pub fn read_only(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self { source: source.into(), target: target.into(), read_only: true }
    }

    pub fn writable(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self { source: source.into(), target: target.into(), read_only: false }
    }
}

/// What a process is. Nothing is inherited: neither environment, nor descriptors, nor working directory.
#[derive(Debug, Default)]
pub struct Command {
    /// `argv[0]` is also the path of the program, as seen inside, from `cwd` on; one without a slash is looked for in the `PATH` of
    /// `env`. Scripts with `#!` work.
    pub argv: Vec<OsString>,
    /// The exact environment.
    pub env: Vec<(OsString, OsString)>,
    /// `/` when empty.
    pub cwd: PathBuf,
    /// Installed at these numbers (3 and up). 0 is `/dev/null`, 1 and 2 are the pipes of [`crate::Started`].
    pub fds: Vec<(OwnedFd, i32)>,
}

impl Command {
    pub fn new<A: Into<OsString>>(argv: impl IntoIterator<Item = A>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    pub fn cwd(mut self, path: impl Into<PathBuf>) -> Self {
        self.cwd = path.into();
        self
    }

    pub fn fd(mut self, fd: OwnedFd, number: i32) -> Self {
        self.fds.push((fd, number));
        self
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    pub status: ExitStatus,
    /// It was killed (`Signal(9)`), and before that, in this tree, the kernel had killed because the slot's memory was
    /// used up.
    pub out_of_memory: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitStatus {
    Code(i32),
    Signal(i32),
}

/// What a slot has used since it was made (all of its processes, dead ones included).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    pub cpu: Duration,
    /// Anonymous and shared memory now, without page cache.
    pub memory_bytes: u64,
    /// The largest `memory_bytes` seen by any call of `usage`, or the limit if it was hit; reset by
    /// [`crate::Slot::kill`].
    pub max_memory_bytes: u64,
    /// Processes and threads now.
    pub processes: u64,
    /// Scheduler periods in which the slot wanted more cpu than it had.
    pub throttled_periods: u64,
    pub throttled: Duration,
}

/// What [`crate::Sandbox::run`] gathers.
#[derive(Clone, Debug)]
pub struct Output {
    pub exit: Exit,
    /// At most the asked number of bytes; what came after was read and thrown away.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// True when the time ran out and the tree was killed.
    pub timed_out: bool,
}

/// What this host can isolate, and how well if it lacks nothing that is required.
#[derive(Clone, Debug, Default)]
pub struct Findings(pub Vec<Finding>, pub(crate) Isolation);

impl Findings {
    /// Whether [`Isolation::Full`] works here.
    pub fn full_isolation(&self) -> bool {
        self.isolation() == Some(Isolation::Full)
    }

    /// The best that works here; `None` if nothing can be isolated.
    pub fn isolation(&self) -> Option<Isolation> {
        self.0.iter().all(|finding| finding.able || !finding.required).then_some(self.1)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, such as `memory control group`.
    pub name: &'static str,
    pub able: bool,
    /// Whether nothing can be isolated without it.
    pub required: bool,
    /// What was seen.
    pub detail: String,
    /// What to do about it; empty if `able`.
    pub fix: String,
}
