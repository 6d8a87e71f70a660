//! The unpacker in a slot of its own: own uid, no network, no `/tmp`, few processes, bounded memory and time.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::Tasks;
use parking_lot::Mutex;
use rustix::fs::MemfdFlags;
use sandbox::{Bind, Command, ExitStatus, Isolation, Output, Sandbox, Slot, SlotSpec, Spec};

use super::inside::{ARGUMENT, PIECE_FD, REPORT_FD};
use super::{Error, Left, Packing, Piece, Report, Unpacker, adopt};
use crate::code::archive::{Limits, Refusal};

/// An archive of the largest size, and what reading it takes; also what zstd may ask for.
const MEMORY_BYTES: u64 = 512 << 20;
const PROCESSES: u64 = 16;
const FILES: u64 = 64;
/// An archive, or a layer.
const PATIENCE: Duration = Duration::from_secs(600);
/// The report of a process that may have been taken over.
const REPORT_BYTES: u64 = 64 * 1024;
/// What is kept of its standard error, for the log.
const COMPLAINT_BYTES: usize = 4096;

/// Where things are inside.
const PROGRAM: &str = "/unpack/program";
const TREE: &str = "/unpack/tree";

/// What is started as the unpacker.
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    /// Ahead of those that say what is to be done.
    pub arguments: Vec<String>,
}

impl Program {
    /// Our own binary, whose `main` calls [`super::run_unpacker_if_asked`]. By its path, at which it is bound: what
    /// `/proc/self/exe` leads to lies in mounts that the sandbox's helper has left. Everybody must be able to execute it.
    pub fn own() -> std::io::Result<Self> {
        Ok(Self { path: std::env::current_exe()?, arguments: vec![ARGUMENT.to_owned()] })
    }
}

/// Unpacks in a sandbox.
#[derive(Clone, Debug)]
pub struct Sandboxed {
    sandbox: Sandbox,
    isolation: Isolation,
    tasks: Tasks,
    program: Program,
    /// Made ahead, so that a function doesn't wait for it.
    next: Arc<Mutex<Option<Slot>>>,
}

#[async_trait]
impl Unpacker for Sandboxed {
    async fn unpack(&self, pieces: Vec<Piece>, into: &Path, limits: Limits) -> Result<(), Error> {
        let slot = self.slot().await?;
        let filled = self.fill(&slot, pieces, into, limits.into()).await;
        // Whatever came of it: nothing of the unpacker lives on when the tree is looked at.
        slot.kill().await.map_err(ours)?;
        // The rest of it is given back in the background.
        drop(slot);
        filled?;
        let tree = into.to_owned();
        self.tasks.blocking(move || adopt::adopt(&tree, limits)).await
    }
}

impl Sandboxed {
    pub fn new(sandbox: Sandbox, isolation: Isolation, tasks: Tasks, program: Program) -> Self {
        Self { sandbox, isolation, tasks, program, next: Arc::default() }
    }

    /// One that nobody has used; the next one is made meanwhile.
    async fn slot(&self) -> Result<Slot, Error> {
        let ready = self.next.lock().take();
        let slot = match ready {
            Some(slot) => slot,
            None => make(&self.sandbox, self.isolation).await?,
        };
        let (sandbox, isolation, next) = (self.sandbox.clone(), self.isolation, self.next.clone());
        self.tasks.spawn_until_closing("unpacker slot", async move {
            // Whoever needs it and finds none says what is wrong.
            if let Ok(slot) = make(&sandbox, isolation).await {
                *next.lock() = Some(slot);
            }
        });
        Ok(slot)
    }

    async fn fill(&self, slot: &Slot, pieces: Vec<Piece>, into: &Path, mut left: Left) -> Result<(), Error> {
        let made = into.to_owned();
        self.tasks.blocking(move || std::fs::create_dir(made)).await.map_err(ours)?;
        slot.give(into).map_err(ours)?;
        for piece in pieces {
            left = self.lay(slot, piece, into, left).await?;
        }
        Ok(())
    }

