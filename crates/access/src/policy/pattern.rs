//! Wildcards: `*` and `?` as IAM has them, for actions and for resources.
//!
//! In a resource the wildcards stay within their segment (the parts between colons), except a `*` that is the last
//! character of its segment: that one may run over colons. Source: IAM JSON policy elements, Resource,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>.

/// A pattern that has been read once and is asked many times. Asking allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    tokens: Box<[Token]>,
    /// Actions are compared without case.
    folded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Is(char),
    /// `?`: one character, in a resource not a colon.
    One {
        colon: bool,
    },
    /// `*`: any characters, in a resource colons only where it ends its segment.
    Many {
        colons: bool,
    },
}

/// Where to go on when what follows a `*` didn't fit: the token behind it, and the text it has taken so far.
#[derive(Clone, Copy)]
struct Retry<'a> {
    token: usize,
    rest: &'a str,
}

impl Pattern {
    /// An action such as `s3:Get*`: any case, and wildcards match everything.
    pub fn action(text: &str) -> Self {
        let tokens = text.chars().map(|c| token(c.to_ascii_lowercase(), true, true)).collect();
        Self { tokens, folded: true }
    }

    /// A resource such as `arn:aws:s3:::bucket/*`.
    pub fn resource(text: &str) -> Self {
        let mut ahead = text.chars().skip(1);
        let tokens = text.chars().map(|c| token(c, false, matches!(ahead.next(), None | Some(':')))).collect();
        Self { tokens, folded: false }
    }

    /// Time grows with the product of the lengths at the most, whatever the pattern.
    pub fn matches(&self, text: &str) -> bool {
        let (mut token, mut rest) = (0, text);
        // Only the last `*` of each kind need be tried again: a `*` that may run over colons can take whatever an
        // earlier one could, and one that may not is held by the same colon as those before it.
        let (mut within, mut across) = (None, None);
        loop {
            match self.tokens.get(token) {
                Some(Token::Many { colons }) => {
                    token += 1;
                    let retry = Some(Retry { token, rest });
                    if *colons {
                        (across, within) = (retry, None);
                    } else {
                        within = retry;
                    }
                    continue;
                }
                None if rest.is_empty() => return true,
                Some(one) if self.takes(*one, &mut rest) => {
                    token += 1;
                    continue;
                }
                _ => {}
            }
            let Some(again) = retry(&mut within, false).or_else(|| retry(&mut across, true)) else { return false };
            (token, rest) = (again.token, again.rest);
        }
    }

    /// Takes one character off `rest` if the token allows it.
    fn takes(&self, token: Token, rest: &mut &str) -> bool {
        let Some(c) = rest.chars().next() else { return false };
        let fits = match token {
            Token::Is(wanted) if self.folded => c.to_ascii_lowercase() == wanted,
            Token::Is(wanted) => c == wanted,
            Token::One { colon } => colon || c != ':',
            Token::Many { .. } => false,
        };
        if fits {
            *rest = &rest[c.len_utf8()..];
        }
        fits
    }
}

fn token(c: char, one_takes_colon: bool, many_takes_colons: bool) -> Token {
    match c {
        '*' => Token::Many { colons: many_takes_colons },
        '?' => Token::One { colon: one_takes_colon },
        other => Token::Is(other),
    }
}

/// Lets a `*` take one more character; `None`, and the `*` is spent, if it can't.
fn retry<'a>(star: &mut Option<Retry<'a>>, colons: bool) -> Option<Retry<'a>> {
    let at = star.as_mut()?;
    match at.rest.chars().next() {
        Some(c) if colons || c != ':' => {
            at.rest = &at.rest[c.len_utf8()..];
            Some(*at)
        }
        _ => {
            *star = None;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, written without any care for time.
    fn naive(tokens: &[Token], folded: bool, text: &str) -> bool {
        let Some((first, more)) = tokens.split_first() else { return text.is_empty() };
        let mut chars = text.chars();
        let head = chars.next();
        let fits = |c: char| match first {
            Token::Is(wanted) => *wanted == if folded { c.to_ascii_lowercase() } else { c },
            Token::One { colon } => *colon || c != ':',
            Token::Many { colons } => *colons || c != ':',
        };
        let rest = chars.as_str();
        match first {
            Token::Many { .. } => {
                naive(more, folded, text) || head.is_some_and(|c| fits(c) && naive(tokens, folded, rest))
            }
            _ => head.is_some_and(|c| fits(c) && naive(more, folded, rest)),
        }
    }

    fn agrees(pattern: &Pattern, text: &str) -> bool {
        pattern.matches(text) == naive(&pattern.tokens, pattern.folded, text)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn a_resource_matches_as_the_definition_says(pattern in "[ab:*?é]{0,10}", text in "[ab:é]{0,12}") {
            prop_assert!(agrees(&Pattern::resource(&pattern), &text));
        }

        #[test]
        fn an_action_matches_as_the_definition_says(pattern in "[aB:*?]{0,10}", text in "[Ab:]{0,12}") {
            prop_assert!(agrees(&Pattern::action(&pattern), &text));
        }

        #[test]
        fn a_text_without_wildcards_matches_itself_only(text in "[a-z:/]{0,20}", other in "[a-z:/]{0,20}") {
            prop_assert!(Pattern::resource(&text).matches(&text));
            prop_assert_eq!(Pattern::resource(&text).matches(&other), text == other);
        }
    }

    #[test]
    fn wildcards_know_their_segments() {
        let rows = [
            ("*", "arn:aws:s3:::bucket/key", true),
            ("arn:aws:s3:::*", "arn:aws:s3:::bucket/key", true),
            ("arn:aws:lambda:*:1:function:f", "arn:aws:lambda:eu-west-1:1:function:f", true),
            ("arn:aws:lambda:us-*-1:1:function:f", "arn:aws:lambda:us-east-1:1:function:f", true),
            ("arn:aws:lambda:u*1:1:function:f", "arn:aws:lambda:us:x1:1:function:f", false),
            ("arn:aws:lambda:us-east-1:1:function:my*fn", "arn:aws:lambda:us-east-1:1:function:my-fn", true),
            ("arn:aws:lambda:us-east-1:1:function:my*fn", "arn:aws:lambda:us-east-1:1:function:my:fn", false),
            ("arn:aws:lambda:us-east-1:1:function:my*", "arn:aws:lambda:us-east-1:1:function:my:prod", true),
            ("arn:aws:s3:::b/*/t/*", "arn:aws:s3:::b/1/2/t/3/o", true),
            ("arn:aws:s3:::b?", "arn:aws:s3:::bx", true),
            ("arn:aws:s3:::b?", "arn:aws:s3:::b", false),
            ("arn:aws:s3:::B", "arn:aws:s3:::b", false),
        ];
        for (pattern, text, expect) in rows {
            assert_eq!(Pattern::resource(pattern).matches(text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let pattern = Pattern::resource(&"*a".repeat(200));
        assert!(!pattern.matches(&("a".repeat(20_000) + "b")));
    }
}
