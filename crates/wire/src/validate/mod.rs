//! Checking an input against its table, in AWS's words.
//!
//! `1 validation error detected: Value 'x' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must …`;
//! several failures stand in the table's order, joined with `; `. Source: oracle 1.2 and Appendix A.

mod pattern;
mod rule;
mod show;

use base::{Fault, Fields, Value, limits};

use rule::{Rule, rules};

use crate::schema::{Checks, Member, Schema, Type};

/// Checks every member, at all levels.
///
/// # Errors
/// One fault with `code` (a service's `validation_code`) that lists what failed, at most
/// [`limits::wire::FAILURES`]; an internal one if a pattern of the contract is no pattern.
pub fn validate(schema: &Schema, input: &Fields, code: &'static str) -> Result<(), Fault> {
    let mut checking = Checking { failures: Vec::new(), broken: None };
    checking.structure(schema, input, &Path::Root);
    match (checking.broken, checking.failures.len()) {
        (Some(cause), _) => Err(Fault::internal(cause)),
        (None, 0) => Ok(()),
        (None, count) => Err(Fault::new(code, sentence(count, &checking.failures))),
    }
}

/// Whether a pattern can be used at all; for [`crate::contract::problems`].
pub(crate) fn usable(pattern: &'static str) -> Result<(), pattern::Unusable> {
    pattern::compile(pattern).map(drop)
}

fn sentence(count: usize, failures: &[String]) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} validation error{plural} detected: {}", failures.join("; "))
}

/// Where a value stands; text only when it is needed.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    /// An element of a list, counted from 1.
    Item(&'a Path<'a>, usize),
    /// A value of a map.
    Entry(&'a Path<'a>, &'a str),
}

impl Path<'_> {
    fn text(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Member(Path::Root, name) => lower_first(name),
            Self::Member(parent, name) => format!("{}.{}", parent.text(), lower_first(name)),
            Self::Item(parent, number) => format!("{}.{number}.member", parent.text()),
            Self::Entry(parent, key) => format!("{}.{key}.member", parent.text()),
        }
    }
}

/// AWS lowers the first letter only: `uUID`, `kMSKeyArn`.
fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

struct Checking {
    failures: Vec<String>,
    /// Something that is wrong with the contract itself.
    broken: Option<pattern::Unusable>,
}

/// What surrounds a value: its member (for its checks) and its place.
#[derive(Clone, Copy)]
struct At<'a> {
    member: &'a Member,
    path: &'a Path<'a>,
}

impl Checking {
    fn is_full(&self) -> bool {
        self.failures.len() >= limits::wire::FAILURES || self.broken.is_some()
    }

    fn structure(&mut self, schema: &Schema, fields: &Fields, parent: &Path<'_>) {
        for member in schema.members {
            let path = Path::Member(parent, member.name);
            let at = At { member, path: &path };
            match fields.get(member.name) {
                None | Some(Value::Null) if member.required => self.fail(at, &Value::Null, &Rule::NotNull.to_string()),
                None | Some(Value::Null) => {}
                Some(value) => self.value(at, &member.ty, value),
            }
        }
    }

    /// Each rule that a value breaks is a failure of its own; the pattern's stands first (recorded: DynamoDB,
    /// CloudFormation, Cognito).
    fn value(&mut self, at: At<'_>, ty: &Type, value: &Value) {
        let all = || rules(&at.member.checks, ty);
        let patterns = all().filter(Rule::is_pattern);
        for rule in patterns.chain(all().filter(|rule| !rule.is_pattern())) {
            if !self.holds(&rule, value) {
                self.fail(at, value, &rule.to_string());
            }
        }
        self.inside(at, ty, value);
    }

    /// Elements, keys and values, then the structures among them.
    fn inside(&mut self, at: At<'_>, ty: &Type, value: &Value) {
        match (ty, value) {
            (Type::Structure(schema), Value::Map(fields)) => self.structure(schema(), fields, at.path),
            (Type::List(item), Value::List(items)) => {
                self.all(at, value, &at.member.each, item, "", items.iter());
                for (number, element) in (1..).zip(items) {
                    self.nested(At { path: &Path::Item(at.path, number), ..at }, item, element);
                }
            }
            (Type::Map(item), Value::Map(fields)) => {
                let keys: Vec<Value> = fields.iter().map(|(key, _)| key.into()).collect();
                self.all(at, value, &at.member.keys, &Type::String, "Map keys", keys.iter());
                self.all(at, value, &at.member.each, item, "Map value", fields.iter().map(|(_, value)| value));
                for (key, element) in fields.iter() {
                    self.nested(At { path: &Path::Entry(at.path, key), ..at }, item, element);
                }
            }
            _ => {}
        }
    }

    fn nested(&mut self, at: At<'_>, ty: &Type, value: &Value) {
        if !self.is_full() && matches!(ty, Type::Structure(_) | Type::List(_) | Type::Map(_)) {
            self.inside(at, ty, value);
        }
    }

    /// One failure for the whole collection, naming all rules of its elements, if one of them breaks one.
    fn all<'v>(
        &mut self,
        at: At<'_>,
        whole: &Value,
        checks: &Checks,
        ty: &Type,
        what: &str,
        mut values: impl Iterator<Item = &'v Value>,
    ) {
        let named: Vec<Rule> = rules(checks, ty).collect();
        let broken = values.any(|value| {
            let null = matches!((value, ty), (Value::Null, ty) if !matches!(ty, Type::Document));
            null || !named.iter().all(|rule| self.holds(rule, value))
        });
        if broken {
            self.fail(at, whole, &together(&named, what));
        }
    }

    fn holds(&mut self, rule: &Rule, value: &Value) -> bool {
        match rule.holds(value) {
            Ok(holds) => holds,
            Err(unusable) => {
                self.broken.get_or_insert(unusable);
                true
            }
        }
    }

    fn fail(&mut self, at: At<'_>, value: &Value, constraint: &str) {
        if self.is_full() {
            return;
        }
        let shown = match value {
            Value::Null => " null".to_owned(),
            _ if at.member.sensitive => String::new(),
            value => format!(" '{}'", show::show(value, &at.member.ty)),
        };
        let place = at.path.text();
        self.failures.push(format!("Value{shown} at '{place}' failed to satisfy constraint: {constraint}"));
    }
}

/// A lone enum stands bare (recorded for `compatibleRuntimes`); all else is listed.
fn together(rules: &[Rule], what: &str) -> String {
    let what = if what.is_empty() { "Member" } else { what };
    match rules {
        [rule @ Rule::Enum(_)] if what == "Member" => rule.to_string(),
        [] => format!("{what} must satisfy constraint: [{}]", Rule::NotNull),
        rules => {
            let listed: Vec<String> = rules.iter().map(ToString::to_string).collect();
            format!("{what} must satisfy constraint: [{}]", listed.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
