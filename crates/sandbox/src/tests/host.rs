//! What the host has now: to compare before and after.
