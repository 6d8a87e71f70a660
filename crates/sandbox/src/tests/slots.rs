//! What a slot keeps over its trees, and what it keeps from other slots.

use super::*;
use crate::{Error, ExitStatus, LINK_LOCAL};

#[tokio::test(flavor = "multi_thread")]
async fn tmp_survives_a_kill_and_processes_do_not() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let source = "import signal; open('/tmp/kept', 'w').write('from before'); print('up', flush=True); signal.pause()";
    let mut first = Talking::from(slot.start(spec(source)).await.unwrap());
    line(&mut first).await;
    assert!(matches!(slot.start(spec("")).await, Err(Error::AlreadyRunning)));
    slot.kill().await.unwrap();
    assert_eq!(first.process.wait().await.status, ExitStatus::Signal(9));
    let again = slot.start(spec("import os; print(open('/tmp/kept').read(), os.getpid())")).await.unwrap();
    assert_eq!(line(&mut again.into()).await, "from before 2");
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joined_process_shares_the_tree() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    assert!(matches!(slot.join(python("")).await, Err(Error::NotRunning)));
    let mut main =
        Talking::from(slot.start(spec("import signal; print('up', flush=True); signal.pause()")).await.unwrap());
    line(&mut main).await;
    let source = "import os; os.kill(MAIN, 15); print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit())[0])";
    let joined = slot.join(python(&source.replace("MAIN", &main.process.pid().to_string()))).await.unwrap();
    assert_eq!(main.process.wait().await.status, ExitStatus::Signal(15));
    assert_eq!(joined.process.wait().await.status, ExitStatus::Code(0));
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_of_a_tree_can_be_killed() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let source = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()";
    let mut stubborn = Talking::from(slot.start(spec(source)).await.unwrap());
    line(&mut stubborn).await;
    let mut other = Talking::from(slot.join(python("print('up', flush=True); input()")).await.unwrap());
    line(&mut other).await;
    stubborn.process.kill().await.unwrap();
    assert_eq!(stubborn.process.wait().await.status, ExitStatus::Signal(9));
    // Its input is at its end from the beginning: it has ended by itself, and not by a signal.
    assert_eq!(other.process.wait().await.status, ExitStatus::Code(1));
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_reaches_a_listener_inside_by_the_slots_network_alone() {
    use tokio::io::AsyncReadExt;
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let source = "import socket; s = socket.create_server(('sandbox.localdomain', 4243)); print('up', flush=True); \
                  c, _ = s.accept(); c.sendall(b'from inside')";
    let mut inside = Talking::from(slot.start(spec(source)).await.unwrap());
    assert_eq!(line(&mut inside).await, "up");
    let network = slot.way_in().unwrap();
    let address = std::net::SocketAddr::from((network.address(), 4243));
    let connect = async |network: &crate::WayIn| {
        let socket = std::net::TcpStream::from(network.socket().await.unwrap());
        tokio::net::TcpSocket::from_std_stream(socket).connect(address).await
    };
    // The control: at the same address in another slot's network there is nobody.
    let other = house.sandbox.slot(small()).await.unwrap();
    let refused = connect(&other.way_in().unwrap()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let mut stream = connect(&network).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "from inside");
    other.destroy().await.unwrap();
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_slots_have_nothing_in_common() {
    let Some(house) = House::open().await else { return };
    let (first, second) = tokio::join!(house.sandbox.slot(small()), house.sandbox.slot(small()));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.uid(), second.uid());
    // Both live until the end: what is given back is given out again, under the same number.
    let source = "import os, signal; open('/tmp/mine', 'w'); print(sorted(os.stat('/proc/self/ns/' + n).st_ino for n in os.listdir('/proc/self/ns')), os.listdir('/tmp'), flush=True); signal.pause()";
    let mut one = Talking::from(first.start(spec(source)).await.unwrap());
    let mut two = Talking::from(second.start(spec(source)).await.unwrap());
    let (one, two) = (line(&mut one).await, line(&mut two).await);
    let namespaces = |line: &str| -> Vec<String> {
        line.split_once(']').unwrap().0.trim_start_matches('[').split(", ").map(str::to_owned).collect()
    };
    let shared = namespaces(&one).into_iter().filter(|inode| namespaces(&two).contains(inode)).count();
    // Left in common: user, time and time for children; nobody can make or enter another of those.
    assert_eq!(shared, 3, "{one} {two}");
    assert!(two.ends_with("['mine']"));
    first.destroy().await.unwrap();
    second.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_accepts_from_inside_the_slots_network() {
    let Some(house) = House::open().await else { return };
    let address = (LINK_LOCAL, 9001).into();
    let slots = [(); 2].map(|()| house.sandbox.slot(SlotSpec { listen: vec![address], ..small() }));
    for slot in slots {
        let slot = slot.await.unwrap();
        let listener = tokio::net::TcpListener::from_std(slot.take_listeners().remove(0)).unwrap();
        assert!(slot.take_listeners().is_empty());
        let source = "import socket; s = socket.create_connection(('169.254.100.1', 9001)); print(s.recv(9).decode())";
        let mut talking = Talking::from(slot.start(spec(source)).await.unwrap());
        let (mut accepted, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.ip(), LINK_LOCAL);
        tokio::io::AsyncWriteExt::write_all(&mut accepted, b"from host").await.unwrap();
        assert_eq!(line(&mut talking).await, "from host");
        slot.destroy().await.unwrap();
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_isolation_listeners_are_on_free_ports_of_the_host() {
    let Some(house) = House::open().await else { return };
    let off = SlotSpec { isolation: Isolation::Off, listen: vec![(LINK_LOCAL, 9001).into()], ..small() };
    let slot = house.sandbox.slot(off).await.unwrap();
    let listener = tokio::net::TcpListener::from_std(slot.take_listeners().remove(0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let source = format!("import socket; socket.create_connection(('127.0.0.1', {port}))");
    let started = slot.start(spec(&source)).await.unwrap();
    listener.accept().await.unwrap();
    assert_eq!(started.process.wait().await.status, ExitStatus::Code(0));
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_slot_makes_no_progress_and_can_be_killed() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let mut talking = Talking::from(slot.start(spec("print('busy', flush=True)\nwhile True: pass")).await.unwrap());
    line(&mut talking).await;
    slot.freeze().await.unwrap();
    let frozen = progress(&slot).await;
    assert_eq!(frozen, Duration::ZERO);
    slot.thaw().await.unwrap();
    // The control: thawed, it goes on.
    while progress(&slot).await.is_zero() {}
    slot.freeze().await.unwrap();
    slot.kill().await.unwrap();
    assert_eq!(talking.process.wait().await.status, ExitStatus::Signal(9));
    let again = slot.start(spec("print('again')")).await.unwrap();
    assert_eq!(line(&mut again.into()).await, "again");
    slot.destroy().await.unwrap();
    house.close().await;
}

async fn progress(slot: &crate::Slot) -> Duration {
    let before = slot.usage().await.unwrap().cpu;
    Clock::wall().sleep(Duration::from_millis(100)).await;
    slot.usage().await.unwrap().cpu - before
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_does_not_outlive_its_tree() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    let source = "import os, signal\n\
        if os.fork() == 0:\n\
        \x20   os.setsid()\n\
        \x20   if os.fork() == 0: signal.signal(15, signal.SIG_IGN); print('daemon', flush=True); signal.pause()\n\
        \x20   os._exit(0)\n\
        os.wait()";
    let mut talking = Talking::from(slot.start(spec(source)).await.unwrap());
    assert_eq!(line(&mut talking).await, "daemon");
    assert_eq!(talking.process.wait().await.status, ExitStatus::Code(0));
    assert_eq!(slot.usage().await.unwrap().processes, 1);
    slot.kill().await.unwrap();
    assert_eq!(slot.usage().await.unwrap().processes, 0);
    slot.destroy().await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_was_given_up_leaves_nothing_running() {
    let Some(house) = House::open().await else { return };
    let slot = house.sandbox.slot(small()).await.unwrap();
    // Given up at its first, second, third... wait, until it is not given up.
    for polls in 1.. {
        let mut start = Box::pin(slot.start(spec("print('up')")));
        let mut left = polls;
        let given_up = std::future::poll_fn(|context| {
            left -= 1;
            match start.as_mut().poll(context) {
                std::task::Poll::Ready(started) => std::task::Poll::Ready(Some(started)),
                std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(None),
                std::task::Poll::Pending => std::task::Poll::Pending,
            }
        });
        let started = given_up.await;
        drop(start);
        slot.kill().await.unwrap();
        assert_eq!(slot.usage().await.unwrap().processes, 0);
        if started.is_some() {
            assert!(polls > 1, "it was never given up");
            break;
        }
    }
    slot.destroy().await.unwrap();
    house.close().await;
}
