//! Java's regular expressions in the words of Rust's: the classes differ, and what a surrogate pair means.

use std::iter::Peekable;
use std::str::Chars;

/// The same language for the `regex` and `fancy-regex` crates. What is the same in both stays as it is.
pub(super) fn translate(pattern: &str) -> String {
    // Where `(?s)` stands the dot is the same in both.
    let dot_all = pattern.contains("(?s)");
    let mut translator = Translator { rest: pattern.chars().peekable(), out: String::new(), classes: 0, dot_all };
    translator.run();
    translator.out
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    /// How many brackets are open.
    classes: usize,
    dot_all: bool,
}

impl Translator<'_> {
    fn run(&mut self) {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => self.escape(),
                '[' => self.open(),
                ']' if self.classes > 0 => {
                    self.classes -= 1;
                    self.out.push(']');
                }
                '.' if self.classes == 0 && !self.dot_all => self.out.push_str(r"[^\n\r\u{85}\u{2028}\u{2029}]"),
                // Rust reads `--`, `~~` and `&&` in a class as set operators; Java knows `&&` only.
                '-' | '~' if self.classes > 0 && self.rest.peek() == Some(&character) => {
                    self.out.push('\\');
                    self.out.push(character);
                }
                other => self.out.push(other),
            }
        }
    }

    fn open(&mut self) {
        self.classes += 1;
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        // `[]…]` begins with a literal bracket in Rust; in Java it is an error, so no contract has it.
    }

    fn escape(&mut self) {
        let Some(character) = self.rest.next() else {
            self.out.push('\\');
            return;
        };
        match character {
            'd' => self.class("0-9"),
            'w' => self.class("a-zA-Z0-9_"),
            's' => self.class(r" \t\n\x0B\f\r"),
            'D' => self.out.push_str("[^0-9]"),
            'W' => self.out.push_str("[^a-zA-Z0-9_]"),
            'S' => self.out.push_str(r"[^ \t\n\x0B\f\r]"),
            'Z' | 'z' => self.out.push_str(r"\z"),
            'u' => self.unicode(),
            'p' | 'P' => self.property(character),
            other if other.is_ascii_alphanumeric() => {
                self.out.push('\\');
                self.out.push(other);
            }
            other => self.literal(other),
        }
    }

    /// A set of characters, where one may begin or stand within brackets.
    fn class(&mut self, set: &str) {
        if self.classes == 0 {
            self.out.push_str(&format!("[{set}]"));
            return;
        }
        self.out.push_str(set);
        // After a set a hyphen is itself: `[\w-\.]`.
        if self.rest.next_if_eq(&'-').is_some() {
            self.out.push_str(r"\-");
        }
    }

    fn literal(&mut self, character: char) {
        if character.is_ascii_punctuation() && !matches!(character, '<' | '>') {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    /// `\uXXXX`; two that make a surrogate pair are one character.
    fn unicode(&mut self) {
        let unit = self.hex();
        let code = match unit {
            0xD800..0xDC00 if self.low_follows() => {
                self.rest.next();
                self.rest.next();
                0x1_0000 + ((unit - 0xD800) << 10) + (self.hex() - 0xDC00)
            }
            other => other,
        };
        self.out.push_str(&format!(r"\u{{{code:X}}}"));
    }

    fn hex(&mut self) -> u32 {
        let digits: String = self.rest.by_ref().take(4).collect();
        u32::from_str_radix(&digits, 16).unwrap_or(0xFFFD)
    }

    fn low_follows(&self) -> bool {
        let ahead: String = self.rest.clone().take(6).collect();
        let unit = ahead.strip_prefix(r"\u").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        unit.is_some_and(|unit| (0xDC00..0xE000).contains(&unit))
    }

    /// Java's POSIX names are ASCII; the Unicode categories are the same in both.
    fn property(&mut self, kind: char) {
        let name: String = if self.rest.next_if_eq(&'{').is_some() {
            self.rest.by_ref().take_while(|&character| character != '}').collect()
        } else {
            self.rest.next().into_iter().collect()
        };
        match posix(name.strip_prefix("Is").unwrap_or(&name)) {
            Some(set) if kind == 'p' => self.class(set),
            Some(set) => self.out.push_str(&format!("[^{set}]")),
            None => self.out.push_str(&format!(r"\{kind}{{{name}}}")),
        }
    }
}

fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`{-\x7E",
        "Graph" => "!-\\x7E",
        "Print" => " -\\x7E",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\f\r",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn hostile_patterns_never_panic(pattern in r"[\\\[\]\-^&~.{}updDwWsS0-9DCdc]{0,30}") {
            let _ = translate(&pattern);
        }
    }
}
