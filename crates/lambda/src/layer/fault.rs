//! What the operations on layers refuse, in AWS's words. Source: oracle 7 and Appendix A.

use base::Fault;

use crate::function::fault::not_found;

/// To whoever reads.
pub(crate) fn not_there() -> Fault {
    not_found("The resource you requested does not exist.")
}

/// To whoever changes its policy.
pub(crate) fn no_such_version(arn: &str) -> Fault {
    not_found(format!("Layer version {arn} does not exist."))
}

pub(crate) fn no_policy() -> Fault {
    not_found("No policy is associated with the given resource.")
}

pub(crate) fn policy_differs() -> Fault {
    Fault::new(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the \
         latest Revision Id",
    )
}
