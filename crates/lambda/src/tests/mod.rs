//! Environments with real processes in a real sandbox: as root; elsewhere these tests say loudly that they were skipped.

mod extensions;
mod house;
mod life;
mod quotas;

use house::House;

fn payload(finished: &crate::environment::Finished) -> String {
    String::from_utf8_lossy(&finished.outcome.payload("r")).into_owned()
}
