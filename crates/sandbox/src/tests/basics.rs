//! A program runs, sees what it was given and no more, and its end is told.

use super::*;
use crate::{Error, Exit, ExitStatus, USER_NAME};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_runs_and_its_end_is_told() {
    let Some(house) = House::open().await else { return };
    let output = house.python("import sys; print('hello'); print('oops', file=sys.stderr); sys.exit(7)").await;
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("hello", "oops"));
    assert_eq!(output.exit, Exit { status: ExitStatus::Code(7), out_of_memory: false });
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sees_exactly_what_it_was_given() {
    let Some(house) = House::open().await else { return };
    let source = "import os, socket\n\
        print(sorted(os.environ.items()), os.getcwd(), socket.gethostname(), sorted(map(int, os.listdir('/proc/self/fd'))))";
    let mut spec = spec(source);
    spec.command = Command::new([PYTHON, "-I", "-S", "-c", source]).env("A", "b=c").env("Z", "").cwd("/usr");
    let output = house.run(small(), spec).await;
    // 3 is the directory that is being listed.
    assert_eq!(said(&output), "[('A', 'b=c'), ('LC_CTYPE', 'C.UTF-8'), ('Z', '')] /usr 169-254-100-1 [0, 1, 2, 3]");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_has_its_own_uid_and_no_privilege() {
    let Some(house) = House::open().await else { return };
    let source = "import os, pwd\n\
        keys = ('Cap', 'NoNewPrivs', 'Seccomp:', 'Groups')\n\
        lines = [l.split() for l in open('/proc/self/status') if l.startswith(keys)]\n\
        print(os.getresuid(), os.getresgid(), pwd.getpwuid(os.getuid()).pw_name, lines)";
    let output = house.python(source).await;
    let uid = house.uid_base;
    let none = |name| format!("['{name}:', '0000000000000000']");
    let caps = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(none).join(", ");
    let expected = format!(
        "({uid}, {uid}, {uid}) ({uid}, {uid}, {uid}) {USER_NAME} [['Groups:'], {caps}, ['NoNewPrivs:', '1'], ['Seccomp:', '2']]"
    );
    assert_eq!(said(&output), expected);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_signal_is_blocked_or_ignored() {
    let Some(house) = House::open().await else { return };
    // Not Python: it ignores some by itself.
    let command = Command::new(["/bin/cat", "/proc/self/status"]);
    let output = house.run(small(), Spec { command, ..spec("") }).await;
    for line in ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"] {
        assert!(said(&output).contains(line), "{}", said(&output));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptors_arrive_at_their_numbers() {
    let Some(house) = House::open().await else { return };
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let (_read, other) = std::io::pipe().unwrap();
    let source = "import os, socket\n\
        s = socket.socket(fileno=62); s.sendall(b'from inside'); print(sorted(map(int, os.listdir('/proc/self/fd'))))";
    let mut spec = spec(source);
    spec.command = python(source).fd(theirs.into(), 62).fd(other.into(), 3);
    let output = house.run(small(), spec).await;
    assert_eq!(said(&output), "[0, 1, 2, 3, 4, 62]");
    let mut heard = String::new();
    std::io::Read::read_to_string(&mut &ours, &mut heard).unwrap();
    assert_eq!(heard, "from inside");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binds_show_directories_files_and_sockets_of_the_host() {
    let Some(house) = House::open().await else { return };
    let code = house.directory.path().join("code");
    std::fs::create_dir(&code).unwrap();
    std::fs::write(code.join("handler.py"), "print('handled')").unwrap();
    // A link that points out must lead nowhere: neither when it is read nor when something is bound over it.
    std::os::unix::fs::symlink("/root", code.join("out")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(house.directory.path().join("socket")).unwrap();
    std::fs::write(house.directory.path().join("file"), "written").unwrap();
    let slot = house.sandbox.slot(small()).await.unwrap();
    slot.give(&house.directory.path().join("socket")).unwrap();
    let source = "import os, socket\n\
        exec(open('/var/task/handler.py').read()); print(open('/opt/deep/file').read(), os.path.exists('/var/task/out'))\n\
        socket.socket(socket.AF_UNIX).connect('/var/runtime/socket'); print('connected')\n\
        try: open('/var/task/new', 'w')\n\
        except OSError as e: print(e.errno)";
    let mut spec = spec(source);
    spec.binds = vec![
        Bind::read_only(&code, "/var/task"),
        Bind::read_only(house.directory.path().join("file"), "/opt/deep/file"),
        Bind::read_only(house.directory.path().join("socket"), "/var/runtime/socket"),
    ];
    let started = slot.start(spec).await.unwrap();
    let mut talking = Talking::from(started);
    let mut lines = Vec::new();
    for _ in 0..4 {
        lines.push(line(&mut talking).await);
    }
    assert_eq!(lines, ["handled", "written False", "connected", "30"]);
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_says_which_step() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let absent = Spec { command: Command::new(["/no/such/program"]), ..spec("") };
    match slot.start(absent).await {
        Err(Error::Start { step, source, .. }) => {
            assert_eq!((step.as_str(), source.raw_os_error()), ("execute the program", Some(libc::ENOENT)));
        }
        other => panic!("{other:?}"),
    }
    let unbound = Spec { binds: vec![Bind::read_only("/no/such/source", "/opt")], ..spec("") };
    match slot.start(unbound).await {
        Err(Error::Root { step, .. }) => assert_eq!(step, "take /no/such/source"),
        other => panic!("{other:?}"),
    }
    let relative = Spec { command: Command::new(["./python3"]), ..spec("") };
    assert!(matches!(slot.start(relative).await, Err(Error::Start { .. })));
    let long = Spec { command: python("").env("LONG", OsString::from("x".repeat(1 << 20))), ..spec("") };
    assert!(matches!(slot.start(long).await, Err(Error::RequestTooLarge { .. })));
    // And the slot is none the worse for it.
    let started = slot.start(spec("print('well')")).await.unwrap();
    assert_eq!(line(&mut started.into()).await, "well");
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_wait_and_one_may_give_up() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let mut talking = Talking::from(
        slot.start(spec("import os; print('up', flush=True); os.read(0, 1); import signal; signal.pause()"))
            .await
            .unwrap(),
    );
    line(&mut talking).await;
    let process = talking.process.clone();
    assert!(tokio::time::timeout(Duration::from_millis(1), process.wait()).await.is_err());
    assert_eq!(process.exit(), None);
    let (first, second) = (process.clone(), process.clone());
    let both = async { tokio::join!(first.wait(), second.wait()) };
    let (ended, terminated) = tokio::join!(both, process.terminate());
    terminated.unwrap();
    let by_term = Exit { status: ExitStatus::Signal(libc::SIGTERM), out_of_memory: false };
    assert_eq!(ended, (by_term, by_term));
    assert_eq!(process.exit(), Some(by_term));
    process.terminate().await.unwrap();
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_and_time_of_a_run_have_limits() {
    let Some(house) = House::open().await else { return };
    let talk = spec("print('x' * 1_000_000)");
    let output = house.sandbox.run(small(), talk, 1000, MINUTE).await.unwrap();
    assert_eq!((output.stdout.len(), output.timed_out), (1000, false));
    let sleep = spec("import signal; signal.pause()");
    let output = house.sandbox.run(small(), sleep, 1000, Duration::from_millis(200)).await.unwrap();
    assert!(output.timed_out);
    assert_eq!(output.exit, Exit { status: ExitStatus::Signal(libc::SIGKILL), out_of_memory: false });
    house.close().await;
}
