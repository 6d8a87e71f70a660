//! Reads policy documents strictly: what IAM wouldn't take is refused in its words, and nothing is guessed.

use base::{Arn, Fault};

use super::document::{Effect, Names, Policy, Statement, Version};
use super::json::Json;
use super::principal::{Named, Principals};

/// Why a document is no policy. The texts are IAM's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("This policy contains invalid Json")]
    NotJson { cause: String },
    #[error("Syntax errors in policy.")]
    Syntax { element: String },
    #[error("The policy must contain a valid version string.")]
    Version { found: String },
    #[error("Missing required field {field}")]
    Missing { field: &'static str },
    #[error("Has prohibited field {field}")]
    Prohibited { field: &'static str },
    #[error("Policy document should not specify a principal.")]
    HasPrincipal,
    #[error("Policy statement must contain actions.")]
    NoActions,
    #[error("Policy statement must contain resources.")]
    NoResources,
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    Sid { sid: String },
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    SameSid { sid: String },
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor { action: String },
    #[error("Vendor {vendor} is not valid")]
    Vendor { vendor: String },
    #[error("Resource {resource} must be in ARN format or \"*\".")]
    Resource { resource: String },
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    ResourceVendor { resource: String },
    #[error("The policy failed legacy parsing")]
    ResourceParts { resource: String },
    #[error("Invalid principal in policy: \"{kind}\":\"{name}\"")]
    Principal { kind: String, name: String },
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotAssumeRole { action: String },
    #[error("Invalid Condition type : {operator}")]
    Condition { operator: String },
}

impl From<Malformed> for Fault {
    fn from(error: Malformed) -> Self {
        Self::new("MalformedPolicyDocumentException", error.to_string()).caused_by(format_args!("{error:?}"))
    }
}

/// A policy of a user or role, inline or managed.
pub fn identity_policy(text: &str) -> Result<Policy, Malformed> {
    policy(text, identity_statement)
}

/// The policy of a role that says who may assume it.
pub fn trust_policy(text: &str) -> Result<Policy, Malformed> {
    policy(text, trust_statement)
}

type Members = Vec<(String, Json)>;

fn policy(text: &str, read: fn(Members) -> Result<Statement, Malformed>) -> Result<Policy, Malformed> {
    let json = Json::parse(text).map_err(|error| Malformed::NotJson { cause: error.to_string() })?;
    let Json::Object(mut members) = json else { return Err(syntax("document")) };
    let version = take(&mut members, "Version").map(version).transpose()?.unwrap_or_default();
    let id = take(&mut members, "Id").map(|id| string(id, "Id")).transpose()?;
    let statements = take(&mut members, "Statement").ok_or(Malformed::Missing { field: "Statement" })?;
    nothing_left(&members)?;
    let statements = objects(statements)?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    distinct_sids(&statements)?;
    Ok(Policy { version, id, statements })
}

fn identity_statement(mut members: Members) -> Result<Statement, Malformed> {
    let statement = statement(&mut members)?;
    if statement.principals.is_some() {
        return Err(Malformed::HasPrincipal);
    }
    if statement.resources.is_none() {
        return Err(Malformed::NoResources);
    }
    nothing_left(&members)?;
    Ok(statement)
}

fn trust_statement(mut members: Members) -> Result<Statement, Malformed> {
    let statement = statement(&mut members)?;
    if statement.resources.is_some() {
        return Err(Malformed::Prohibited { field: "Resource" });
    }
    let Some(principals) = &statement.principals else { return Err(Malformed::Missing { field: "Principal" }) };
    // "Everybody but these may" is a door that nobody means to open; IAM refuses it as well.
    if principals.all_but && statement.effect == Effect::Allow {
        return Err(Malformed::Prohibited { field: "NotPrincipal" });
    }
    let is_sts = |action: &&String| action.get(..4).is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts:"));
    if let Some(action) = statement.actions.texts.iter().find(|action| !is_sts(action)) {
        return Err(Malformed::NotAssumeRole { action: action.clone() });
    }
    nothing_left(&members)?;
    Ok(statement)
}

/// What both kinds of statement have in common; takes what it reads out of `members`.
fn statement(members: &mut Members) -> Result<Statement, Malformed> {
    let sid = take(members, "Sid").map(sid).transpose()?;
    let effect = effect(take(members, "Effect").ok_or(Malformed::Missing { field: "Effect" })?)?;
    let principals = either(members, "Principal", "NotPrincipal")?
        .map(|(json, all_but)| principals(json).map(|named| Principals { named, all_but }))
        .transpose()?;
    let actions = names(members, "Action", "NotAction")?.ok_or(Malformed::NoActions)?;
    actions.texts.iter().try_for_each(|action| check_action(action))?;
    let resources = names(members, "Resource", "NotResource")?;
    if let Some(resources) = &resources {
        resources.texts.iter().try_for_each(|resource| check_resource(resource))?;
    }
    let condition = take(members, "Condition");
    condition.iter().try_for_each(check_condition)?;
    Ok(Statement { sid, effect, principals, actions, resources, condition })
}

fn version(json: Json) -> Result<Version, Malformed> {
    match json.as_text() {
        Some("2012-10-17") => Ok(Version::V2012),
        Some("2008-10-17") => Ok(Version::V2008),
        _ => Err(Malformed::Version { found: json.to_string() }),
    }
}

fn effect(json: Json) -> Result<Effect, Malformed> {
    match json.as_text() {
        Some("Allow") => Ok(Effect::Allow),
        Some("Deny") => Ok(Effect::Deny),
        _ => Err(syntax("Effect")),
    }
}

fn sid(json: Json) -> Result<String, Malformed> {
    let sid = string(json, "Sid")?;
    if sid.bytes().all(|b| b.is_ascii_alphanumeric()) { Ok(sid) } else { Err(Malformed::Sid { sid }) }
}

fn distinct_sids(statements: &[Statement]) -> Result<(), Malformed> {
    let mut seen = std::collections::HashSet::new();
    let mut sids = statements.iter().filter_map(|statement| statement.sid.as_ref()).filter(|sid| !sid.is_empty());
    match sids.find(|sid| !seen.insert(sid.as_str())) {
        Some(sid) => Err(Malformed::SameSid { sid: sid.clone() }),
        None => Ok(()),
    }
}

fn principals(json: Json) -> Result<Vec<Named>, Malformed> {
    let kinds = match json {
        Json::Text(text) if text == "*" => return Ok(vec![Named::Everybody]),
        Json::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(syntax("Principal")),
    };
    let mut named = Vec::new();
    for (kind, names) in kinds {
        for name in strings(names, "Principal")? {
            named.push(principal(&kind, name)?);
        }
    }
    Ok(named)
}

fn principal(kind: &str, name: String) -> Result<Named, Malformed> {
    match kind {
        "AWS" => Named::aws(&name).ok_or_else(|| Malformed::Principal { kind: kind.to_owned(), name }),
        "Service" if is_service(&name) => Ok(Named::Service(name)),
        "Service" => Err(Malformed::Principal { kind: "SERVICE".to_owned(), name }),
        "Federated" | "CanonicalUser" => Ok(Named::Foreign { kind: kind.to_owned(), name }),
        _ => Err(syntax(kind)),
    }
}

/// A host name such as `lambda.amazonaws.com`; which of them exist is not ours to know.
fn is_service(name: &str) -> bool {
    let host = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    host && name.split('.').count() > 1 && name.split('.').all(|label| !label.is_empty())
}

/// `*`, or `vendor:Action` with wildcards in the action only.
fn check_action(action: &str) -> Result<(), Malformed> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return Err(Malformed::NoVendor { action: action.to_owned() });
    };
    if vendor.is_empty() || !vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(Malformed::Vendor { vendor: vendor.to_owned() });
    }
    if name.is_empty() || name.contains(|c: char| !c.is_ascii_alphanumeric() && !"*?-_".contains(c)) {
        return Err(syntax(action));
    }
    Ok(())
}

