//! Conditions joined by `&&`, `||` and parentheses; `&&` binds tighter.

use super::PatternError;
use super::scanner::Scanner;

/// A tree over conditions of type `C`. As deep as a pattern has parentheses: at most half its 1,024 characters.
#[derive(Debug)]
pub(super) enum Expression<C> {
    One(C),
    All(Vec<Expression<C>>),
    Any(Vec<Expression<C>>),
}

type Parse<'p, C> = &'p mut dyn FnMut(&mut Scanner<'_>) -> Result<C, PatternError>;

impl<C> Expression<C> {
    /// Reads an expression whose conditions `one` reads.
    pub(super) fn parse(scanner: &mut Scanner<'_>, one: Parse<'_, C>) -> Result<Self, PatternError> {
        let mut parts = vec![Self::conjunction(scanner, one)?];
        while scanner.eat("||") {
            parts.push(Self::conjunction(scanner, one)?);
        }
        Ok(Self::joined(parts, Self::Any))
    }

    fn conjunction(scanner: &mut Scanner<'_>, one: Parse<'_, C>) -> Result<Self, PatternError> {
        let mut parts = vec![Self::operand(scanner, one)?];
        while scanner.eat("&&") {
            parts.push(Self::operand(scanner, one)?);
        }
        Ok(Self::joined(parts, Self::All))
    }

    fn operand(scanner: &mut Scanner<'_>, one: Parse<'_, C>) -> Result<Self, PatternError> {
        if !scanner.eat("(") {
            return one(scanner).map(Self::One);
        }
        let inner = Self::parse(scanner, one)?;
        scanner.expect(")")?;
        Ok(inner)
    }

    fn joined(mut parts: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                join(parts)
            }
        }
    }

    pub(super) fn holds(&self, condition: &dyn Fn(&C) -> bool) -> bool {
        match self {
            Self::One(one) => condition(one),
            Self::All(parts) => parts.iter().all(|part| part.holds(condition)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(condition)),
        }
    }
}
