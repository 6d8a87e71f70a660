//! The way out: where environments get to and where they do not, each refusal with its control, and that nothing is left.

use std::net::Ipv4Addr;

use super::world::*;
use super::*;
use crate::netlink::Socket;
use crate::netlink::filter::{empty_chain, remove_table};
use crate::{Cidr, ExitStatus, Nat};

/// Prints what each of the addresses in ADDRESSES (separated by commas) answers, or the number of the error.
const ASK: &str = "import socket\n\
    def ask(address):\n\
    \x20   host, port = address.split(':')\n\
    \x20   try:\n\
    \x20       with socket.create_connection((host, int(port)), 5) as s: return s.recv(99).decode()\n\
    \x20   except OSError as e: return str(e.errno)\n\
    print(','.join(ask(a) for a in 'ADDRESSES'.split(',')))";

fn ask(addresses: &[(Ipv4Addr, u16)]) -> String {
    let addresses: Vec<String> = addresses.iter().map(|(address, port)| format!("{address}:{port}")).collect();
    ASK.replace("ADDRESSES", &addresses.join(","))
}

const REFUSED: &str = "113";

fn nat() -> Nat {
    Nat { name_servers: vec![Ipv4Addr::new(203, 0, 113, 53)], ..Nat::default() }
}

fn block(text: &str) -> Cidr {
    text.parse().unwrap()
}

impl House {
    /// What nobody does but a test: the walls are gone, the way stays.
    fn take_walls_down(&self) {
        let gateway = self.sandbox.networks().gateway();
        Namespace::of(&gateway[0]).within(|| remove_table(&Socket::filter().unwrap(), "filter").unwrap());
        let owner = Socket::from_fd(gateway[1].try_clone().unwrap());
        let name = self.table();
        for chain in ["prerouting", "input", "forward"] {
            empty_chain(&owner, &name, chain).unwrap();
        }
    }

    fn table(&self) -> String {
        use std::os::unix::fs::MetadataExt;
        let state = std::fs::metadata(self.state_dir()).unwrap();
        crate::gateway::Plan::name(state.dev(), state.ino())
    }
}

#[test]
fn the_world_is_reached_and_sees_the_hosts_address() {
    on_a_host(async |world| {
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        let asked = ask(&[(SERVER, PORT), (PRIVATE_SERVER, PORT)]);
        assert_eq!(said(&house.python(&asked).await), format!("{HOST},{HOST}"));
        // By IPv4 alone: there is no other address beside loopback's.
        let others = "print([line.split()[-1] for line in open('/proc/net/if_inet6')])";
        assert_eq!(said(&house.python(others).await), "['lo']");
        house.close().await;
        assert_eq!(world.of_host(), untouched());
        // The control: without a way out there is none.
        let Some(house) = House::open().await else { return };
        assert_eq!(said(&house.python(&asked).await), "101,101");
        house.close().await;
    });
}

#[test]
fn a_slot_that_wants_no_way_out_has_none() {
    on_a_host(async |_world| {
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        let asked = ask(&[(SERVER, PORT)]);
        let closed = SlotSpec { way_out: false, ..small() };
        assert_eq!(said(&house.run(closed, spec(&asked)).await), "101");
        // The control: those beside it have one.
        assert_eq!(said(&house.python(&asked).await), HOST.to_string());
        house.close().await;
    });
}

#[test]
fn nothing_of_the_hosts_and_nothing_link_local_is_reached() {
    on_a_host(async |_world| {
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        tell_who_asks((Ipv4Addr::UNSPECIFIED, PORT).into());
        // The host's addresses, those of its link to the gateway, and what clouds tell their machines.
        let [near, gateway] = [1, 2].map(|number| block("10.213.0.0/16").nth(number).unwrap());
        let targets = [HOST, HOST_TOO, near, METADATA].map(|address| (address, PORT));
        let asked = ask(&targets);
        assert_eq!(said(&house.python(&asked).await), [REFUSED; 4].join(","));
        // Its loopback is another one; the gateway has nothing that listens and does not answer.
        let unreachable = ask(&[(Ipv4Addr::LOCALHOST, PORT)]);
        assert_eq!(said(&house.python(&unreachable).await), "111");
        Namespace::of(&house.sandbox.networks().gateway()[0]).within(|| tell_who_asks((gateway, PORT).into()));
        let quick = ask(&[(gateway, PORT)]).replace("int(port)), 5)", "int(port)), 0.5)");
        assert_eq!(said(&house.python(&quick).await), "None");

        house.take_walls_down();
        let own = said(&house.python(&asked).await).to_owned();
        let answers: Vec<&str> = own.split(',').collect();
        assert!(answers[..3].iter().all(|answer| block("10.213.0.0/16").contains(answer.parse().unwrap())), "{own}");
        assert_eq!(answers[3], HOST.to_string());
        assert!(said(&house.python(&quick).await).starts_with("10.213."));
        house.close().await;
    });
}

