//! Patterns: AWS's are Java's, must match the whole value, and a few look ahead.
//!
//! Each is compiled once. What the linear-time engine can do it does; the backtracking one takes the rest, with a
//! limit on its steps, so that no value can hold a worker up.

mod java;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::RwLock;

/// A pattern that can't be used: a fault of the contract, not of the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern {pattern} can't be used: {reason}")]
pub(crate) struct Unusable {
    pub(crate) pattern: &'static str,
    pub(crate) reason: String,
}

/// Steps of the backtracking engine for one value. A value that needs more does not match.
const BACKTRACKS: usize = 100_000;

/// Of a compiled program; `.{0,10000}` and its like need more than the default.
const PROGRAM_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(crate) enum Matcher {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// Patterns are constants of contracts, so what this holds is bounded by what is compiled in.
static COMPILED: LazyLock<RwLock<HashMap<&'static str, Arc<Matcher>>>> = LazyLock::new(RwLock::default);

/// Whether the pattern matches the whole text.
pub(super) fn matches(pattern: &'static str, text: &str) -> Result<bool, Unusable> {
    let known = COMPILED.read().get(pattern).cloned();
    let matcher = match known {
        Some(matcher) => matcher,
        None => {
            let matcher = Arc::new(compile(pattern)?);
            COMPILED.write().insert(pattern, matcher.clone());
            matcher
        }
    };
    Ok(matcher.matches(text))
}

pub(crate) fn compile(pattern: &'static str) -> Result<Matcher, Unusable> {
    let whole = format!(r"\A(?:{})\z", java::translate(pattern));
    if let Ok(linear) = regex::RegexBuilder::new(&whole).size_limit(PROGRAM_BYTES).build() {
        return Ok(Matcher::Linear(linear));
    }
    let mut builder = fancy_regex::RegexBuilder::new(&whole);
    builder.backtrack_limit(BACKTRACKS).delegate_size_limit(PROGRAM_BYTES);
    let built = builder.build().map_err(|error| Unusable { pattern, reason: error.to_string() })?;
    Ok(Matcher::Backtracking(Box::new(built)))
}

impl Matcher {
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Linear(regex) => regex.is_match(text),
            Self::Backtracking(regex) => regex.is_match(text).unwrap_or_else(|error| {
                tracing::warn!(%error, length = text.len(), "a pattern gave a value up");
                false
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &'static str, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert_eq!(matches(pattern, text), Ok(true), "{pattern} on {text}");
        }
        for text in no {
            assert_eq!(matches(pattern, text), Ok(false), "{pattern} on {text}");
        }
    }

    #[test]
    fn a_pattern_matches_the_whole_value() {
        check("[a-z]+", &["abc"], &["", "abc1", "1abc", "abc\n"]);
        check("^[a-z]+$", &["abc"], &["abc\n"]);
        check("a|b", &["a", "b"], &["ab"]);
        check("", &[""], &["a"]);
    }

    #[test]
    fn lookaheads_work() {
        check("(?!^[0-9]+$)([a-zA-Z0-9-_]+)", &["a1", "1a", "a-_"], &["2024", "", "a.b"]);
        check("((?!^\\d+$)^[0-9a-zA-Z-_]+$)", &["v1"], &["1", "$LATEST"]);
        assert!(matches!(compile("(?!^[0-9]+$)([a-zA-Z0-9-_]+)"), Ok(Matcher::Backtracking(_))));
        assert!(matches!(compile("[a-z]+"), Ok(Matcher::Linear(_))));
    }

    #[test]
    fn classes_are_javas() {
        check(r"\d+", &["12"], &["١٢"]);
        check(r"\w+", &["a_1"], &["é"]);
        check(r"[\w-\.]+", &["a-b.c"], &["a b"]);
        check(r"[^\s]+", &["a"], &["a b"]);
        check(".*", &["a", "é"], &["a\nb", "a\rb", "a\u{2028}b"]);
        check(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", &["é 1"], &["#"]);
        check("(?s).*", &["a\nb"], &[]);
        check(r"\p{XDigit}+", &["aF0"], &["g"]);
        check("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF]*", &["a", "\u{1f600}"], &["\u{1}"]);
        check(r"[\u0009\u000A\u000D -ÿ]*", &["a\tb"], &["\u{1}"]);
    }

    #[test]
    fn a_hostile_value_is_given_up_not_followed() {
        let text = "a".repeat(50_000) + "!";
        check("(?=a)(a+)+b", &["ab"], &[&text]);
        check("(a|a)*b", &["ab"], &[&text]);
    }

    #[test]
    fn a_pattern_that_is_none_is_the_contracts_fault() {
        assert!(matches("(", "a").is_err());
    }
}
