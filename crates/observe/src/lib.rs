//! What is seen of the house: logs today; metrics, traces and usage beside them. Services here do not know each other.

pub mod logs;
