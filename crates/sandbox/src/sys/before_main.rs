//! Lets a test binary be the helper: its `main` belongs to the test harness, so the question is asked before it.

#![expect(unsafe_code, reason = "a function in .init_array is called by nobody that the compiler knows")]

/// Called by the C library's start-up code, after the standard library's own entry has noted the arguments.
// SAFETY: the section holds pointers to `extern "C"` functions, of which this is one; arguments that are passed are
// ignored, as the calling convention allows. It runs once, before `main`, while there is one thread.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    crate::run_helper_if_asked();
}
