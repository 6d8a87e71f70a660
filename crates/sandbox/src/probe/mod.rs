//! What this host can isolate, and what it cannot, each with its fix in words.

#![expect(clippy::disallowed_methods, reason = "what the host can do stands in files of /proc")]

mod user;

use std::fs;
use std::path::Path;

use rustix::thread::CapabilitySet;

use crate::{Finding, Findings, Isolation, cgroup, init};

/// What the helper and its inits do needs all of these.
const CAPABILITIES: &[(&str, CapabilitySet)] = &[
    ("CAP_SYS_ADMIN", CapabilitySet::SYS_ADMIN),
    ("CAP_SETUID", CapabilitySet::SETUID),
    ("CAP_SETGID", CapabilitySet::SETGID),
    ("CAP_SETPCAP", CapabilitySet::SETPCAP),
    ("CAP_NET_ADMIN", CapabilitySet::NET_ADMIN),
    ("CAP_MKNOD", CapabilitySet::MKNOD),
    ("CAP_CHOWN", CapabilitySet::CHOWN),
    ("CAP_KILL", CapabilitySet::KILL),
];
const NAMESPACES: &[&str] = &["pid", "mnt", "ipc", "uts", "net", "cgroup"];
const PROGRAM_PATHS: &[&str] = &["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// What one look at the host gave: what was seen, or what is wrong and its fix.
type Look = Result<String, (String, &'static str)>;

pub(crate) fn probe(state_dir: &Path) -> Findings {
    if rustix::process::geteuid().is_root() { of_root(state_dir) } else { of_user() }
}

fn of_root(state_dir: &Path) -> Findings {
    let required = [
        ("root", root()),
        ("kernel", kernel()),
        ("capabilities", capabilities()),
        ("namespaces", namespaces()),
        ("control groups", control_groups()),
        ("seccomp", seccomp()),
        ("loop devices", loop_devices()),
        ("ext4", ext4()),
        ("mkfs.ext4", mkfs()),
    ];
    let optional = [
        ("landlock", landlock()),
        ("swap accounting", swap_accounting()),
        ("state directory on a disk", disk(state_dir)),
    ];
    findings(required, optional, Isolation::Full)
}

fn of_user() -> Findings {
    let required = [
        ("kernel", kernel()),
        ("namespaces", namespaces()),
        ("user namespaces", user::namespaces()),
        ("/proc", user::proc()),
        ("seccomp", seccomp()),
    ];
    let optional = [
        ("root", user::root()),
        ("uids for functions", user::uids()),
        ("control groups", user::control_groups()),
        ("landlock", landlock()),
        ("swap accounting", swap_accounting()),
    ];
    findings(required, optional, Isolation::User)
}

fn findings<const R: usize, const O: usize>(
    required: [(&'static str, Look); R],
    optional: [(&'static str, Look); O],
    kind: Isolation,
) -> Findings {
    let required = required.into_iter().map(|(name, look)| finding(name, true, look));
    let optional = optional.into_iter().map(|(name, look)| finding(name, false, look));
    Findings(required.chain(optional).collect(), kind)
}

fn finding(name: &'static str, required: bool, look: Look) -> Finding {
    let able = look.is_ok();
    let (detail, fix) = look.map_or_else(|(detail, fix)| (detail, fix.to_owned()), |detail| (detail, String::new()));
    Finding { name, able, required, detail, fix }
}

fn root() -> Look {
    Ok("running as root".to_owned())
}

fn capabilities() -> Look {
    let fix =
        "give the container or service these capabilities (docker: --privileged; systemd: no CapabilityBoundingSet)";
    let held = rustix::thread::capabilities(None).map_err(|error| (error.to_string(), fix))?.effective;
    let lacking: Vec<&str> =
        CAPABILITIES.iter().filter(|(_, one)| !held.contains(*one)).map(|(name, _)| *name).collect();
    if lacking.is_empty() {
        Ok("all that are needed".to_owned())
    } else {
        Err((format!("lacking {}", lacking.join(", ")), fix))
    }
}

fn namespaces() -> Look {
    let lacking: Vec<&str> =
        NAMESPACES.iter().copied().filter(|name| !Path::new("/proc/self/ns").join(name).exists()).collect();
    if lacking.is_empty() {
        return Ok(NAMESPACES.join(", "));
    }
    Err((
        format!("lacking {}", lacking.join(", ")),
        "use a kernel with namespaces (CONFIG_NAMESPACES and all below it)",
    ))
}

fn control_groups() -> Look {
    let fix = "mount them under /sys/fs/cgroup (version 2: `mount -t cgroup2 cgroup2 /sys/fs/cgroup`), and run it as a \
               service with Delegate=yes";
    cgroup::survey().map_err(|lacking| (lacking, fix))
}

fn seccomp() -> Look {
    let fix = "use a kernel with CONFIG_SECCOMP_FILTER";
    let actions =
        fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").map_err(|error| (error.to_string(), fix))?;
    if actions.contains("errno") { Ok(actions.trim().to_owned()) } else { Err((actions, fix)) }
}

/// The second wall behind the mounts.
fn landlock() -> Look {
    let fix = "use a kernel from 5.13 on with CONFIG_SECURITY_LANDLOCK and `landlock` in its lsm= list: without, a hole in the \
               tree of mounts has no wall behind it";
    match init::landlock_version() {
        Some(version) => Ok(format!("version {version}")),
        None => Err(("the kernel does not have it".to_owned(), fix)),
    }
}

fn loop_devices() -> Look {
    let fix = "load the kernel module `loop`, and let this program open /dev/loop-control and /dev/loop*";
    let opened = fs::OpenOptions::new().read(true).write(true).open("/dev/loop-control");
    opened.map(|_| "/dev/loop-control opens".to_owned()).map_err(|error| (format!("/dev/loop-control: {error}"), fix))
}

fn ext4() -> Look {
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if known.lines().any(|line| line.trim_start_matches("nodev").trim() == "ext4") {
        return Ok("known to the kernel".to_owned());
    }
    Err(("not known to the kernel".to_owned(), "load the kernel module `ext4`"))
}

fn mkfs() -> Look {
    let found = PROGRAM_PATHS.iter().map(|path| Path::new(path).join("mkfs.ext4")).find(|path| path.exists());
    found
        .map(|path| path.display().to_string())
        .ok_or_else(|| ("not found".to_owned(), "install the package e2fsprogs"))
}

/// mount_setattr came with 5.12; close_range, LOOP_CONFIGURE and clone3 are older.
const OLDEST_KERNEL: (u32, u32) = (5, 12);

fn kernel() -> Look {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version >= OLDEST_KERNEL { Ok(release) } else { Err((release, "use a kernel from 5.12 on")) }
}

fn swap_accounting() -> Look {
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    if swaps.lines().count() <= 1 {
        return Ok("no swap is in use".to_owned());
    }
    if cgroup::counts_swap().unwrap_or(false) {
        return Ok("limits hold memory and swap together".to_owned());
    }
    let fix = "switch swap off, or boot with swapaccount=1: else a function can use swap beyond its memory";
    Err(("swap is in use and not counted".to_owned(), fix))
}

/// `/tmp` of environments is there: in memory it would cost what it should not.
fn disk(state_dir: &Path) -> Look {
    const TMPFS: u64 = 0x0102_1994;
    let existing = state_dir.ancestors().find(|path| path.exists()).unwrap_or_else(|| Path::new("/"));
    let fix = "choose a directory on a disk";
    let found = rustix::fs::statfs(existing).map_err(|error| (error.to_string(), fix))?;
    if found.f_type as u64 == TMPFS {
        return Err((format!("{} is in memory", existing.display()), fix));
    }
    Ok(existing.display().to_string())
}
