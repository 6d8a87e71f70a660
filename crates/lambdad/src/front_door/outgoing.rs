//! An answer on its way out: whole, or a stream, and who keeps it waiting.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use base::Fault;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// What a connection does: while it is at work, nobody gives it up for its caller's slowness.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// A request is being answered, or an answer's next piece is being made.
    ours: AtomicBool,
    pieces: AtomicUsize,
}

impl Work {
    pub(super) fn begins(&self) {
        self.ours.store(true, Ordering::Relaxed);
    }

    pub(super) fn ends(&self) {
        self.ours.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_ours(&self) -> bool {
        self.ours.load(Ordering::Relaxed)
    }

    /// Grows with every piece that the caller has taken.
    pub(super) fn pieces(&self) -> usize {
        self.pieces.load(Ordering::Relaxed)
    }
}

/// The body of an answer.
pub(super) struct Outgoing {
    body: wire::Body,
    work: Arc<Work>,
}

impl Outgoing {
    pub(super) fn new(body: wire::Body, work: Arc<Work>) -> Self {
        Self { body, work }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let stream = match &mut self.body {
            wire::Body::Stream(stream) => stream,
            wire::Body::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            wire::Body::Whole(bytes) => return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
        };
        let piece = stream.as_mut().poll_next(context);
        match &piece {
            Poll::Pending => self.work.begins(),
            Poll::Ready(_) => {
                self.work.ends();
                self.work.pieces.fetch_add(1, Ordering::Relaxed);
            }
        }
        piece.map(|piece| piece.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.body, wire::Body::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            wire::Body::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            wire::Body::Stream(_) => SizeHint::default(),
        }
    }
}

/// Whoever waited for a piece that nobody takes any more waits no longer.
impl Drop for Outgoing {
    fn drop(&mut self) {
        if matches!(self.body, wire::Body::Stream(_)) {
            self.work.ends();
        }
    }
}
