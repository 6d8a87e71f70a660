//! The tests of the whole house, in one binary: its rules (tidy), its simulations (sim), its books (coverage).

mod coverage;
mod sim;
mod tidy;
