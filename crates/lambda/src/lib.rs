//! The heart: functions, admission, the pool of environments, the runtime protocols, outcomes.

pub mod runtime_api;
