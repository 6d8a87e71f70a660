//! A streamed answer on its way: from a process, piece by piece, to whoever asked for it.
//!
//! A slow caller slows the process: few pieces wait. A caller who has gone doesn't: what comes then is thrown away.

mod bandwidth;

use base::Clock;
use base::limits::environment::{CONTENT_TYPE_BYTES, STREAM_PIECE_BYTES, STREAM_PIECES};
use base::limits::lambda::{RESPONSE_BYTES, STREAMED_RESPONSE_BYTES};
use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use self::bandwidth::Bandwidth;
use super::Answer;
use super::session::{Refusal, Session};

/// What a process that names no content type sends.
const BYTES: &str = "application/octet-stream";

/// Where the answer to an event goes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Recipient {
    /// To a caller who takes it whole.
    #[default]
    Whole,
    /// To one who takes it as it comes.
    Stream(Caller),
}

/// Our end of the way to a caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pieces: mpsc::Sender<Piece>,
    clock: Clock,
}

/// What a caller gets before the event has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// First of all, and once.
    Begin {
        content_type: String,
    },
    Bytes(Bytes),
}

/// The way to a caller, and what arrives at its end.
pub(crate) fn way(clock: Clock) -> (Recipient, mpsc::Receiver<Piece>) {
    let (pieces, arriving) = mpsc::channel(STREAM_PIECES);
    (Recipient::Stream(Caller { pieces, clock }), arriving)
}

/// An answer that a process has begun. One that is dropped before its end was cut off.
#[derive(Debug)]
pub(crate) struct Answering<'s> {
    session: &'s Session,
    to: To,
    /// So far.
    bytes: usize,
    ended: bool,
}

#[derive(Debug)]
enum To {
    Whole(Collected),
    Caller(Caller, Bandwidth),
}

/// Most answers come in one piece, which is not copied.
#[derive(Debug, Default)]
struct Collected {
    first: Bytes,
    /// With the first, once there are two.
    all: BytesMut,
}

impl Collected {
    fn add(&mut self, bytes: Bytes) {
        if self.first.is_empty() {
            self.first = bytes;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&bytes);
    }

    fn take(&mut self) -> Bytes {
        if self.all.is_empty() { std::mem::take(&mut self.first) } else { std::mem::take(&mut self.all).freeze() }
    }
}

impl<'s> Answering<'s> {
    /// `session` has noted that the answer has begun.
    pub(super) fn begin(session: &'s Session, recipient: Recipient, content_type: Option<&str>) -> Self {
        let to = match recipient {
            Recipient::Whole => To::Whole(Collected::default()),
            Recipient::Stream(caller) => {
                let is_one = |text: &&str| (1..=CONTENT_TYPE_BYTES).contains(&text.len());
                let content_type = content_type.filter(is_one).unwrap_or(BYTES).to_owned();
                // The first piece finds room; without it the caller has gone.
                let _ = caller.pieces.try_send(Piece::Begin { content_type });
                let bandwidth = Bandwidth::new(caller.clock.instant());
                To::Caller(caller, bandwidth)
            }
        };
        Self { session, to, bytes: 0, ended: false }
    }

    /// The next bytes; returns when there is room for more.
    ///
    /// # Errors
    /// If they are more than an answer may have: that is the answer's end, and the caller hears of it.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        if self.ended {
            return Err(Refusal::TooLarge { limit: self.limit() });
        }
        self.bytes += bytes.len();
        if self.bytes > self.limit() {
            self.end(Answer::TooLarge { limit: self.limit() })?;
            return Err(Refusal::TooLarge { limit: self.limit() });
        }
        match &mut self.to {
            To::Whole(collected) => collected.add(bytes),
            To::Caller(caller, bandwidth) => send(caller, bandwidth, bytes).await,
        }
        Ok(())
    }

    /// The answer is complete.
    pub(crate) fn finish(mut self) -> Result<(), Refusal> {
        let answer = match &mut self.to {
            To::Whole(collected) => Answer::Response(collected.take()),
            To::Caller(..) => Answer::Streamed { bytes: self.bytes },
        };
        self.end(answer)
    }

    /// The function failed after it had begun.
    pub(crate) fn fail(mut self, error_type: String, body: Bytes) -> Result<(), Refusal> {
        self.end(Answer::Error { error_type, body })
    }

    fn limit(&self) -> usize {
        match self.to {
            To::Whole(_) => RESPONSE_BYTES,
            To::Caller(..) => STREAMED_RESPONSE_BYTES,
        }
    }

    fn end(&mut self, answer: Answer) -> Result<(), Refusal> {
        if std::mem::replace(&mut self.ended, true) { Ok(()) } else { self.session.answered(answer) }
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        // Nobody listens where the environment has gone.
        let _ = self.end(Answer::Truncated);
    }
}

