//! The thin verbs of log groups.

use std::sync::Arc;

use base::{Fault, Scope};
use indexmap::IndexMap;
use store::{Batch, Record, Versioned};
use wire::{Nothing, Permitted};

use crate::logs::api::{self, LogGroupClass, aborted, group_exists, limit_exceeded, protected};
use crate::logs::find::TRIES;
use crate::logs::group;
use crate::logs::service::Logs;
use crate::logs::tables::{Gone, Group, GroupCount};

/// What a group is made with.
#[derive(Clone, Debug, Default)]
pub(in crate::logs) struct NewGroup {
    name: String,
    class: Option<LogGroupClass>,
    kms_key: Option<String>,
    protected: bool,
    tags: IndexMap<String, String>,
}

impl NewGroup {
    pub(in crate::logs) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn into_record(self, logs: &Logs, scope: &Scope) -> Result<Group, Fault> {
        let mut group = Group {
            account: scope.account.as_str().to_owned(),
            region: scope.region.as_str().to_owned(),
            id: logs.new_id(),
            created_ms: logs.now_ms(),
            class: self.class.unwrap_or(LogGroupClass::Standard).as_str().to_owned(),
            retention_days: None,
            kms_key: self.kms_key,
            protected: self.protected,
            tags: Vec::new(),
            days: std::collections::BTreeMap::new(),
            name: self.name,
        };
        let arn = group::arn(scope, &group.name);
        group.tag(&self.tags, &arn)?;
        Ok(group)
    }
}

pub(super) async fn create(logs: Arc<Logs>, call: Permitted<api::CreateLogGroup>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    group::check_new_name(&input.log_group_name)?;
    let new = NewGroup {
        name: input.log_group_name,
        class: input.log_group_class,
        kms_key: input.kms_key_id,
        protected: input.deletion_protection_enabled.unwrap_or(false),
        tags: input.tags.unwrap_or_default(),
    };
    make_group(&logs, &context.scope, new).await?;
    Ok(Nothing {})
}

/// Makes a group, or says that there is one of this name.
pub(in crate::logs) async fn make_group(logs: &Logs, scope: &Scope, new: NewGroup) -> Result<(), Fault> {
    let group = new.into_record(logs, scope)?;
    let _others_wait = logs.counting.lock().await;
    for _ in 0..TRIES {
        let mut batch = logs.meta.batch();
        count(logs, &mut batch, scope, 1).await?;
        batch.insert(&group);
        match batch.commit().await {
            Err(error) if error.is_conflict_of::<Group>(&group.key()) => return Err(group_exists()),
            Err(error) if error.is_conflict() => {}
            done => return done.map(|_| ()).map_err(Fault::from),
        }
    }
    Err(aborted(format!("groups were made by others {TRIES} times")))
}

/// Adds to the number of groups that the account has in the region.
async fn count(logs: &Logs, batch: &mut Batch, scope: &Scope, by: i64) -> Result<(), Fault> {
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    let found = logs.meta.table::<GroupCount>().get((account, region)).await?;
    let groups = found.as_ref().map_or(0, |count| count.groups).saturating_add_signed(by);
    if groups > base::limits::logs::GROUPS {
        return Err(limit_exceeded());
    }
    let record = GroupCount { account: account.to_owned(), region: region.to_owned(), groups };
    match found {
        Some(found) => batch.update(&record, found.revision),
        None => batch.insert(&record),
    };
    Ok(())
}

pub(super) async fn delete(logs: Arc<Logs>, call: Permitted<api::DeleteLogGroup>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    let _others_wait = logs.counting.lock().await;
    for _ in 0..TRIES {
        let Versioned { record: group, revision } = logs.find_group(&context.scope, &input.log_group_name).await?;
        if group.protected {
            return Err(protected());
        }
        let mut batch = logs.meta.batch();
        count(&logs, &mut batch, &context.scope, -1).await?;
        batch.delete_at::<Group>(group.key(), revision);
        batch.put(&Gone {
            id: group.id,
            is_group: true,
            days: group.days.into_keys().collect(),
            deleted_ms: logs.now_ms(),
        });
        match batch.commit().await {
            Err(error) if error.is_conflict() => {}
            done => {
                done?;
                logs.swept.notify_one();
                return Ok(Nothing {});
            }
        }
    }
    Err(aborted(format!("the group was changed by others {TRIES} times")))
}

pub(super) async fn put_retention(logs: Arc<Logs>, call: Permitted<api::PutRetentionPolicy>) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    group::check_retention(input.retention_in_days)?;
    set_retention(&logs, &context.scope, &input.log_group_name, Some(input.retention_in_days)).await
}

pub(super) async fn delete_retention(
    logs: Arc<Logs>,
    call: Permitted<api::DeleteRetentionPolicy>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    set_retention(&logs, &context.scope, &input.log_group_name, None).await
}

async fn set_retention(logs: &Logs, scope: &Scope, name: &str, days: Option<i32>) -> Result<Nothing, Fault> {
    let set = |group: &mut Group| {
        group.retention_days = days;
        Ok(())
    };
    logs.change_group(scope, name, set).await?;
    logs.swept.notify_one();
    Ok(Nothing {})
}

pub(super) async fn put_deletion_protection(
    logs: Arc<Logs>,
    call: Permitted<api::PutLogGroupDeletionProtection>,
) -> Result<Nothing, Fault> {
    let Permitted { context, input } = call;
    let name = group::identified(&input.log_group_identifier, &context.scope)?;
    let set = |group: &mut Group| {
        group.protected = input.deletion_protection_enabled;
        Ok(())
    };
    logs.change_group(&context.scope, &name, set).await?;
    Ok(Nothing {})
}
