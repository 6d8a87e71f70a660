//! Nothing is left: neither of a hundred slots, nor of a host that was killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use super::remains::{Remains, family, lives, open_descriptors, until_nothing};
use super::*;

/// Where the child of a test has its state directory.
const STATE: &str = "SANDBOX_TEST_STATE";

/// How many slots a slow host shall have at once.
const SLOTS: &str = "SANDBOX_TEST_SLOTS";

/// Runs an ignored test of this binary in a process of its own.
fn alone(test: &str, state_dir: &Path) -> Child {
    std::process::Command::new("/proc/self/exe")
        .args(["--exact", &format!("tests::death::{test}"), "--ignored", "--nocapture"])
        .env(STATE, state_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The first line of the child's output that begins with `beginning`, without it.
fn heard(child: &mut Child, beginning: &str) -> String {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map(|line| line.unwrap()).find_map(|line| line.strip_prefix(beginning).map(str::to_owned)).unwrap()
}

fn state_of_parent() -> PathBuf {
    PathBuf::from(std::env::var_os(STATE).expect("started by a test of this file"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the tests below, in a process of its own"]
async fn owner() {
    let config = config(state_of_parent());
    let uid_base = config.uid_base;
    let sandbox = Sandbox::open(config, Tasks::new(), Clock::wall()).await.unwrap();
    let mut kept = Vec::new();
    for number in 0..3 {
        let slot = sandbox.slot(small()).await.unwrap();
        let source =
            "import os, signal\nos.fork(); open('/tmp/x', 'w').write('x'); print('up', flush=True); signal.pause()";
        let mut talking = Talking::from(slot.start(spec(source)).await.unwrap());
        line(&mut talking).await;
        if number == 0 {
            slot.freeze().await.unwrap();
        }
        kept.push((slot, talking));
    }
    println!("\nready {uid_base}");
    std::future::pending::<()>().await;
}

/// Kills the owner, and the helper if asked, and returns once every process of theirs is gone.
async fn kill_an_owner(state_dir: &Path, and_the_helper: bool) -> u32 {
    kill_an_owner_after(state_dir, and_the_helper, || ()).await
}

/// The same, with something done right before.
async fn kill_an_owner_after(state_dir: &Path, and_the_helper: bool, before_that: impl FnOnce()) -> u32 {
    let mut child = alone("owner", state_dir);
    let uid_base: u32 = heard(&mut child, "ready ").trim().parse().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let family = family(pid);
    // The owner, the helper, three inits, six programs.
    assert_eq!(family.len(), 11, "{family:?}");
    let before = Remains::of(state_dir, uid_base..uid_base + 1000);
    // A loop device for each slot, and some that are ready or on their way.
    assert!(before.loops.len() >= 3 && before.processes.len() == 6, "{before:?}");
    assert!(!before.groups.is_empty());
    before_that();
    if and_the_helper {
        kill(family[1]);
    }
    kill(pid);
    child.wait().unwrap();
    let left = until_nothing(|| family.iter().copied().filter(|pid| lives(*pid)).collect::<Vec<_>>()).await;
    assert_eq!(left, Vec::<i32>::new());
    uid_base
}

fn kill(pid: i32) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_leaves_nothing() {
    let Some(house) = House::open().await else { return };
    let state_dir = house.directory.path().join("killed");
    let uid_base = kill_an_owner(&state_dir, false).await;
    let left = until_nothing(|| Remains::of(&state_dir, uid_base..uid_base + 1000)).await;
    assert_eq!(left, Remains::default());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_leaves_nothing_even_if_its_directory_is_gone() {
    let Some(house) = House::open().await else { return };
    let state_dir = house.directory.path().join("killed");
    let remove = || std::fs::remove_dir_all(&state_dir).unwrap();
    let uid_base = kill_an_owner_after(&state_dir, false, remove).await;
    let left = until_nothing(|| Remains::of(&state_dir, uid_base..uid_base + 1000)).await;
    assert_eq!(left, Remains::default());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_host_and_helper_leave_is_cleaned_at_the_next_start() {
    let Some(house) = House::open().await else { return };
    let state_dir = house.directory.path().join("killed");
    let uid_base = kill_an_owner(&state_dir, true).await;
    let uids = uid_base..uid_base + 1000;
    let left = until_nothing(|| Remains { groups: Vec::new(), ..Remains::of(&state_dir, uids.clone()) }).await;
    assert_eq!(left, Remains::default());
    // The control: without a start, the groups stay.
    assert!(!Remains::of(&state_dir, uids.clone()).groups.is_empty());
    let tasks = Tasks::new();
    let next = Sandbox::open(config(&state_dir), tasks.clone(), Clock::wall()).await.unwrap();
    assert!(Remains::of(&state_dir, uids.clone()).groups.is_empty());
    next.close().await;
    assert_eq!(Remains::of(&state_dir, uids), Remains::default());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_dies_takes_nothing_with_it_and_is_replaced() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let (end, mut into) = std::io::pipe().unwrap();
    let source = "import os; print('up', flush=True); print(os.read(3, 9).decode(), flush=True)";
    let listens = python(source).fd(end.into(), 3);
    let mut talking = Talking::from(slot.start(Spec { command: listens, ..spec("") }).await.unwrap());
    line(&mut talking).await;
    kill(i32::try_from(house.sandbox.helper_pid().unwrap()).unwrap());
    // What was asked of the dead is refused, once: nobody knows how far it came.
    assert!(matches!(house.sandbox.slot(small()).await, Err(crate::Error::HelperGone)));
    let other = house.sandbox.slot(small()).await.unwrap();
    let mut second = Talking::from(other.start(spec("print('another', flush=True)")).await.unwrap());
    assert_eq!(line(&mut second).await, "another");
    std::io::Write::write_all(&mut into, b"alive").unwrap();
    assert_eq!(line(&mut talking).await, "alive");
    slot.destroy().await.unwrap();
    other.destroy().await.unwrap();
    let (state_dir, uid_base) = (house.state_dir(), house.uid_base);
    house.close().await;
    assert_eq!(until_nothing(|| Remains::of(&state_dir, uid_base..uid_base + 1000)).await, Remains::default());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the test below, in a process of its own"]
async fn a_hundred_slots() {
    let state_dir = state_of_parent();
    let config = config(&state_dir);
    let uids = config.uid_base..config.uid_base + config.uid_count;
    let tasks = Tasks::new();
    let sandbox = Sandbox::open(config, tasks.clone(), Clock::wall()).await.unwrap();
    // What is made once: the ready /tmps, the threads and their descriptors.
    one(sandbox.clone()).await;
    let look = || (open_descriptors(), Remains::of(&state_dir, uids.clone()));
    sandbox.quiet().await;
    let before = steady(look).await;
    let count = std::env::var(SLOTS).map_or(100, |count| count.parse().unwrap());
    let all: Vec<_> = (0..count).map(|_| tasks.spawn("one", one(sandbox.clone()))).collect();
    for each in all {
        each.await.unwrap();
    }
    sandbox.quiet().await;
    let after = steady(look).await;
    assert_eq!(before.0, after.0, "descriptors");
    assert_eq!(before.1.loops.len(), after.1.loops.len());
    assert_eq!((before.1.groups, before.1.mounts), (after.1.groups, after.1.mounts));
    assert_eq!((after.1.processes, after.1.files), (Vec::new(), Vec::new()));
    assert_eq!(family(i32::try_from(std::process::id()).unwrap()).len(), 2, "only the helper is left");
    sandbox.close().await;
    tasks.close().await;
    assert_eq!(Remains::of(&state_dir, uids), Remains::default());
    println!("\nall gone");
}

/// Every other slot is dropped instead of destroyed.
async fn one(sandbox: Sandbox) {
    let listen = vec![(crate::LINK_LOCAL, 9001).into()];
    let slot = sandbox.slot(SlotSpec { listen, ..small() }).await.unwrap();
    let started = slot.start(spec("open('/tmp/x', 'w').write('x'); print('up')")).await.unwrap();
    assert_eq!(line(&mut started.into()).await, "up");
    if slot.uid() % 2 == 0 {
        slot.destroy().await.unwrap();
    }
}

/// What is seen when two ready `/tmp`s have been made and nothing changes any more.
async fn steady(look: impl Fn() -> (usize, Remains)) -> (usize, Remains) {
    let mut last = look();
    for _ in 0..100 {
        Clock::wall().sleep(Duration::from_millis(50)).await;
        let now = look();
        if now == last && now.1.loops.len() == 2 {
            return now;
        }
        last = now;
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_slots_leave_nothing() {
    let Some(house) = House::open().await else { return };
    let output = alone("a_hundred_slots", &house.directory.path().join("hundred")).wait_with_output().unwrap();
    assert!(output.status.success() && text(&output.stdout).contains("\nall gone"), "{}", text(&output.stdout));
    house.close().await;
}
