//! What an ordinary user can isolate.

#![expect(clippy::disallowed_methods, reason = "what the host allows stands in files of /proc")]

use std::fs;

use super::Look;
use crate::cgroup;
use crate::identity::Identity;

/// Switches by which hosts keep user namespaces from users: the file, the value that forbids, and what lifts it.
const SWITCHES: &[(&str, &str, &str)] = &[
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with `userns,` for this program",
    ),
];

/// The one mount below /proc that hides nothing.
const HARMLESS: &str = "/proc/sys/fs/binfmt_misc";

pub(super) fn namespaces() -> Look {
    if !std::path::Path::new("/proc/self/ns/user").exists() {
        return Err(("the kernel has none".to_owned(), "use a kernel with CONFIG_USER_NS, or run it as root"));
    }
    let forbids = |file: &str, value: &str| fs::read_to_string(file).is_ok_and(|text| text.trim() == value);
    match SWITCHES.iter().find(|(file, value, _)| forbids(file, value)) {
        None => Ok("users may make them".to_owned()),
        Some((file, value, fix)) => Err((format!("{file} is {value}"), fix)),
    }
}

/// In a user namespace the kernel mounts no /proc that shows more than the one that is there.
pub(super) fn proc() -> Look {
    let fix = "run it outside of a container, or show the container the whole /proc (docker: --security-opt \
               systempaths=unconfined)";
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|error| (error.to_string(), fix))?;
    match covered(&mounts) {
        None => Ok("nothing of it is covered".to_owned()),
        Some(path) => Err((format!("{path} is covered"), fix)),
    }
}

fn covered(mountinfo: &str) -> Option<&str> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4));
    points.into_iter().find(|point| point.starts_with("/proc/") && *point != HARMLESS)
}

pub(super) fn root() -> Look {
    let uid = rustix::process::geteuid().as_raw();
    let fix = "run it as root for a /tmp on disk, limits that always hold, and a network";
    Err((format!("running as uid {uid}: functions live in a user namespace, their /tmp in memory"), fix))
}

pub(super) fn uids() -> Look {
    match Identity::find().count() {
        Some(count) => Ok(format!("{count} from /etc/subuid and /etc/subgid")),
        None => Err((
            "none: all functions run as this very user, and only their namespaces keep them apart; the number of \
             processes is limited for all of them together"
                .to_owned(),
            "install the package uidmap, and give the user 65536 uids: usermod --add-subuids 100000-165535 \
             --add-subgids 100000-165535 USER",
        )),
    }
}

pub(super) fn control_groups() -> Look {
    let fix = "start it with: systemd-run --user --scope -p Delegate=yes lambdad serve (a host with control groups of \
               version 2)";
    cgroup::survey_as_user().map_err(|why| {
        let lacks = "memory is limited for each process by itself, cpu not at all; out of memory is told to the program \
                     instead of ending it, and idle environments are not frozen";
        (format!("{why}: {lacks}"), fix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_covered_proc_is_seen() {
        let host = "21 26 0:20 / /proc rw - proc proc rw\n31 21 0:28 / /proc/sys/fs/binfmt_misc rw - autofs x rw\n";
        assert_eq!(covered(host), None);
        let container = format!("{host}40 21 0:50 / /proc/acpi ro - tmpfs tmpfs ro\n");
        assert_eq!(covered(&container), Some("/proc/acpi"));
    }
}
