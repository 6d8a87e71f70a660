//! With what a runtime is started: the interpreter's own command, or the customer's wrapper around it.

use super::Launch;

/// The variable that names a wrapper.
const WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";

/// As the managed runtimes of AWS look at a wrapper: its name is `$0`, the runtime's command follows.
const LOOK: &str = r#"[ -f "$0" ] || { echo "$0: does not exist"; exit 127; }
[ -x "$0" ] || { echo "$0: is not an executable"; exit 126; }
exec "$0" "$@""#;

/// Custom runtimes have no wrapper: their bootstrap is the customer's own.
pub(super) fn argv(launch: &Launch) -> Vec<String> {
    let mut argv = launch.interpreter.argv.clone();
    let wrapper = wrapper(launch).filter(|_| launch.interpreter.managed);
    if wrapper.is_some() || launch.variables.iter().any(|(key, _)| key.starts_with("PYTHON")) {
        // Python's way not to look for a sitecustomize, which a wrapper or a variable may bring.
        argv.retain(|argument| argument != "-S");
    }
    match wrapper {
        None => argv,
        Some(wrapper) => ["/bin/sh", "-c", LOOK, wrapper].map(str::to_owned).into_iter().chain(argv).collect(),
    }
}

fn wrapper(launch: &Launch) -> Option<&str> {
    let set = launch.variables.iter().find(|(key, value)| key == WRAPPER && !value.is_empty());
    set.map(|(_, wrapper)| wrapper.as_str())
}
