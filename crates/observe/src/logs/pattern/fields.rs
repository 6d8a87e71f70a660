//! Patterns of fields between spaces: `[ip, user, ..., status = 4*, size > 1000]`.

use super::PatternError;
use super::comparison::Comparison;
use super::expression::Expression;
use super::scanner::Scanner;

/// The fields of a message from the left, then those from the right; between them, where there is an ellipsis, any.
#[derive(Debug)]
pub(crate) struct Fields {
    left: Vec<Field>,
    /// `None` without an ellipsis: then the message has as many fields as the pattern.
    right: Option<Vec<Field>>,
}

/// One field, and what it must satisfy.
#[derive(Debug)]
struct Field(Option<Expression<Comparison>>);

impl Fields {
    pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        scanner.expect("[")?;
        let mut fields = Self { left: Vec::new(), right: None };
        if scanner.eat("]") {
            return Ok(fields);
        }
        loop {
            fields.parse_one(scanner)?;
            if !scanner.eat(",") {
                scanner.expect("]")?;
                return Ok(fields);
            }
        }
    }

    fn parse_one(&mut self, scanner: &mut Scanner<'_>) -> Result<(), PatternError> {
        if scanner.eat("...") {
            return match self.right.replace(Vec::new()) {
                None => Ok(()),
                Some(_) => Err(PatternError::TwoEllipses),
            };
        }
        let field = Field::parse(scanner)?;
        self.right.as_mut().unwrap_or(&mut self.left).push(field);
        Ok(())
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let found = split(message);
        let right = self.right.as_deref().unwrap_or(&[]);
        let enough = self.left.len() + right.len();
        let fits = if self.right.is_some() { found.len() >= enough } else { found.len() == enough };
        fits && all(&self.left, &found) && all(right, &found[found.len() - right.len()..])
    }
}

fn all(fields: &[Field], found: &[&str]) -> bool {
    fields.iter().zip(found).all(|(field, text)| field.matches(text))
}

impl Field {
    /// A name alone, or conditions on it: `status = 4* || status = 5*`.
    fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        let mut ahead = scanner.clone();
        if !ends_field(&mut ahead) {
            // Conditions may stand in parentheses; the name is found behind them.
            while ahead.eat("(") {}
            let name = field_name(&mut ahead)?;
            if !ends_field(&mut ahead) {
                return Self::parse_conditions(scanner, &name);
            }
        }
        *scanner = ahead;
        Ok(Self(None))
    }

    fn parse_conditions(scanner: &mut Scanner<'_>, name: &str) -> Result<Self, PatternError> {
        let expression = Expression::parse(scanner, &mut |scanner| {
            let found = field_name(scanner)?;
            if found != name {
                return Err(PatternError::UnknownField { name: found });
            }
            Comparison::parse(scanner)?.ok_or_else(|| PatternError::Operator { at: scanner.at() })
        })?;
        Ok(Self(Some(expression)))
    }

    fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|expression| expression.holds(&|comparison| comparison.holds_for_text(text)))
    }
}

fn ends_field(scanner: &mut Scanner<'_>) -> bool {
    matches!(scanner.peek(), Some(',' | ']'))
}

fn field_name(scanner: &mut Scanner<'_>) -> Result<String, PatternError> {
    scanner.peek();
    let name = scanner.word("a field's name", |c| c.is_alphanumeric() || c == '_' || c == '-')?;
    Ok(name.to_owned())
}

/// Words between spaces; what stands in brackets or double quotes is one field, without them.
fn split(message: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = message.trim();
    while !rest.is_empty() {
        let (field, after) = next_field(rest);
        fields.push(field);
        rest = after.trim_start();
    }
    fields
}

fn next_field(rest: &str) -> (&str, &str) {
    let close = match rest.chars().next() {
        Some('[') => Some(']'),
        Some('"') => Some('"'),
        _ => None,
    };
    if let Some(enclosed) = close.and_then(|close| rest[1..].split_once(close)) {
        return enclosed;
    }
    rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
}
