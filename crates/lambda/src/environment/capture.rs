//! A function's output on its way into its log: pipes are read, cut into events, and given to the door `emit`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use base::doors::{Emit, LogLine};
use base::limits::lambda::LOG_TAIL_BYTES;
use base::limits::logs::EVENT_BYTES;
use base::{Clock, Scope, Tasks};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::unix::pipe::Receiver;
use tokio_util::sync::CancellationToken;

use crate::telemetry::{Hub, Kind, LogStyle, PlatformEvent};

/// The log of one environment.
pub(crate) struct Capture {
    emit: Arc<dyn Emit>,
    clock: Clock,
    log: Log,
    state: Mutex<State>,
}

/// Which log that is.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) scope: Scope,
    pub(crate) group: Arc<str>,
    pub(crate) stream: Arc<str>,
    pub(crate) style: LogStyle,
}

#[derive(Debug, Default)]
struct State {
    pipes: Vec<Pipe>,
    /// Without the role's permission nothing is stored; the tail is kept all the same.
    stored: bool,
    tail: Option<Vec<u8>>,
    /// Who hears it beside the log.
    hub: Arc<Hub>,
}

impl Capture {
    pub(crate) fn new(emit: Arc<dyn Emit>, clock: Clock, log: Log) -> Self {
        let state = Mutex::new(State { stored: true, ..State::default() });
        Self { emit, clock, log, state }
    }

    pub(crate) fn stream(&self) -> &str {
        &self.log.stream
    }

    /// Whether the role may write this log; asked before each event, since policies change.
    pub(crate) fn set_stored(&self, stored: bool) {
        self.state.lock().stored = stored;
    }

    /// Something of the platform's own.
    pub(crate) fn platform(&self, event: &PlatformEvent) {
        let at = self.clock.now();
        let mut state = self.state.lock();
        state.hub.platform(at, event);
        if let Some(line) = self.log.style.line(at, event) {
            self.write(&mut state, line.into());
        }
    }

    /// Whether anybody hears what the text of a log leaves out.
    pub(super) fn tells_all(&self) -> bool {
        self.log.style != LogStyle::Text || self.state.lock().hub.is_heard()
    }

    /// An INIT begins: who listened to the process before does so no more.
    pub(super) fn listen_anew(&self) -> Arc<Hub> {
        self.drain();
        let hub = Arc::new(Hub::default());
        let mut state = self.state.lock();
        state.pipes.clear();
        state.hub = hub.clone();
        hub
    }

    /// An event begins.
    pub(super) fn begin(&self, want_tail: bool) {
        self.state.lock().tail = want_tail.then(Vec::new);
    }

    /// An event has ended: its tail, if one was wanted.
    pub(super) fn end(&self) -> Option<Vec<u8>> {
        self.state.lock().tail.take()
    }

    /// Reads a new process's pipes from now on.
    pub(super) fn listen(
        self: &Arc<Self>,
        outputs: impl IntoIterator<Item = (OwnedFd, Framing)>,
        tasks: &Tasks,
        ended: &CancellationToken,
    ) -> std::io::Result<()> {
        let mut pipes = Vec::new();
        for (fd, framing) in outputs {
            let file = File::from(fd.try_clone()?);
            let watched = Arc::new(Receiver::from_owned_fd(fd)?);
            pipes.push(Pipe { file, watched, framing, partial: Vec::new() });
        }
        let followed: Vec<_> = pipes.iter().map(|pipe| pipe.watched.clone()).collect();
        // Known before they are followed: a follower that doesn't find its pipe takes it for closed, and nobody reads it.
        self.state.lock().pipes.extend(pipes);
        for watched in followed {
            let (capture, ended) = (self.clone(), ended.clone());
            tasks.spawn("function output", async move {
                ended.run_until_cancelled(capture.follow(&watched)).await;
            });
        }
        Ok(())
    }

    /// Reads one pipe whenever it has something, to its end.
    async fn follow(&self, watched: &Arc<Receiver>) {
        while watched.readable().await.is_ok() {
            if !self.read(|pipe| Arc::ptr_eq(&pipe.watched, watched), Pipe::read_watched) {
                break;
            }
        }
    }

