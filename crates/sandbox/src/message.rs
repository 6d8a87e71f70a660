//! What the host, the helper and the inits say to each other. All three are the same binary, so there are no versions.

use std::io;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::cgroup::{DoorPlan, Plan as Groups};
use crate::gateway::Plan;
use crate::spec::ExitStatus;

/// Bytes of a path, an argument or a variable: not always UTF-8.
pub(crate) type Bytes = Vec<u8>;

/// From the host to the helper.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// First of all; with the lock of the state directory. `groups` is `None` where nothing can be contained.
    /// An ordinary user's helper makes a user namespace.
    Hello {
        state_dir: Bytes,
        groups: Option<Groups>,
        as_user: bool,
    },
    /// Then; now uids have a meaning.
    Settle,
    /// Makes the way out; answered with what holds it.
    Gateway(Plan),
    /// The same, made by a helper that has died; with what holds it.
    Adopt(Plan),
    /// Answered with the namespace of one network; `way_out` is the number of its address.
    Network {
        way_out: Option<u32>,
    },
    /// With a namespace; answered with the listeners.
    Listen {
        listen: Vec<SocketAddr>,
    },
    /// A `/tmp` in memory, for the slot of that number.
    MakeTmp {
        number: u32,
        bytes: u64,
    },
    DropTmp {
        number: u32,
    },
    /// With a network's namespace; answered with a TCP socket that lies in it.
    Socket,
    /// With the descriptors that [`Boot`] names; answered with the init's pidfd.
    Boot(Boot),
}

/// A question and its number.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) id: u64,
    pub(crate) ask: Ask,
}

/// The answer to the question of that number.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) id: u64,
    pub(crate) answer: Answer,
}

/// From the helper to the host: one for each [`Ask`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Done,
    Failed(Failure),
}

/// A step that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) step: String,
    pub(crate) errno: i32,
    /// In words, where there is no errno.
    pub(crate) words: String,
}

/// Makes a tree: its first process, the init, and the root that all of it sees. Comes with the init's end of its
/// channel, and then with those of [`House`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Boot {
    /// `None` for `Isolation::Off`.
    pub(crate) house: Option<House>,
}

/// What contains a tree. Its descriptors, in this order: the network namespace, then those of `doors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct House {
    pub(crate) uid: u32,
    pub(crate) files: u64,
    pub(crate) processes: u64,
    pub(crate) hostname: String,
    /// Of the control groups.
    pub(crate) doors: DoorPlan,
    /// Whether the second wall is raised, where the kernel has it.
    pub(crate) landlock: bool,
    /// What stands instead of the standard root; empty if nothing does.
    pub(crate) root: Bytes,
    pub(crate) tmp: TmpPlan,
    /// `None` for root's.
    pub(crate) user: Option<UserPlan>,
    pub(crate) binds: Vec<BindPlan>,
    /// `/etc/resolv.conf`.
    pub(crate) resolv_conf: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TmpPlan {
    /// An empty one that nobody can write to.
    None,
    /// A block device.
    Disk(Bytes),
    /// Of the slot of that number, in the helper's keeping.
    Memory(u32),
}

/// What is different in the tree of an ordinary user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserPlan {
    /// The user's own groups cannot be left.
    pub(crate) keeps_groups: bool,
    /// Where no control group limits the slot's memory, this limits that of each process.
    pub(crate) data_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BindPlan {
    pub(crate) source: Bytes,
    pub(crate) target: Bytes,
    pub(crate) read_only: bool,
}

/// From the host to an init.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Order {
    Start(Start),
    Signal { id: u32, signal: i32 },
}

/// With the descriptors of standard output and error, then one for each of `fd_numbers`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) id: u32,
    pub(crate) argv: Vec<Bytes>,
    /// `KEY=value`.
    pub(crate) env: Vec<Bytes>,
    pub(crate) cwd: Bytes,
    pub(crate) fd_numbers: Vec<i32>,
}

/// From an init to the host.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The root stands.
    Ready,
    /// It does not; the init ends.
    NotReady(Failure),
    Started {
        id: u32,
        pid: u32,
    },
    NotStarted {
        id: u32,
        failure: Failure,
    },
    Exited {
        id: u32,
        status: ExitStatus,
        /// What it had of memory at its highest, mapped files included.
        peak_bytes: u64,
    },
}

impl Failure {
    pub(crate) fn new(step: impl Into<String>, error: &io::Error) -> Self {
        let words = if error.raw_os_error().is_some() { String::new() } else { error.to_string() };
        Self { step: step.into(), errno: error.raw_os_error().unwrap_or(0), words: words.chars().take(256).collect() }
    }

    pub(crate) fn source(&self) -> io::Error {
        if self.errno == 0 { io::Error::other(self.words.clone()) } else { io::Error::from_raw_os_error(self.errno) }
    }
}

/// Names the step that failed.
pub(crate) trait Step<T> {
    fn step(self, name: &str) -> Result<T, Failure>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, name: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(name, &error.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::channel::{decode, encode};

    fn starts() -> impl Strategy<Value = Start> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        let many = || proptest::collection::vec(bytes(), 0..5);
        (any::<u32>(), many(), many(), bytes(), proptest::collection::vec(any::<i32>(), 0..4))
            .prop_map(|(id, argv, env, cwd, fd_numbers)| Start { id, argv, env, cwd, fd_numbers })
    }

    /// Whether any of the three could take it for something.
    fn is_understood(bytes: &[u8]) -> bool {
        let for_helper = decode::<Asked>(bytes).is_ok() || decode::<Answered>(bytes).is_ok();
        let for_init = decode::<Boot>(bytes).is_ok() || decode::<Order>(bytes).is_ok();
        for_helper || for_init || decode::<Report>(bytes).is_ok()
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_decoded_or_refused(noise: Vec<u8>, start in starts(), at: prop::sample::Index, to: u8) {
            let _whatever = is_understood(&noise);
            let mut bytes = encode(&Order::Start(start)).expect("encodes");
            let at = at.index(bytes.len());
            prop_assert!(!is_understood(&bytes[..at]), "half a message is none");
            bytes[at] = to;
            let _whatever = is_understood(&bytes);
        }

        #[test]
        fn an_order_comes_back(start in starts()) {
            let order = Order::Start(start);
            let bytes = encode(&order).expect("encodes");
            prop_assert_eq!(decode::<Order>(&bytes).expect("decodes"), order);
        }

        #[test]
        fn a_house_comes_back(uid: u32, hostname: String, source: Vec<u8>, read_only: bool) {
            let root = source.clone();
            let bind = BindPlan { target: source.clone(), source, read_only };
            let house = House {
                uid,
                files: 1,
                processes: 2,
                hostname,
                root,
                landlock: read_only,
                doors: DoorPlan::default(),
                tmp: TmpPlan::Disk(vec![255]),
                user: Some(UserPlan { keeps_groups: read_only, data_bytes: None }),
                binds: vec![bind],
                resolv_conf: String::new(),
            };
            let bytes = encode(&house).expect("encodes");
            prop_assert_eq!(decode::<House>(&bytes).expect("decodes"), house);
        }

        #[test]
        fn a_report_comes_back(id: u32, code: i32, step: String) {
            let failure = Failure { step, errno: code, words: String::new() };
            for report in [
                Report::Exited { id, status: ExitStatus::Code(code), peak_bytes: 7 },
                Report::NotStarted { id, failure },
            ] {
                let bytes = encode(&report).expect("encodes");
                prop_assert_eq!(decode::<Report>(&bytes).expect("decodes"), report);
            }
        }
    }
}