    /// One process for one piece. It starts in the directory that it is to fill.
    async fn lay(&self, slot: &Slot, piece: Piece, into: &Path, left: Left) -> Result<Left, Error> {
        let (kind, file) = self.tasks.blocking(move || open(piece)).await.map_err(ours)?;
        let report = memory("report").map_err(ours)?;
        let fds = [
            file.map(|file| (OwnedFd::from(file), PIECE_FD)),
            Some((report.try_clone().map_err(ours)?.into(), REPORT_FD)),
        ];
        let contained = self.isolation != Isolation::Off;
        let program = if contained { Path::new(PROGRAM) } else { &self.program.path };
        let arguments = [kind.to_owned(), left.bytes.to_string(), left.nodes.to_string()];
        let argv = std::iter::once(program.to_string_lossy().into_owned())
            .chain(self.program.arguments.iter().cloned())
            .chain(arguments);
        let command = Command {
            fds: fds.into_iter().flatten().collect(),
            ..Command::new(argv).cwd(if contained { Path::new(TREE) } else { into })
        };
        let binds = vec![Bind::read_only(&self.program.path, PROGRAM), Bind::writable(into, TREE)];
        let spec = Spec { root: None, binds, hostname: "unpacker".to_owned(), command };
        let output = slot.run(spec, COMPLAINT_BYTES, PATIENCE).await.map_err(ours)?;
        self.tasks.blocking(move || heard(report, &output)).await
    }
}

async fn make(sandbox: &Sandbox, isolation: Isolation) -> Result<Slot, Error> {
    let spec = SlotSpec {
        isolation,
        processes: PROCESSES,
        files: FILES,
        tmp_bytes: 0,
        way_out: false,
        writes_as_host: true,
        ..SlotSpec::new(MEMORY_BYTES)
    };
    sandbox.slot(spec).await.map_err(ours)
}

/// How it is named inside, and its bytes.
fn open(piece: Piece) -> std::io::Result<(&'static str, Option<File>)> {
    match piece {
        Piece::Archive(bytes) => {
            let mut file = memory("archive")?;
            file.write_all(&bytes)?;
            Ok(("zip", Some(file)))
        }
        Piece::Layer { file, packing: Packing::Plain } => Ok(("tar", Some(file))),
        Piece::Layer { file, packing: Packing::Gzip } => Ok(("gzip", Some(file))),
        Piece::Layer { file, packing: Packing::Zstd } => Ok(("zstd", Some(file))),
        Piece::Furniture => Ok(("furniture", None)),
    }
}

/// A file without a name.
fn memory(name: &str) -> std::io::Result<File> {
    Ok(File::from(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?))
}

/// What the unpacker says. One that died says nothing, and what it worked on is refused.
fn heard(mut report: File, output: &Output) -> Result<Left, Error> {
    if output.exit.status != ExitStatus::Code(0) || output.timed_out {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Error::bad(format!("its unpacker died: {:?}: {complaint}", output.exit)));
    }
    let mut bytes = Vec::new();
    report.rewind().and_then(|()| report.take(REPORT_BYTES).read_to_end(&mut bytes)).map_err(ours)?;
    match rmp_serde::from_slice(&bytes) {
        Ok(Report::Done(left)) => Ok(left),
        Ok(Report::Refused(refusal)) => Err(Error::Refused(shortened(refusal))),
        Ok(Report::Failed(cause)) => Err(Error::Failed(cause.chars().take(COMPLAINT_BYTES).collect())),
        Err(error) => Err(Error::bad(format!("its unpacker cannot be understood: {error}"))),
    }
}

fn shortened(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Bad(cause) => Refusal::Bad(cause.chars().take(COMPLAINT_BYTES).collect()),
        other => other,
    }
}

fn ours(error: impl std::fmt::Display) -> Error {
    Error::Failed(error.to_string())
}
