//! The doors: the only ways in which one service reaches another. Traits here, wired together in `lambdad`.

pub mod call;
pub mod emit;
pub mod fetch;
pub mod permit;
pub mod post;
pub mod source;

pub use call::{Call, Request};
pub use emit::{Emit, LogLine, MetricPoint};
pub use fetch::Fetch;
pub use permit::{Decision, Permit, Question};
pub use post::{Letter, Post, Refusal};
pub use source::{Record, Source};
