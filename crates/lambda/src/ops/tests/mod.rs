//! The control plane as a client sees it: requests by method and path, answers by status and JSON.
//!
//! Everything between bytes and handlers is real, but for signatures and the pipeline's own permission; the doors
//! lead to a little world that a test can change.

mod aliases;
mod code;
mod concurrency;
mod crash;
mod create;
mod layers;
mod read;
mod sim;
mod update;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use base::doors::{self, Call, Decision, Fetch, Permit, Question, fetch};
use base::{Account, Caller, Clock, Fault, Fields, Random, Region, Scope, Tasks, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use store::engine::memory::Disk;
use store::{Store, Wake};
use wire::{Context, Router, Service};

use crate::code::samples;
use crate::code::unpacker::InProcess;
use crate::control::{Control, Deps};
use crate::function::Interpreters;
use crate::image::{Logins, Registry};

pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const REGION: &str = "us-east-1";
pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/worker";
pub(super) const FUNCTIONS: &str = "/2015-03-31/functions";

/// What lies behind the doors.
#[derive(Default)]
pub(super) struct World {
    /// Roles that Lambda can't assume.
    pub unassumable: Mutex<BTreeSet<String>>,
    /// Roles that the caller may not pass.
    pub unpassable: Mutex<BTreeSet<String>>,
    /// Layer versions that the caller's own policies don't let him read.
    pub unreadable: Mutex<BTreeSet<String>>,
    /// By `bucket/key`.
    pub objects: Mutex<BTreeMap<String, Bytes>>,
    pub calls: Mutex<Vec<doors::Request>>,
}

#[async_trait]
impl Call for World {
    async fn call(&self, request: doors::Request) -> Result<Fields, Fault> {
        let input = request.input.clone();
        self.calls.lock().push(request.clone());
        match (request.service, request.operation) {
            ("sts", "AssumeRole") if self.unassumable.lock().contains(input.text("RoleArn").unwrap_or_default()) => {
                Err(Fault::new("AccessDenied", "not trusted"))
            }
            ("sts", "AssumeRole") => Ok(Fields::new()),
            ("s3", "GetObject") => {
                let name = format!("{}/{}", input.text("Bucket").unwrap_or(""), input.text("Key").unwrap_or(""));
                let object = self.objects.lock().get(&name).cloned();
                let mut output = Fields::new();
                output.push("Body", Value::Blob(object.ok_or_else(no_such_key)?));
                Ok(output)
            }
            other => panic!("nobody calls {other:?}"),
        }
    }
}

fn no_such_key() -> Fault {
    Fault::new("NoSuchKey", "The specified key does not exist.")
}

impl Permit for World {
    fn permit(&self, question: &Question<'_>) -> Decision {
        let forbidden = match question.action {
            "iam:PassRole" => &self.unpassable,
            "lambda:GetLayerVersion" => &self.unreadable,
            other => panic!("nobody asks for {other}"),
        };
        let account = question.resource.split(':').nth(4);
        match forbidden.lock().contains(question.resource) {
            true => Decision::ImplicitDeny { kind: "identity-based" },
            false if account != Some(question.caller.account.as_str()) => {
                Decision::ImplicitDeny { kind: "resource-based" }
            }
            false => Decision::Allow,
        }
    }
}

impl Interpreters for World {
    fn check(&self, runtime: &str) -> Result<(), String> {
        if runtime.starts_with("java") { Err("no java in PATH".to_owned()) } else { Ok(()) }
    }
}

/// No registry is reached.
struct Nowhere;

#[async_trait]
impl Fetch for Nowhere {
    async fn fetch(&self, request: fetch::Outgoing) -> Result<fetch::Answer, fetch::Error> {
        Err(fetch::Error::Unreachable { host: request.url, cause: "there is nothing".to_owned() })
    }
}

/// A control plane with its store, its folder and its world.
pub(super) struct House {
    pub control: Arc<Control>,
    pub world: Arc<World>,
    pub disk: Disk,
    pub folder: Arc<tempfile::TempDir>,
    service: Service,
    router: Router,
    wake: Wake,
}

/// An answer as a client reads it.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub error: Option<String>,
    pub body: Json,
}

