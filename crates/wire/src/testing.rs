//! Contracts for this crate's own tests: one service per tongue, with every kind of member.

use base::{Fields, Timestamp, Value};
use bytes::Bytes;
use indexmap::IndexMap;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::{
    Checks, ErrorSpec, Location, Member, Operation, OperationSpec, Payload, Resource, Schema, ServiceSpec, TimeFormat,
    Tongue, Type,
};

crate::choice! {
    pub(crate) enum Color { Red = "red", DarkBlue = "dark-blue" }
}

crate::shape! {
    pub(crate) struct Inner {
        name: Option<String> = "Name" [len(1, 64)],
        count: Option<i64> = "Count",
        inner: Option<Box<Inner>> = "Inner",
        inners: Option<Vec<Inner>> = "Inners" [flattened, xml("InnerItem")],
        by_name: Option<IndexMap<String, Inner>> = "ByName" [flattened],
    }

    /// Everything that a body can carry.
    pub(crate) struct Everything {
        text: Option<String> = "Text",
        color: Option<Color> = "Color",
        blob: Option<Bytes> = "Blob",
        truth: Option<bool> = "Truth",
        small: Option<i32> = "Small" [xml("XmlSmall")],
        large: Option<i64> = "Large",
        double: Option<f64> = "Double",
        moment: Option<Timestamp> = "Moment",
        moment_ms: Option<Timestamp> = "MomentMs" [time(TimeFormat::EpochMillis)],
        moment_iso: Option<Timestamp> = "MomentIso" [time(TimeFormat::Iso8601)],
        texts: Option<Vec<String>> = "Texts",
        flat: Option<Vec<i32>> = "Flat" [flattened],
        lists: Option<Vec<Vec<String>>> = "Lists" [element("item")],
        map: Option<IndexMap<String, String>> = "Map",
        moments: Option<IndexMap<String, Timestamp>> = "Moments",
        inner: Option<Inner> = "Inner",
        inners: Option<Vec<Inner>> = "Inners",
        by_name: Option<IndexMap<String, Inner>> = "ByName",
        document: Option<Value> = "Document",
        documents: Option<Vec<Value>> = "Documents",
    }

    pub(crate) struct RestRequest {
        name: String = "Name" [label],
        number: i32 = "Number" [label],
        flag: Option<bool> = "Flag" [query("flag")],
        since: Option<Timestamp> = "Since" [query("since")],
        keys: Option<Vec<String>> = "Keys" [query("keys")],
        kind: Option<String> = "Kind" [header("X-Amz-Kind")],
        size: Option<i64> = "Size" [header("X-Amz-Size")],
        day: Option<Timestamp> = "Day" [header("X-Amz-Day")],
        sizes: Option<Vec<i32>> = "Sizes" [header("X-Amz-Sizes")],
        body: Option<Everything> = "Body",
        text: Option<String> = "Text",
    }

    pub(crate) struct RestResponse {
        status: Option<i32> = "Status" [status],
        kind: Option<String> = "Kind" [header("X-Amz-Kind")],
        body: Option<Everything> = "Body",
    }

    pub(crate) struct RawRequest {
        path: String = "Path" [label],
        kind: Option<String> = "Kind" [header("X-Amz-Kind")],
        payload: Option<Payload> = "Payload" [payload],
    }

    pub(crate) struct RawResponse {
        status: Option<i32> = "StatusCode" [status],
        kind: Option<String> = "Kind" [header("X-Amz-Kind")],
        payload: Option<Payload> = "Payload" [payload],
    }

    pub(crate) struct StructuredPayload {
        name: String = "Name" [label],
        body: Option<Inner> = "Body" [payload],
    }

    pub(crate) struct StructuredResponse {
        body: Option<Inner> = "Body" [payload],
    }

    pub(crate) struct ListRequest {
        name: Option<String> = "Name" [query("Name")],
    }

    /// The checks of Appendix A.
    pub(crate) struct Checked {
        name: String = "FunctionName" [label, len(1, 140), pattern("[a-z-]+")],
        alias: Option<String> = "Name" [pattern("(?!^[0-9]+$)([a-zA-Z0-9-_]+)")],
        timeout: Option<i32> = "Timeout" [range(1, 900)],
        colors: Option<Vec<Color>> = "Colors" [len(0, 2)],
        architectures: Option<Vec<Color>> = "Architectures" [len(1, 1), each(Checks::NONE.not_null())],
        vpc: Option<Vpc> = "VpcConfig",
        weights: Option<IndexMap<String, f64>> = "AdditionalVersionWeights" [
            keys(Checks::NONE.len(1, 1024).pattern("[0-9]+")), each(Checks::NONE.float_range(0.0, 1.0).not_null())
        ],
        secret: Option<String> = "Secret" [sensitive, len(6, 10)],
        events: Option<Vec<Event>> = "LogEvents",
        tags: Option<IndexMap<String, Event>> = "Tags",
        data: Option<Bytes> = "Data" [len(0, 3)],
        grid: Option<Vec<Vec<String>>> = "Grid" [each(Checks::NONE.len(1, 2))],
    }

    pub(crate) struct Vpc {
        subnet_ids: Option<Vec<String>> = "SubnetIds" [len(0, 16), each(Checks::NONE.len(0, 1024).pattern("subnet-[0-9a-z]*"))],
    }

    pub(crate) struct Event {
        message: String = "Message" [len(1, 10)],
    }
}

