//! What every engine must do, and what only a disk can show.

mod conformance;
mod house;
