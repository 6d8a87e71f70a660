//! Days: the events of one day lie in one space, by their own time (UTC), so that what has expired goes as a whole.

use base::Timestamp;
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;
const SPACE_PREFIX: &str = "logs-";

/// Days since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Day(u32);

impl Day {
    /// The day of a time; of the first or the last one there is, if the time is beyond them.
    pub(crate) fn of(at_ms: i64) -> Self {
        Self(u32::try_from(at_ms.max(0) / DAY_MS).unwrap_or(u32::MAX))
    }

    pub(crate) fn start_ms(self) -> i64 {
        i64::from(self.0) * DAY_MS
    }

    /// Exclusive.
    pub(crate) fn end_ms(self) -> i64 {
        self.start_ms() + DAY_MS
    }

    /// `logs-2026-11-23`.
    pub(crate) fn space_name(self) -> String {
        let start = Timestamp::from_millisecond(self.start_ms()).unwrap_or(Timestamp::MAX).to_string();
        let date = start.split_once('T').map_or(start.as_str(), |(date, _)| date);
        format!("{SPACE_PREFIX}{date}")
    }

    /// `None` for the name of any other space.
    pub(crate) fn of_space(name: &str) -> Option<Self> {
        let date = name.strip_prefix(SPACE_PREFIX)?;
        let start: Timestamp = format!("{date}T00:00:00Z").parse().ok()?;
        Some(Self::of(start.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_day_comes_back_from_its_space(at_ms in 0i64..250_000_000_000_000) {
            let day = Day::of(at_ms);
            prop_assert_eq!(Day::of_space(&day.space_name()), Some(day));
            prop_assert!(day.start_ms() <= at_ms && at_ms < day.end_ms());
        }
    }

    #[test]
    fn a_space_is_named_after_its_date() {
        assert_eq!(Day::of(1_795_392_000_000).space_name(), "logs-2026-11-23");
        assert_eq!(Day::of_space("meta"), None);
        assert_eq!(Day::of_space("logs-meta"), None);
    }
}
