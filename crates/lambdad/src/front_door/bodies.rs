//! Bodies on their way in: each within its limit, and all of them together within a budget.
//!
//! A signature covers the body, so that a stranger's is read before anybody knows that he is one. What he can make the
//! house hold by that is counted as it arrives, not as it is announced: who only announces takes nothing from others.

use std::sync::Arc;

use base::limits::http::BODIES_BYTES;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What the budget is counted in. Bodies below it are not counted: connections bound them.
const UNIT: usize = 1 << 16;

/// What is left of the budget.
#[derive(Clone, Debug)]
pub struct Bodies(Arc<Semaphore>);

/// A body's part of the budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Room(OwnedSemaphorePermit);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    /// The bodies of others take all the room.
    NoRoom,
    Broken(String),
}

impl Default for Bodies {
    fn default() -> Self {
        Self::of(BODIES_BYTES)
    }
}

impl Bodies {
    fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// All of `body`, at most `limit` bytes, and the room that it takes for as long as it is kept.
    pub(super) async fn read<B>(&self, mut body: B, limit: usize) -> Result<(Bytes, Room), Unread>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let mut room = Room(self.0.clone().try_acquire_many_owned(0).map_err(|_| Unread::NoRoom)?);
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            let length = whole.len() + data.len();
            if length > limit {
                return Err(Unread::TooLarge);
            }
            self.grow(&mut room, length)?;
            if whole.is_empty() && body.is_end_stream() {
                return Ok((data, room));
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), room))
    }

    fn grow(&self, room: &mut Room, length: usize) -> Result<(), Unread> {
        let more = (length / UNIT).saturating_sub(room.0.num_permits());
        let more = u32::try_from(more).map_err(|_| Unread::TooLarge)?;
        room.0.merge(self.0.clone().try_acquire_many_owned(more).map_err(|_| Unread::NoRoom)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;
    use std::convert::Infallible;

    use super::*;

    fn of(length: usize) -> Full<Bytes> {
        Full::new(Bytes::from(vec![7; length]))
    }

    #[tokio::test]
    async fn bodies_share_a_budget_and_give_it_back() {
        let bodies = Bodies::of(4 * UNIT);
        let (first, room) = bodies.read(of(3 * UNIT), usize::MAX).await.expect("room");
        assert_eq!(first.len(), 3 * UNIT);
        assert_eq!(bodies.read(of(2 * UNIT), usize::MAX).await.expect_err("full"), Unread::NoRoom);
        drop(room);
        assert!(bodies.read(of(2 * UNIT), usize::MAX).await.is_ok());
    }

    #[tokio::test]
    async fn small_bodies_find_room_always() {
        let bodies = Bodies::of(UNIT);
        let _all = bodies.read(of(UNIT), usize::MAX).await.expect("room");
        assert!(bodies.read(of(UNIT - 1), usize::MAX).await.is_ok());
    }

    #[tokio::test]
    async fn frames_are_joined_and_counted_together() {
        let frames = |count: usize| {
            let frame = || Ok::<_, Infallible>(Frame::data(Bytes::from(vec![1; UNIT / 2])));
            StreamBody::new(futures_util::stream::iter((0..count).map(move |_| frame()).collect::<Vec<_>>()))
        };
        let bodies = Bodies::of(4 * UNIT);
        let (body, _room) = bodies.read(frames(7), usize::MAX).await.expect("room");
        assert_eq!((body.len(), bodies.0.available_permits()), (7 * UNIT / 2, 1));
        assert_eq!(bodies.read(frames(7), 3 * UNIT).await.expect_err("no room before it is too large"), Unread::NoRoom);
        assert_eq!(bodies.read(frames(3), UNIT).await.expect_err("too large"), Unread::TooLarge);
        assert_eq!(bodies.0.available_permits(), 1, "what was refused holds nothing");
    }
}