    /// Reads the pipes that `which` names; false if all of them are at their end.
    fn read(&self, which: impl Fn(&Pipe) -> bool, read: ReadPipe) -> bool {
        let mut state = self.state.lock();
        let mut pipes = std::mem::take(&mut state.pipes);
        let mut open = false;
        for pipe in pipes.iter_mut().filter(|pipe| which(pipe)) {
            let framing = pipe.framing;
            open |= pipe.read(read, &mut |message| self.said(&mut state, framing, message));
        }
        state.pipes = pipes;
        open
    }

    /// Reads what has been written until now, and ends an unfinished line.
    pub(super) fn drain(&self) {
        self.read(|_| true, Pipe::read_now);
        let mut state = self.state.lock();
        let unfinished: Vec<_> =
            state.pipes.iter_mut().filter_map(|pipe| pipe.unfinished().map(|line| (pipe.framing, line))).collect();
        for (framing, message) in unfinished {
            self.said(&mut state, framing, message);
        }
    }

    /// A process has written something.
    fn said(&self, state: &mut State, framing: Framing, message: Bytes) {
        let kind = if framing == Framing::ExtensionLines { Kind::Extension } else { Kind::Function };
        state.hub.line(self.clock.now(), kind, &message, self.log.style != LogStyle::Text);
        if framing != Framing::Lines || self.log.style.keeps(&message) {
            self.write(state, message);
        }
    }

    fn write(&self, state: &mut State, message: Bytes) {
        if let Some(tail) = &mut state.tail {
            tail.extend_from_slice(&message);
            let excess = tail.len().saturating_sub(LOG_TAIL_BYTES);
            tail.drain(..excess);
        }
        if state.stored {
            self.emit.log(LogLine {
                scope: self.log.scope.clone(),
                group: self.log.group.clone(),
                stream: self.log.stream.clone(),
                at: self.clock.now(),
                message,
            });
        }
    }
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture").field("log", &self.log).finish_non_exhaustive()
    }
}

type ReadPipe = fn(&mut Pipe, &mut [u8]) -> std::io::Result<usize>;

/// How a pipe is cut into events, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// An event a line.
    Lines,
    /// The same, of an extension.
    ExtensionLines,
    /// AWS's framed log records: `u32 type | u32 length | u64 microseconds | message`, big-endian.
    Telemetry,
}

#[derive(Debug)]
struct Pipe {
    /// Reads what is there whether the reactor knows of it already or not: for the end of an event.
    file: File,
    /// The same pipe, as the reactor sees it.
    watched: Arc<Receiver>,
    framing: Framing,
    partial: Vec<u8>,
}

/// So much is read at a time, however fast the function writes: a flood must not hold up its own answer.
const READ_BYTES: usize = 1 << 18;
const TELEMETRY_HEAD: usize = 16;
const TELEMETRY_MAGIC: u32 = 0xa55a_0000;

impl Pipe {
    fn read_now(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.read(buffer)
    }

    /// Tells the reactor when there is no more.
    fn read_watched(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.watched.try_read(buffer)
    }

