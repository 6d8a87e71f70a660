//! The root that a tree sees: the host's programs and libraries, read-only, and otherwise only what we put there.

#![expect(clippy::disallowed_methods, reason = "the files of a new root are this room's to write")]

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, makedev};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};

use super::trees::Piece;
use crate::message::{BindPlan, Failure, House, Step, TmpPlan};
use crate::sys::Attr;
use crate::{LINK_LOCAL, USER_NAME};

/// Programs and libraries. On most hosts all but the first are symbolic links into it, and then are so here.
const SYSTEM: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// What programs need of the host's `/etc`, by the beginning of its name; never the whole, which names users, networks
/// and secrets.
const ETC: &[&str] = &[
    "alternatives", // where Debian's `java`, `awk` and others point
    "ca-certificates",
    "crypto-policies", // Red Hat's openssl.cnf includes it
    "fonts",
    "java", // Debian's JDK keeps its configuration there
    "jvm",
    "ld.so.cache",
    "ld.so.conf",
    "mime.types",
    "pki/ca-trust", // Red Hat's certificates
    "pki/tls/certs",
    "pki/tls/cert.pem",
    "pki/tls/openssl.cnf",
    "pki/java",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/cert.pem",
    "ssl/openssl.cnf",
];

/// How many processors there are; some C libraries and the JVM look here.
pub(super) const PROCESSORS: &str = "/sys/devices/system/cpu";

/// Directories that are there, empty, whatever is bound.
const EMPTY: &[&str] = &["tmp", "proc", "dev", "etc", "sys", "run", "opt", "var/task", "var/runtime", "var/lang"];

/// Files of `/proc` that tell about, or act on, the whole host: they become empty.
const HIDDEN_FILES: &[&str] = &[
    "kcore",
    "keys",
    "key-users",
    "kmsg",
    "kallsyms",
    "kpagecount",
    "kpageflags",
    "kpagecgroup",
    "latency_stats",
    "mtrr",
    "sched_debug",
    "slabinfo",
    "swaps",
    "sysrq-trigger",
    "timer_list",
    "timer_stats",
    "vmallocinfo",
    "zoneinfo",
];
const HIDDEN_DIRECTORIES: &[&str] = &["acpi", "asound", "driver", "dynamic_debug", "fs", "scsi", "tty"];
const READ_ONLY: &[&str] = &["sys", "bus", "irq"];

/// The device files, by number; all of them harmless.
const DEVICES: &[(&str, u32, u32)] =
    &[("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];
const DEVICE_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";
const NAME_SERVICES: &str = "passwd: files\ngroup: files\nhosts: files dns\n";

/// Where the new root is mounted until it is the root.
pub(super) const NEW_ROOT: &str = "root";

/// In the order in which it must be: first whatever needs the host's paths, then the change of root, then the rest.
pub(super) fn make(state_dir: &Path, house: &House) -> Result<(), Failure> {
    let root = state_dir.join(NEW_ROOT);
    keep_mounts()?;
    tmpfs(&root, "size=4m,mode=755", MountFlags::NODEV).step("mount the new root")?;
    for directory in EMPTY {
        fs::create_dir_all(root.join(directory)).step("make the root's directories")?;
    }
    let mut pieces = tmp(&root, state_dir, house)?;
    pieces.extend(collect(&root, &house.binds)?);
    let proc = Piece::proc().step("make /proc")?;
    let devices = devices(house)?;
    change_root(&root).step("change the root")?;
    proc.attach().step("mount /proc")?;
    make_dev(devices, house).step("make /dev")?;
    write_etc(Path::new("/etc"), house).step("write /etc")?;
    for piece in pieces {
        let step = format!("bind to {}", piece.target().display());
        piece.attach().step(&step)?;
    }
    mask_proc()?;
    close("/dev", "size=64k,mode=755", MountFlags::NOEXEC).step("make /dev read-only")?;
    close("/", "size=4m,mode=755", MountFlags::NODEV).step("make the root read-only")
}

pub(super) fn keep_mounts() -> Result<(), Failure> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).step("keep mounts to ourselves")
}

pub(super) fn tmpfs(path: &Path, options: &str, flags: MountFlags) -> io::Result<()> {
    let options = std::ffi::CString::new(options)?;
    Ok(rustix::mount::mount("tmpfs", path, "tmpfs", flags | MountFlags::NOSUID, options.as_c_str())?)
}

pub(super) fn close(path: &str, options: &str, flags: MountFlags) -> io::Result<()> {
    let flags = flags | MountFlags::NOSUID | MountFlags::RDONLY;
    Ok(rustix::mount::mount_remount(path, flags, options)?)
}

/// Its content is the slot's from its first tree on. The slot's disk is mounted at once, its memory a piece like others.
pub(super) fn tmp(root: &Path, state_dir: &Path, house: &House) -> Result<Vec<Piece>, Failure> {
    match &house.tmp {
        TmpPlan::None => Ok(Vec::new()),
        TmpPlan::Disk(device) => mount_disk(&path(device), &root.join("tmp")).map(|()| Vec::new()),
        TmpPlan::Memory(number) => {
            let from = crate::helper::tmp(state_dir, *number);
            Ok(vec![Piece::take(&from, Path::new("/tmp"), false).step("take /tmp")?])
        }
    }
}

fn mount_disk(device: &Path, at: &Path) -> Result<(), Failure> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOATIME;
    // Nothing in it need survive the host: no barriers.
    rustix::mount::mount(device, at, "ext4", flags, c"nobarrier").step("mount /tmp")
}

