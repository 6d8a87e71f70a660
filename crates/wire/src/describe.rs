//! A contract as JSON: what the examiner (`tests/examiner`) compares with AWS's public models.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::operation::{ErrorSpec, OperationSpec, ServiceSpec, Tongue};
use crate::schema::{Checks, Location, Member, Schema, TimeFormat, Type};

/// One JSON document: the service, its operations, the shapes that they reach (by name) and its errors.
pub fn describe(spec: &ServiceSpec) -> String {
    let mut shapes = BTreeMap::new();
    let operations: Vec<Value> = spec.operations.iter().map(|one| operation(one, &mut shapes)).collect();
    let (tongue, json_version) = match spec.tongue {
        Tongue::RestJson => ("rest-json", ""),
        Tongue::Json { version } => ("json", version),
        Tongue::Query => ("query", ""),
    };
    let shapes: Map<String, Value> = shapes.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    json!({
        "name": spec.name,
        "signing_name": spec.signing_name,
        "tongue": tongue,
        "json_version": json_version,
        "target_prefix": spec.target_prefix,
        "version": spec.version,
        "xml_namespace": spec.xml_namespace,
        "validation_code": spec.validation_code,
        "operations": operations,
        "shapes": shapes,
        "errors": spec.errors.iter().map(error).collect::<Vec<_>>(),
    })
    .to_string()
}

type Shapes = BTreeMap<&'static str, Value>;

fn operation(spec: &OperationSpec, shapes: &mut Shapes) -> Value {
    let reached = spec.shapes.map(|both| ((both.input)(), (both.output)()));
    if let Some((input, output)) = reached {
        reach(input, shapes);
        reach(output, shapes);
    }
    json!({
        "name": spec.name,
        "method": spec.http.method,
        "uri": spec.http.uri,
        "status": spec.http.status,
        "done": spec.is_done(),
        "input": reached.map(|(input, _)| input.name),
        "output": reached.map(|(_, output)| output.name),
        "action": spec.permission.action,
        "errors": spec.errors,
    })
}

fn reach(schema: &'static Schema, shapes: &mut Shapes) {
    if shapes.contains_key(schema.name) {
        return;
    }
    // Marks it as begun, for the structures that contain themselves.
    shapes.insert(schema.name, Value::Null);
    let members: Vec<Value> = schema.members.iter().map(|one| member(one, shapes)).collect();
    shapes.insert(schema.name, json!(members));
}

fn member(member: &'static Member, shapes: &mut Shapes) -> Value {
    json!({
        "name": member.name,
        "type": ty(&member.ty, shapes),
        "required": member.required,
        "location": location(member.location),
        "checks": checks(&member.checks),
        "each": checks(&member.each),
        "keys": checks(&member.keys),
        "time": time(member.time),
        "xml": member.xml_name(),
        "element": member.element,
        "flattened": member.flattened,
        "sensitive": member.sensitive,
    })
}

fn ty(ty: &'static Type, shapes: &mut Shapes) -> Value {
    match ty {
        Type::Enum(choices) => json!({ "is": "string", "enum": choices }),
        Type::List(item) => json!({ "is": "list", "of": self::ty(item, shapes) }),
        Type::Map(item) => json!({ "is": "map", "of": self::ty(item, shapes) }),
        Type::Structure(schema) | Type::Events(schema) => {
            reach(schema(), shapes);
            json!({ "is": "structure", "shape": schema().name })
        }
        Type::String => json!({ "is": "string" }),
        Type::Blob => json!({ "is": "blob" }),
        Type::Boolean => json!({ "is": "boolean" }),
        Type::Integer => json!({ "is": "integer" }),
        Type::Long => json!({ "is": "long" }),
        Type::Double => json!({ "is": "double" }),
        Type::Timestamp => json!({ "is": "timestamp" }),
        Type::Document => json!({ "is": "document" }),
        Type::Payload => json!({ "is": "payload" }),
    }
}

fn location(location: Location) -> Value {
    let (place, name) = match location {
        Location::Body => ("body", None),
        Location::Label => ("uri", None),
        Location::Query(name) => ("querystring", Some(name)),
        Location::Header(name) => ("header", Some(name)),
        Location::Status => ("statusCode", None),
        Location::Payload => ("payload", None),
    };
    json!({ "in": place, "name": name })
}

/// Open ends are null.
fn checks(checks: &Checks) -> Value {
    let (least, most) = checks.length.unzip();
    let (bottom, top) = checks.range.unzip();
    let (floor, ceiling) = checks.float_range.unzip();
    json!({
        "least": least.filter(|least| *least != 0),
        "most": most.filter(|most| *most != usize::MAX),
        "bytes": checks.in_bytes,
        "bottom": bottom.filter(|bottom| *bottom != i64::MIN),
        "top": top.filter(|top| *top != i64::MAX),
        "floor": floor,
        "ceiling": ceiling,
        "pattern": checks.pattern,
    })
}

fn time(format: TimeFormat) -> Option<&'static str> {
    match format {
        TimeFormat::Default => None,
        TimeFormat::EpochSeconds => Some("unixTimestamp"),
        TimeFormat::EpochMillis => Some("epochMillis"),
        TimeFormat::Iso8601 => Some("iso8601"),
        TimeFormat::HttpDate => Some("rfc822"),
    }
}

fn error(error: &ErrorSpec) -> Value {
    json!({
        "code": error.code,
        "status": error.status,
        "message_key": error.message_key,
        "kind": error.kind,
        "wire_code": error.wire_code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ALL;

    #[test]
    fn every_contract_can_be_described() {
        for spec in ALL {
            let told: Value = serde_json::from_str(&describe(spec)).expect("JSON");
            assert_eq!(told["operations"].as_array().map(Vec::len), Some(spec.operations.len()));
        }
    }

    #[test]
    fn a_structure_that_contains_itself_ends() {
        let told: Value = serde_json::from_str(&describe(ALL[0])).expect("JSON");
        assert_eq!(told["shapes"]["Inner"][2]["type"], json!({ "is": "structure", "shape": "Inner" }));
    }
}
