//! Terms: what an unstructured message must contain, may contain, and must not contain. Case matters.

use regex::Regex;

use super::PatternError;
use super::scanner::Scanner;

/// A pattern of terms. Where a term must appear or must not, optional ones (`?a`) have no say, as in AWS.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Terms {
    pub(super) fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        let mut terms = Self::default();
        while scanner.peek().is_some() {
            let list = if scanner.eat_here("?") {
                &mut terms.any
            } else if scanner.eat_here("-") {
                &mut terms.none
            } else {
                &mut terms.all
            };
            list.push(Term::parse(scanner)?);
        }
        Ok(terms)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let found = |term: &Term| term.is_in(message);
        if self.none.iter().any(found) || !self.all.iter().all(found) {
            return false;
        }
        let decided = !self.all.is_empty() || !self.none.is_empty();
        decided || self.any.iter().any(found)
    }
}

impl Term {
    fn parse(scanner: &mut Scanner<'_>) -> Result<Self, PatternError> {
        if scanner.eat_here("\"") {
            scanner.quoted('"').map(Self::Text)
        } else if scanner.eat_here("%") {
            scanner.regex().map(Self::Regex)
        } else {
            let word = scanner.word("a term", |c| !c.is_whitespace() && c != '"')?;
            Ok(Self::Text(word.to_owned()))
        }
    }

    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(message),
        }
    }
}
