//! What is refused, and why. Everything else is allowed, up to the newest call that we have looked at.
//!
//! A list of refusals rather than of permissions: programs of every kind run here, and what guards the host first is that
//! they have no capability, no path and no network to it. These rules take away what an unprivileged process could use
//! to reach the kernel's less-walked corners, where most escapes have been found.

use libc::{EAFNOSUPPORT, ENOSYS, EPERM};

use super::{Rule, Test};

/// listxattrat and removexattrat came last; newer calls do not exist for an environment until somebody reads what
/// they do.
pub(super) const NEWEST: u32 = 466;

/// Filesystem, host, pid, user, network, ipc and control group namespaces.
const NEW_NAMESPACE: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

const UNIX: u32 = libc::AF_UNIX as u32;
const INET: u32 = libc::AF_INET as u32;
const INET6: u32 = libc::AF_INET6 as u32;
const NETLINK: u32 = libc::AF_NETLINK as u32;
const RAW: u32 = libc::SOCK_RAW as u32;
/// The type's bits in socket(2)'s second argument, below the flags.
const TYPE_MASK: u32 = 0xf;
/// personality(2): the default, UNAME26 and 32-bit reporting (setarch), and the question for the current one.
const PERSONALITIES: &[u32] = &[0, 0x8, 0x2_0000, 0x2_0008, u32::MAX];
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541c;

const fn never(call: libc::c_long, why: &'static str) -> Rule {
    Rule { call, when: &[], errno: EPERM, why }
}

/// As if the kernel were too old: the caller falls back to something older.
const fn unknown(call: libc::c_long, why: &'static str) -> Rule {
    Rule { call, when: &[], errno: ENOSYS, why }
}

const fn when(call: libc::c_long, when: &'static [Test], errno: i32, why: &'static str) -> Rule {
    Rule { call, when, errno, why }
}