fn check_resource(resource: &str) -> Result<(), Malformed> {
    let whole = || resource.to_owned();
    if resource == "*" {
        return Ok(());
    }
    if !resource.starts_with("arn:") {
        return Err(Malformed::Resource { resource: whole() });
    }
    let Some(arn) = Arn::parse(resource) else { return Err(Malformed::ResourceParts { resource: whole() }) };
    if arn.service.contains(['*', '?']) {
        return Err(Malformed::ResourceVendor { resource: whole() });
    }
    Ok(())
}

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
];

/// `{operator: {key: value or values}}`.
fn check_condition(condition: &Json) -> Result<(), Malformed> {
    let Json::Object(operators) = condition else { return Err(syntax("Condition")) };
    for (operator, keys) in operators {
        let bare = operator.strip_prefix("ForAllValues:").or_else(|| operator.strip_prefix("ForAnyValue:"));
        let bare = bare.unwrap_or(operator);
        let known = |name: &str| OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !known(bare) && !bare.strip_suffix("IfExists").is_some_and(known) {
            return Err(Malformed::Condition { operator: operator.clone() });
        }
        let Json::Object(keys) = keys else { return Err(syntax(operator)) };
        keys.iter().try_for_each(|(key, value)| check_condition_value(key, value))?;
    }
    Ok(())
}

