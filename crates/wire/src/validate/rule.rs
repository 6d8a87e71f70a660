//! One rule of a check: whether a value satisfies it, and what AWS calls it.

use std::fmt;

use base::Value;

use super::pattern::{self, Unusable};
use crate::schema::{Checks, Type};

/// In the order in which AWS lists them for elements (Appendix A).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// The flag: count bytes, not characters.
    LengthAtMost(usize, bool),
    LengthAtLeast(usize, bool),
    AtMost(i64),
    AtLeast(i64),
    AtMostFloat(f64),
    AtLeastFloat(f64),
    Pattern(&'static str),
    Enum(&'static [&'static str]),
    NotNull,
}

/// The rules of `checks` for a value of type `ty`. An open end (`usize::MAX`, `i64::MIN`, …) is no rule.
pub(super) fn rules(checks: &Checks, ty: &Type) -> impl Iterator<Item = Rule> {
    let bytes = checks.in_bytes;
    let (least, most) = checks.length.unzip();
    let (bottom, top) = checks.range.unzip();
    let (floor, ceiling) = checks.float_range.unzip();
    let choices = if let Type::Enum(choices) = ty { Some(*choices) } else { None };
    [
        most.filter(|most| *most != usize::MAX).map(|most| Rule::LengthAtMost(most, bytes)),
        least.map(|least| Rule::LengthAtLeast(least, bytes)),
        top.filter(|top| *top != i64::MAX).map(Rule::AtMost),
        bottom.filter(|bottom| *bottom != i64::MIN).map(Rule::AtLeast),
        ceiling.filter(|ceiling| ceiling.is_finite()).map(Rule::AtMostFloat),
        floor.filter(|floor| floor.is_finite()).map(Rule::AtLeastFloat),
        checks.pattern.map(Rule::Pattern),
        choices.map(Rule::Enum),
        checks.not_null.then_some(Rule::NotNull),
    ]
    .into_iter()
    .flatten()
}

impl Rule {
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self, Self::Pattern(_))
    }

    /// A rule for another kind of value holds.
    pub(super) fn holds(&self, value: &Value) -> Result<bool, Unusable> {
        Ok(match (self, value) {
            (Self::NotNull, value) => *value != Value::Null,
            (Self::Pattern(pattern), Value::String(text)) => return pattern::matches(pattern, text),
            (Self::Enum(choices), Value::String(text)) => choices.contains(&text.as_str()),
            (Self::LengthAtMost(most, bytes), value) => length(value, *bytes).is_none_or(|length| length <= *most),
            (Self::LengthAtLeast(least, bytes), value) => length(value, *bytes).is_none_or(|length| length >= *least),
            (Self::AtMost(top), Value::Integer(number)) => number <= top,
            (Self::AtLeast(bottom), Value::Integer(number)) => number >= bottom,
            (Self::AtMostFloat(ceiling), Value::Float(number)) => number <= ceiling,
            (Self::AtLeastFloat(floor), Value::Float(number)) => number >= floor,
            _ => true,
        })
    }
}

/// Characters are Unicode scalar values, as Smithy defines length. (Java services that count UTF-16 units differ for
/// characters beyond the basic plane only.)
fn length(value: &Value, bytes: bool) -> Option<usize> {
    match value {
        Value::String(text) if bytes => Some(text.len()),
        Value::String(text) => Some(text.chars().count()),
        Value::Blob(blob) => Some(blob.len()),
        Value::List(items) => Some(items.len()),
        Value::Map(fields) => Some(fields.len()),
        _ => None,
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthAtMost(most, _) => write!(f, "Member must have length less than or equal to {most}"),
            Self::LengthAtLeast(least, _) => write!(f, "Member must have length greater than or equal to {least}"),
            Self::AtMost(top) => write!(f, "Member must have value less than or equal to {top}"),
            Self::AtLeast(bottom) => write!(f, "Member must have value greater than or equal to {bottom}"),
            Self::AtMostFloat(top) => write!(f, "Member must have value less than or equal to {top:?}"),
            Self::AtLeastFloat(bottom) => write!(f, "Member must have value greater than or equal to {bottom:?}"),
            Self::Pattern(pattern) => write!(f, "Member must satisfy regular expression pattern: {pattern}"),
            Self::Enum(choices) => write!(f, "Member must satisfy enum value set: [{}]", choices.join(", ")),
            Self::NotNull => f.write_str("Member must not be null"),
        }
    }
}