#[test]
fn nobody_else_takes_the_walls_down() {
    on_a_host(async |world| {
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        let name = house.table();
        let strangers = Socket::filter().unwrap();
        let refused = remove_table(&strangers, &name).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::EPERM));
        assert_eq!(empty_chain(&strangers, &name, "prerouting").unwrap_err().raw_os_error(), Some(libc::EPERM));
        // What `nft flush ruleset` does: all tables go that may.
        remove_table(&strangers, "").unwrap();
        assert_eq!(world.of_host().1, std::slice::from_ref(&name));
        // The control: their owner may.
        let owner = Socket::from_fd(house.sandbox.networks().gateway()[1].try_clone().unwrap());
        remove_table(&owner, &name).unwrap();
        assert_eq!(world.of_host().1, [] as [String; 0]);
        house.close().await;
    });
}

#[test]
fn another_environment_is_not_reached() {
    on_a_host(async |world| {
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        let other = house.sandbox.slot(small()).await.unwrap();
        let listening = "import socket\n\
            s = socket.create_server(('0.0.0.0', 8080))\n\
            c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.connect(('203.0.113.1', 1))\n\
            print(c.getsockname()[0], flush=True)\n\
            while True:\n\
            \x20   c, a = s.accept(); c.sendall(a[0].encode()); c.close()";
        let mut talking = Talking::from(other.start(spec(listening)).await.unwrap());
        let address: Ipv4Addr = line(&mut talking).await.parse().unwrap();
        let asked = ask(&[(address, 8080)]);
        assert_eq!(said(&house.python(&asked).await), REFUSED);
        // Nor does the host begin to talk to one, or whoever is behind it.
        let from_host = |wait| {
            let to = (address, 8080).into();
            std::net::TcpStream::connect_timeout(&to, Duration::from_millis(wait)).map(|_| ()).map_err(|e| e.kind())
        };
        assert_eq!(world.host.within(|| from_host(300)), Err(std::io::ErrorKind::TimedOut));

        house.take_walls_down();
        assert!(said(&house.python(&asked).await).starts_with("10.213."));
        assert_eq!(world.host.within(|| from_host(5_000)), Ok(()));
        other.destroy().await.unwrap();
        house.close().await;
    });
}

#[test]
fn what_an_operator_denies_is_refused_but_for_what_is_allowed() {
    on_a_host(async |_world| {
        let deny = vec![block("10.0.0.0/8"), block("203.0.113.0/24")];
        let asked = ask(&[(SERVER, PORT), (PRIVATE_SERVER, PORT), (METADATA, PORT)]);
        for (allow, expected) in [
            (vec![], [REFUSED; 3]),
            (vec![Cidr::one(PRIVATE_SERVER)], [REFUSED, "198.51.100.1", REFUSED]),
            (vec![block("0.0.0.0/0")], ["198.51.100.1", "198.51.100.1", REFUSED]),
        ] {
            let network = Network::Nat(Nat { allow, deny: deny.clone(), ..nat() });
            let Some(house) = House::open_with(network).await else { return };
            assert_eq!(said(&house.python(&asked).await), expected.join(","));
            house.close().await;
        }
    });
}

#[test]
fn a_name_server_is_asked_wherever_it_is_and_nothing_else_of_it() {
    on_a_host(async |world| {
        world.internet.within(|| {
            tell_who_asks((METADATA, 53).into());
            tell_who_sends((METADATA, 53).into());
        });
        let network = Network::Nat(Nat { name_servers: vec![METADATA], ..Nat::default() });
        let Some(house) = House::open_with(network).await else { return };
        let source = format!(
            "{}\nprint(open('/etc/resolv.conf').read().strip())\n\
             s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)\n\
             s.sendto(b'?', ('{METADATA}', 53)); print(s.recv(99).decode())",
            ask(&[(METADATA, 53), (METADATA, PORT)])
        );
        let expected = format!("{HOST},{REFUSED}\nnameserver {METADATA}\n{HOST}");
        assert_eq!(said(&house.python(&source).await), expected);
        house.close().await;
    });
}

