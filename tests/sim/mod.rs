//! One seed, a simulated clock and disk, crashes anywhere; then the books must balance.

mod letters;
pub(crate) mod services;