pub(super) const RULES: &[Rule] = &[
    // New namespaces give capabilities inside of them, and with them most of the kernel to attack.
    when(
        libc::SYS_clone,
        &[Test::AnyBit { argument: 0, mask: NEW_NAMESPACE }],
        EPERM,
        "a new namespace, above all a user namespace, gives capabilities",
    ),
    unknown(libc::SYS_clone3, "its flags lie in memory, where no filter sees them; every libc falls back to clone"),
    never(libc::SYS_unshare, "as clone with namespaces"),
    never(libc::SYS_setns, "enters namespaces of others"),
    // The tree of mounts is ours.
    never(libc::SYS_mount, "changes what paths mean"),
    never(libc::SYS_umount2, "uncovers what we have covered"),
    never(libc::SYS_pivot_root, "leaves the root that we made"),
    never(libc::SYS_chroot, "the classic way out of a root, given a descriptor"),
    never(libc::SYS_open_tree, "mount by descriptor"),
    never(libc::SYS_move_mount, "mount by descriptor"),
    never(libc::SYS_fsopen, "mount by descriptor; parsers of many file systems"),
    never(libc::SYS_fsconfig, "mount by descriptor; parsers of many file systems"),
    never(libc::SYS_fsmount, "mount by descriptor"),
    never(libc::SYS_fspick, "reconfigures a mounted file system"),
    never(libc::SYS_mount_setattr, "clears read-only"),
    never(STATMOUNT, "shows mounts; nobody needs it here"),
    never(LISTMOUNT, "shows mounts; nobody needs it here"),
    never(libc::SYS_swapon, "host administration"),
    never(libc::SYS_swapoff, "host administration"),
    never(libc::SYS_quotactl, "host administration"),
    never(libc::SYS_quotactl_fd, "host administration"),
    never(libc::SYS_acct, "host administration"),
    never(libc::SYS_open_by_handle_at, "opens files by number, past every path and root"),
    never(libc::SYS_name_to_handle_at, "gives the numbers for open_by_handle_at"),
    never(libc::SYS_fanotify_init, "watches whole file systems"),
    // Other processes: ours of the same tree, but an extension may hold what a function must not see.
    never(libc::SYS_ptrace, "reads and changes other processes; a rich source of races"),
    never(libc::SYS_process_vm_readv, "reads other processes"),
    never(libc::SYS_process_vm_writev, "changes other processes"),
    never(libc::SYS_process_madvise, "changes other processes' memory"),
    never(libc::SYS_process_mrelease, "for the host's out-of-memory daemons"),
    never(libc::SYS_pidfd_getfd, "takes descriptors from other processes"),
    never(libc::SYS_kcmp, "tells where kernel objects lie in relation to each other"),
    // Parts of the kernel with a long list of escapes, and no use for a function.
    never(libc::SYS_bpf, "programs in the kernel"),
    never(libc::SYS_perf_event_open, "counts and samples the kernel; many past escapes"),
    never(libc::SYS_userfaultfd, "stops the kernel in the middle of a copy: the tool that wins races"),
    unknown(libc::SYS_io_uring_setup, "system calls that no filter sees; programs fall back to epoll"),
    unknown(libc::SYS_io_uring_enter, "as io_uring_setup"),
    unknown(libc::SYS_io_uring_register, "as io_uring_setup"),
    unknown(libc::SYS_memfd_secret, "memory that cannot be swapped, frozen or inspected"),
    never(libc::SYS_add_key, "keyrings are not divided by namespaces"),
    never(libc::SYS_request_key, "keyrings are not divided by namespaces; starts a program of the host"),
    never(libc::SYS_keyctl, "keyrings are not divided by namespaces"),
    never(libc::SYS_lookup_dcookie, "profiling of the kernel"),
    never(libc::SYS_vhangup, "acts on the terminal of the session"),
    never(libc::SYS_syslog, "the kernel's log holds addresses and other tenants' names"),
    when(
        libc::SYS_personality,
        &[Test::NoneOf { argument: 0, values: PERSONALITIES }],
        EPERM,
        "switches off address randomisation, makes data executable, maps page zero",
    ),
    when(
        libc::SYS_ioctl,
        &[Test::OneOf { argument: 1, values: &[TIOCSTI, TIOCLINUX] }],
        EPERM,
        "types into a terminal that others read",
    ),
    // Memory placement: other tenants feel it.
    never(libc::SYS_move_pages, "moves other processes' pages; memory layout tricks"),
    never(libc::SYS_migrate_pages, "moves other processes' pages"),
    never(libc::SYS_mbind, "chooses the host's memory nodes"),
    never(libc::SYS_set_mempolicy, "chooses the host's memory nodes"),
    never(libc::SYS_set_mempolicy_home_node, "chooses the host's memory nodes"),
    // The host itself.
    never(libc::SYS_init_module, "code into the kernel"),
    never(libc::SYS_finit_module, "code into the kernel"),
    never(libc::SYS_delete_module, "code out of the kernel"),
    never(libc::SYS_kexec_load, "another kernel"),
    never(libc::SYS_kexec_file_load, "another kernel"),
    never(libc::SYS_reboot, "ends the host, or the namespace's init"),
    never(libc::SYS_settimeofday, "the host's time"),
    never(libc::SYS_clock_settime, "the host's time"),
    never(libc::SYS_clock_adjtime, "the host's time"),
    never(libc::SYS_adjtimex, "the host's time"),
    never(libc::SYS_sethostname, "the name is ours"),
    never(libc::SYS_setdomainname, "the name is ours"),
    never(libc::SYS_nfsservctl, "gone from kernels; nobody should call it"),
    // Sockets: the internet's two families, local ones, and questions to the kernel about routes.
    when(
        libc::SYS_socket,
        &[Test::NoneOf { argument: 0, values: &[UNIX, INET, INET6, NETLINK] }],
        EAFNOSUPPORT,
        "packet, vsock, alg, bluetooth and forty more: little-tested kernel code, and roads around the network",
    ),
    when(
        libc::SYS_socket,
        &[
            Test::OneOf { argument: 0, values: &[NETLINK] },
            Test::NoneOf { argument: 2, values: &[libc::NETLINK_ROUTE as u32] },
        ],
        EAFNOSUPPORT,
        "netlink beyond routes reaches netfilter, audit, crypto: where most local escapes of late years lie",
    ),
    when(
        libc::SYS_socket,
        &[
            Test::OneOf { argument: 0, values: &[INET, INET6] },
            Test::Masked { argument: 1, mask: TYPE_MASK, value: RAW },
        ],
        EPERM,
        "forged packets",
    ),
    when(libc::SYS_socketpair, &[Test::NoneOf { argument: 0, values: &[UNIX] }], EAFNOSUPPORT, "as socket"),
    // Only on this processor.
    #[cfg(target_arch = "x86_64")]
    never(libc::SYS_iopl, "the host's ports"),
    #[cfg(target_arch = "x86_64")]
    never(libc::SYS_ioperm, "the host's ports"),
    #[cfg(target_arch = "x86_64")]
    never(libc::SYS_modify_ldt, "segments of 16-bit programs; past escapes"),
    #[cfg(target_arch = "x86_64")]
    never(libc::SYS_uselib, "loads libraries as of 1995"),
    #[cfg(target_arch = "x86_64")]
    never(libc::SYS__sysctl, "the kernel's settings by number"),
    #[cfg(target_arch = "x86_64")]
    never(libc::SYS_sysfs, "lists file systems by number"),
    #[cfg(target_arch = "x86_64")]
    never(libc::SYS_ustat, "file systems by device number"),
];

/// Numbers that the C library's headers lack; the same on every processor.
const STATMOUNT: libc::c_long = 457;
const LISTMOUNT: libc::c_long = 458;
