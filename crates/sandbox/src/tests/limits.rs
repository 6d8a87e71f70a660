//! Memory, cpu, processes, files and `/tmp` end where the slot says.

use super::*;
use crate::{Exit, ExitStatus};

#[tokio::test(flavor = "multi_thread")]
async fn out_of_memory_is_told_from_a_kill() {
    let Some(house) = House::open().await else { return };
    let slot = SlotSpec { memory_bytes: 64 * MEBIBYTE, ..small() };
    let hungry = house.run(slot.clone(), spec("x = bytearray(200 << 20)")).await;
    assert_eq!(hungry.exit, Exit { status: ExitStatus::Signal(9), out_of_memory: true });
    let killed = house.run(slot, spec("import os; os.kill(os.getpid(), 9)")).await;
    assert_eq!(killed.exit, Exit { status: ExitStatus::Signal(9), out_of_memory: false });
    let control = house.python_outside("x = bytearray(200 << 20)").await;
    assert_eq!(control.exit.status, ExitStatus::Code(0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_memory_is_memory_and_tmp_is_not() {
    let Some(house) = House::open().await else { return };
    let slot = SlotSpec { memory_bytes: 64 * MEBIBYTE, tmp_bytes: 160 * MEBIBYTE, ..small() };
    let write = |path: &str| format!("f = open('{path}', 'wb')\nfor _ in range(128): f.write(bytes(1 << 20))");
    let shared = house.run(slot.clone(), spec(&write("/dev/shm/x"))).await;
    assert_eq!(shared.exit, Exit { status: ExitStatus::Signal(9), out_of_memory: true });
    let disk = house.run(slot, spec(&write("/tmp/x"))).await;
    assert_eq!(disk.exit, Exit { status: ExitStatus::Code(0), out_of_memory: false });
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_counts_memory_and_keeps_the_peak() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let source = "x = bytearray(b'x') * (64 << 20); print('held', flush=True)\n\
        import os; os.read(3, 1); del x; print('freed', flush=True); os.read(3, 1)";
    let (read, write) = std::io::pipe().unwrap();
    let mut with_pipe = spec(source);
    with_pipe.command = python(source).fd(read.into(), 3);
    let mut talking = Talking::from(slot.start(with_pipe).await.unwrap());
    assert_eq!(line(&mut talking).await, "held");
    let held = slot.usage().await.unwrap();
    assert!((64 * MEBIBYTE..128 * MEBIBYTE).contains(&held.memory_bytes), "{held:?}");
    assert!(!held.cpu.is_zero() && held.processes == 1, "{held:?}");
    std::io::Write::write_all(&mut &write, b"\n").unwrap();
    assert_eq!(line(&mut talking).await, "freed");
    let freed = slot.usage().await.unwrap();
    assert!(freed.memory_bytes < 64 * MEBIBYTE && freed.max_memory_bytes >= held.memory_bytes, "{freed:?}");
    slot.kill().await.unwrap();
    assert!(slot.usage().await.unwrap().max_memory_bytes < 64 * MEBIBYTE);
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cpu_is_throttled_and_the_limit_can_be_lifted() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(SlotSpec { cpu: Some(0.1), ..small() }).await.unwrap();
    let source = "print('busy', flush=True)\nwhile True: pass";
    let mut talking = Talking::from(slot.start(spec(source)).await.unwrap());
    line(&mut talking).await;
    let limited = cpu_in(&slot, Duration::from_millis(1000)).await;
    assert!(limited.0 < Duration::from_millis(300) && limited.1 > 0, "{limited:?}");
    slot.set_cpu(None).await.unwrap();
    let free = cpu_in(&slot, Duration::from_millis(1000)).await;
    // Other programs of the host may be busy: more than the limit allowed is what counts.
    assert!(free.0 > limited.0 && free.1 == 0, "{limited:?} {free:?}");
    slot.destroy().await.unwrap();
    house.close().await;
}

/// Cpu time and throttled periods in `wall`.
async fn cpu_in(slot: &crate::Slot, wall: Duration) -> (Duration, u64) {
    let before = slot.usage().await.unwrap();
    Clock::wall().sleep(wall).await;
    let after = slot.usage().await.unwrap();
    (after.cpu - before.cpu, after.throttled_periods - before.throttled_periods)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_stays_in_the_slot() {
    let Some(house) = House::open().await else { return };
    let bomb = "import os\nn = 0\n\
        try:\n\
        \x20   while n < 200:\n\
        \x20       if os.fork() == 0: os.read(3, 1); os._exit(0)\n\
        \x20       n += 1\n\
        except BlockingIOError: pass\n\
        print(n, flush=True)";
    let slot = SlotSpec { processes: 20, ..small() };
    let (read, _write) = std::io::pipe().unwrap();
    let with_pipe = Spec { command: python(bomb).fd(read.into(), 3), ..spec("") };
    assert_eq!(said(&house.run(slot, with_pipe).await), "19");
    let (read, _write) = std::io::pipe().unwrap();
    let control = Spec { command: python(bomb).fd(read.into(), 3), ..spec("") };
    let many = house.run(SlotSpec { processes: 300, ..small() }, control).await;
    assert_eq!(said(&many), "200");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_files_and_other_resources_are_lambdas() {
    let Some(house) = House::open().await else { return };
    let source = "import resource as r\n\
        print([r.getrlimit(x) for x in (r.RLIMIT_NOFILE, r.RLIMIT_NPROC, r.RLIMIT_STACK, r.RLIMIT_MEMLOCK, r.RLIMIT_CORE)])\n\
        n = 0\n\
        try:\n\
        \x20   files = []\n\
        \x20   while True: files.append(open('/dev/null')); n += 1\n\
        except OSError as e: print(n, e.errno)";
    let output = house.python(source).await;
    // A host that allows no core, as under sudo, gives none on.
    let core = rustix::process::getrlimit(rustix::process::Resource::Core).maximum.map_or(1, |most| most.min(1));
    let limits = format!("[(1024, 1024), (1024, 1024), (8388608, 8388608), (65536, 65536), ({core}, {core})]");
    assert_eq!(said(&output), format!("{limits}\n1021 {}", libc::EMFILE));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tmp_has_the_asked_size() {
    let Some(house) = House::open().await else { return };
    let source = "import os\nf = open('/tmp/x', 'wb', 0); n = 0\n\
        try:\n\
        \x20   while True: n += f.write(bytes(1 << 20))\n\
        except OSError as e: print(n >> 20, e.errno)";
    let output = house.python(source).await;
    let (mebibytes, errno) = said(&output).split_once(' ').unwrap();
    assert_eq!(errno, libc::ENOSPC.to_string());
    let mebibytes: u64 = mebibytes.parse().unwrap();
    assert!((32..48).contains(&mebibytes), "{mebibytes} MiB fit into 32");
    house.close().await;
}