fn collect(root: &Path, binds: &[BindPlan]) -> Result<Vec<Piece>, Failure> {
    let mut wanted = system(root).step("read the host's root")?;
    wanted.extend(configuration().step("read the host's /etc")?);
    if Path::new(PROCESSORS).exists() {
        wanted.push((PathBuf::from(PROCESSORS), PathBuf::from(PROCESSORS), true));
    }
    wanted.extend(binds.iter().map(|bind| (path(&bind.source), path(&bind.target), bind.read_only)));
    let mut pieces = Vec::new();
    for (source, target, read_only) in wanted {
        let step = format!("take {}", source.display());
        pieces.push(Piece::take(&source, &target, read_only).step(&step)?);
    }
    Ok(pieces)
}

pub(super) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

type Wanted = Vec<(PathBuf, PathBuf, bool)>;

fn system(root: &Path) -> io::Result<Wanted> {
    let mut wanted = Vec::new();
    for directory in SYSTEM.iter().map(Path::new) {
        match fs::symlink_metadata(directory) {
            Ok(found) if found.is_symlink() => symlink(fs::read_link(directory)?, root.join(relative(directory)))?,
            Ok(_) => wanted.push((directory.to_owned(), directory.to_owned(), true)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(wanted)
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

/// Each of [`ETC`] that the host has. One with a slash is taken exactly, others by the beginning.
fn configuration() -> io::Result<Wanted> {
    let etc = Path::new("/etc");
    let mut found: Vec<PathBuf> = ETC.iter().filter(|name| name.contains('/')).map(|name| etc.join(name)).collect();
    for entry in fs::read_dir(etc)? {
        let entry = entry?;
        let name = entry.file_name();
        if ETC.iter().any(|beginning| name.as_bytes().starts_with(beginning.as_bytes())) {
            found.push(entry.path());
        }
    }
    found.retain(|path| path.exists());
    Ok(found.into_iter().map(|path| (path.clone(), path, true)).collect())
}

/// The old root ends up on top of the new one, and is taken off.
pub(super) fn change_root(root: &Path) -> io::Result<()> {
    rustix::process::chdir(root)?;
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    Ok(rustix::process::chdir("/")?)
}

pub(super) fn mask_proc() -> Result<(), Failure> {
    let proc = Path::new("/proc");
    for path in existing(proc, HIDDEN_FILES) {
        rustix::mount::mount_bind("/dev/null", &path).step(&format!("hide {}", path.display()))?;
    }
    for path in existing(proc, HIDDEN_DIRECTORIES) {
        tmpfs(&path, "size=0,mode=555", MountFlags::RDONLY).step(&format!("hide {}", path.display()))?;
    }
    for path in existing(proc, READ_ONLY) {
        rustix::mount::mount_bind(&path, &path).step(&format!("guard {}", path.display()))?;
        let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        rustix::mount::mount_remount(&path, flags, "").step(&format!("guard {}", path.display()))?;
    }
    Ok(())
}

fn existing<'a>(parent: &'a Path, names: &'a [&'a str]) -> impl Iterator<Item = PathBuf> + 'a {
    names.iter().map(|name| parent.join(name)).filter(|path| path.exists())
}

/// In a user namespace nobody can make device files; the host's own are as good.
pub(super) fn devices(house: &House) -> Result<Vec<Piece>, Failure> {
    if house.user.is_none() {
        return Ok(Vec::new());
    }
    let path = |name: &str| Path::new("/dev").join(name);
    let attr = Attr { read_only: false, devices: true };
    let taken: io::Result<_> =
        DEVICES.iter().map(|(name, ..)| Piece::take_as(&path(name), &path(name), attr)).collect();
    taken.step("take devices")
}

/// With device files that are given, or made here.
pub(super) fn make_dev(given: Vec<Piece>, house: &House) -> io::Result<()> {
    let dev = Path::new("/dev");
    tmpfs(dev, "size=64k,mode=755", MountFlags::NOEXEC)?;
    if given.is_empty() {
        make_devices(dev)?;
    }
    given.iter().try_for_each(Piece::attach)?;
    for (name, target) in DEVICE_LINKS {
        symlink(target, dev.join(name))?;
    }
    fs::create_dir(dev.join("shm"))?;
    // Its pages are the slot's memory, so the slot's limit is its limit; where there is none, it has one itself.
    let limit = house.user.and_then(|user| user.data_bytes).map(|bytes| format!(",size={bytes}")).unwrap_or_default();
    tmpfs(&dev.join("shm"), &format!("mode=1777{limit}"), MountFlags::NODEV | MountFlags::NOEXEC)
}

fn make_devices(dev: &Path) -> io::Result<()> {
    for (name, major, minor) in DEVICES {
        let path = dev.join(name);
        let device = makedev(*major, *minor);
        rustix::fs::mknodat(rustix::fs::CWD, &path, FileType::CharacterDevice, Mode::from_raw_mode(0o666), device)?;
        // The helper's umask has taken bits away.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666))?;
    }
    Ok(())
}

pub(super) fn write_etc(etc: &Path, house: &House) -> io::Result<()> {
    let (uid, host) = (house.uid, &house.hostname);
    let passwd = format!("root:x:0:0:root:/:/sbin/nologin\n{USER_NAME}:x:{uid}:{uid}::/tmp:/sbin/nologin\n");
    fs::write(etc.join("passwd"), passwd)?;
    fs::write(etc.join("group"), format!("root:x:0:\n{USER_NAME}:x:{uid}:\n"))?;
    fs::write(etc.join("hosts"), format!("{HOSTS}{LINK_LOCAL} {host} sandbox.localdomain sandbox\n"))?;
    fs::write(etc.join("hostname"), format!("{host}\n"))?;
    fs::write(etc.join("nsswitch.conf"), NAME_SERVICES)?;
    fs::write(etc.join("resolv.conf"), &house.resolv_conf)
}
