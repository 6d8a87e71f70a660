//! Taking privileges away, for good.

use std::io;

use rustix::thread::{CapabilitiesSecureBits, CapabilitySet, CapabilitySets, Gid, Uid};

/// What the init still needs when the root stands: to start processes under the slot's uid, in a control group
/// namespace of their own, and to signal them.
const INIT: CapabilitySet = CapabilitySet::SETUID
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SYS_ADMIN)
    .union(CapabilitySet::KILL);

/// Higher than the kernel's highest; asking for one that it lacks ends the walk.
const CAPABILITIES: u32 = 64;

/// No descendant can ever have a capability, not even by a set-uid program or as uid 0; and the init keeps few.
pub(super) fn narrow() -> io::Result<()> {
    for capability in (0..CAPABILITIES).map(|number| CapabilitySet::from_bits_retain(1 << number)) {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            Err(rustix::io::Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let held = CapabilitySets { effective: INIT, permitted: INIT, inheritable: CapabilitySet::empty() };
    Ok(rustix::thread::set_capabilities(None, held)?)
}

/// Becomes `id`, with no group beside it unless it must keep them, no capability, and no way to get one.
pub(super) fn become_user(id: u32, keeps_groups: bool) -> io::Result<()> {
    rustix::thread::set_capabilities_secure_bits(locked())?;
    if !keeps_groups {
        rustix::thread::set_thread_groups(&[])?;
    }
    let (uid, gid) = (Uid::from_raw(id), Gid::from_raw(id));
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    rustix::thread::clear_ambient_capability_set()?;
    rustix::thread::set_capabilities(None, none())?;
    Ok(rustix::thread::set_no_new_privs(true)?)
}

fn none() -> CapabilitySets {
    let empty = CapabilitySet::empty();
    CapabilitySets { effective: empty, permitted: empty, inheritable: empty }
}

/// Uid 0 means nothing, and these bits stay.
fn locked() -> CapabilitiesSecureBits {
    CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED
}
