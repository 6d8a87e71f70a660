//! Whether an event is JSON, and AWS's words where it is not (those of Jackson, which AWS parses with).

use base::Fault;
use serde::de::IgnoredAny;

/// Nothing is built of the event: it is read once and passed on as it came.
pub(super) fn check(event: &[u8]) -> Result<(), Fault> {
    let problem = match std::str::from_utf8(event) {
        Err(error) => invalid_utf8(event, error.valid_up_to()),
        Ok(_) => match serde_json::from_slice::<IgnoredAny>(event) {
            Ok(_) => return Ok(()),
            Err(error) => invalid_json(event, &error),
        },
    };
    let message = format!("Could not parse request body into json: Could not parse payload into json: {problem}");
    Err(Fault::new("InvalidRequestContentException", message))
}

fn invalid_utf8(event: &[u8], at: usize) -> String {
    // What comes before may be wrong already.
    let before = &event[..at];
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(before)
        && !error.is_eof()
    {
        return invalid_json(before, &error);
    }
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = 1 + at - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let byte = event[at];
    let kind = if byte >= 0xc0 { "middle" } else { "start" };
    format!("Invalid UTF-8 {kind} byte {byte:#04x}\n at {}", place(line, column))
}

fn invalid_json(event: &[u8], error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return format!("Unexpected end-of-input\n at {}", place(line, column + 1));
    }
    let offender = offender(event, line, column);
    let expected = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    format!("Unexpected character ({offender}): {expected}\n at {}", place(line, column.max(1)))
}

/// The character at a place, as Jackson writes it.
fn offender(event: &[u8], line: usize, column: usize) -> String {
    let text = event.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let at = text.get(column.saturating_sub(1)..).unwrap_or_default();
    match String::from_utf8_lossy(at).chars().next() {
        Some(c) if c.is_control() => format!("(CTRL-CHAR, code {})", u32::from(c)),
        Some(c) => format!("'{c}' (code {})", u32::from(c)),
        None => "(CTRL-CHAR, code 10)".to_owned(),
    }
}

fn place(line: usize, column: usize) -> String {
    format!("[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_json_value_is_an_event() {
        for event in ["{}", "1", "\"text\"", "null", " [1, 2] "] {
            check(event.as_bytes()).expect(event);
        }
    }

    #[test]
    fn what_is_not_json_is_told_as_aws_tells_it() {
        let told = check(b"hello").expect_err("no JSON").message;
        assert!(told.starts_with(
            "Could not parse request body into json: Could not parse payload into json: Unexpected character ("
        ));
        assert!(told.ends_with("line: 1, column: 1]"), "{told}");
        let told = check(b"\x22\x87\x22").expect_err("no UTF-8").message;
        assert!(told.contains("Invalid UTF-8 start byte 0x87\n at [Source: REDACTED"), "{told}");
    }

    proptest! {
        #[test]
        fn hostile_events_never_panic(event: Vec<u8>) {
            let _ = check(&event);
        }
    }
}
