//! The room's entry: opens the directory, finds out who a key stands for, permits, and hands out the services.

use std::sync::Arc;

use base::caller::{Identity, Principal};
use base::doors::{Permit, Question};
use base::{Account, Caller, Decision, Fault};
use store::Store;
use subtle::ConstantTimeEq;
use wire::Service;
use wire::sigv4::Keys;

use crate::credentials::session::{expired, unrecognized};
use crate::credentials::{Credential, Keyring, RootKey, Session, Who};
use crate::directory::{AccessKey, Directory, server_secret};
use crate::iam::{self, Evaluator};
use crate::sts;

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// The account that the root key is of.
    pub account: Account,
    pub root: RootKey,
}

/// IAM and STS, and the keys and permissions that everybody else asks them for.
#[derive(Debug)]
pub struct Access {
    config: Config,
    directory: Arc<Directory>,
    keyring: Keyring,
    evaluator: Arc<Evaluator>,
}

impl Access {
    /// Reads everything that the hot path needs into memory. Time and chance are the store's.
    pub async fn open(store: &Store, config: Config) -> store::Result<Arc<Self>> {
        let directory = Arc::new(Directory::open(store).await?);
        let keyring = server_secret::keyring(&directory.space, &directory.random).await?;
        let evaluator = Arc::new(Evaluator::new(Directory::clone(&directory)));
        Ok(Arc::new(Self { config, directory, keyring, evaluator }))
    }

    /// `iam` and `sts`.
    pub fn services(&self) -> Vec<Service> {
        let state = sts::ops::State {
            directory: self.directory.clone(),
            permit: self.evaluator.clone(),
            keyring: self.keyring.clone(),
        };
        vec![iam::service(&self.directory), sts::service(&Arc::new(state))]
    }

    pub fn root_key(&self) -> &RootKey {
        &self.config.root
    }

    /// Whom a key stands for, and the secret that it signs with. From memory; the store is not asked.
    ///
    /// # Errors
    /// `UnrecognizedClientException` for a key that isn't there or isn't active, and for a token that isn't that
    /// key's; `ExpiredTokenException` for a session that is over.
    pub fn find(&self, access_key: &str, session_token: Option<&str>) -> Result<Credential, Fault> {
        match session_token {
            Some(token) => self.find_session(access_key, token),
            None if self.is_root(access_key) => {
                let root = Caller::root(self.config.account.clone());
                let caller =
                    Caller::new(Identity { access_key: Some(access_key.to_owned()), ..Identity::clone(&root) });
                Ok(Credential { secret: self.config.root.secret.clone(), caller })
            }
            None => self.find_key(access_key).ok_or_else(unrecognized),
        }
    }

    /// Who a caller is under `--auth open`: any key will do, and no permission is asked of its holder. Sessions that
    /// we issued stay what they are, with their permissions: execution roles hold all the same.
    ///
    /// # Errors
    /// `ExpiredTokenException` for a session of ours that is over: it must not become more than it was.
    pub fn open_caller(&self, access_key: &str, session_token: Option<&str>) -> Result<Caller, Fault> {
        match session_token.map(|token| self.find_session(access_key, token)) {
            Some(Ok(found)) => return Ok(found.caller),
            Some(Err(fault)) if fault.code == expired().code => return Err(fault),
            Some(Err(_)) | None => {}
        }
        let known = self.find(access_key, None).map(|found| found.caller);
        let caller =
            known.unwrap_or_else(|_| Caller::root(Account::parse(access_key).unwrap_or_else(Account::default_account)));
        let access_key = Some(access_key.to_owned());
        Ok(Caller::new(Identity { unchecked: true, access_key, ..Identity::clone(&caller) }))
    }

    /// In constant time: the id of the root key may be as secret as the operator likes.
    fn is_root(&self, access_key: &str) -> bool {
        self.config.root.access_key.as_bytes().ct_eq(access_key.as_bytes()).into()
    }

    fn find_session(&self, access_key: &str, token: &str) -> Result<Credential, Fault> {
        let session = Session::open(token, access_key, self.directory.clock.now_ms(), &self.keyring)?;
        // A role's session outlives its role without any power, as AWS has it; a user's doesn't outlive the user.
        if let Who::User { name, id, .. } = &session.who {
            let user = self.directory.user(&session.account, name).filter(|user| user.record.id == *id);
            user.ok_or_else(unrecognized)?;
        }
        let caller = session.caller().ok_or_else(unrecognized)?;
        Ok(Credential { secret: self.keyring.session_secret(access_key), caller })
    }

    fn find_key(&self, access_key: &str) -> Option<Credential> {
        let key = self.directory.key(access_key).filter(|key| key.active)?;
        let user = self.directory.user(&key.account, &key.user).filter(|user| user.record.id == key.user_id)?;
        let caller = key_holder(&key, user.arn())?;
        Some(Credential { secret: key.secret.clone(), caller })
    }
}

fn key_holder(key: &AccessKey, arn: &str) -> Option<Caller> {
    Some(Caller::new(Identity {
        account: Account::parse(&key.account)?,
        principal: Principal::User { name: key.user.clone() },
        arn: arn.to_owned(),
        user_id: key.user_id.clone(),
        access_key: Some(key.id.clone()),
        session_policies: Vec::new(),
        unchecked: false,
    }))
}

impl Keys for Access {
    fn find(&self, access_key: &str, session_token: Option<&str>) -> Result<Credential, Fault> {
        Self::find(self, access_key, session_token)
    }
}

impl Permit for Access {
    fn permit(&self, question: &Question<'_>) -> Decision {
        self.evaluator.permit(question)
    }
}
