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

/// A value's surroundings: its member (for its checks), its own type and its place.
#[derive(Clone, Copy)]
struct At<'a> {
    member: &'a Member,
    ty: &'a Type,
    path: &'a Path<'a>,
    /// Within another collection of the same member: the member's checks of elements were for that one.
    inner: bool,
}

impl At<'_> {
    fn elements(&self) -> &Checks {
        if self.inner { &Checks::NONE } else { &self.member.each }
    }

    fn keys(&self) -> &Checks {
        if self.inner { &Checks::NONE } else { &self.member.keys }
    }
}

impl Checking {
    fn is_full(&self) -> bool {
        self.failures.len() >= limits::wire::FAILURES || self.broken.is_some()
    }

    fn structure(&mut self, schema: &Schema, fields: &Fields, parent: &Path<'_>) {
        for member in schema.members {
            let at = At { member, ty: &member.ty, path: &Path::Member(parent, member.name), inner: false };
            match fields.get(member.name) {
                None | Some(Value::Null) if member.required => self.fail(at, &Value::Null, &Rule::NotNull.to_string()),
                None | Some(Value::Null) => {}
                Some(value) => self.value(at, value),
            }
        }
    }

    /// Each rule that a value breaks is a failure of its own; the pattern's stands first (recorded: DynamoDB,
    /// CloudFormation, Cognito).
    fn value(&mut self, at: At<'_>, value: &Value) {
        let all = || rules(&at.member.checks, at.ty);
        let patterns = all().filter(Rule::is_pattern);
        for rule in patterns.chain(all().filter(|rule| !rule.is_pattern())) {
            if self.breaks(&rule, value) {
                self.fail(at, value, &rule.to_string());
            }
        }
        self.inside(at, value);
    }

    /// Elements, keys and values, then the structures among them.
    fn inside(&mut self, at: At<'_>, value: &Value) {
        match (at.ty, value) {
            (Type::Structure(schema), Value::Map(fields)) => self.structure(schema(), fields, at.path),
            (Type::List(item), Value::List(items)) => {
                self.elements(at, item, value, "Member", items.iter());
                for (number, element) in (1..).zip(items) {
                    self.nested(At { ty: item, path: &Path::Item(at.path, number), inner: true, ..at }, element);
                }
            }
            (Type::Map(item), Value::Map(fields)) => {
                self.keys(at, fields, value);
                self.elements(at, item, value, "Map value", fields.iter().map(|(_, value)| value));
                for (key, element) in fields.iter() {
                    self.nested(At { ty: item, path: &Path::Entry(at.path, key), inner: true, ..at }, element);
                }
            }
            _ => {}
        }
    }

    fn nested(&mut self, at: At<'_>, value: &Value) {
        if !self.is_full() && matches!(at.ty, Type::Structure(_) | Type::List(_) | Type::Map(_)) {
            self.inside(at, value);
        }
    }

    /// One failure for the whole collection, naming all rules of its elements, if one of them breaks one. A null is
    /// refused in any case, except in a document.
    fn elements<'v>(
        &mut self,
        at: At<'_>,
        item: &Type,
        whole: &Value,
        what: &str,
        mut values: impl Iterator<Item = &'v Value>,
    ) {
        let named: Vec<Rule> = rules(at.elements(), item).collect();
        let nullable = matches!(item, Type::Document);
        let broken = values
            .any(|value| (*value == Value::Null && !nullable) || named.iter().any(|rule| self.breaks(rule, value)));
        if broken {
            self.fail(at, whole, &together(&named, what));
        }
    }

    fn keys(&mut self, at: At<'_>, fields: &Fields, whole: &Value) {
        let named: Vec<Rule> = rules(at.keys(), &Type::String).collect();
        let broken = |rule: &Rule| fields.iter().any(|(key, _)| self.breaks(rule, &key.into()));
        if named.iter().any(broken) {
            self.fail(at, whole, &together(&named, "Map keys"));
        }
    }

    fn breaks(&mut self, rule: &Rule, value: &Value) -> bool {
        match rule.holds(value) {
            Ok(holds) => !holds,
            Err(unusable) => {
                self.broken.get_or_insert(unusable);
                false
            }
        }
    }

    /// A sensitive value is not even shown to be null (recorded: KMS).
    fn fail(&mut self, at: At<'_>, value: &Value, constraint: &str) {
        if self.is_full() {
            return;
        }
        let shown = match value {
            _ if at.member.sensitive => String::new(),
            Value::Null => " null".to_owned(),
            value => format!(" '{}'", show::show(value, at.ty)),
        };
        let place = at.path.text();
        self.failures.push(format!("Value{shown} at '{place}' failed to satisfy constraint: {constraint}"));
    }
}

/// A lone enum stands bare (recorded for `compatibleRuntimes`); all else is listed.
fn together(rules: &[Rule], what: &str) -> String {
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
