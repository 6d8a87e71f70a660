//! Attempts to get out, each with its control: with isolation off it succeeds.

use std::net::TcpListener;

use super::*;

/// What is tried: Python that prints `out` if it got out and an errno otherwise. Functions try the same through the whole
/// house (`tests/sdk/test_escapes.py`). Numbers of system calls are x86-64's.
#[derive(serde::Deserialize)]
pub(super) struct Attempt {
    pub(super) attempt: String,
    source: String,
}

pub(super) fn attempts() -> Vec<Attempt> {
    serde_json::from_str(include_str!("attempts.json")).unwrap()
}

/// `call` is `syscall(2)`; `further` takes an errno that the kernel gives only to those whom it would let do it.
const PRELUDE: &str = "import ctypes, os, socket, struct, sys, tempfile\n\
    libc = ctypes.CDLL(None, use_errno=True)\n\
    def call(*a):\n\
    \x20   r = libc.syscall(*[ctypes.c_long(x) if isinstance(x, int) else x for x in a])\n\
    \x20   if r < 0: raise OSError(ctypes.get_errno(), 'refused')\n\
    \x20   return r\n\
    def further(*errnos, f):\n\
    \x20   try: f()\n\
    \x20   except OSError as e:\n\
    \x20       if e.errno not in errnos: raise\n\
    def attempt():\n";

const EPILOGUE: &str =
    "\ntry:\n    attempt(); print('out')\nexcept OSError as e: print(e.errno)\nexcept ValueError: print(1)\n";

pub(super) fn program(attempt: &Attempt, replaced: &[(&str, String)]) -> String {
    let source = replaced.iter().fold(attempt.source.clone(), |source, (from, to)| source.replace(from, to));
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
    for attempt in attempts() {
        let source = program(&attempt, &replaced);
        let (inside, outside) = tokio::join!(house.python(&source), house.python_outside(&source));
        match text(&outside.stdout) {
            "out" => {}
            // ENOSYS, EPROTONOSUPPORT, EOPNOTSUPP, EAFNOSUPPORT: this kernel does not have it at all: nothing to contain.
            lacking @ ("38" | "93" | "95" | "97") => {
                println!("NO CONTROL: {}: errno {lacking} outside too", attempt.attempt);
            }
            other => wrong.push(format!("control {}: {other} {}", attempt.attempt, text(&outside.stderr))),
        }
        if text(&inside.stdout).parse::<i32>().is_err() {
            wrong.push(format!("{}: {} {}", attempt.attempt, text(&inside.stdout), text(&inside.stderr)));
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

/// Through a descriptor of a directory of the host: a hole in the mount namespace.
const THROUGH_A_HOLE: &str = "import os\n\
    def attempt(f):\n\
    \x20   try: f(); return 'out'\n\
    \x20   except OSError as e: return e.errno\n\
    def write(name): os.write(os.open(name, os.O_WRONLY, dir_fd=3), b'x')\n\
    print(attempt(lambda: os.open('secret', os.O_RDONLY, dir_fd=3)), attempt(lambda: write('secret')),\n\
    \x20   attempt(lambda: os.open('.', os.O_RDONLY, dir_fd=3)), attempt(lambda: os.unlink('gone', dir_fd=3)),\n\
    \x20   attempt(lambda: open('/tmp/x', 'w')), attempt(lambda: open('/dev/shm/x', 'w')),\n\
    \x20   attempt(lambda: open('/dev/null', 'w')), attempt(lambda: open('/proc/self/comm', 'w').write('x')))";

async fn through_a_hole(house: &House) -> String {
    use std::os::unix::fs::PermissionsExt;

    let hole = house.directory.path().join("hole");
    std::fs::create_dir(&hole).unwrap();
    for (path, mode) in [(hole.join("secret"), 0o666), (hole.join("gone"), 0o666), (hole.clone(), 0o777)] {
        if path != hole {
            std::fs::write(&path, "of the host").unwrap();
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let hole = std::fs::File::open(hole).unwrap();
    let command = python(THROUGH_A_HOLE).fd(hole.into(), 3);
    said(&house.run(small(), Spec { command, ..spec("") }).await).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_in_the_mounts_has_a_second_wall_behind_it() {
    let Some(house) = House::open().await else { return };
    if crate::init::landlock_version().is_none() {
        println!("SKIPPED: this kernel has no landlock");
        return house.close().await;
    }
    // Of what the root shows nothing is taken away.
    assert_eq!(through_a_hole(&house).await, "13 13 13 13 out out out out");
    house.close().await;
    let Some(control) = House::open_changed(|config| config.landlock = false).await else { return };
    assert_eq!(through_a_hole(&control).await, "out out out out out out out out");
    control.close().await;
}
