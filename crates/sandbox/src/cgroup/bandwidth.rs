//! A share of a core as the scheduler wants it: so much time in each period.

/// As Lambda's: short, so that a small share of a core still answers quickly.
const PERIOD_US: f64 = 20_000.0;
const PERIOD_MAX_US: f64 = 1_000_000.0;
/// The kernel takes no less.
const QUOTA_MIN_US: f64 = 1_000.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bandwidth {
    pub(super) period_us: u64,
    pub(super) quota_us: u64,
}

impl Bandwidth {
    pub(super) fn of(cores: f64) -> Self {
        let period = (QUOTA_MIN_US / cores).clamp(PERIOD_US, PERIOD_MAX_US);
        Self { period_us: period as u64, quota_us: (period * cores).max(QUOTA_MIN_US) as u64 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_share_is_within_what_the_kernel_takes_and_true_to_a_hundredth(cores in 0.001..64.0f64) {
            let Bandwidth { period_us, quota_us } = Bandwidth::of(cores);
            prop_assert!((1_000..=1_000_000).contains(&period_us));
            prop_assert!(quota_us >= 1_000);
            let given = quota_us as f64 / period_us as f64;
            prop_assert!((given / cores - 1.0).abs() < 0.01, "{given} for {cores}");
        }
    }
}
