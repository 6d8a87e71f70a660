//! What every engine must do, and what only a disk can show.

mod backup;
mod conformance;
mod crash;
mod disk_full;
mod faults;
mod format;
mod group_commit;
mod house;
mod image;
mod model;
mod power_cut;
