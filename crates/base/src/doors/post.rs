//! The door `post`: letters by ARN, at least once, in order within their group.

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Arn;

/// What one service sends another: written in the same commit as the change that causes it, carried by the courier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// The receiver commits the letter under this id, and so knows it when it comes again.
    pub id: String,
    pub to: Arn,
    pub body: Bytes,
    pub attributes: Vec<(String, String)>,
    /// The id of the request or letter that caused this one.
    pub cause: String,
    /// The principal in whose name the letter is sent; the receiver checks its permission.
    pub sent_as: String,
    /// Order holds among the letters of one group only; an empty group has no order.
    pub group: String,
}

/// Why a letter was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not now (throttled, unavailable, a crash on the way): the courier tries again.
    #[error("not now: {0}")]
    Later(String),
    /// Never (no such target, no permission): the courier gives the letter up and says so to its sender.
    #[error("never: {0}")]
    Never(String),
}

/// A receiver of letters: one per service that has addresses.
#[async_trait]
pub trait Post: Send + Sync {
    /// Durable when it answers `Ok`; a letter whose id is known already is answered `Ok` and not taken again.
    async fn deliver(&self, letter: &Letter) -> Result<(), Refusal>;

    /// Told of a letter that this service sent and that nobody will ever take.
    async fn returned(&self, _letter: &Letter, _why: &Refusal) {}
}
