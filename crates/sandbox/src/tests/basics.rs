//! A program runs, sees what it was given and no more, and its end is told.

use super::*;
use crate::{Exit, ExitStatus};

#[tokio::test(flavor = "multi_thread")]
async fn a_python_program_runs_and_its_end_is_told() {
    let Some(house) = House::open().await else { return };
    let output = house.python(small(), "import sys; print('hello'); print('oops', file=sys.stderr); sys.exit(7)").await;
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("hello", "oops"));
    assert_eq!(output.exit, Exit { status: ExitStatus::Code(7), out_of_memory: false });
    house.close().await;
}
