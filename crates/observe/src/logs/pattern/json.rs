//! JSON patterns: conditions on the members of a message that is a JSON object or array as a whole.

use serde_json::Value;

use super::PatternError;
use super::comparison::Comparison;
use super::expression::Expression;
use super::scanner::Scanner;

/// `{ $.level = "ERROR" && $.n > 3 }`
#[derive(Debug)]
pub(crate) struct Json(Expression<Condition>);

#[derive(Debug)]
struct Condition {
    path: Vec<Step>,
    test: Test,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Item(usize),
    /// `.*` and `[*]`: every member and every item.
    Every,
}

#[derive(Debug)]
enum Test {
    Compare(Comparison),
    True,
    False,
    Null,
    Exists,
    NotExists,
}

impl Json {
    pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        scanner.expect("{")?;
        let expression = Expression::parse(scanner, &mut Condition::parse)?;
        scanner.expect("}")?;
        Ok(Self(expression))
    }

    /// A message that isn't JSON, or is a bare value, matches nothing.
    pub(super) fn matches(&self, message: &str) -> bool {
        let looks_like_json = message.trim_start().starts_with(['{', '[']);
        looks_like_json
            && serde_json::from_str(message)
                .is_ok_and(|message: Value| self.0.holds(&|condition| condition.holds(&message)))
    }
}

impl Condition {
    fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        scanner.expect("$")?;
        let mut path = Vec::new();
        while let Some(step) = Step::parse(scanner)? {
            path.push(step);
        }
        Ok(Self { path, test: Test::parse(scanner)? })
    }

    fn holds(&self, message: &Value) -> bool {
        let mut found = Vec::new();
        find(message, &self.path, &mut found);
        match &self.test {
            Test::Exists => !found.is_empty(),
            Test::NotExists => found.is_empty(),
            test => found.into_iter().any(|value| test.holds(value)),
        }
    }
}

fn find<'v>(value: &'v Value, path: &[Step], found: &mut Vec<&'v Value>) {
    let Some((step, rest)) = path.split_first() else {
        found.push(value);
        return;
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            members.get(name).into_iter().for_each(|value| find(value, rest, found));
        }
        (Step::Item(at), Value::Array(items)) => items.get(*at).into_iter().for_each(|value| find(value, rest, found)),
        (Step::Every, Value::Array(items)) => items.iter().for_each(|value| find(value, rest, found)),
        (Step::Every, Value::Object(members)) => members.values().for_each(|value| find(value, rest, found)),
        _ => {}
    }
}

impl Step {
    /// `None` where the path ends.
    fn parse(scanner: &mut Scanner<'_>) -> Result<Option<Self>, PatternError> {
        if scanner.eat_here("[") {
            return Self::in_brackets(scanner).map(Some);
        }
        if !scanner.eat_here(".") {
            return Ok(None);
        }
        // `$.['a b']` is `$['a b']`.
        if scanner.eat_here("[") {
            return Self::in_brackets(scanner).map(Some);
        }
        if scanner.eat_here("*") {
            return Ok(Some(Self::Every));
        }
        let name = scanner.word("a member's name", |c| c.is_alphanumeric() || "_-@:/#$".contains(c))?;
        Ok(Some(Self::Member(name.to_owned())))
    }

    fn in_brackets(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        let step = if scanner.eat("*") {
            Self::Every
        } else if scanner.eat_here("'") {
            Self::Member(scanner.quoted('\'')?)
        } else if scanner.eat_here("\"") {
            Self::Member(scanner.quoted('"')?)
        } else {
            let index = scanner.word("an index", |c| c.is_ascii_digit())?;
            Self::Item(index.parse().map_err(|_| scanner.expected("an index"))?)
        };
        scanner.expect("]")?;
        Ok(step)
    }
}

impl Test {
    fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        if let Some(comparison) = Comparison::parse(scanner)? {
            return Ok(Self::Compare(comparison));
        }
        if scanner.eat_word("EXISTS") {
            return Ok(Self::Exists);
        }
        if scanner.eat_word("NOT") && scanner.eat_word("EXISTS") {
            return Ok(Self::NotExists);
        }
        if scanner.eat_word("IS") {
            return Self::parse_is(scanner);
        }
        Err(PatternError::Operator { at: scanner.at() })
    }

    fn parse_is(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        match () {
            () if scanner.eat_word("TRUE") => Ok(Self::True),
            () if scanner.eat_word("FALSE") => Ok(Self::False),
            () if scanner.eat_word("NULL") => Ok(Self::Null),
            () => Err(PatternError::Operator { at: scanner.at() }),
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Compare(comparison) => comparison.holds_for_json(value),
            Self::True => *value == Value::Bool(true),
            Self::False => *value == Value::Bool(false),
            Self::Null => value.is_null(),
            Self::Exists => true,
            Self::NotExists => false,
        }
    }
}
