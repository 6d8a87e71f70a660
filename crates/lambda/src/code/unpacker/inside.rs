//! What the unpacker does where it is: fills the directory that it stands in with one piece, and says how it went.
//!
//! Descriptors come by number; the sandbox's room, which alone may take a number for a file, makes files of them.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use super::{Error, Left, Report, furniture, layer};
use crate::code::archive::{Limits, Refusal};
use crate::code::unpack;

/// The hidden first argument with which our binary becomes the unpacker; then the piece's kind and the limits.
pub(super) const ARGUMENT: &str = "__unpack";
/// The piece, if its kind has bytes.
pub(super) const PIECE_FD: i32 = 3;
/// The file that takes the report.
pub(super) const REPORT_FD: i32 = 4;
/// What a zstd frame may ask for: 128 MiB, its own tool's limit.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Becomes the unpacker, and never returns, if the first argument says so.
pub fn run_unpacker_if_asked() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == ARGUMENT) {
        std::process::exit(i32::from(work(&arguments[2..]).is_err()));
    }
}

/// One piece; an error means that not even a report could be made.
pub(super) fn work(arguments: &[String]) -> io::Result<()> {
    let [kind, bytes, nodes] = arguments else { return Err(io::ErrorKind::InvalidInput.into()) };
    let (Ok(bytes), Ok(nodes)) = (bytes.parse(), nodes.parse()) else { return Err(io::ErrorKind::InvalidInput.into()) };
    let report = match piece(kind, Left { bytes, nodes }) {
        Ok(left) => Report::Done(left),
        Err(Error::Refused(refusal)) => Report::Refused(refusal),
        Err(Error::Failed(cause)) => Report::Failed(cause),
    };
    let report = rmp_serde::to_vec(&report).map_err(io::Error::other)?;
    File::from(sandbox::inherited(REPORT_FD)?).write_all(&report)
}

fn piece(kind: &str, left: Left) -> Result<Left, Error> {
    let here = Path::new(".");
    match kind {
        "zip" => archive(here, left),
        "tar" => layer::apply(file()?, here, left),
        "gzip" => layer::apply(MultiGzDecoder::new(io::BufReader::new(file()?)), here, left),
        "zstd" => layer::apply(zstd(file()?).map_err(Error::bad)?, here, left),
        "furniture" => furniture::place(here).map(|()| left),
        other => Err(Error::Failed(format!("a piece of the kind {other}"))),
    }
}

fn file() -> Result<File, Error> {
    // Whoever wrote it stands at its end, and we share where we stand.
    let open = || {
        let mut piece = File::from(sandbox::inherited(PIECE_FD)?);
        piece.rewind()?;
        Ok(piece)
    };
    open().map_err(|error: io::Error| Error::Failed(format!("cannot open the piece: {error}")))
}

fn zstd(file: File) -> io::Result<impl Read> {
    let mut decoder = ::zstd::stream::read::Decoder::new(file)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// What is left counts for nothing here: an archive is a tree of its own.
fn archive(into: &Path, left: Left) -> Result<Left, Error> {
    let mut bytes = Vec::new();
    file()?.read_to_end(&mut bytes).map_err(|error| Error::Failed(format!("cannot read the piece: {error}")))?;
    let limits = Limits { bytes: left.bytes, nodes: left.nodes };
    match unpack::fill(&Bytes::from(bytes), into, limits) {
        Ok(()) => Ok(left),
        Err(unpack::Error::Refused(refusal)) => Err(Error::Refused(refusal)),
        Err(other) => Err(other.into()),
    }
}

/// Whose fault a failed system call is: a full disk and the like are ours, what the piece asked for is its own.
pub(super) fn blame(doing: &str, path: &Path, error: &io::Error) -> Error {
    use io::ErrorKind::{OutOfMemory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let told = format!("cannot {doing} {}: {error}", path.display());
    let input_output = rustix::io::Errno::IO.raw_os_error();
    match error.kind() {
        StorageFull | QuotaExceeded | ReadOnlyFilesystem | PermissionDenied | OutOfMemory => Error::Failed(told),
        _ if error.raw_os_error() == Some(input_output) => Error::Failed(told),
        _ => Error::Refused(Refusal::Bad(told)),
    }
}
