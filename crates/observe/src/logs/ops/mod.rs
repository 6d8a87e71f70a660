//! The operations: thick verbs have a file each, thin ones share that of their noun.

mod describe_log_groups;
mod describe_log_streams;
mod filter_log_events;
mod get_log_events;
mod groups;
mod put_log_events;
mod streams;
mod tags;

use std::sync::Arc;

use wire::Service;

use super::api;
use super::service::Logs;

pub(super) use groups::{NewGroup, make_group};
pub(super) use streams::make_stream;

/// The contract, each operation with its handler.
pub(super) fn handlers(logs: &Arc<Logs>) -> Service {
    Service::new(&api::SPEC)
        .on::<api::CreateLogGroup, _, _, _>(logs, groups::create)
        .on::<api::DeleteLogGroup, _, _, _>(logs, groups::delete)
        .on::<api::DescribeLogGroups, _, _, _>(logs, describe_log_groups::describe_log_groups)
        .on::<api::PutRetentionPolicy, _, _, _>(logs, groups::put_retention)
        .on::<api::DeleteRetentionPolicy, _, _, _>(logs, groups::delete_retention)
        .on::<api::PutLogGroupDeletionProtection, _, _, _>(logs, groups::put_deletion_protection)
        .on::<api::CreateLogStream, _, _, _>(logs, streams::create)
        .on::<api::DeleteLogStream, _, _, _>(logs, streams::delete)
        .on::<api::DescribeLogStreams, _, _, _>(logs, describe_log_streams::describe_log_streams)
        .on::<api::PutLogEvents, _, _, _>(logs, put_log_events::put_log_events)
        .on::<api::GetLogEvents, _, _, _>(logs, get_log_events::get_log_events)
        .on::<api::FilterLogEvents, _, _, _>(logs, filter_log_events::filter_log_events)
        .on::<api::TagResource, _, _, _>(logs, tags::tag_resource)
        .on::<api::UntagResource, _, _, _>(logs, tags::untag_resource)
        .on::<api::ListTagsForResource, _, _, _>(logs, tags::list_for_resource)
        .on::<api::TagLogGroup, _, _, _>(logs, tags::tag_log_group)
        .on::<api::UntagLogGroup, _, _, _>(logs, tags::untag_log_group)
        .on::<api::ListTagsLogGroup, _, _, _>(logs, tags::list_log_group)
}
