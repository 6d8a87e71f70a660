//! Attempts to get out, each with its control: with isolation off it succeeds.

use std::net::TcpListener;

use super::*;

/// What is tried: Python that prints `out` if it got out and an errno otherwise. `sys` is `syscall(2)`.
struct Attempt {
    name: &'static str,
    source: &'static str,
}

const PRELUDE: &str = "import ctypes, os, socket, sys, tempfile\n\
    libc = ctypes.CDLL(None, use_errno=True)\n\
    def call(*a):\n\
    \x20   r = libc.syscall(*[ctypes.c_long(x) if isinstance(x, int) else x for x in a])\n\
    \x20   if r < 0: raise OSError(ctypes.get_errno(), 'refused')\n\
    \x20   return r\n\
    def attempt():\n";

const EPILOGUE: &str =
    "\ntry:\n    attempt(); print('out')\nexcept OSError as e: print(e.errno)\nexcept ValueError: print(1)\n";

/// Numbers are x86-64's.
#[cfg(target_arch = "x86_64")]
const ATTEMPTS: &[Attempt] = &[
    Attempt {
        name: "mount",
        source: "d = tempfile.mkdtemp(); call(165, b'x', d.encode(), b'tmpfs', 0, 0); call(166, d.encode(), 0); os.rmdir(d)",
    },
    Attempt { name: "fsopen", source: "call(430, b'tmpfs', 0)" },
    Attempt { name: "chroot", source: "os.chroot('/tmp')" },
    Attempt { name: "unshare a user namespace", source: "call(272, 0x10000000)" },
    Attempt { name: "clone a user namespace", source: "call(56, 0x10000000 | 17, 0, 0, 0, 0) or os._exit(0)" },
    Attempt { name: "setns", source: "call(308, os.open('/proc/self/ns/uts', os.O_RDONLY), 0)" },
    Attempt { name: "ptrace", source: "call(101, 0, 0, 0, 0)" },
    Attempt { name: "process_vm_readv", source: "call(310, os.getpid(), 0, 0, 0, 0, 0)" },
    Attempt { name: "raw socket", source: "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)" },
    Attempt { name: "packet socket", source: "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)" },
    Attempt { name: "netfilter socket", source: "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)" },
    Attempt { name: "crypto socket", source: "socket.socket(38, socket.SOCK_SEQPACKET, 0)" },
    Attempt { name: "vsock", source: "socket.socket(40, socket.SOCK_STREAM, 0)" },
    Attempt { name: "keyctl", source: "call(250, 0, -3, 1)" },
    Attempt {
        name: "bpf",
        source: "call(321, 0, ctypes.c_char_p(b'\\x02\\0\\0\\0\\x04\\0\\0\\0\\x04\\0\\0\\0\\x01' + bytes(115)), 128)",
    },
    Attempt { name: "userfaultfd", source: "call(323, 0)" },
    Attempt { name: "io_uring", source: "call(425, 1, ctypes.c_char_p(bytes(120)))" },
    Attempt {
        name: "perf_event_open",
        source: "call(298, ctypes.c_char_p(b'\\x01\\0\\0\\0\\x80' + bytes(123)), 0, -1, -1, 0)",
    },
    Attempt {
        name: "name_to_handle_at",
        source: "call(303, -100, b'/', ctypes.c_char_p(b'\\x80' + bytes(200)), ctypes.c_char_p(bytes(8)), 0)",
    },
    Attempt { name: "personality", source: "call(135, 0x0040000)" },
    Attempt { name: "iopl", source: "call(172, 0)" },
    Attempt { name: "syslog", source: "call(103, 10, 0, 0)" },
    Attempt { name: "become root", source: "os.setuid(0)" },
    Attempt {
        name: "raise a limit",
        source: "import resource as r; s, h = r.getrlimit(r.RLIMIT_NPROC); r.setrlimit(r.RLIMIT_CORE, (0, 0)); r.setrlimit(r.RLIMIT_NOFILE, (1025, 1025))",
    },
    Attempt { name: "write the root", source: "n = '/opt/escape-test'; open(n, 'w'); os.unlink(n)" },
    Attempt { name: "write /usr", source: "n = '/usr/escape-test'; open(n, 'w'); os.unlink(n)" },
    Attempt { name: "write /etc", source: "n = '/etc/escape-test'; open(n, 'w'); os.unlink(n)" },
    Attempt {
        name: "write the kernel's settings",
        source: "p = '/proc/sys/kernel/core_pattern'; v = open(p).read(); open(p, 'w').write(v)",
    },
    Attempt {
        name: "make a device",
        source: "n = tempfile.mktemp(); os.mknod(n, 0o20666, os.makedev(1, 3)); os.unlink(n)",
    },
    Attempt { name: "see root's home", source: "os.listdir('/root')" },
    Attempt { name: "see the state directory", source: "os.listdir('STATE')" },
    Attempt { name: "see control groups", source: "os.listdir('/sys/fs/cgroup')" },
    Attempt { name: "see block devices", source: "os.stat('/dev/loop-control')" },
    Attempt { name: "see the host's accounts", source: "os.stat('/etc/shadow')" },
    Attempt { name: "see a process of the host", source: "os.stat('/proc/HOST')" },
    Attempt { name: "signal a process of the host", source: "os.kill(HOST, 0)" },
    Attempt { name: "reach the host's loopback", source: "socket.create_connection(('127.0.0.1', PORT), 5)" },
    Attempt {
        name: "reach the host's abstract sockets",
        source: "socket.socket(socket.AF_UNIX).connect('\\0ABSTRACT')",
    },
];

