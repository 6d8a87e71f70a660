//! Why a text is not JSON, in the words of the parser that AWS uses (Jackson): clients' tests look for them.

use super::Unreadable;

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

pub(crate) fn unreadable(bytes: &[u8], error: &serde_json::Error) -> Unreadable {
    Unreadable::Syntax { words: blame(bytes, error) }
}

/// Jackson's words for the first thing that is wrong with `bytes`; `None` if they are JSON.
///
/// Shape (recorded): `Unexpected character ('a' (code 97)): expected a valid value (…)\n at [Source: REDACTED (…);
/// line: 1, column: 1]`. Lambda puts `Could not parse request body into json: ` before it.
pub fn json_problem(bytes: &[u8]) -> Option<String> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Ok(_) => utf8_problem(bytes),
        Err(error) => Some(blame(bytes, &error)),
    }
}

fn blame(bytes: &[u8], error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let at = offset(bytes, line, column);
    // Jackson decodes as it goes: only bytes before the first misplaced one can be wrong as UTF-8.
    if let Some(words) = utf8_problem(&bytes[..at]) {
        return words;
    }
    format!("{}{}", what(&error.to_string(), &bytes[at..], line, column), location(line, column))
}

fn location(line: usize, column: usize) -> String {
    format!(
        "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); \
         line: {line}, column: {column}]"
    )
}

fn utf8_problem(bytes: &[u8]) -> Option<String> {
    let valid = std::str::from_utf8(bytes).err()?.valid_up_to();
    let wrong = bytes.get(valid)?;
    let line = 1 + bytes[..valid].iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + bytes[..valid].iter().rev().take_while(|&&byte| byte != b'\n').count();
    Some(format!("Invalid UTF-8 start byte 0x{wrong:02x}{}", location(line, column)))
}

/// Where line and column (both from 1) lie; the end if they lie beyond.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let newlines = bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').map(|(at, _)| at + 1);
    let start = std::iter::once(0).chain(newlines).nth(line.saturating_sub(1)).unwrap_or(0);
    (start + column.saturating_sub(1)).min(bytes.len())
}

fn what(told: &str, rest: &[u8], line: usize, column: usize) -> String {
    let told = told.rsplit_once(" at line ").map_or(told, |(told, _)| told);
    let comment = match told {
        _ if told.starts_with("EOF") => return format!("Unexpected end-of-input at line {line}, column {column}"),
        "expected value" | "expected ident" => return value_expected(rest),
        "key must be a string" | "trailing comma" => "was expecting double-quote to start field name",
        "expected `,` or `}`" => "was expecting comma to separate Object entries",
        "expected `,` or `]`" => "was expecting comma to separate Array entries",
        "expected `:`" => "was expecting a colon to separate field name and value",
        "trailing characters" => "expected the end of input",
        _ => return told.to_owned(),
    };
    format!("Unexpected character ({}): {comment}", describe(first_char(rest)))
}

fn value_expected(rest: &[u8]) -> String {
    let first = first_char(rest);
    if first.is_alphabetic() || first == '_' || first == '$' {
        let word = String::from_utf8_lossy(rest);
        let token: String =
            word.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$')).take(256).collect();
        return format!("Unrecognized token '{token}': was expecting {VALUES}");
    }
    format!("Unexpected character ({}): expected a valid value {VALUES}", describe(first))
}

/// A byte that begins no character counts as the character of its number, as in Jackson.
fn first_char(rest: &[u8]) -> char {
    let chunk = rest[..rest.len().min(4)].utf8_chunks().next();
    let valid = chunk.and_then(|chunk| chunk.valid().chars().next());
    valid.unwrap_or_else(|| rest.first().copied().map_or('\0', char::from))
}

fn describe(character: char) -> String {
    let code = u32::from(character);
    match character {
        _ if character.is_control() => format!("(CTRL-CHAR, code {code})"),
        _ if code > 255 => format!("'{character}' (code {code} / 0x{code:x})"),
        _ => format!("'{character}' (code {code})"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &[u8], expect: &str) {
        let words = json_problem(text).expect("not JSON");
        assert!(words.starts_with(expect), "{words}");
    }

    #[test]
    fn the_words_are_jacksons() {
        check(b"<a>", "Unexpected character ('<' (code 60)): expected a valid value (JSON String, Number, Array, ");
        check(b"abc d", "Unrecognized token 'abc': was expecting (JSON String, ");
        check(b"{a:1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name");
        check(
            b"{\"a\":1 \"b\"}",
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
        );
        check(b"{\"a\"", "Unexpected end-of-input");
        check(b"", "Unexpected end-of-input");
        check(b"\x99", "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, ");
        check(b"\"\x87\"", "Invalid UTF-8 start byte 0x87");
        assert_eq!(json_problem(b" {\"a\":[1,2.5,null]} "), None);
    }

    #[test]
    fn the_location_is_told() {
        let words = json_problem(b"\n <").expect("not JSON");
        let end =
            " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 2, column: 2]";
        assert!(words.ends_with(end), "{words}");
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_told_apart(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let json = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok();
            prop_assert_eq!(json_problem(&bytes).is_none(), json);
        }
    }
}
