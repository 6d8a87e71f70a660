//! What must hold of a policy document before it is kept: it can be read, and it isn't too long.

use base::Fault;
use base::limits::iam::{MANAGED_POLICY_CHARS, TRUST_POLICY_CHARS};

use crate::directory::{Entity, faults};
use crate::policy::{identity_policy, trust_policy};

/// IAM doesn't count white space.
fn chars(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

pub(super) fn trust(text: &str) -> Result<(), Fault> {
    trust_policy(text)?;
    match chars(text) > TRUST_POLICY_CHARS {
        true => Err(faults::quota("ACLSizePerRole", TRUST_POLICY_CHARS)),
        false => Ok(()),
    }
}

pub(super) fn managed(text: &str) -> Result<(), Fault> {
    identity_policy(text)?;
    match chars(text) > MANAGED_POLICY_CHARS {
        true => Err(faults::quota("PolicySize", MANAGED_POLICY_CHARS)),
        false => Ok(()),
    }
}

/// All inline policies of `entity` together.
pub(super) fn inline_total<E: Entity>(entity: &E) -> Result<(), Fault> {
    let total: usize = entity.grants().inline.values().map(|text| chars(text)).sum();
    match total > E::INLINE_CHARS {
        true => Err(faults::inline_too_long::<E>(entity.name())),
        false => Ok(()),
    }
}
