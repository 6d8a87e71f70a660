//! The table of record: `make bench` prints its rows as ratios, `make bench ROW=14` one of them.
//!
//! Numerator and denominator are measured in turns in one run, five rounds at least; a row shows the 10th and 50th
//! percentile of the rounds' ratios and their spread. Nothing here is a test.

mod create;
mod durable;
mod echo;
mod program;
mod start;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some(start::BARE) {
        return start::bare_server();
    }
    match table::run(argument.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
