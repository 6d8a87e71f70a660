//! The program: one binary, which is also the sandbox's helper when it is asked to be.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // Before any thread exists: the helper is single-threaded, and forks.
    sandbox::run_helper_if_asked();
    lambda::code::unpacker::run_unpacker_if_asked();
    let arguments = lambdad::cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let ended = runtime.block_on(lambdad::cli::run(arguments));
    // A house that was closed has left nothing to wait for, and whoever was told to end at once waits for nothing.
    runtime.shutdown_background();
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("lambdad: {error:#}");
    ExitCode::FAILURE
}