    /// False at the end of the pipe.
    fn read(&mut self, read: ReadPipe, write: &mut impl FnMut(Bytes)) -> bool {
        let mut buffer = [0; 1 << 13];
        let mut left = READ_BYTES;
        while left > 0 {
            match read(self, &mut buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    self.partial.extend_from_slice(&buffer[..count]);
                    self.cut(write);
                    left = left.saturating_sub(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn cut(&mut self, write: &mut impl FnMut(Bytes)) {
        cut(self.framing, &mut self.partial, write);
    }

    fn unfinished(&mut self) -> Option<Bytes> {
        let lines = self.framing != Framing::Telemetry && !self.partial.is_empty();
        lines.then(|| std::mem::take(&mut self.partial).into())
    }
}

/// Takes the whole events off the front of what has arrived.
fn cut(framing: Framing, partial: &mut Vec<u8>, write: &mut impl FnMut(Bytes)) {
    let first = match framing {
        Framing::Lines | Framing::ExtensionLines => first_line,
        Framing::Telemetry => first_record,
    };
    let mut cut = 0;
    while let Some((message, used)) = first(&partial[cut..]).filter(|(_, used)| *used > 0) {
        write(message);
        cut += used;
    }
    partial.drain(..cut);
}

fn first_line(bytes: &[u8]) -> Option<(Bytes, usize)> {
    let window = &bytes[..bytes.len().min(EVENT_BYTES)];
    let end = match window.iter().position(|byte| *byte == b'\n') {
        Some(at) => at + 1,
        None if window.len() == EVENT_BYTES => EVENT_BYTES,
        None => return None,
    };
    Some((Bytes::copy_from_slice(&bytes[..end]), end))
}

fn first_record(bytes: &[u8]) -> Option<(Bytes, usize)> {
    let head = bytes.get(..TELEMETRY_HEAD)?;
    let kind = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    if kind & 0xffff_0000 != TELEMETRY_MAGIC || length > EVENT_BYTES {
        // Whatever writes here is not a runtime client; its bytes are kept as they are.
        return Some((Bytes::copy_from_slice(bytes), bytes.len()));
    }
    let message = bytes.get(TELEMETRY_HEAD..TELEMETRY_HEAD + length)?;
    Some((with_newline(message), TELEMETRY_HEAD + length))
}

fn with_newline(message: &[u8]) -> Bytes {
    let mut line = message.to_vec();
    if !line.ends_with(b"\n") {
        line.push(b'\n');
    }
    line.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(message: &[u8]) -> Vec<u8> {
        let mut bytes = 0xa55a_0003_u32.to_be_bytes().to_vec();
        bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(message);
        bytes
    }

    #[test]
    fn a_line_is_an_event_once_it_is_whole() {
        assert_eq!(first_line(b"a\nb"), Some((Bytes::from_static(b"a\n"), 2)));
        assert_eq!(first_line(b"b"), None);
    }

    #[test]
    fn a_record_keeps_its_lines_together() {
        let bytes = record(b"one\ntwo");
        assert_eq!(first_record(&bytes), Some((Bytes::from_static(b"one\ntwo\n"), bytes.len())));
        assert_eq!(first_record(&bytes[..bytes.len() - 1]), None);
    }

    #[derive(Default)]
    struct Lines(Mutex<Vec<Bytes>>, tokio::sync::Notify);

    impl Emit for Lines {
        fn log(&self, line: LogLine) {
            self.0.lock().push(line.message);
            self.1.notify_one();
        }

        fn metric(&self, _point: base::doors::MetricPoint) {}
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_process_says_at_once_is_read_before_its_event_ends() {
        use std::io::Write as _;
        let scope = Scope::new(base::Account::default_account(), base::Region::new("us-east-1"));
        let (tasks, ended) = (Tasks::new(), CancellationToken::new());
        for _ in 0..500 {
            let lines = Arc::new(Lines::default());
            let log = Log { scope: scope.clone(), group: "g".into(), stream: "s".into(), style: LogStyle::Text };
            let capture = Arc::new(Capture::new(lines.clone(), Clock::wall(), log));
            let (out, mut into) = std::io::pipe().expect("a pipe");
            let (silent, _open) = std::io::pipe().expect("a pipe");
            let (telemetry, _also_open) = std::io::pipe().expect("a pipe");
            into.write_all(b"at once\n").expect("room");
            let outputs = [(out, Framing::Lines), (silent, Framing::Lines), (telemetry, Framing::Telemetry)];
            let outputs = outputs.map(|(pipe, framing)| (pipe.into(), framing));
            capture.listen(outputs, &tasks, &ended).expect("listens");
            let read = tokio::time::timeout(std::time::Duration::from_secs(5), lines.1.notified()).await;
            assert!(read.is_ok(), "nobody follows the pipe");
        }
        ended.cancel();
        tasks.close().await;
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_taken_in_order_and_never_lost(chunks in prop::collection::vec(any::<Vec<u8>>(), 0..8)) {
            for framing in [Framing::Lines, Framing::Telemetry] {
                let mut written = Vec::new();
                let mut partial = Vec::new();
                for chunk in &chunks {
                    partial.extend_from_slice(chunk);
                    cut(framing, &mut partial, &mut |message| written.extend_from_slice(&message));
                }
                if framing == Framing::Lines {
                    written.extend_from_slice(&partial);
                    prop_assert_eq!(written, chunks.concat());
                }
            }
        }
    }
}