#[test]
fn an_environment_has_only_so_many_flows() {
    on_a_host(async |world| {
        world.internet.within(|| tell_who_sends((SERVER, 9).into()));
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        // One descriptor, and a flow for each port that it talks to.
        let source = |count: u32| {
            format!(
                "import socket\n\
                 s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
                 for port in range(10_000, 10_000 + {count}):\n\
                 \x20   try: s.sendto(b'x', ('{PRIVATE_SERVER}', port))\n\
                 \x20   except OSError: pass\n\
                 c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.settimeout(1); c.connect(('{SERVER}', 9))\n\
                 try: c.send(b'?'); print(c.recv(99).decode())\n\
                 except OSError as e: print(type(e).__name__)"
            )
        };
        // The kernel says so only now and then, so that it is an error or silence.
        let refused = house.python(&source(base::limits::environment::FLOWS + 200)).await;
        assert!(["OSError", "TimeoutError"].contains(&said(&refused)), "{}", said(&refused));
        // The control; and the flows of one are not those of another.
        let below = house.python(&source(base::limits::environment::FLOWS - 200)).await;
        assert_eq!(said(&below), HOST.to_string());
        house.close().await;
    });
}

#[test]
fn an_environment_sends_only_so_fast() {
    on_a_host(async |world| {
        world.internet.within(|| {
            let listener = std::net::TcpListener::bind((SERVER, 7)).unwrap();
            std::thread::spawn(move || {
                while let Ok((mut stream, _)) = listener.accept() {
                    std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
                }
            });
        });
        // What is sent and taken within a second, in KiB.
        let source = format!(
            "import fcntl, socket, struct, termios, time\n\
             s = socket.create_connection(('{SERVER}', 7)); end = time.monotonic() + 1; sent = 0\n\
             s.settimeout(0.2)\n\
             while time.monotonic() < end:\n\
             \x20   try: sent += s.send(bytes(65536))\n\
             \x20   except TimeoutError: pass\n\
             left = struct.unpack('i', fcntl.ioctl(s, termios.TIOCOUTQ, bytes(4)))[0]\n\
             print((sent - left) // 1024)"
        );
        let mut taken = Vec::new();
        for rate in [Some(1 << 20), None] {
            let Some(house) = House::open_with(Network::Nat(Nat { rate, ..nat() })).await else { return };
            taken.push(said(&house.python(&source).await).parse::<u64>().unwrap());
            house.close().await;
        }
        assert!((64..3_072).contains(&taken[0]), "{taken:?} KiB in a second at 1,024");
        assert!(taken[1] > 8_192, "the control: {taken:?} KiB in a second");
    });
}

#[test]
fn two_sandboxes_of_a_host_are_apart_and_the_last_one_switches_forwarding_off() {
    on_a_host(async |world| {
        let Some(one) = House::open_with(Network::Nat(nat())).await else { return };
        let Some(other) = House::open_with(Network::Nat(nat())).await else { return };
        let asked = ask(&[(SERVER, PORT)]);
        for house in [&one, &other] {
            assert_eq!(said(&house.python(&asked).await), HOST.to_string());
        }
        let other_address = block("10.214.0.0/16").nth(4).unwrap();
        let talking = "import signal, socket\ns = socket.create_server(('0.0.0.0', 8080)); print('up', flush=True); signal.pause()";
        let slot = other.sandbox.slot(small()).await.unwrap();
        line(&mut Talking::from(slot.start(spec(talking)).await.unwrap())).await;
        let across = ask(&[(other_address, 8080)]).replace("int(port)), 5)", "int(port)), 0.5)");
        assert_eq!(said(&one.python(&across).await), "None");
        slot.destroy().await.unwrap();
        one.close().await;
        assert_eq!(said(&other.python(&asked).await), HOST.to_string());
        assert_eq!(world.of_host().2, "1");
        other.close().await;
        assert_eq!(world.of_host(), untouched());
    });
}

#[test]
fn a_host_that_forwards_already_goes_on() {
    on_a_host(async |world| {
        world.host.within(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap());
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        house.close().await;
        assert_eq!(world.of_host().2, "1");
    });
}

#[test]
fn a_range_that_overlaps_with_the_hosts_networks_is_refused() {
    on_a_host(async |world| {
        let directory = tempfile::tempdir().unwrap();
        let network = Network::Nat(Nat { range: Some(block("198.51.0.0/16")), ..nat() });
        let config = Config { network, ..config(directory.path().join("state")) };
        let opened = Sandbox::open(config, Tasks::new(), Clock::wall()).await;
        assert!(matches!(opened, Err(crate::Error::NetworkRange { .. })));
        assert_eq!(world.of_host(), untouched());
    });
}

