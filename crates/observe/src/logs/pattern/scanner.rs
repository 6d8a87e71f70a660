//! Reads a pattern's text from left to right.

use regex::{Regex, RegexBuilder};

use super::PatternError;

/// AWS's quota for one pattern.
pub(super) const MOST_REGEXES: usize = 2;
/// What one regular expression may take when compiled.
const REGEX_BYTES: usize = 1 << 20;

/// What is left of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    rest: &'a str,
    regexes: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, regexes: 0 }
    }

    /// The next character that is no space; `None` at the end.
    pub(super) fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    /// Takes `text` if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        self.peek();
        self.eat_here(text)
    }

    /// Takes `text` if it comes without a space before it.
    pub(super) fn eat_here(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes `word` if it comes next as a whole word.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        self.peek();
        let Some(rest) = self.rest.strip_prefix(word) else { return false };
        let whole = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if whole {
            self.rest = rest;
        }
        whole
    }

    pub(super) fn expect(&mut self, text: &'static str) -> Result<(), PatternError> {
        if self.eat(text) { Ok(()) } else { Err(self.expected(text)) }
    }

    pub(super) fn expected(&self, expected: &'static str) -> PatternError {
        PatternError::Expected { expected, at: self.at() }
    }

    pub(super) fn at(&self) -> String {
        self.rest.chars().take(16).collect()
    }

    /// Takes characters as long as `belongs` says so; at least one.
    pub(super) fn word(&mut self, what: &'static str, belongs: impl Fn(char) -> bool) -> Result<&'a str, PatternError> {
        let end = self.rest.find(|c: char| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(self.expected(what));
        }
        self.rest = rest;
        Ok(word)
    }

    /// What stands up to `quote`, which has been opened already; a backslash takes the next character as it is.
    pub(super) fn quoted(&mut self, quote: char) -> Result<String, PatternError> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.rest = &self.rest[at + c.len_utf8()..];
                    return Ok(text);
                }
                '\\' => text.extend(chars.next().map(|(_, next)| next)),
                _ => text.push(c),
            }
        }
        Err(self.expected("a closing quote"))
    }

    /// A regular expression whose opening `%` has been taken.
    pub(super) fn regex(&mut self) -> Result<Regex, PatternError> {
        self.regexes += 1;
        if self.regexes > MOST_REGEXES {
            return Err(PatternError::TooManyRegexes);
        }
        let (text, rest) = self.rest.split_once('%').ok_or_else(|| self.expected("%"))?;
        self.rest = rest;
        let wrong = || PatternError::Regex { regex: text.to_owned() };
        if text.is_empty() || !text.chars().all(is_of_a_regex) {
            return Err(wrong());
        }
        RegexBuilder::new(text).size_limit(REGEX_BYTES).build().map_err(|_| wrong())
    }

    pub(super) fn end(&mut self) -> Result<(), PatternError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(PatternError::Trailing { at: self.at() }),
        }
    }
}

/// AWS's list of what regular expressions may hold: no parentheses, nothing beyond ASCII.
fn is_of_a_regex(c: char) -> bool {
    c.is_ascii_alphanumeric() || r":_#=@/;,-^$?[]{}|\*+. ".contains(c)
}
