//! A second wall behind the tree of mounts: what the root shows may be read, and a few places be written, whatever path or
//! descriptor leads to a file. A hole in the first wall then leads to nothing. Where the kernel has no landlock it stands
//! alone, and `probe` says so.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    path_beneath_rules,
};

use crate::message::House;

/// What is asked for; an older kernel enforces what it knows of it.
const NEWEST: ABI = ABI::V5;

/// Written by everybody: the slot's own disk and memory.
const WRITABLE: &[&str] = &["/tmp", "/dev/shm"];
/// Devices and the files of processes are written, and none is made there.
const SPECIAL: &[&str] = &["/dev", "/proc"];

/// From here on it holds for this process and all of its descendants. The root must stand: nothing can be mounted any
/// more.
pub(super) fn raise(house: &House) -> io::Result<()> {
    if house.landlock { restrict(house).map_err(io::Error::other) } else { Ok(()) }
}

fn restrict(house: &House) -> Result<(), RulesetError> {
    let all = AccessFs::from_all(NEWEST);
    let own = WRITABLE.iter().map(Path::new);
    let given = house.binds.iter().filter(|bind| !bind.read_only).map(|bind| super::root::path(&bind.target));
    let given: Vec<_> = given.collect();
    Ruleset::default()
        .handle_access(all)?
        .create()?
        .add_rules(path_beneath_rules(["/"], AccessFs::from_read(NEWEST)))?
        .add_rules(path_beneath_rules(SPECIAL, written()))?
        .add_rules(path_beneath_rules(own.chain(given.iter().map(AsRef::as_ref)), all))?
        .restrict_self()?;
    Ok(())
}

fn written() -> BitFlags<AccessFs> {
    AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev
}

/// The newest version of what we ask for that the kernel enforces whole.
pub(crate) fn version() -> Option<i32> {
    let known = [ABI::V5, ABI::V4, ABI::V3, ABI::V2, ABI::V1];
    known.into_iter().find(|abi| is_whole(*abi)).map(|abi| abi as i32)
}

fn is_whole(abi: ABI) -> bool {
    let asked =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(abi));
    asked.and_then(Ruleset::create).is_ok()
}
