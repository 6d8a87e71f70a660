//! Bodies on their way in: each within its limit and at a pace, and all of them together within a budget.
//!
//! A signature covers the body, so that a stranger's is read before anybody knows that he is one. A small one is; for more
//! the key that the request names must at least be there. What a key's bodies hold is counted as they arrive, not as they are
//! announced, and no key may hold more than is free: one that stalls leaves room for the others, who are as many as
//! there are keys: each environment has its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::limits::http::{BODIES_BYTES, BODY_SILENCE_SECONDS};
use base::{Clock, Fault};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use parking_lot::Mutex;

/// Bodies below it are not counted: connections bound them.
const UNIT: usize = 1 << 16;
const SILENCE: Duration = Duration::from_secs(BODY_SILENCE_SECONDS);

/// What is left of the budget, and who holds the rest.
#[derive(Clone, Debug)]
pub struct Bodies(Arc<Mutex<Books>>);

#[derive(Debug)]
struct Books {
    free: usize,
    held: HashMap<Arc<str>, usize>,
}

/// A body's part of the budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Room {
    bodies: Bodies,
    /// `None` while the body is small.
    whose: Option<Arc<str>>,
    bytes: usize,
}

#[derive(Debug)]
pub(super) enum Unread {
    TooLarge,
    /// The bodies of others take all the room.
    NoRoom,
    /// Nothing came for too long.
    Silent,
    /// Its sender may not send so much.
    Refused(Fault),
    Broken(String),
}

impl Default for Bodies {
    fn default() -> Self {
        Self::of(BODIES_BYTES)
    }
}

impl Bodies {
    fn of(bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Books { free: bytes, held: HashMap::new() })))
    }

    /// All of `body`, at most `limit` bytes, and the room that it takes for as long as it is kept. `whose` is asked once
    /// the body is no longer small.
    pub(super) async fn read<B>(
        &self,
        body: &mut B,
        limit: usize,
        clock: &Clock,
        whose: impl Fn() -> Result<String, Fault>,
    ) -> Result<(Bytes, Room), Unread>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(Unread::TooLarge);
        }
        let mut room = Room { bodies: self.clone(), whose: None, bytes: 0 };
        room.name_if_large(announced, &whose)?;
        let mut whole = BytesMut::new();
        while let Some(frame) = frame(body, clock).await? {
            let Ok(data) = frame.into_data() else { continue };
            let length = whole.len() + data.len();
            if length > limit {
                return Err(Unread::TooLarge);
            }
            room.name_if_large(length, &whose)?;
            room.grow(length)?;
            if whole.is_empty() && body.is_end_stream() {
                return Ok((data, room));
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), room))
    }
}

/// The next piece, unless it lets us wait for too long.
async fn frame<B>(body: &mut B, clock: &Clock) -> Result<Option<hyper::body::Frame<Bytes>>, Unread>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let frame = tokio::select! {
        biased;
        frame = body.frame() => frame,
        () = clock.sleep(SILENCE) => return Err(Unread::Silent),
    };
    frame.transpose().map_err(|error| Unread::Broken(error.to_string()))
}

/// Reads and throws away what is still coming, for a while: a sender who is in the middle of it hears no answer before.
pub(super) async fn drain<B: Body + Unpin>(body: &mut B, clock: &Clock, patience: Duration) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    tokio::select! {
        () = rest => {}
        () = clock.sleep(patience) => {}
    }
}

impl Room {
    fn name_if_large(&mut self, length: usize, whose: &impl Fn() -> Result<String, Fault>) -> Result<(), Unread> {
        if length > UNIT && self.whose.is_none() {
            self.whose = Some(whose().map_err(Unread::Refused)?.into());
        }
        Ok(())
    }