#[test]
fn with_the_hosts_network_the_listeners_are_private() {
    on_a_host(async |world| {
        let Some(house) = House::open_with(Network::Host).await else { return };
        tell_who_asks((Ipv4Addr::LOCALHOST, PORT).into());
        let listen = vec![(crate::LINK_LOCAL, 9001).into()];
        let (one, other) = (SlotSpec { listen: listen.clone(), ..small() }, SlotSpec { listen, ..small() });
        let one = house.sandbox.slot(one).await.unwrap();
        let other = house.sandbox.slot(other).await.unwrap();
        let listeners: Vec<_> = [&one, &other].map(|slot| slot.take_listeners().remove(0)).into_iter().collect();
        let addresses: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 9001));
        let source = |address: std::net::SocketAddr| {
            format!(
                "import socket\n\
                 try: socket.create_connection(('{}', {}), 2); print('reached')\n\
                 except OSError as e: print(e.errno)",
                address.ip(),
                address.port()
            )
        };
        let first = async |slot: &crate::Slot, source: &str| {
            let told = line(&mut slot.start(spec(source)).await.unwrap().into()).await;
            slot.kill().await.unwrap();
            told
        };
        assert_eq!(first(&one, &source(addresses[0])).await, "reached");
        assert_eq!(first(&one, &source(addresses[1])).await, REFUSED);
        assert_eq!(first(&other, &source(addresses[1])).await, "reached");
        // The controls: the host's own loopback is shared, and so is what it reaches.
        let shared = ask(&[(Ipv4Addr::LOCALHOST, PORT), (SERVER, PORT)]);
        assert_eq!(first(&one, &shared).await, format!("127.0.0.1,{HOST}"));
        one.destroy().await.unwrap();
        other.destroy().await.unwrap();
        house.close().await;
        drop(listeners);
        assert_eq!(world.of_host().0, untouched().0);
    });
}

#[test]
fn the_end_of_the_helper_takes_no_wall_down_and_the_next_one_knows_the_way() {
    on_a_host(async |world| {
        let Some(house) = House::open_with(Network::Nat(nat())).await else { return };
        tell_who_asks((HOST, PORT).into());
        let slot = house.sandbox.slot(small()).await.unwrap();
        let asked = ask(&[(SERVER, PORT), (HOST, PORT)]);
        let (theirs, ours) = std::io::pipe().unwrap();
        let command =
            python(&format!("import os; print('up', flush=True); os.read(9, 1)\n{asked}")).fd(theirs.into(), 9);
        let mut talking = Talking::from(slot.start(Spec { command, ..spec("") }).await.unwrap());
        assert_eq!(line(&mut talking).await, "up");
        let helper = i32::try_from(house.sandbox.helper_pid().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(helper).unwrap(), rustix::process::Signal::KILL)
            .unwrap();
        std::io::Write::write_all(&mut &ours, b"\n").unwrap();
        assert_eq!(line(&mut talking).await, format!("{HOST},{REFUSED}"));
        assert_eq!(talking.process.wait().await.status, ExitStatus::Code(0));
        slot.destroy().await.unwrap();
        // What is asked of the dead is refused, once.
        while house.sandbox.slot(small()).await.is_err() {}
        for _ in 0..20 {
            assert_eq!(said(&house.python(&asked).await), format!("{HOST},{REFUSED}"));
        }
        house.close().await;
        assert_eq!(world.of_host(), untouched());
    });
}

#[test]
#[ignore = "measures, and asserts nothing: run it alone"]
fn how_long_a_slot_takes() {
    on_a_host(async |_world| {
        for network in [Network::None, Network::Nat(nat())] {
            let Some(house) = House::open_with(network.clone()).await else { return };
            for what in ["cold", "warm"] {
                let mut took = Vec::new();
                for _ in 0..40 {
                    let clock = Clock::wall();
                    let began = clock.instant();
                    let listen = vec![(crate::LINK_LOCAL, 9001).into(), (crate::LINK_LOCAL, 4566).into()];
                    let slot = house.sandbox.slot(SlotSpec { listen, ..small() }).await.unwrap();
                    let made = began.elapsed();
                    line(&mut slot.start(spec("print('up')")).await.unwrap().into()).await;
                    took.push((made, began.elapsed()));
                    slot.destroy().await.unwrap();
                    if what == "warm" {
                        clock.sleep(Duration::from_millis(50)).await;
                    }
                }
                took.sort();
                println!("{what} {network:?}: median {:?}, p90 {:?}", took[20], took[36]);
            }
            house.close().await;
        }
    });
}
