//! Locked by default: whoever has no permission is refused every operation, in its service's code; root is refused none.

use std::borrow::Cow;

use base::caller::Identity;
use base::{Account, Caller, Fault, Fields, Principal, Region, Scope, Timestamp, Value};
use bytes::Bytes;
use lambdad::registry::Registry;
use wire::{Context, OperationSpec, Schema, ServiceSpec, Tongue, Type};

use super::{ACCOUNT, done, opened};
use crate::tidy::{none, without_exceptions};

const USER: &str = "without-permissions";

/// What even the root is refused, each with its reason.
const CLOSED_TO_ROOT: &[(&str, &str)] =
    &[("sts:AssumeRole", "the role's trust policy decides, and a role that isn't there trusts nobody")];

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_permissions_is_refused_everything() {
    let (house, _folder) = opened().await;
    let user = make_user(house.registry()).await;
    let mut found = Vec::new();
    for (name, spec, operation) in done().filter(|(_, _, operation)| !operation.permission.action.is_empty()) {
        let answer = ask(house.registry(), &user, spec, operation).await;
        if !answer.as_ref().is_err_and(|fault| is_refusal(spec, fault)) {
            found.push(format!("{name} answered {answer:?}"));
        }
    }
    house.close().await;
    none(found, "Nobody may what no policy allows.");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_is_refused_nothing_for_lack_of_permission() {
    let (house, _folder) = opened().await;
    let root = Caller::root(account());
    let mut found = Vec::new();
    for (name, spec, operation) in done() {
        match ask(house.registry(), &root, spec, operation).await {
            Err(fault) if fault.code == Fault::ACCESS_DENIED => {
                found.push((name.clone(), format!("{name}: {}", fault.message)));
            }
            _ => {}
        }
    }
    house.close().await;
    none(without_exceptions(found, CLOSED_TO_ROOT), "The root of an account may do everything.");
}

fn account() -> Account {
    Account::parse(ACCOUNT).expect("twelve digits")
}

async fn make_user(registry: &Registry) -> Caller {
    let spec = registry.service("iam").expect("iam is open").spec();
    let create = spec.operation("CreateUser").expect("it is in the contract");
    let input = Fields::new().with("UserName", USER);
    let made = registry.perform(spec, create, context(&Caller::root(account())), input).await.expect("a new user");
    let user = made.get("User").and_then(Value::as_map).expect("the answer holds the user");
    Caller::new(Identity {
        account: account(),
        principal: Principal::User { name: USER.to_owned() },
        arn: user.text("Arn").expect("an ARN").to_owned(),
        user_id: user.text("UserId").expect("an id").to_owned(),
        access_key: None,
        session_policies: Vec::new(),
        unchecked: false,
    })
}

async fn ask(
    registry: &Registry,
    caller: &Caller,
    spec: &ServiceSpec,
    operation: &OperationSpec,
) -> Result<Fields, Fault> {
    let shapes = operation.shapes.expect("it is done");
    registry.perform(spec, operation, context(caller), sample((shapes.input)())).await
}

fn context(caller: &Caller) -> Context {
    Context {
        scope: Scope::new(caller.account.clone(), Region::new("us-east-1")),
        caller: caller.clone(),
        request_id: "a-request".to_owned(),
        trace_id: None,
        origin: String::new(),
    }
}

/// What the client hears: the status and the code by which its service refuses.
fn is_refusal(spec: &'static ServiceSpec, fault: &Fault) -> bool {
    let heard = wire::encode_fault(Some(spec), fault, "a-request");
    let head = heard.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let body = String::from_utf8_lossy(&heard.body);
    let (status, coded) = match spec.tongue {
        Tongue::RestJson => (403, head == Some(spec.access_denied_code)),
        Tongue::Json { .. } => (400, head == Some(spec.access_denied_code)),
        Tongue::Query => (403, body.contains(&format!("<Code>{}</Code>", spec.access_denied_code))),
    };
    fault.code == Fault::ACCESS_DENIED && heard.status == status && coded
}

/// An input with all that is required: of the right types, not necessarily of any use.
fn sample(schema: &'static Schema) -> Fields {
    let required = schema.members.iter().filter(|member| member.required);
    required.map(|member| (Cow::Borrowed(member.name), value(&member.ty))).collect()
}

fn value(ty: &Type) -> Value {
    match ty {
        Type::String | Type::Document => Value::from("nobody"),
        Type::Enum(choices) => Value::from(choices[0]),
        Type::Blob | Type::Payload => Value::Blob(Bytes::new()),
        Type::Boolean => Value::Bool(false),
        Type::Integer | Type::Long => Value::Integer(1),
        Type::Double => Value::Float(1.0),
        Type::Timestamp => Value::Timestamp(Timestamp::UNIX_EPOCH),
        Type::List(item) => Value::List(vec![value(item)]),
        Type::Map(_) => Value::Map(Fields::new()),
        Type::Structure(schema) => Value::Map(sample(schema())),
        Type::Events(_) => Value::Null,
    }
}
