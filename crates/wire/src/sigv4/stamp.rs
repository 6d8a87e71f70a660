//! Moments as signatures write them: ISO 8601's basic format, and the `Date` header's.

use base::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

const BASIC: &str = "%Y%m%dT%H%M%SZ";

/// `20150830T123600Z`.
pub(super) fn basic(at: Timestamp) -> String {
    at.strftime(BASIC).to_string()
}

/// Only the exact form: sixteen characters, in UTC.
pub(super) fn parse_basic(text: &str) -> Option<Timestamp> {
    let shaped = text.len() == 16
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let moment: DateTime = strtime::parse(BASIC, text).ok()?.to_datetime().ok()?;
    TimeZone::UTC.to_timestamp(moment).ok()
}

/// A `Date` header: the basic format, or HTTP's (`Sun, 30 Aug 2015 12:36:00 GMT`).
pub(super) fn parse_date(text: &str) -> Option<Timestamp> {
    parse_basic(text).or_else(|| rfc2822::DateTimeParser::new().parse_timestamp(text).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stamp_comes_back(seconds in -62_000_000_000i64..250_000_000_000) {
            let at = Timestamp::from_second(seconds).expect("in range");
            prop_assert_eq!(parse_basic(&basic(at)), Some(at));
        }

        #[test]
        fn hostile_dates_are_refused_not_panicked_over(text in ".{0,24}") {
            let _ = (parse_basic(&text), parse_date(&text));
        }
    }

    #[test]
    fn both_forms_of_date_are_read() {
        let at = parse_basic("20150830T123600Z");
        assert!(at.is_some());
        assert_eq!(parse_date("Sun, 30 Aug 2015 12:36:00 GMT"), at);
    }

    #[test]
    fn other_forms_are_no_stamp() {
        for wrong in
            ["2015-08-30T12:36:00Z", "20150830T123600", "20150830T123600+", "20151330T123600Z", "20150230T126000Z"]
        {
            assert_eq!(parse_basic(wrong), None, "{wrong}");
        }
    }
}