fn program(attempt: &Attempt, replaced: &[(&str, String)]) -> String {
    let source = replaced.iter().fold(attempt.source.to_owned(), |source, (from, to)| source.replace(from, to));
    format!("{PRELUDE}    {source}{EPILOGUE}")
}

#[cfg(target_arch = "x86_64")]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_gets_out() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};

    let Some(house) = House::open().await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let abstract_name = format!("sandbox-{}", house.uid_base);
    let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&abstract_name).unwrap()).unwrap();
    let replaced = [
        ("STATE", house.state_dir().display().to_string()),
        ("HOST", std::process::id().to_string()),
        ("PORT", listener.local_addr().unwrap().port().to_string()),
        ("ABSTRACT", abstract_name),
    ];
    let mut wrong = Vec::new();
    for attempt in ATTEMPTS {
        let source = program(attempt, &replaced);
        let (inside, outside) = tokio::join!(house.python(&source), house.python_outside(&source));
        match text(&outside.stdout) {
            "out" => {}
            // ENOSYS, EOPNOTSUPP, EAFNOSUPPORT: this kernel does not have it at all, and there is nothing to contain.
            lacking @ ("38" | "95" | "97") => println!("NO CONTROL: {}: errno {lacking} outside too", attempt.name),
            other => wrong.push(format!("control {}: {other} {}", attempt.name, text(&outside.stderr))),
        }
        if text(&inside.stdout).parse::<i32>().is_err() {
            wrong.push(format!("{}: {} {}", attempt.name, text(&inside.stdout), text(&inside.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_own_processes_are_seen() {
    let Some(house) = House::open().await else { return };
    let source = "import os; print([p for p in os.listdir('/proc') if p.isdigit()] == [str(os.getpid())])";
    assert_eq!(said(&house.python(source).await), "True");
    assert_eq!(said(&house.python_outside(source).await), "False");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_has_only_what_we_put_there() {
    let Some(house) = House::open().await else { return };
    let source = "import os; print(sorted(os.listdir('/')), sorted(os.listdir('/var')), os.listdir('/tmp'), sorted(os.listdir('/dev')))";
    let output = house.python(source).await;
    let (root, rest) = said(&output).split_once("] ").unwrap();
    for hidden in ["root", "home", "work", "boot", "mnt", "srv", "media"] {
        assert!(!root.contains(&format!("'{hidden}'")), "{root}");
    }
    let dev = "['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero']";
    assert_eq!(rest, format!("['lang', 'runtime', 'task'] [] {dev}"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_uid_program_gives_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let Some(house) = House::open().await else { return };
    let copy = house.directory.path().join("id");
    std::fs::copy("/usr/bin/id", &copy).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o4755)).unwrap();
    let mut spec = Spec { command: Command::new(["/opt/id", "-u"]), ..spec("") };
    spec.binds = vec![Bind::read_only(&copy, "/opt/id")];
    let output = house.run(small(), spec).await;
    assert_eq!(said(&output), house.uid_base.to_string());
    house.close().await;
}
