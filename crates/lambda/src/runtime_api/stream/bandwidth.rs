//! The pace of a streamed answer: a bucket of tokens, a byte each. It is full at first, and is filled steadily.

use std::time::Duration;

use base::limits::lambda::{STREAM_BURST_BYTES, STREAM_BYTES_PER_SECOND};
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Bandwidth {
    /// In bytes. Below nothing while somebody waits for what he has taken.
    tokens: f64,
    filled: Instant,
}

impl Bandwidth {
    pub(super) fn new(now: Instant) -> Self {
        Self { tokens: STREAM_BURST_BYTES as f64, filled: now }
    }

    /// Takes so many bytes, and says how long from `now` they have to wait.
    pub(super) fn take(&mut self, bytes: usize, now: Instant) -> Duration {
        let come = (now - self.filled).as_secs_f64() * STREAM_BYTES_PER_SECOND as f64;
        self.tokens = (self.tokens + come).min(STREAM_BURST_BYTES as f64) - bytes as f64;
        self.filled = now;
        Duration::from_secs_f64((-self.tokens).max(0.0) / STREAM_BYTES_PER_SECOND as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_burst_is_free_and_the_rest_waits() {
        let start = Instant::now();
        let mut bandwidth = Bandwidth::new(start);
        assert_eq!(bandwidth.take(STREAM_BURST_BYTES, start), Duration::ZERO);
        assert_eq!(bandwidth.take(STREAM_BYTES_PER_SECOND, start), SECOND);
        assert_eq!(bandwidth.take(STREAM_BYTES_PER_SECOND, start + SECOND), SECOND);
    }

    #[test]
    fn what_was_not_used_is_kept_up_to_the_burst() {
        let start = Instant::now();
        let mut bandwidth = Bandwidth::new(start);
        bandwidth.take(STREAM_BURST_BYTES, start);
        let later = start + 1000 * SECOND;
        assert_eq!(bandwidth.take(STREAM_BURST_BYTES, later), Duration::ZERO);
        assert!(bandwidth.take(1, later) > Duration::ZERO);
    }

    proptest! {
        /// Whoever waits as he is told never has more than the burst and what came since.
        #[test]
        fn nobody_gets_more_than_the_pace(sizes in proptest::collection::vec(1_usize..4 << 20, 1..40)) {
            let start = Instant::now();
            let (mut now, mut sent) = (start, 0);
            let mut bandwidth = Bandwidth::new(start);
            for size in sizes {
                now += bandwidth.take(size, now);
                sent += size;
                let allowed = STREAM_BURST_BYTES as f64 + (now - start).as_secs_f64() * STREAM_BYTES_PER_SECOND as f64;
                prop_assert!(sent as f64 <= allowed + 1.0, "{sent} of {allowed}");
            }
        }
    }
}
