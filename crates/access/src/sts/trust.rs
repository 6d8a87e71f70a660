//! Whether a caller may take on a role: the role's trust policy decides, and it may leave it to the caller's account.
//!
//! Root may take on a role that trusts its account. AWS refuses that to root altogether; here the root key is the
//! operator's own, and on a small machine the only one.

use base::caller::Principal;
use base::doors::{Permit, Question};
use base::{Account, Caller, Decision, Fault};

use crate::directory::{Holder, Role};
use crate::policy::{Match, Trust};

/// `Ok` if `caller` may do `action` (`sts:AssumeRole`, `sts:TagSession`, ...) to `role`.
pub fn check(permit: &dyn Permit, caller: &Caller, role: &Holder<Role>, action: &'static str) -> Result<(), Fault> {
    let allowed = caller.unchecked
        || match role.trust().trusts(caller, action) {
            Trust::Denied | Trust::Nobody => false,
            Trust::Named(Match::Direct) if matches!(caller.principal, Principal::Service(_)) => true,
            Trust::Named(closeness) => agrees(permit, caller, role, action, closeness),
        };
    if allowed { Ok(()) } else { Err(denied(caller, action, role.arn())) }
}

/// What the caller's own policies say to it.
fn agrees(permit: &dyn Permit, caller: &Caller, role: &Holder<Role>, action: &str, closeness: Match) -> bool {
    let question = Question { caller, action, resource: role.arn(), context: &[] };
    let same_account = Account::parse(&role.record.account).as_ref() == Some(&caller.account);
    match permit.permit(&question) {
        Decision::Allow => true,
        // The caller's side allows it, and the trust policy is what the other account says.
        Decision::ImplicitDeny { kind: "resource-based" } => true,
        // Named itself, in its own account: it needs no policy of its own, unless one says no.
        Decision::ImplicitDeny { kind: "identity-based" } => same_account && closeness == Match::Direct,
        Decision::ImplicitDeny { .. } | Decision::ExplicitDeny { .. } => false,
    }
}

/// The same words whether the role is not there or doesn't trust the caller: nobody learns which roles exist.
pub fn denied(caller: &Caller, action: &str, role_arn: &str) -> Fault {
    let message = format!("User: {} is not authorized to perform: {action} on resource: {role_arn}", caller.arn);
    Fault::new(Fault::ACCESS_DENIED, message)
}
