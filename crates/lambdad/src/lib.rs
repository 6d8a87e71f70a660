//! The program, as a library: configuration, front door, registry, courier, wiring, command line. Knows no business
//! rules.

pub mod cli;
pub mod containment;
pub mod courier;
pub mod fetch;
pub mod front_door;
pub mod house;
pub mod network;
pub mod options;
pub mod pages;
pub mod registry;
mod relay;
pub mod root_key;
pub mod runtimes;
mod serve;
