//! Changes to users, roles and policies: read from the view, committed if nothing moved meanwhile, tried again if so.

use std::sync::Arc;
use std::time::Duration;

use base::Fault;
use store::engine::Revision;
use store::{Batch, Record};

use super::{Directory, Entity, Holder, Known, ManagedPolicy, Role, User, faults, name_key};

/// Beyond these somebody else is always faster.
const TRIES: u32 = 8;
/// Another node's change reaches our view within a second; losers of one race must not meet again in the next.
const PAUSE_MS: u64 = 300;

/// Entities whose view a directory has.
pub trait Kept: Entity {
    fn entry(directory: &Directory, account: &str, name: &str) -> Option<(Arc<Holder<Self>>, Revision)>;
}

macro_rules! kept {
    ($($entity:ident: $view:ident;)*) => {$(
        impl Kept for $entity {
            fn entry(directory: &Directory, account: &str, name: &str) -> Option<(Arc<Holder<Self>>, Revision)> {
                let entry = directory.$view.entry((account, name_key(name).as_str()))?;
                Some((entry.value, entry.revision))
            }
        }
    )*};
}
kept! {
    User: users;
    Role: roles;
}

/// What becomes of the record that a change was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Keep,
    Delete,
}

impl Directory {
    /// Carries `change` out on the record, and on what it adds to the batch, in one commit. It may be called again
    /// with a newer record, so it must not count on its own effects.
    pub async fn change<E: Kept>(
        &self,
        account: &str,
        name: &str,
        change: impl Fn(&mut E, &mut Batch) -> Result<Fate, Fault> + Send,
    ) -> Result<E, Fault> {
        for attempt in 0..TRIES {
            let (holder, revision) = E::entry(self, account, name).ok_or_else(|| faults::no_entity::<E>(name))?;
            let mut record = holder.record.clone();
            let mut batch = self.space.batch();
            let fate = change(&mut record, &mut batch)?;
            if self.settle(batch, &record, &holder.record, revision, fate, attempt).await? {
                return Ok(record);
            }
        }
        Err(faults::concurrent())
    }

    /// As [`Directory::change`], for a managed policy of the account's own.
    pub async fn change_policy(
        &self,
        account: &str,
        arn: &str,
        change: impl Fn(&mut ManagedPolicy) -> Result<Fate, Fault> + Send,
    ) -> Result<ManagedPolicy, Fault> {
        for attempt in 0..TRIES {
            let (known, revision) = self.own_policy(account, arn).ok_or_else(|| faults::no_policy(arn))?;
            let mut record = known.record.clone();
            let fate = change(&mut record)?;
            if self.settle(self.space.batch(), &record, &known.record, revision, fate, attempt).await? {
                return Ok(record);
            }
        }
        Err(faults::concurrent())
    }

    /// Adds to a batch: the policy's counters, if it is the account's own. AWS's policies count nothing.
    pub(crate) fn count(
        &self,
        batch: &mut Batch,
        account: &str,
        arn: &str,
        count: impl FnOnce(&mut ManagedPolicy),
    ) -> Result<(), Fault> {
        if super::aws_managed::find(arn).is_some() {
            return Ok(());
        }
        let (known, revision): (Arc<Known>, _) =
            self.own_policy(account, arn).ok_or_else(|| faults::not_attachable(arn))?;
        let mut policy = known.record.clone();
        count(&mut policy);
        batch.update(&policy, revision);
        Ok(())
    }

    /// False if something moved since `revision`: then it is worth another attempt, after a pause if many failed.
    async fn settle<R: Record + PartialEq>(
        &self,
        mut batch: Batch,
        record: &R,
        before: &R,
        revision: Revision,
        fate: Fate,
        attempt: u32,
    ) -> Result<bool, Fault> {
        match fate {
            Fate::Delete => batch.delete_at::<R>(&record.key(), revision),
            Fate::Keep if record == before && batch.is_empty() => return Ok(true),
            Fate::Keep => batch.update(record, revision),
        };
        match batch.commit().await {
            Ok(_) => Ok(true),
            Err(error) if error.is_conflict() => {
                if attempt > 1 {
                    self.clock.sleep(Duration::from_millis(self.random.below(PAUSE_MS))).await;
                }
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}
