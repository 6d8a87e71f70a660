//! What an ordinary user's sandbox promises. Root starts these tests as a user, in a process of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use super::escapes::{attempts, program};
use super::*;
use crate::{Exit, ExitStatus, LINK_LOCAL};

/// Nobody's on most hosts; and the host has given him no uids.
const LONELY: u32 = 61_234;

/// Set where the user has a control group of his own.
const DELEGATED: &str = "SANDBOX_TEST_DELEGATED";

/// Runs an ignored test of this file as the user, with a place of his own and in a control group if one is given.
fn as_user(uid: u32, gid: u32, test: &str, group: Option<&Path>) {
    let place = tempfile::tempdir().unwrap();
    let binary = place.path().join("tests");
    std::fs::copy("/proc/self/exe", &binary).unwrap();
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let own = place.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(uid), Some(gid)).unwrap();
    let enter = group.map(|group| format!("echo $$ > {}/cgroup.procs && ", group.display())).unwrap_or_default();
    let mut command = std::process::Command::new("/bin/sh");
    if group.is_some() {
        command.env(DELEGATED, "1");
    }
    let output = command
        .args(["-c", &format!("{enter}exec /usr/bin/setpriv \"$@\""), "sh"])
        .args([&format!("--reuid={uid}"), &format!("--regid={gid}"), "--clear-groups"])
        .arg(&binary)
        .args(["--exact", &format!("tests::user::{test}"), "--ignored", "--nocapture"])
        .env("TMPDIR", &own)
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if let Some(skipped) = said.lines().find(|line| line.starts_with("SKIPPED")) {
        return println!("{skipped}");
    }
    assert!(output.status.success(), "{said}");
    let left: Vec<_> = std::fs::read_dir(&own).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn run_as_user(uid: u32, gid: u32, test: &str) {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can be another user");
        return;
    }
    as_user(uid, gid, test, None);
}

#[test]
fn a_lonely_user_is_contained() {
    run_as_user(LONELY, LONELY, "contained");
}

#[test]
fn a_lonely_users_limits_hold() {
    run_as_user(LONELY, LONELY, "limited");
}

#[test]
fn nothing_of_a_lonely_users_gets_out() {
    run_as_user(LONELY, LONELY, "nothing_gets_out");
}

#[test]
fn a_lonely_users_helper_may_die() {
    run_as_user(LONELY, LONELY, "helper_dies");
}

/// A group of version 2 that is the lonely user's to divide, as systemd's Delegate= gives one. Removed at the end, with
/// the leaf into which its processes have moved.
struct Delegated(PathBuf);

impl Delegated {
    /// `None` where version 2 has no controllers.
    fn make(name: &str) -> Option<Self> {
        let top = Path::new("/sys/fs/cgroup");
        let controllers = std::fs::read_to_string(top.join("cgroup.controllers")).unwrap_or_default();
        if !["cpu", "memory", "pids"].iter().all(|one| controllers.split_whitespace().any(|name| name == *one)) {
            return None;
        }
        std::fs::write(top.join("cgroup.subtree_control"), "+cpu +memory +pids").unwrap();
        let path = top.join(format!("delegated-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        for name in ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"] {
            std::os::unix::fs::chown(path.join(name), Some(LONELY), Some(LONELY)).unwrap();
        }
        Some(Self(path))
    }

    fn below(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap());
        entries.filter(|entry| entry.file_type().unwrap().is_dir()).map(|entry| entry.path()).collect()
    }
}

impl Drop for Delegated {
    fn drop(&mut self) {
        for path in self.below().iter().chain([&self.0]) {
            std::fs::remove_dir(path).unwrap();
        }
    }
}

#[test]
fn a_user_divides_the_control_group_that_he_was_given() {
    if !rustix::process::geteuid().is_root() {
        return println!("SKIPPED: only root can be another user");
    }
    // One for each: a group that has been divided takes no process in.
    for test in ["limited", "throttled_and_frozen"] {
        let Some(group) = Delegated::make(test) else {
            return println!("SKIPPED: no control groups of version 2 with controllers; see scripts/test-v2");
        };
        as_user(LONELY, LONELY, test, Some(&group.0));
        // Nothing is left but the leaf in which the host's own processes were.
        let left = group.below();
        assert!(left.len() == 1 && left[0].display().to_string().ends_with("-host"), "{left:?}");
    }
}

/// The first user that /etc/subuid names, if any: his uid and gid.
fn rich_user() -> Option<(u32, u32)> {
    let given = std::fs::read_to_string("/etc/subuid").ok()?;
    let name = given.split(':').next()?.to_owned();
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let fields: Vec<_> = accounts.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').collect();
    let able = std::path::Path::new("/usr/bin/newuidmap").exists();
    Some((fields[2].parse().ok()?, fields[3].parse().ok()?)).filter(|(uid, _)| *uid != 0 && able)
}

