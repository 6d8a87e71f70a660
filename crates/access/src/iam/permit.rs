//! The step `permit`: may this caller do this to that resource. Answered from memory.
//!
//! An explicit deny anywhere wins. Otherwise each of the policies that apply must allow: the identity's own, its
//! permissions boundary, the session's. A resource of another account is never granted by the caller's policies
//! alone: the answer is then an implicit deny of the kind `resource-based`, and whoever knows the resource's policy
//! may turn that into an allow. For a resource of the caller's own account a resource policy may likewise turn the
//! kind `identity-based` into an allow; never the kinds `permissions boundary` and `session`, which are therefore told
//! first. Whoever was deleted since he came in has no session any more.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use base::caller::Principal;
use base::doors::{Permit, Question};
use base::{Account, Caller, Decision};
use parking_lot::Mutex;

use crate::directory::{Directory, Entity, Holder};
use crate::policy::{Compiled, Verdict, identity_policy};

pub const IDENTITY: &str = "identity-based";
pub const RESOURCE: &str = "resource-based";
pub const BOUNDARY: &str = "permissions boundary";
pub const SESSION: &str = "session";

/// Session policies that are kept compiled; beyond it the cache starts anew.
const SESSION_POLICIES: usize = 1_024;

/// Answers from the directory's views.
#[derive(Debug)]
pub struct Evaluator {
    directory: Directory,
    sessions: Mutex<HashMap<String, Arc<Compiled>>>,
}

/// What each kind of policy says; `None` where none of that kind applies.
struct Said {
    identity: Verdict,
    boundary: Option<Verdict>,
    session: Option<Verdict>,
}

impl Permit for Evaluator {
    fn permit(&self, question: &Question<'_>) -> Decision {
        let Question { caller, action, .. } = question;
        if caller.unchecked {
            return Decision::Allow;
        }
        let resource = self.whole(question);
        if is_user_session(caller) && action.starts_with("iam:") {
            return Decision::ImplicitDeny { kind: SESSION };
        }
        match self.ask(caller, action, &resource) {
            Ok(said) => {
                let session = self.ask_session(caller, action, &resource);
                Said { session, ..said }.decide(caller, &resource)
            }
            Err(kind) => Decision::ImplicitDeny { kind },
        }
    }
}

impl Said {
    fn decide(&self, caller: &Caller, resource: &str) -> Decision {
        let all = [(SESSION, self.session), (BOUNDARY, self.boundary), (IDENTITY, Some(self.identity))];
        let first = |verdict| all.iter().find(|(_, said)| *said == Some(verdict)).map(|(kind, _)| *kind);
        if let Some(kind) = first(Verdict::Deny) {
            return Decision::ExplicitDeny { kind };
        }
        match first(Verdict::Silent) {
            Some(kind) => Decision::ImplicitDeny { kind },
            None if is_foreign(caller, resource) => Decision::ImplicitDeny { kind: RESOURCE },
            None => Decision::Allow,
        }
    }
}

impl Evaluator {
    pub fn new(directory: Directory) -> Self {
        Self { directory, sessions: Mutex::default() }
    }

    /// The kind of policy that is missing altogether, where there is nothing to ask.
    fn ask(&self, caller: &Caller, action: &str, resource: &str) -> Result<Said, &'static str> {
        match &caller.principal {
            Principal::Root => Ok(Said { identity: Verdict::Allow, boundary: None, session: None }),
            Principal::User { name } => {
                let user = self.directory.user(caller.account.as_str(), name);
                let user = user.filter(|user| user.record.id == caller.user_id).ok_or(SESSION)?;
                Ok(self.ask_holder(&user, action, resource))
            }
            Principal::AssumedRole { role_arn, role_id, .. } => {
                let role = self.directory.role_at(role_arn);
                let role = role.filter(|role| role.record.id == *role_id).ok_or(SESSION)?;
                Ok(self.ask_holder(&role, action, resource))
            }
            // A resource's policy may name them; no policy of an identity does.
            Principal::Service(_) | Principal::Anonymous => Err(IDENTITY),
        }
    }

    fn ask_holder<E: Entity>(&self, holder: &Holder<E>, action: &str, resource: &str) -> Said {
        let grants = holder.record.grants();
        let managed = |arn: &String| self.ask_managed(holder.record.account(), arn, action, resource);
        let inline = holder.inline.iter().map(|policy| policy.ask(action, resource)).max();
        let attached = grants.attached.iter().map(managed).max();
        Said {
            identity: inline.max(attached).unwrap_or(Verdict::Silent),
            boundary: grants.boundary.as_ref().map(managed),
            session: None,
        }
    }

    /// A policy that isn't there says nothing; it can't be deleted while it is attached.
    fn ask_managed(&self, account: &str, arn: &str, action: &str, resource: &str) -> Verdict {
        let policy = self.directory.policy(account, arn);
        policy.map_or(Verdict::Silent, |policy| policy.compiled().ask(action, resource))
    }

    /// Session policies add up among themselves, and together narrow the rest.
    fn ask_session(&self, caller: &Caller, action: &str, resource: &str) -> Option<Verdict> {
        let ask = |policy: &String| match policy.starts_with("arn:") {
            true => self.ask_managed(caller.account.as_str(), policy, action, resource),
            false => self.session_policy(policy).ask(action, resource),
        };
        caller.session_policies.iter().map(ask).max()
    }

    fn session_policy(&self, text: &str) -> Arc<Compiled> {
        if let Some(compiled) = self.sessions.lock().get(text) {
            return compiled.clone();
        }
        // It was read when the session was made; what can't be read now must not let anybody through.
        let compiled = identity_policy(text).map_or_else(|_| Compiled::denial(), |policy| Compiled::new(&policy));
        let compiled = Arc::new(compiled);
        let mut sessions = self.sessions.lock();
        if sessions.len() >= SESSION_POLICIES {
            sessions.clear();
        }
        sessions.insert(text.to_owned(), compiled.clone());
        compiled
    }

    /// The resource as policies name it. IAM's own requests name a role or user without its path, or, when they leave
    /// the user's name out, mean the caller.
    fn whole<'a>(&self, question: &Question<'a>) -> Cow<'a, str> {
        let named = || {
            let (account, entity) = question.resource.strip_prefix("arn:aws:iam::")?.split_once(':')?;
            match entity.split_once('/')? {
                (_, name) if name.contains('/') => None,
                ("user", "*") => Some(question.caller.arn.clone()),
                ("user", name) => Some(self.directory.user(account, name)?.arn().to_owned()),
                ("role", name) => Some(self.directory.role(account, name)?.arn().to_owned()),
                _ => None,
            }
        };
        let whole = question.action.starts_with("iam:").then(named).flatten();
        whole.map_or(Cow::Borrowed(question.resource), Cow::Owned)
    }
}

/// GetSessionToken's credentials are good for everything that the user may do, except in IAM.
fn is_user_session(caller: &Caller) -> bool {
    let session = caller.access_key.as_ref().is_some_and(|key| key.starts_with("ASIA"));
    session && matches!(caller.principal, Principal::Root | Principal::User { .. })
}

/// Whether the resource belongs to another account. Where the ARN names none (S3), the resource's service knows.
fn is_foreign(caller: &Caller, resource: &str) -> bool {
    let account = resource.split(':').nth(4).and_then(Account::parse);
    account.is_some_and(|account| account != caller.account)
}