/// In pieces that are small enough, each when its time has come.
async fn send(caller: &Caller, bandwidth: &mut Bandwidth, mut bytes: Bytes) {
    while !bytes.is_empty() && !caller.pieces.is_closed() {
        let piece = bytes.split_to(bytes.len().min(STREAM_PIECE_BYTES));
        let wait = bandwidth.take(piece.len(), caller.clock.instant());
        if !wait.is_zero() {
            caller.clock.sleep(wait).await;
        }
        // A caller who has gone takes nothing, and the function goes on.
        let _ = caller.pieces.send(Piece::Bytes(piece)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base::Timestamp;
    use base::limits::lambda::{STREAM_BURST_BYTES, STREAM_BYTES_PER_SECOND};

    use super::super::session::tests::running_for;
    use super::super::{Answer, Event};
    use super::*;

    fn bytes(count: usize) -> Bytes {
        vec![b'x'; count].into()
    }

    async fn streamed() -> (Session, mpsc::Receiver<Event>, mpsc::Receiver<Piece>) {
        let (recipient, arriving) = way(Clock::simulated(Timestamp::UNIX_EPOCH));
        let (session, told) = running_for(recipient).await;
        (session, told, arriving)
    }

    /// Takes all pieces until the answer has ended; how many bytes they were.
    async fn arrive(arriving: &mut mpsc::Receiver<Piece>) -> usize {
        let mut count = 0;
        while let Some(piece) = arriving.recv().await {
            match piece {
                Piece::Bytes(bytes) => count += bytes.len(),
                Piece::Begin { .. } => {}
            }
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_arrives_before_the_end() {
        let (session, mut told, mut arriving) = streamed().await;
        let mut answering = session.begin("a", Some("text/plain")).expect("running");
        assert_eq!(arriving.recv().await, Some(Piece::Begin { content_type: "text/plain".to_owned() }));
        answering.write(Bytes::from_static(b"one")).await.expect("room");
        assert_eq!(arriving.recv().await, Some(Piece::Bytes(Bytes::from_static(b"one"))));
        assert!(told.try_recv().is_err());
        answering.finish().expect("running");
        assert_eq!(told.recv().await, Some(Event::Answered(Answer::Streamed { bytes: 3 })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_content_type_that_is_none_is_bytes() {
        let long = "x".repeat(CONTENT_TYPE_BYTES + 1);
        for none in [None, Some(""), Some(long.as_str())] {
            let (session, _told, mut arriving) = streamed().await;
            let _answering = session.begin("a", none).expect("running");
            assert_eq!(arriving.recv().await, Some(Piece::Begin { content_type: BYTES.to_owned() }));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_takes_it_whole_gets_it_whole() {
        let (session, mut told) = running_for(Recipient::Whole).await;
        let mut answering = session.begin("a", None).expect("running");
        answering.write(Bytes::from_static(b"one ")).await.expect("room");
        answering.write(Bytes::from_static(b"two")).await.expect("room");
        answering.finish().expect("running");
        let whole = Answer::Response(Bytes::from_static(b"one two"));
        assert_eq!(told.recv().await, Some(Event::Answered(whole)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_dropped_was_cut_off() {
        let (session, mut told, _arriving) = streamed().await;
        drop(session.begin("a", None).expect("running"));
        assert_eq!(told.recv().await, Some(Event::Answered(Answer::Truncated)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_after_the_beginning_is_told() {
        let (session, mut told, _arriving) = streamed().await;
        let answering = session.begin("a", None).expect("running");
        let body = Bytes::from_static(b"{}");
        answering.fail("Function.Mine".to_owned(), body.clone()).expect("running");
        let error = Answer::Error { error_type: "Function.Mine".to_owned(), body };
        assert_eq!(told.recv().await, Some(Event::Answered(error)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_caller_slows_the_process() {
        let (session, _told, mut arriving) = streamed().await;
        let mut answering = session.begin("a", None).expect("running");
        let room = (STREAM_PIECES - 1) * STREAM_PIECE_BYTES;
        answering.write(bytes(room)).await.expect("room");
        let more = answering.write(bytes(1));
        tokio::pin!(more);
        assert!(futures_util::poll!(&mut more).is_pending());
        arriving.recv().await.expect("the beginning");
        more.await.expect("room again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_has_gone_slows_nobody() {
        let (session, mut told, arriving) = streamed().await;
        let mut answering = session.begin("a", None).expect("running");
        drop(arriving);
        let before = tokio::time::Instant::now();
        for _ in 0..100 {
            answering.write(bytes(1 << 20)).await.expect("thrown away");
        }
        assert!(before.elapsed().is_zero());
        answering.finish().expect("running");
        assert_eq!(told.recv().await, Some(Event::Answered(Answer::Streamed { bytes: 100 << 20 })));
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_burst_the_pace_holds() {
        let (session, _told, mut arriving) = streamed().await;
        let before = tokio::time::Instant::now();
        let writing = async {
            let mut answering = session.begin("a", None).expect("running");
            answering.write(bytes(STREAM_BURST_BYTES)).await.expect("room");
            assert!(before.elapsed().is_zero(), "the burst waits for nobody");
            for _ in 0..7 {
                answering.write(bytes(STREAM_BYTES_PER_SECOND)).await.expect("room");
            }
            answering.finish().expect("running");
        };
        let ((), count) = tokio::join!(writing, arrive(&mut arriving));
        assert_eq!(count, STREAM_BURST_BYTES + 7 * STREAM_BYTES_PER_SECOND);
        let took = before.elapsed();
        assert!(took >= Duration::from_millis(6_999) && took < Duration::from_millis(7_100), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn too_much_ends_the_answer() {
        let (session, mut told, mut arriving) = streamed().await;
        let writing = async {
            let mut answering = session.begin("a", None).expect("running");
            for _ in 0..STREAMED_RESPONSE_BYTES >> 20 {
                answering.write(bytes(1 << 20)).await.expect("within the limit");
            }
            answering.write(bytes(1)).await
        };
        let (refused, count) = tokio::join!(writing, arrive(&mut arriving));
        assert_eq!(refused, Err(Refusal::TooLarge { limit: STREAMED_RESPONSE_BYTES }));
        assert_eq!(count, STREAMED_RESPONSE_BYTES);
        let too_large = Answer::TooLarge { limit: STREAMED_RESPONSE_BYTES };
        assert_eq!(told.recv().await, Some(Event::Answered(too_large)));
        assert!(told.try_recv().is_err(), "the end is told once");
    }
}
