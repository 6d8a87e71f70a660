//! Who an ordinary user's environments are: uids of a range that the host gave the user, or the user himself.
//!
//! The helper makes a user namespace, and the host, who stays outside, writes what a uid means in it. A range takes two
//! set-uid programs (newuidmap, newgidmap of the package uidmap) and a line in /etc/subuid and /etc/subgid each.

#![expect(clippy::disallowed_methods, reason = "the maps are files of /proc, and two programs write them")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM_PATHS: &[&str] = &["/usr/bin", "/bin", "/usr/local/bin"];

/// The user's own uid inside, where there is no other: Lambda's number.
const ALONE: u32 = 1051;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Slots have the uids 1 and up inside; the user himself, who is 0, runs what makes them.
    Range { uids: Subordinates, gids: Subordinates },
    /// All slots run as the user: only their namespaces keep them apart.
    Alone,
}

/// Ids that the host has given a user to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subordinates {
    first: u32,
    count: u32,
}

impl Identity {
    /// What this host gives this user.
    pub(crate) fn find() -> Self {
        let user = rustix::process::geteuid().as_raw();
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = name_of(&passwd, user);
        let given = |file| subordinates(&fs::read_to_string(file).unwrap_or_default(), name, user);
        let able = program("newuidmap").is_some() && program("newgidmap").is_some();
        match (given("/etc/subuid"), given("/etc/subgid")) {
            (Some(uids), Some(gids)) if able => Self::Range { uids, gids },
            _ => Self::Alone,
        }
    }

    /// So many slots can be told apart.
    pub(crate) fn count(&self) -> Option<u32> {
        match self {
            Self::Range { uids, gids } => Some(uids.count.min(gids.count)),
            Self::Alone => None,
        }
    }

    /// The uid inside of the slot of that number, counted from 1.
    pub(crate) fn inside(&self, number: u32) -> u32 {
        match self {
            Self::Range { .. } => number,
            Self::Alone => ALONE,
        }
    }

    /// The user's own uid inside.
    pub(crate) fn own(&self) -> u32 {
        match self {
            Self::Range { .. } => 0,
            Self::Alone => ALONE,
        }
    }

    /// Says what uids mean in the user namespace of the process. Blocks: programs are run.
    pub(crate) fn write(&self, pid: u32) -> io::Result<()> {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        match self {
            Self::Range { uids, gids } => {
                run("newuidmap", pid, uid, *uids)?;
                run("newgidmap", pid, gid, *gids)
            }
            Self::Alone => {
                let write = |name: &str, text: String| fs::write(format!("/proc/{pid}/{name}"), text);
                write("setgroups", "deny".to_owned())?;
                write("uid_map", format!("{ALONE} {uid} 1"))?;
                write("gid_map", format!("{ALONE} {gid} 1"))
            }
        }
    }
}

fn program(name: &str) -> Option<PathBuf> {
    PROGRAM_PATHS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists())
}

fn run(name: &str, pid: u32, own: u32, given: Subordinates) -> io::Result<()> {
    let program = program(name).ok_or(io::ErrorKind::NotFound)?;
    let numbers = [pid, 0, own, 1, 1, given.first, given.count].map(|number| number.to_string());
    let done = Command::new(program).args(numbers).stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
}

fn name_of(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

/// The largest range of the user's in a file of `name:first:count` lines, which may give the uid for the name.
fn subordinates(text: &str, name: Option<&str>, uid: u32) -> Option<Subordinates> {
    let uid = uid.to_string();
    let ranges = text.lines().filter_map(|line| {
        let (whose, range) = line.trim().split_once(':')?;
        let (first, count) = range.split_once(':')?;
        let range = Subordinates { first: first.parse().ok()?, count: count.parse().ok()? };
        (Some(whose) == name || whose == uid).then_some(range)
    });
    ranges.filter(|range| range.count > 0).max_by_key(|range| range.count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_range_is_found_by_name_or_number() {
        let passwd = "root:x:0:0::/root:/bin/sh\nann:x:1000:100::/home:/bin/sh\n";
        assert_eq!(name_of(passwd, 1000), Some("ann"));
        assert_eq!(name_of(passwd, 1001), None);
        let given = "bob:100000:65536\nann:200000:10\n1000:300000:65536\n# ann:1:2\nann:broken:1\n";
        let found = Subordinates { first: 300_000, count: 65_536 };
        assert_eq!(subordinates(given, Some("ann"), 1000), Some(found));
        assert_eq!(subordinates(given, None, 1001), None);
    }

    #[test]
    fn slots_are_told_apart_where_there_are_uids_for_it() {
        let some = Subordinates { first: 100_000, count: 10 };
        let range = Identity::Range { uids: some, gids: Subordinates { count: 7, ..some } };
        assert_eq!((range.count(), range.inside(3)), (Some(7), 3));
        assert_eq!((Identity::Alone.count(), Identity::Alone.inside(3)), (None, 1051));
    }
}
