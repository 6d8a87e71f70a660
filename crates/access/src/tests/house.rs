//! A house with nothing in it but this room, on a store in memory.

use std::sync::Arc;

use base::doors::{Permit, Question};
use base::{Account, Caller, Clock, Fault, Fields, Random, Region, Scope, Timestamp, Value};
use store::Store;
use wire::{Context, Service};

use crate::{Access, Config, RootKey, Secret};

pub(super) const ACCOUNT: &str = "111111111111";
pub(super) const TRUST_LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
pub(super) const TRUST_ACCOUNT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}"#;
pub(super) const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

pub(super) struct House {
    pub(super) store: Store,
    pub(super) access: Arc<Access>,
    services: Vec<Service>,
}

/// Members of an input, as the decoder would give them.
pub(super) fn input(members: &[(&'static str, &str)]) -> Fields {
    members.iter().fold(Fields::new(), |fields, (name, value)| fields.with(name, *value))
}

pub(super) fn account() -> Account {
    Account::parse(ACCOUNT).expect("digits")
}

fn config() -> Config {
    let root = RootKey { access_key: "ROOT".to_owned(), secret: Secret::new("secret") };
    Config { account: account(), root }
}

impl House {
    pub(super) async fn new() -> Self {
        let start = Timestamp::from_second(1_700_000_000).expect("in range");
        Self::on(Store::memory(Clock::simulated(start), Random::seeded(7))).await
    }

    /// As after a restart, if the store has been used before.
    pub(super) async fn on(store: Store) -> Self {
        let access = Access::open(&store, config()).await.expect("a store in memory opens");
        Self { services: access.services(), access, store }
    }

    pub(super) fn root(&self) -> Caller {
        self.access.find("ROOT", None).expect("the root key").caller
    }

    /// The way of a request: permit by the contract, then do.
    pub(super) async fn call(&self, caller: &Caller, operation: &str, input: Fields) -> Result<Fields, Fault> {
        let (service, spec) = self.operation(operation);
        let scope = Scope::new(caller.account.clone(), Region::new("us-east-1"));
        let resource = spec.permission.resource.resolve(&input, &scope);
        let question = Question { caller, action: spec.permission.action, resource: &resource, context: &[] };
        let decision = match spec.permission.action {
            "" => base::Decision::Allow,
            _ => self.access.permit(&question),
        };
        decision.clone().or_fault(&question)?;
        let context = Context {
            caller: caller.clone(),
            scope,
            request_id: "request".to_owned(),
            trace_id: None,
            origin: "http://localhost:4566".to_owned(),
        };
        service.perform(operation, &decision, context, input).await
    }

    fn operation(&self, name: &str) -> (&Service, &'static wire::OperationSpec) {
        let found = self.services.iter().find_map(|service| Some((service, service.spec().operation(name)?)));
        found.expect("an operation of the contract")
    }

    pub(super) async fn ok(&self, operation: &str, members: &[(&'static str, &str)]) -> Fields {
        let answer = self.call(&self.root(), operation, input(members)).await;
        answer.unwrap_or_else(|fault| panic!("{operation} {members:?}: {fault}"))
    }

    /// The fault's code and message.
    pub(super) async fn fails(&self, operation: &str, members: &[(&'static str, &str)]) -> (String, String) {
        let fault = self.call(&self.root(), operation, input(members)).await.expect_err(operation);
        (fault.code.into_owned(), fault.message)
    }

    pub(super) async fn role(&self, name: &str, trust: &str) -> String {
        let members = [("RoleName", name), ("AssumeRolePolicyDocument", trust)];
        text(&self.ok("CreateRole", &members).await, "Role.Arn")
    }

    /// A user with one inline policy (none if it is empty), and who signs with his key.
    pub(super) async fn user(&self, name: &str, policy: &str) -> Caller {
        self.ok("CreateUser", &[("UserName", name)]).await;
        if !policy.is_empty() {
            let members = [("UserName", name), ("PolicyName", "p"), ("PolicyDocument", policy)];
            self.ok("PutUserPolicy", &members).await;
        }
        let key = self.ok("CreateAccessKey", &[("UserName", name)]).await;
        let found = self.access.find(&text(&key, "AccessKey.AccessKeyId"), None).expect("a key of ours");
        assert_eq!(found.secret.expose(), text(&key, "AccessKey.SecretAccessKey"));
        found.caller
    }

    pub(super) async fn assume(&self, caller: &Caller, members: &[(&'static str, &str)]) -> Result<Caller, Fault> {
        let answer = self.call(caller, "AssumeRole", input(members)).await?;
        let found = self.found(&answer)?;
        assert_eq!(found.secret.expose(), text(&answer, "Credentials.SecretAccessKey"));
        Ok(found.caller)
    }

    /// Whom the credentials of an answer stand for now.
    pub(super) fn found(&self, answer: &Fields) -> Result<wire::sigv4::Credential, Fault> {
        let token = text(answer, "Credentials.SessionToken");
        self.access.find(&text(answer, "Credentials.AccessKeyId"), Some(&token))
    }

    /// `Allow`, or the refusal's words.
    pub(super) fn may(&self, caller: &Caller, action: &str, resource: &str) -> Result<(), String> {
        let question = Question { caller, action, resource, context: &[] };
        self.access.permit(&question).or_fault(&question).map_err(|fault| fault.message)
    }
}

/// The member at a dotted path.
pub(super) fn at<'a>(fields: &'a Fields, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => fields.get(path),
        Some((first, rest)) => at(fields.get(first)?.as_map()?, rest),
    }
}

pub(super) fn text(fields: &Fields, path: &str) -> String {
    at(fields, path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} in {fields:?}")).to_owned()
}

/// A member of every element of a list.
pub(super) fn column(fields: &Fields, list: &str, member: &str) -> Vec<String> {
    let Some(Value::List(items)) = fields.get(list) else { panic!("{list} in {fields:?}") };
    items.iter().map(|item| text(item.as_map().expect("a structure"), member)).collect()
}