crate::op! {
    pub(crate) PutThing(RestRequest) -> RestResponse {
        http: PUT 201 "/2015-03-31/things/{Name}/parts/{Number}", permit: "x:PutThing" on Resource::Any, errors: []
    }
    pub(crate) InvokeThing(RawRequest) -> RawResponse {
        http: POST 200 "/2015-03-31/raw/{Path+}", permit: "x:InvokeThing" on Resource::Any, errors: []
    }
    pub(crate) PutStructured(StructuredPayload) -> StructuredResponse {
        http: PUT 200 "/2015-03-31/structured/{Name}", permit: "x:PutStructured" on Resource::Any, errors: []
    }
    pub(crate) ListThings(ListRequest) -> Everything {
        http: GET 200 "/2015-03-31/things", permit: "x:ListThings" on Resource::Any, errors: []
    }
    pub(crate) FindThing(ListRequest) -> Everything {
        http: GET 200 "/2015-03-31/things?find=Thing", permit: "x:FindThing" on Resource::Any, errors: []
    }
    pub(crate) DeleteThing(StructuredPayload) -> crate::Nothing {
        http: DELETE 204 "/2015-03-31/things/{Name}", permit: "x:DeleteThing" on Resource::Any, errors: []
    }
    pub(crate) CheckThing(Checked) -> crate::Nothing {
        http: POST 200 "/2015-03-31/checked/{FunctionName}", permit: "x:CheckThing" on Resource::Any, errors: []
    }
    pub(crate) DoEverything(Everything) -> Everything {
        http: POST 200 "/", permit: "x:DoEverything" on Resource::Any, errors: []
    }
    pub(crate) DoNothing(crate::Nothing) -> crate::Nothing {
        http: POST 200 "/", permit: "" on Resource::Any, errors: []
    }
}

const UNDONE: OperationSpec = OperationSpec::known("UndoneThing", "GET", 200, "/2015-03-31/undone");

const fn error(code: &'static str, status: u16, key: &'static str, kind: &'static str) -> ErrorSpec {
    ErrorSpec { code, status, message_key: key, kind, wire_code: "" }
}

