//! The contract of CloudWatch Logs (2014-03-28, JSON 1.1): operations by noun, errors, and what is known but not done.

mod arns;
mod errors;
mod events;
mod groups;
mod known;
mod streams;
mod tags;

use wire::{Operation, OperationSpec, ServiceSpec, Tongue};

pub(crate) use errors::*;
pub use events::*;
pub use groups::*;
pub use streams::*;
pub use tags::*;

/// Epoch milliseconds; AWS refuses negative ones.
const TIMES: (i64, i64) = (0, i64::MAX);
const GROUP_NAME: &str = r"[\.\-_/#A-Za-z0-9]+";
const GROUP_IDENTIFIER: &str = r"[\w#+=/:,.@-]*";
const STREAM_NAME: &str = "[^:*]*";

/// Those that are done.
const DONE: &[&OperationSpec] = &[
    &CreateLogGroup::SPEC,
    &DeleteLogGroup::SPEC,
    &DescribeLogGroups::SPEC,
    &PutRetentionPolicy::SPEC,
    &DeleteRetentionPolicy::SPEC,
    &PutLogGroupDeletionProtection::SPEC,
    &CreateLogStream::SPEC,
    &DeleteLogStream::SPEC,
    &DescribeLogStreams::SPEC,
    &PutLogEvents::SPEC,
    &GetLogEvents::SPEC,
    &FilterLogEvents::SPEC,
    &TagResource::SPEC,
    &UntagResource::SPEC,
    &ListTagsForResource::SPEC,
    &TagLogGroup::SPEC,
    &UntagLogGroup::SPEC,
    &ListTagsLogGroup::SPEC,
];

const ALL: [&OperationSpec; DONE.len() + known::KNOWN.len()] = {
    let mut all = [DONE[0]; DONE.len() + known::KNOWN.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < DONE.len() { DONE[at] } else { &known::KNOWN[at - DONE.len()] };
        at += 1;
    }
    all
};

/// CloudWatch Logs as data.
pub static SPEC: ServiceSpec = ServiceSpec {
    name: "logs",
    signing_name: "logs",
    tongue: Tongue::Json { version: "1.1" },
    target_prefix: "Logs_20140328",
    version: "2014-03-28",
    xml_namespace: "",
    operations: &ALL,
    errors: ERRORS,
    validation_code: INVALID_PARAMETER,
    access_denied_code: "AccessDeniedException",
    internal_code: "InternalFailure",
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_of_the_service_is_listed_once() {
        let names: BTreeSet<_> = SPEC.operations.iter().map(|operation| operation.name).collect();
        assert_eq!((names.len(), SPEC.operations.len()), (118, 118));
    }

    #[test]
    fn the_contract_is_sound() {
        assert_eq!(wire::contract::problems(&SPEC), Vec::<String>::new());
    }

    #[test]
    fn every_operation_that_is_done_asks_for_a_permission() {
        for operation in DONE {
            assert_eq!(operation.permission.action.strip_prefix("logs:"), Some(operation.name));
        }
    }
}
