//! Progress on standard error, where something takes time; nothing where nobody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A spinner with what is being done.
pub(super) fn spinner(doing: impl Into<String>) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style).with_message(doing.into());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
