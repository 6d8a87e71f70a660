//! The tests of the whole house, in one binary: its rules (tidy), its books (coverage), its stories, its simulations.

mod coverage;
mod sim;
mod story;
mod tidy;
