//! Filter patterns: which events a search, a filter or a subscription means. Pure: text in, yes or no out.
//!
//! Three kinds: terms (`ERROR -"404" ?a ?b`), JSON (`{ $.level = "ERROR" && $.n > 3 }`) and fields between spaces
//! (`[ip, ..., status = 4*]`). Each may hold up to two regular expressions between `%`.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

mod comparison;
mod expression;
mod fields;
mod json;
mod scanner;
mod terms;

#[cfg(test)]
mod tests;

use scanner::Scanner;

/// A pattern that is well formed.
#[derive(Debug)]
pub(crate) enum Pattern {
    All,
    Terms(terms::Terms),
    Json(json::Json),
    Fields(fields::Fields),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("{expected} expected at {at:?}")]
    Expected { expected: &'static str, at: String },
    #[error("{at:?} follows the pattern's end")]
    Trailing { at: String },
    #[error("no such operator or keyword at {at:?}")]
    Operator { at: String },
    #[error("{regex:?} is no regular expression that is supported here")]
    Regex { regex: String },
    #[error("more than {} regular expressions", scanner::MOST_REGEXES)]
    TooManyRegexes,
    #[error("{name:?} is no field of the pattern")]
    UnknownField { name: String },
    #[error("more than one ellipsis")]
    TwoEllipses,
}

impl From<PatternError> for base::Fault {
    fn from(error: PatternError) -> Self {
        crate::logs::api::invalid("Invalid filter pattern").caused_by(error)
    }
}

impl Pattern {
    /// Reads the text of a pattern; an empty one means every event.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut scanner = Scanner::new(text);
        let pattern = match scanner.peek() {
            None => Self::All,
            Some('{') => Self::Json(json::Json::parse(&mut scanner)?),
            Some('[') => Self::Fields(fields::Fields::parse(&mut scanner)?),
            Some(_) => Self::Terms(terms::Terms::parse(&mut scanner)?),
        };
        scanner.end()?;
        Ok(pattern)
    }

    pub(crate) fn matches(&self, message: &str) -> bool {
        match self {
            Self::All => true,
            Self::Terms(terms) => terms.matches(message),
            Self::Json(json) => json.matches(message),
            Self::Fields(fields) => fields.matches(message),
        }
    }
}