impl House {
    pub(super) async fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::open(Disk::new(), folder, Arc::default()).await
    }

    pub(super) async fn open(disk: Disk, folder: Arc<tempfile::TempDir>, world: Arc<World>) -> Self {
        let store = Store::on_disk(&disk, Clock::wall(), Random::from_os());
        Self::over(store, disk, folder, world).await
    }

    pub(super) async fn over(store: Store, disk: Disk, folder: Arc<tempfile::TempDir>, world: Arc<World>) -> Self {
        let tasks = Tasks::new();
        let deps = Deps {
            clock: store.clock().clone(),
            random: store.random().clone(),
            store,
            unpacker: Arc::new(InProcess(tasks.clone())),
            registry: Arc::new(Registry::new(Arc::new(Nowhere), Logins::default(), Vec::new())),
            tasks,
            call: world.clone(),
            permit: world.clone(),
            interpreters: world.clone(),
            data_dir: folder.path().to_owned(),
            concurrency: base::limits::lambda::CONCURRENT_EXECUTIONS,
        };
        let control = Control::open(deps).await.expect("it opens");
        let service = control.operations(Service::new(&crate::SPEC));
        let wake = control.functions().wake().await;
        Self { control, world, disk, folder, service, router: Router::new(&[&crate::SPEC]), wake }
    }

    /// One request, from bytes to bytes.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Json) -> Answer {
        self.ask_as(ACCOUNT, method, path, body).await
    }

    /// As the root of an account.
    pub(super) async fn ask_as(&self, account: &str, method: &str, path: &str, body: Json) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = wire::Request {
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Default::default(),
            body,
        };
        let response = match self.perform(account, &request).await {
            Ok(response) => response,
            Err(fault) => wire::encode_fault(Some(&crate::SPEC), &fault, "id"),
        };
        Answer {
            status: response.status,
            error: response.headers.get("x-amzn-errortype").map(|code| code.to_str().expect("text").to_owned()),
            body: serde_json::from_slice(&response.body).unwrap_or(Json::Null),
        }
    }

    async fn perform(&self, account: &str, request: &wire::Request) -> Result<wire::Response, Fault> {
        let found = self.router.recognize(request).map_err(|unknown| unknown.fault)?;
        let input = wire::understand(found.service, found.operation, &found.labels, request)?;
        let output = self.service.perform(found.operation.name, &Decision::Allow, context_of(account), input).await?;
        Ok(wire::encode_output(found.service, found.operation, output, "id"))
    }

    /// The function after its creation, Active.
    pub(super) async fn function(&mut self, name: &str) -> Json {
        let answer = self.ask("POST", FUNCTIONS, creation(name)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.settled(name).await
    }

    /// The function's configuration once nothing is in progress.
    pub(super) async fn settled(&mut self, name: &str) -> Json {
        loop {
            let answer = self.ask("GET", &format!("{FUNCTIONS}/{name}/configuration"), Json::Null).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if answer.body["State"] != "Pending" && answer.body["LastUpdateStatus"] != "InProgress" {
                return answer.body;
            }
            self.wake.changed().await;
        }
    }

    /// What a refused request is answered: status, code, Type and message.
    pub(super) async fn refused(&self, method: &str, path: &str, body: Json, expected: (u16, &str, &str, &str)) {
        let answer = self.ask(method, path, body).await;
        let text = |key: &str| answer.body[key].as_str().map(str::to_owned);
        let message = text("message").or_else(|| text("Message")).unwrap_or_default();
        let kind = text("Type").unwrap_or_default();
        let found = (answer.status, answer.error.as_deref().unwrap_or_default(), kind.as_str(), message.as_str());
        assert_eq!(found, expected, "{method} {path}");
    }
}

fn context() -> Context {
    context_of(ACCOUNT)
}

fn context_of(account: &str) -> Context {
    let account = Account::parse(account).expect("digits");
    Context {
        caller: Caller::root(account.clone()),
        scope: Scope::new(account, Region::new(REGION)),
        request_id: "id".to_owned(),
        trace_id: None,
        origin: "http://localhost:4566".to_owned(),
    }
}

/// What CreateFunction takes at least.
pub(super) fn creation(name: &str) -> Json {
    json!({
        "FunctionName": name,
        "Runtime": "python3.12",
        "Role": ROLE,
        "Handler": "index.handler",
        "Code": {"ZipFile": base64(&samples::code(name))},
    })
}

/// With one member changed; `null` takes it away.
pub(super) fn with(mut body: Json, member: &str, value: Json) -> Json {
    let object = body.as_object_mut().expect("an object");
    if value.is_null() {
        object.remove(member);
    } else {
        object.insert(member.to_owned(), value);
    }
    body
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

pub(super) const INVALID: (u16, &str, &str) = (400, "InvalidParameterValueException", "User");
pub(super) const MISSING: (u16, &str, &str) = (404, "ResourceNotFoundException", "User");
pub(super) const CONFLICT: (u16, &str, &str) = (409, "ResourceConflictException", "User");
pub(super) const VALIDATION: (u16, &str, &str) = (400, "ValidationException", "");

pub(super) fn says<'a>(kind: (u16, &'a str, &'a str), message: &'a str) -> (u16, &'a str, &'a str, &'a str) {
    (kind.0, kind.1, kind.2, message)
}
