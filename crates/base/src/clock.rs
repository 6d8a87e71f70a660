//! Time, through a door: the wall's clock in production, a simulated one under a test's seed.

use std::time::Duration;

pub use jiff::Timestamp;
pub use tokio::time::Instant;

/// The only source of time. Clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Wall,
    /// Runs with tokio's clock from `origin`: paused and advanced by a test.
    Simulated {
        origin: Timestamp,
        start: Instant,
    },
}

impl Clock {
    pub fn wall() -> Self {
        Self(Source::Wall)
    }

    /// Starts at `origin` and moves with tokio's clock, which a test pauses and advances.
    pub fn simulated(origin: Timestamp) -> Self {
        Self(Source::Simulated { origin, start: Instant::now() })
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Wall => wall_now(),
            Source::Simulated { origin, start } => origin.saturating_add_duration(start.elapsed()),
        }
    }

    /// Milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// For measuring; unaffected by changes of the wall's clock.
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door that the ban names")]
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Returns at once if `at` has passed.
    pub async fn sleep_until(&self, at: Timestamp) {
        let wait = at.duration_since(self.now());
        if let Ok(wait) = Duration::try_from(wait) {
            self.sleep(wait).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door that the ban names")]
fn wall_now() -> Timestamp {
    Timestamp::now()
}

trait SaturatingAdd {
    fn saturating_add_duration(&self, duration: Duration) -> Timestamp;
}

impl SaturatingAdd for Timestamp {
    fn saturating_add_duration(&self, duration: Duration) -> Timestamp {
        self.checked_add(duration).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_simulated_clock_moves_with_its_sleepers() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        clock.sleep(Duration::from_secs(3600)).await;
        assert_eq!(clock.now_ms(), 3_600_000);
        clock.sleep_until(Timestamp::UNIX_EPOCH).await;
        assert_eq!(clock.now_ms(), 3_600_000);
    }
}
