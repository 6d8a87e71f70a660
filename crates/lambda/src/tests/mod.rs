//! Environments with real processes in a real sandbox: as root; elsewhere these tests say loudly that they were skipped.

mod house;
mod life;
mod quotas;

use house::House;