pub(crate) static REST: ServiceSpec = ServiceSpec {
    name: "things",
    signing_name: "things",
    tongue: Tongue::RestJson,
    target_prefix: "",
    version: "2015-03-31",
    xml_namespace: "",
    operations: &[
        &PutThing::SPEC,
        &InvokeThing::SPEC,
        &PutStructured::SPEC,
        &ListThings::SPEC,
        &FindThing::SPEC,
        &DeleteThing::SPEC,
        &CheckThing::SPEC,
        &UNDONE,
    ],
    errors: &[
        error("ResourceNotFoundException", 404, "Message", "User"),
        error("InvalidRequestContentException", 400, "message", "User"),
        error("TooManyRequestsException", 429, "message", "User"),
        error("ServiceException", 500, "Message", "Service"),
    ],
    validation_code: "ValidationException",
    access_denied_code: "AccessDeniedException",
    internal_code: "ServiceException",
};

pub(crate) static SISTER: ServiceSpec =
    ServiceSpec { name: "things-web", operations: &[&SISTER_OPERATION], errors: &[], ..REST_BASE };

const SISTER_OPERATION: OperationSpec = OperationSpec::known("ListWeb", "GET", 200, "/2025-03-07/web");

const REST_BASE: ServiceSpec = ServiceSpec {
    name: "",
    signing_name: "things",
    tongue: Tongue::RestJson,
    target_prefix: "",
    version: "2025-03-07",
    xml_namespace: "",
    operations: &[],
    errors: &[],
    validation_code: "ValidationException",
    access_denied_code: "AccessDeniedException",
    internal_code: "InternalFailure",
};

pub(crate) static JSON: ServiceSpec = ServiceSpec {
    name: "records",
    signing_name: "records",
    tongue: Tongue::Json { version: "1.1" },
    target_prefix: "Records_20140328",
    operations: &[&DoEverything::SPEC, &DoNothing::SPEC],
    errors: &[
        error("ResourceNotFoundException", 400, "message", ""),
        error("InvalidParameterException", 400, "message", ""),
        ErrorSpec {
            code: "QueueDoesNotExist",
            status: 400,
            message_key: "message",
            kind: "",
            wire_code: "AWS.SimpleQueueService.NonExistentQueue",
        },
        error("ServiceUnavailableException", 500, "message", ""),
    ],
    validation_code: "InvalidParameterException",
    ..REST_BASE
};

pub(crate) static QUERY: ServiceSpec = ServiceSpec {
    name: "people",
    signing_name: "people",
    tongue: Tongue::Query,
    version: "2010-05-08",
    xml_namespace: "https://people.amazonaws.com/doc/2010-05-08/",
    operations: &[&DoEverything::SPEC, &DoNothing::SPEC],
    errors: &[ErrorSpec {
        code: "NoSuchEntityException",
        status: 404,
        message_key: "message",
        kind: "",
        wire_code: "NoSuchEntity",
    }],
    validation_code: "ValidationError",
    access_denied_code: "AccessDenied",
    internal_code: "ServiceFailure",
    ..REST_BASE
};

pub(crate) const ALL: &[&ServiceSpec] = &[&REST, &SISTER, &JSON, &QUERY];

/// Inputs or outputs that a table allows. Where a notation can't tell absent from empty, they are not empty.
pub(crate) fn fields(schema: &'static Schema) -> BoxedStrategy<Fields> {
    structure(schema, 3)
}

fn structure(schema: &'static Schema, depth: u32) -> BoxedStrategy<Fields> {
    let members: Vec<_> = schema.members.iter().map(|member| presence(member, depth)).collect();
    let names = schema.members.iter().map(|member| member.name);
    let names: Vec<_> = names.collect();
    members
        .prop_map(move |values| {
            let present = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).into(), value?)));
            present.collect()
        })
        .boxed()
}

fn presence(member: &'static Member, depth: u32) -> BoxedStrategy<Option<Value>> {
    if depth == 0 && matches!(member.ty, Type::Structure(_) | Type::List(_) | Type::Map(_)) {
        return Just(None).boxed();
    }
    let value = placed(member, depth);
    if member.required { value.prop_map(Some).boxed() } else { proptest::option::of(value).boxed() }
}

