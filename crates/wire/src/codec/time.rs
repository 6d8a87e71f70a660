//! Timestamps in the notations that AWS uses. All are read everywhere; the table decides which is written.

use base::Timestamp;
use jiff::civil;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use crate::schema::TimeFormat;

/// Reads epoch numbers, ISO 8601 (UTC where no offset is given) and HTTP dates.
pub(crate) fn parse(text: &str, format: TimeFormat) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(number) = number(text) {
        return from_number(number, format);
    }
    if text.ends_with("GMT") {
        return rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    }
    text.parse().ok().or_else(|| without_offset(text))
}

/// Only plain decimals: `f64::from_str` would also take `inf` and `nan`.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

fn without_offset(text: &str) -> Option<Timestamp> {
    let civil: civil::DateTime = text.parse().ok()?;
    Some(civil.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
}

/// Seconds since the epoch with a fraction, or milliseconds if the table says so; kept to the millisecond, beyond
/// which a double of this size is not exact.
pub(crate) fn from_number(number: f64, format: TimeFormat) -> Option<Timestamp> {
    let millis = (if format == TimeFormat::EpochMillis { number } else { number * 1e3 }).round();
    // Casting saturates, and jiff refuses what is out of its range; only NaN would pass as 0.
    if millis.is_nan() { None } else { Timestamp::from_millisecond(millis as i64).ok() }
}

/// Seconds since the epoch, with milliseconds only where there are some.
pub(crate) fn seconds(at: Timestamp) -> String {
    let millis = at.as_millisecond();
    if millis % 1000 == 0 {
        return (millis / 1000).to_string();
    }
    let sign = if millis < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:03}", millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
    text.trim_end_matches('0').to_owned()
}

/// Text in `format`; [`TimeFormat::Default`] has been replaced by the tongue's own before.
pub(crate) fn write(at: Timestamp, format: TimeFormat) -> String {
    match format {
        TimeFormat::EpochSeconds => seconds(at),
        TimeFormat::EpochMillis => at.as_millisecond().to_string(),
        TimeFormat::HttpDate => at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        TimeFormat::Iso8601 | TimeFormat::Default => iso8601(at),
    }
}

/// `2015-05-14T23:03:02Z`, with milliseconds only where there are some.
fn iso8601(at: Timestamp) -> String {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at).to_string()
}

impl TimeFormat {
    /// The member's format, or `usual` if the member has none of its own.
    pub(crate) fn or(self, usual: Self) -> Self {
        if self == Self::Default { usual } else { self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).expect("in range")
    }

    #[test]
    fn every_notation_is_read() {
        let moment = at(1_398_796_238_000);
        for text in [
            "1398796238",
            "1398796238.0",
            "1.398796238E9",
            "2014-04-29T18:30:38Z",
            "2014-04-29T18:30:38.000Z",
            "2014-04-29T20:30:38+02:00",
            "2014-04-29T18:30:38",
            "Tue, 29 Apr 2014 18:30:38 GMT",
        ] {
            assert_eq!(parse(text, TimeFormat::Default), Some(moment), "{text}");
        }
        assert_eq!(parse("1398796238000", TimeFormat::EpochMillis), Some(moment));
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in ["", "-", "nan", "inf", "1e400", "yesterday", "2014-13-01T00:00:00Z", "GMT"] {
            assert_eq!(parse(text, TimeFormat::Default), None, "{text}");
        }
    }

    #[test]
    fn fractions_are_written_only_where_there_are_some() {
        assert_eq!(seconds(at(1_000)), "1");
        assert_eq!(seconds(at(1_230)), "1.23");
        assert_eq!(seconds(at(-5)), "-0.005");
        assert_eq!(iso8601(at(1_000)), "1970-01-01T00:00:01Z");
    }

    proptest! {
        #[test]
        fn a_timestamp_comes_back(millis in -10_000_000_000_000_i64..10_000_000_000_000) {
            let moment = at(millis);
            for format in [TimeFormat::EpochSeconds, TimeFormat::EpochMillis, TimeFormat::Iso8601] {
                prop_assert_eq!(parse(&write(moment, format), format), Some(moment));
            }
            let whole = at(millis / 1000 * 1000);
            prop_assert_eq!(parse(&write(whole, TimeFormat::HttpDate), TimeFormat::HttpDate), Some(whole));
        }

        #[test]
        fn hostile_times_never_panic(text in ".{0,40}", number in proptest::num::f64::ANY) {
            let _ = parse(&text, TimeFormat::Default);
            let _ = from_number(number, TimeFormat::EpochMillis);
        }
    }
}
