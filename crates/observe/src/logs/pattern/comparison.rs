//! One comparison: an operator and what it compares with.

use regex::Regex;

use super::PatternError;
use super::scanner::Scanner;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
enum Wanted {
    /// Between quotes, or a bare word: `*` stands for anything.
    Text(String),
    /// A bare number; its text too, for values that are text.
    Number(f64, String),
    Regex(Regex),
}

/// `= "ERROR"`, `!= 4*`, `>= 1e3`, `= %4[0-9]{2}%`.
#[derive(Debug)]
pub(super) struct Comparison {
    operator: Operator,
    wanted: Wanted,
}

/// Longest first, so that `<=` isn't read as `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Comparison {
    /// `None` if no operator comes next.
    pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<Option<Self>, PatternError> {
        let Some((_, operator)) = OPERATORS.iter().find(|(sign, _)| scanner.eat(sign)) else { return Ok(None) };
        let wanted = Wanted::parse(scanner)?;
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        if ordered && !matches!(wanted, Wanted::Number(..)) {
            return Err(scanner.expected("a number"));
        }
        Ok(Some(Self { operator: *operator, wanted }))
    }

    pub(super) fn holds_for_text(&self, found: &str) -> bool {
        match (&self.wanted, found.parse()) {
            (Wanted::Number(wanted, _), Ok(found)) => self.holds_for_number(found, *wanted),
            (wanted, _) => self.is_equality(wanted.is_text(found)),
        }
    }

    pub(super) fn holds_for_json(&self, found: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (found, &self.wanted) {
            (Value::String(found), _) => self.holds_for_text(found),
            (Value::Number(found), Wanted::Number(wanted, _)) => {
                found.as_f64().is_some_and(|found| self.holds_for_number(found, *wanted))
            }
            (Value::Number(found), wanted) => self.is_equality(wanted.is_text(&found.to_string())),
            (Value::Bool(found), wanted) => self.is_equality(wanted.is_text(if *found { "true" } else { "false" })),
            (Value::Null | Value::Array(_) | Value::Object(_), _) => false,
        }
    }

    fn is_equality(&self, equal: bool) -> bool {
        match self.operator {
            Operator::Equal => equal,
            Operator::NotEqual => !equal,
            _ => false,
        }
    }

    fn holds_for_number(&self, found: f64, wanted: f64) -> bool {
        match self.operator {
            Operator::Equal => found == wanted,
            Operator::NotEqual => found != wanted,
            Operator::Less => found < wanted,
            Operator::LessOrEqual => found <= wanted,
            Operator::Greater => found > wanted,
            Operator::GreaterOrEqual => found >= wanted,
        }
    }
}

impl Wanted {
    fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        if scanner.eat("\"") {
            return scanner.quoted('"').map(Self::Text);
        }
        if scanner.eat_here("%") {
            return scanner.regex().map(Self::Regex);
        }
        let word = scanner.word("a value", |c| !c.is_whitespace() && !"()[]{}&|,\"=<>!".contains(c))?;
        let text = word.to_owned();
        // Rust reads `inf` and `nan` as numbers; here they are words.
        let numeric = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        match word.parse() {
            Ok(number) if numeric => Ok(Self::Number(number, text)),
            _ => Ok(Self::Text(text)),
        }
    }

    fn is_text(&self, found: &str) -> bool {
        match self {
            Self::Text(wanted) | Self::Number(_, wanted) => is_like(found, wanted),
            Self::Regex(regex) => regex.is_match(found),
        }
    }
}

/// Whether `text` is `pattern`, in which `*` stands for any characters. Linear in each: no backtracking blow-up.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (text, pattern) in
            [("a", "a"), ("abc", "a*"), ("abc", "*c"), ("abc", "a*c"), ("abcbc", "a*b*c"), ("", "*"), ("x", "**")]
        {
            assert!(is_like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("a", "b"), ("abc", "b*"), ("abc", "*b"), ("ab", "a*b*b"), ("a", "a*a"), ("", "*a*")] {
            assert!(!is_like(text, pattern), "{text} {pattern}");
        }
    }
}
