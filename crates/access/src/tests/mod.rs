//! The room as a whole: every call goes the pipeline's way, from the contract's permission to the handler.

mod house;
mod iam;
mod permissions;
mod races;
mod sts;
mod tongue;