fn check_condition_value(key: &str, value: &Json) -> Result<(), Malformed> {
    let scalar = |json: &Json| matches!(json, Json::Text(_) | Json::Number(_) | Json::Bool(_));
    let fits = match value {
        Json::List(items) => items.iter().all(scalar),
        other => scalar(other),
    };
    if fits { Ok(()) } else { Err(syntax(key)) }
}

fn syntax(element: &str) -> Malformed {
    Malformed::Syntax { element: element.to_owned() }
}

fn take(members: &mut Members, name: &str) -> Option<Json> {
    let at = members.iter().position(|(key, _)| key == name)?;
    Some(members.remove(at).1)
}

/// The member or its negation, never both.
fn either(members: &mut Members, name: &str, negated: &str) -> Result<Option<(Json, bool)>, Malformed> {
    match (take(members, name), take(members, negated)) {
        (Some(_), Some(_)) => Err(syntax(negated)),
        (Some(json), None) => Ok(Some((json, false))),
        (None, Some(json)) => Ok(Some((json, true))),
        (None, None) => Ok(None),
    }
}

fn names(members: &mut Members, name: &str, negated: &str) -> Result<Option<Names>, Malformed> {
    let Some((json, all_but)) = either(members, name, negated)? else { return Ok(None) };
    let texts = strings(json, name)?;
    // An empty list names nothing; to IAM it is the same as no element at all.
    Ok((!texts.is_empty()).then_some(Names { texts, all_but }))
}

/// One object or a list of them, at least one.
fn objects(json: Json) -> Result<Vec<Members>, Malformed> {
    let items = match json {
        Json::List(items) if !items.is_empty() => items,
        Json::Object(members) => return Ok(vec![members]),
        _ => return Err(syntax("Statement")),
    };
    let object = |item| match item {
        Json::Object(members) => Ok(members),
        _ => Err(syntax("Statement")),
    };
    items.into_iter().map(object).collect()
}

/// One string or a list of them.
fn strings(json: Json, element: &str) -> Result<Vec<String>, Malformed> {
    match json {
        Json::List(items) => items.into_iter().map(|item| string(item, element)).collect(),
        json => Ok(vec![string(json, element)?]),
    }
}

fn string(json: Json, element: &str) -> Result<String, Malformed> {
    match json {
        Json::Text(text) => Ok(text),
        _ => Err(syntax(element)),
    }
}

fn nothing_left(members: &Members) -> Result<(), Malformed> {
    match members.first() {
        Some((key, _)) => Err(syntax(key)),
        None => Ok(()),
    }
}