#[test]
fn a_user_with_uids_to_give_away_tells_slots_apart() {
    match rich_user() {
        Some((uid, gid)) => {
            run_as_user(uid, gid, "contained");
            run_as_user(uid, gid, "told_apart");
        }
        None => println!("SKIPPED: /etc/subuid gives no user uids, or uidmap is not installed"),
    }
}

fn of_user() -> SlotSpec {
    SlotSpec { isolation: Isolation::User, ..small() }
}

/// A house of the user's own.
async fn open() -> Option<House> {
    let house = House::new(|_| ()).await;
    if house.sandbox.slot(of_user()).await.is_err_and(|error| matches!(error, crate::Error::Unable { .. })) {
        println!("\nSKIPPED: this kernel gives an ordinary user no namespaces");
        return None;
    }
    Some(house)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the tests above, as another user"]
async fn contained() {
    let Some(house) = open().await else { return };
    let source = "import os, pwd\n\
        keys = ('CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp:')\n\
        print(pwd.getpwuid(os.getuid()).pw_name, [l.split()[1] for l in open('/proc/self/status') if l.startswith(keys)])\n\
        print([p for p in os.listdir('/proc') if p.isdigit()] == [str(os.getpid())], os.path.exists('/root'))";
    let output = house.run(of_user(), spec(source)).await;
    let none = "'0000000000000000'";
    assert_eq!(said(&output), format!("{} [{none}, {none}, '1', '2']\nTrue False", crate::USER_NAME));
    let slot = house.sandbox.slot(SlotSpec { listen: vec![(LINK_LOCAL, 9001).into()], ..of_user() }).await.unwrap();
    let listener = tokio::net::TcpListener::from_std(slot.take_listeners().remove(0)).unwrap();
    let source = "import os, signal, socket\n\
        s = socket.create_connection(('169.254.100.1', 9001)); open('/tmp/kept', 'w').write('kept'); os.fork()\n\
        print('up', flush=True); signal.pause()";
    let mut first = Talking::from(slot.start(spec(source)).await.unwrap());
    listener.accept().await.unwrap();
    assert_eq!(line(&mut first).await, "up");
    assert!(slot.usage().await.unwrap().processes >= 1 && slot.usage().await.unwrap().max_memory_bytes > 1 << 20);
    slot.kill().await.unwrap();
    assert_eq!(first.process.wait().await.status, ExitStatus::Signal(9));
    assert_eq!(slot.usage().await.unwrap().processes, 0);
    let again = slot.start(spec("import os; print(open('/tmp/kept').read(), os.listdir('/tmp'))")).await.unwrap();
    assert_eq!(line(&mut again.into()).await, "kept ['kept']");
    // Another one sees nothing of it; and what was given back is empty again.
    let other = "import os; print(os.listdir('/tmp'))";
    assert_eq!(said(&house.run(of_user(), spec(other)).await), "[]");
    let uid = slot.uid();
    slot.destroy().await.unwrap();
    let next = house.sandbox.slot(of_user()).await.unwrap();
    assert_eq!(next.uid(), uid);
    assert_eq!(line(&mut next.start(spec(other)).await.unwrap().into()).await, "[]");
    next.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the tests above, as another user"]
async fn limited() {
    let Some(house) = open().await else { return };
    let hungry = "try: x = bytearray(200 << 20); print('got it')\nexcept MemoryError: print('refused')";
    let slot = SlotSpec { memory_bytes: 64 * MEBIBYTE, ..of_user() };
    let output = house.run(slot.clone(), spec(hungry)).await;
    // A control group kills, and a process's own limit refuses.
    let delegated = std::env::var_os(DELEGATED).is_some();
    let killed = Exit { status: ExitStatus::Signal(9), out_of_memory: true };
    if delegated {
        // Beside its memory it has room for its `/tmp`.
        let more = spec(&hungry.replace("200", "100"));
        assert_eq!(output.exit, killed);
        assert_eq!(house.run(SlotSpec { tmp_bytes: MEBIBYTE, ..slot.clone() }, more).await.exit, killed);
    } else {
        assert_eq!(said(&output), "refused");
    }
    assert_eq!(said(&house.python_outside(hungry).await), "got it");
    let fill = "import os\n\
        def fill(path):\n\
        \x20   f = open(path, 'wb', 0); n = 0\n\
        \x20   try:\n\
        \x20       while n < 300 << 20: n += f.write(bytes(1 << 20))\n\
        \x20   except OSError as e: return n >> 20, e.errno\n\
        print(fill('/tmp/x'))";
    assert_eq!(said(&house.run(of_user(), spec(fill)).await), format!("(32, {})", libc::ENOSPC));
    let shm = spec(&fill.replace("/tmp/x", "/dev/shm/x"));
    let filled = house.run(slot, shm).await;
    if delegated {
        assert_eq!(filled.exit, killed);
    } else {
        assert_eq!(said(&filled), format!("(64, {})", libc::ENOSPC));
    }
    let resources = "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_NPROC))";
    assert_eq!(said(&house.run(of_user(), spec(resources)).await), "(1024, 1024) (1024, 1024)");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the tests above, as another user"]
async fn nothing_gets_out() {
    let Some(house) = open().await else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let replaced = [
        ("STATE", house.state_dir().display().to_string()),
        ("HOST", std::process::id().to_string()),
        ("PORT", listener.local_addr().unwrap().port().to_string()),
        ("ABSTRACT", "no such socket".to_owned()),
    ];
    let (mut wrong, mut controls) = (Vec::new(), 0);
    for attempt in attempts() {
        let source = program(&attempt, &replaced);
        let (inside, outside) = tokio::join!(house.run(of_user(), spec(&source)), house.python_outside(&source));
        // What a user may not do anyway proves nothing.
        controls += u32::from(text(&outside.stdout) == "out");
        if text(&inside.stdout).parse::<i32>().is_err() {
            wrong.push(format!("{}: {} {}", attempt.attempt, text(&inside.stdout), text(&inside.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(controls >= 10, "only {controls} attempts succeed outside");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the tests above, as another user"]
async fn told_apart() {
    let Some(house) = open().await else { return };
    let (one, two) = (house.sandbox.slot(of_user()).await.unwrap(), house.sandbox.slot(of_user()).await.unwrap());
    let source = "import os, signal; print(os.getuid(), os.getgroups(), flush=True); signal.pause()";
    let mut first = Talking::from(one.start(spec(source)).await.unwrap());
    let mut second = Talking::from(two.start(spec(source)).await.unwrap());
    assert_eq!(line(&mut first).await, format!("{} []", one.uid()));
    assert_eq!(line(&mut second).await, format!("{} []", two.uid()));
    assert_ne!(one.uid(), two.uid());
    one.destroy().await.unwrap();
    two.destroy().await.unwrap();
    // One that is to write as the user does.
    let into = house.directory.path().join("into");
    std::fs::create_dir(&into).unwrap();
    let mut writing = spec("open('/var/task/x', 'w').write('x')");
    writing.binds = vec![Bind::writable(&into, "/var/task")];
    said(&house.run(SlotSpec { writes_as_host: true, ..of_user() }, writing).await);
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(into.join("x")).unwrap());
    assert_eq!(owner, rustix::process::geteuid().as_raw());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the tests above, as another user"]
async fn throttled_and_frozen() {
    let Some(house) = open().await else { return };
    let slot = house.sandbox.slot(SlotSpec { cpu: Some(0.1), ..of_user() }).await.unwrap();
    let busy = spec("print('busy', flush=True)\nwhile True: pass");
    let mut talking = Talking::from(slot.start(busy).await.unwrap());
    line(&mut talking).await;
    while slot.usage().await.unwrap().throttled_periods == 0 {
        Clock::wall().sleep(Duration::from_millis(20)).await;
    }
    slot.freeze().await.unwrap();
    let before = slot.usage().await.unwrap().cpu;
    Clock::wall().sleep(Duration::from_millis(100)).await;
    assert_eq!(slot.usage().await.unwrap().cpu, before);
    slot.kill().await.unwrap();
    assert_eq!(talking.process.wait().await.status, ExitStatus::Signal(9));
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the tests above, as another user"]
async fn helper_dies() {
    let Some(house) = open().await else { return };
    let (running, idle) = (house.sandbox.slot(of_user()).await.unwrap(), house.sandbox.slot(of_user()).await.unwrap());
    let (read, write) = std::io::pipe().unwrap();
    let source = "import os; print('up', flush=True); os.read(3, 1); print('still up', flush=True)";
    let command = python(source).fd(read.into(), 3);
    let mut talking = Talking::from(running.start(Spec { command, ..spec("") }).await.unwrap());
    assert_eq!(line(&mut talking).await, "up");
    let helper = i32::try_from(house.sandbox.helper_pid().unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(helper).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    assert!(matches!(house.sandbox.slot(of_user()).await, Err(crate::Error::HelperGone)));
    // The next one finds another helper, and what runs goes on.
    assert_eq!(said(&house.run(of_user(), spec("print('new')")).await), "new");
    std::io::Write::write_all(&mut &write, b"\n").unwrap();
    assert_eq!(line(&mut talking).await, "still up");
    // A slot of before is in a user namespace that nobody can enter any more.
    assert!(matches!(idle.start(spec("")).await, Err(crate::Error::Root { .. })));
    running.destroy().await.unwrap();
    idle.destroy().await.unwrap();
    house.close().await;
}
