//! The program: one binary, which is also the sandbox's helper when it is asked to be.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // Before any thread exists: the helper is single-threaded, and forks.
    sandbox::run_helper_if_asked();
    let arguments = lambdad::cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(lambdad::cli::run(arguments)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("lambdad: {error:#}");
    ExitCode::FAILURE
}