fn placed(member: &'static Member, depth: u32) -> BoxedStrategy<Value> {
    let least = usize::from(member.flattened || member.location != Location::Body);
    match (member.location, &member.ty) {
        (Location::Status, _) => (200..204_i64).prop_map(Value::Integer).boxed(),
        (Location::Header(_), Type::String) => "[!-~]([ -~]{0,9}[!-~])?".prop_map(Value::String).boxed(),
        (Location::Header(_), Type::Timestamp) => {
            (-9_999_999_999_i64..99_999_999_999).prop_map(|seconds| moment(seconds * 1000)).boxed()
        }
        (Location::Label, Type::String) => "\\PC{1,20}".prop_map(Value::String).boxed(),
        (Location::Payload, Type::Payload) => vec(any::<u8>(), 1..40).prop_map(|b| Value::Blob(b.into())).boxed(),
        _ => of_type(&member.ty, depth, least),
    }
}

fn moment(millis: i64) -> Value {
    Value::Timestamp(Timestamp::from_millisecond(millis).expect("in range"))
}

/// Without what XML can't write.
fn text() -> BoxedStrategy<String> {
    prop_oneof!["[ -~]{0,12}", "[\u{20}-\u{d7ff}\u{10000}-\u{10ffff}\r\n\t]{0,8}", Just(String::new())].boxed()
}

fn of_type(ty: &'static Type, depth: u32, least: usize) -> BoxedStrategy<Value> {
    match ty {
        Type::String => text().prop_map(Value::String).boxed(),
        Type::Enum(choices) => proptest::sample::select(*choices).prop_map(Value::from).boxed(),
        Type::Blob | Type::Payload => vec(any::<u8>(), 0..20).prop_map(|b| Value::Blob(b.into())).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Integer => any::<i32>().prop_map(|number| Value::Integer(number.into())).boxed(),
        Type::Long => any::<i64>().prop_map(Value::Integer).boxed(),
        Type::Double => double().prop_map(Value::Float).boxed(),
        Type::Timestamp => (-9_999_999_999_999_i64..99_999_999_999_999).prop_map(moment).boxed(),
        Type::List(item) => vec(of_type(item, depth.saturating_sub(1), 0), least..4).prop_map(Value::List).boxed(),
        Type::Map(item) => btree_map(text(), of_type(item, depth.saturating_sub(1), 0), least..4)
            .prop_map(|map| Value::Map(map.into_iter().map(|(key, value)| (key.into(), value)).collect()))
            .boxed(),
        Type::Structure(schema) => structure(schema(), depth.saturating_sub(1)).prop_map(Value::Map).boxed(),
        Type::Document => document(),
        // Beside the output, never in it.
        Type::Events(_) => Just(Value::Null).boxed(),
    }
}

fn double() -> BoxedStrategy<f64> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, ZERO};
    prop_oneof![POSITIVE | NEGATIVE | NORMAL | ZERO, Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(1e21)].boxed()
}

/// Never null at the top: that is absence.
fn document() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        proptest::num::f64::NORMAL.prop_map(Value::Float),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let inner = prop_oneof![3 => inner, 1 => Just(Value::Null)];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Map(map.into_iter().map(|(key, value)| (key.into(), value)).collect())),
        ]
    })
    .boxed()
}

/// The same value with members in one order: codecs keep the table's, not the generator's.
pub(crate) fn sorted(fields: Fields) -> Fields {
    let mut members: Vec<_> = fields.into_iter().map(|(name, value)| (name, sorted_value(value))).collect();
    members.sort_by(|left, right| left.0.cmp(&right.0));
    members.into_iter().collect()
}

fn sorted_value(value: Value) -> Value {
    match value {
        Value::Map(fields) => Value::Map(sorted(fields)),
        Value::List(items) => Value::List(items.into_iter().map(sorted_value).collect()),
        other => other,
    }
}