    /// To so many bytes.
    fn grow(&mut self, length: usize) -> Result<(), Unread> {
        let Some(whose) = &self.whose else { return Ok(()) };
        let more = length - self.bytes;
        let mut books = self.bodies.0.lock();
        let held = books.held.get(whose).copied().unwrap_or(0);
        if held + more > books.free {
            return Err(Unread::NoRoom);
        }
        books.free -= more;
        books.held.insert(whose.clone(), held + more);
        self.bytes = length;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let Some(whose) = &self.whose else { return };
        let mut books = self.bodies.0.lock();
        books.free += self.bytes;
        let left = books.held.get(whose).map_or(0, |held| held - self.bytes);
        if left == 0 {
            books.held.remove(whose);
        } else {
            books.held.insert(whose.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    fn of(length: usize) -> Full<Bytes> {
        Full::new(Bytes::from(vec![7; length]))
    }

    async fn read(bodies: &Bodies, length: usize, whose: &str) -> Result<(Bytes, Room), Unread> {
        bodies.read(&mut of(length), usize::MAX, &Clock::wall(), || Ok(whose.to_owned())).await
    }

    fn free(bodies: &Bodies) -> usize {
        bodies.0.lock().free
    }

    #[tokio::test]
    async fn no_key_holds_more_than_is_free() {
        let bodies = Bodies::of(8 * UNIT);
        let (first, room) = read(&bodies, 4 * UNIT, "a").await.expect("half is free");
        assert_eq!(first.len(), 4 * UNIT);
        assert!(matches!(read(&bodies, 2 * UNIT, "a").await, Err(Unread::NoRoom)));
        let (_, other) = read(&bodies, 2 * UNIT, "b").await.expect("another's");
        drop((room, other));
        assert_eq!(free(&bodies), 8 * UNIT, "all is given back");
        assert!(bodies.0.lock().held.is_empty());
    }

    #[tokio::test]
    async fn small_bodies_find_room_always_and_name_nobody() {
        let bodies = Bodies::of(0);
        let nobody = || Err(Fault::new("Unknown", ""));
        assert!(bodies.read(&mut of(UNIT), usize::MAX, &Clock::wall(), nobody).await.is_ok());
        let refused = bodies.read(&mut of(UNIT + 1), usize::MAX, &Clock::wall(), nobody).await;
        assert!(matches!(refused, Err(Unread::Refused(_))));
    }

    #[tokio::test]
    async fn frames_are_joined_and_counted_together() {
        let frames = |count: usize| {
            let frame = || Ok::<_, Infallible>(Frame::data(Bytes::from(vec![1; UNIT])));
            StreamBody::new(futures_util::stream::iter((0..count).map(move |_| frame()).collect::<Vec<_>>()))
        };
        let (bodies, clock) = (Bodies::of(8 * UNIT), Clock::wall());
        let whose = || Ok("a".to_owned());
        let (body, room) = bodies.read(&mut frames(3), usize::MAX, &clock, whose).await.expect("room");
        assert_eq!((body.len(), free(&bodies)), (3 * UNIT, 5 * UNIT));
        assert!(matches!(bodies.read(&mut frames(9), usize::MAX, &clock, whose).await, Err(Unread::NoRoom)));
        assert!(matches!(bodies.read(&mut frames(3), 2 * UNIT, &clock, whose).await, Err(Unread::TooLarge)));
        assert_eq!(free(&bodies), 5 * UNIT, "what was refused holds nothing");
        drop(room);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_falls_silent_is_given_up() {
        let first = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x")));
        let frames =
            futures_util::StreamExt::chain(futures_util::stream::iter([first]), futures_util::stream::pending());
        let bodies = Bodies::of(UNIT);
        let late = bodies.read(&mut StreamBody::new(frames), 9, &Clock::wall(), || Ok(String::new())).await;
        assert!(matches!(late, Err(Unread::Silent)));
    }

    #[tokio::test]
    async fn what_announces_too_much_is_not_even_begun() {
        let bodies = Bodies::of(0);
        assert!(matches!(
            bodies.read(&mut of(9), 8, &Clock::wall(), || Ok(String::new())).await,
            Err(Unread::TooLarge)
        ));
    }
}
