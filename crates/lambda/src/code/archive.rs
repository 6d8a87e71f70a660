//! Reads a zip archive to its last byte and says what it holds, or why it is refused.
//!
//! Nothing that a header claims is believed: sizes are counted as the bytes come out, and what two entries would
//! share is refused. What AWS says to all of it is "Could not unzip uploaded file"; the reason is for the log.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read};

use base::limits::lambda::{ARCHIVE_ENTRIES, IMAGE_BYTES, IMAGE_ENTRIES, UNZIPPED_BYTES};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::{entry, symlink};

/// What an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Bytes of all files, unpacked.
    pub unpacked: u64,
    pub files: usize,
}

/// Why an archive is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    #[error("the archive is empty")]
    Empty,
    #[error("unpacked it has more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("{0}")]
    Bad(String),
}

/// How large a tree may become; the numbers of Lambda, smaller ones in tests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: u64,
    /// Files, links and directories.
    pub nodes: usize,
}

impl Limits {
    pub const LAMBDA: Self = Self { bytes: UNZIPPED_BYTES, nodes: ARCHIVE_ENTRIES };
    pub const IMAGE: Self = Self { bytes: IMAGE_BYTES, nodes: IMAGE_ENTRIES };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File { executable: bool },
    Symlink,
}

/// What stands where: paths below the tree, without a way out of it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Parents before their children.
    pub directories: std::collections::BTreeSet<String>,
    /// With the entry's place in the archive.
    pub items: BTreeMap<String, (usize, Kind)>,
}

pub(super) type Archive = ZipArchive<Cursor<Bytes>>;

/// Reads all of it; takes as long as unpacking does.
pub fn check(bytes: &Bytes) -> Result<Checked, Refusal> {
    check_within(bytes, Limits::LAMBDA)
}

pub(super) fn check_within(bytes: &Bytes, limits: Limits) -> Result<Checked, Refusal> {
    let (mut archive, plan) = open(bytes, limits)?;
    let mut budget = Budget::new(limits.bytes);
    for (path, (index, kind)) in &plan.items {
        match kind {
            Kind::Symlink => drop(read_link(&mut archive, path, *index)?),
            Kind::File { .. } => read_through(&mut archive, *index, &mut budget)?,
        }
    }
    Ok(Checked { unpacked: limits.bytes - budget.left, files: plan.items.len() })
}

/// The archive and where its entries belong; the entries' bytes are not read yet.
pub(super) fn open(bytes: &Bytes, limits: Limits) -> Result<(Archive, Plan), Refusal> {
    // The reader keeps a record per entry: bounded before it begins, by what every entry needs.
    if entries_at_most(bytes) > limits.nodes {
        return Err(Refusal::Bad(format!("more than {} entries", limits.nodes)));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone())).map_err(bad)?;
    if archive.has_overlapping_entries().map_err(bad)? {
        return Err(Refusal::Bad("entries overlap".to_owned()));
    }
    let plan = plan(&mut archive, limits)?;
    if plan.items.is_empty() {
        return Err(Refusal::Empty);
    }
    Ok((archive, plan))
}

/// How often the signature of a directory's entry stands in the archive: at least as often as there are entries.
fn entries_at_most(bytes: &[u8]) -> usize {
    const SIGNATURE: &[u8] = b"PK\x01\x02";
    let mut count = 0;
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == SIGNATURE[0]) {
        rest = &rest[at..];
        count += usize::from(rest.starts_with(SIGNATURE));
        rest = &rest[1..];
    }
    count
}

/// Of two entries with the same path the later one stands, as unzip has it.
fn plan(archive: &mut Archive, limits: Limits) -> Result<Plan, Refusal> {
    let mut plan = Plan::default();
    let mut directories = HashSet::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(bad)?;
        if entry.encrypted() {
            return Err(Refusal::Bad("an entry is encrypted".to_owned()));
        }
        let path = path_of(&entry)?;
        match kind_of(entry.is_dir(), entry.unix_mode())? {
            _ if path.is_empty() => {}
            Some(kind) => {
                add_directories(&mut directories, entry::parent(&path));
                plan.items.insert(path, (index, kind));
            }
            None => add_directories(&mut directories, Some(&path)),
        }
        if directories.len() + plan.items.len() > limits.nodes {
            return Err(Refusal::Bad(format!("more than {} files and directories", limits.nodes)));
        }
    }
    if let Some(path) = plan.items.keys().find(|path| directories.contains(path.as_str())) {
        return Err(Refusal::Bad(format!("{path:?} is both a directory and something else")));
    }
    plan.directories = directories.into_iter().collect();
    Ok(plan)
}

/// Some packers write UTF-8 and don't say so: what reads as UTF-8 is taken for it.
fn path_of(entry: &ZipFile<'_, Cursor<Bytes>>) -> Result<String, Refusal> {
    let name = match std::str::from_utf8(entry.name_raw()) {
        Ok(name) => Cow::Borrowed(name),
        Err(_) => entry.name().map_err(bad)?,
    };
    entry::path(&name).map_err(Refusal::Bad)
}

/// A directory and those above it, up to the first that is known: its own are known with it.
fn add_directories(known: &mut HashSet<String>, path: Option<&str>) {
    let mut next = path;
    while let Some(path) = next.filter(|path| !known.contains(*path)) {
        known.insert(path.to_owned());
        next = entry::parent(path);
    }
}

/// `None` for a directory. Devices, sockets and pipes are refused.
fn kind_of(is_dir: bool, mode: Option<u32>) -> Result<Option<Kind>, Refusal> {
    const TYPE: u32 = 0o170_000;
    let mode = mode.unwrap_or(0);
    match mode & TYPE {
        0o040_000 => Ok(None),
        _ if is_dir => Ok(None),
        0 | 0o100_000 => Ok(Some(Kind::File { executable: mode & 0o111 != 0 })),
        0o120_000 => Ok(Some(Kind::Symlink)),
        other => Err(Refusal::Bad(format!("an entry is of the type {other:o}"))),
    }
}

/// What a link holds, checked.
pub(super) fn read_link(archive: &mut Archive, path: &str, index: usize) -> Result<Vec<u8>, Refusal> {
    let mut target = Vec::new();
    let mut entry = archive.by_index(index).map_err(bad)?.take(symlink::TARGET_BYTES + 1);
    entry.read_to_end(&mut target).map_err(bad)?;
    if target.len() as u64 > symlink::TARGET_BYTES {
        return Err(Refusal::Bad(format!("symbolic link {path:?}: its target is too long")));
    }
    symlink::check(path, &target).map_err(Refusal::Bad)?;
    Ok(target)
}

fn read_through(archive: &mut Archive, index: usize, budget: &mut Budget) -> Result<(), Refusal> {
    copy(archive, index, budget, &mut std::io::sink()).map_err(|error| match error {
        CopyError::Refused(refusal) => refusal,
        CopyError::Write(error) => bad(error),
    })
}

/// What may still come out of the archive.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }
}

/// Whose fault it is that an entry could not be copied.
#[derive(Debug)]
pub(super) enum CopyError {
    Refused(Refusal),
    Write(std::io::Error),
}

/// The entry's bytes, counted as they come; the reader checks their CRC.
pub(super) fn copy(
    archive: &mut Archive,
    index: usize,
    budget: &mut Budget,
    to: &mut impl std::io::Write,
) -> Result<(), CopyError> {
    let mut entry = archive.by_index(index).map_err(|error| CopyError::Refused(bad(error)))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = entry.read(&mut buffer).map_err(|error| CopyError::Refused(bad(error)))?;
        if read == 0 {
            return Ok(());
        }
        let left = budget.left.checked_sub(read as u64);
        budget.left = left.ok_or(CopyError::Refused(Refusal::TooLarge { limit: budget.limit }))?;
        to.write_all(&buffer[..read]).map_err(CopyError::Write)?;
    }
}

fn bad(error: impl std::fmt::Display) -> Refusal {
    Refusal::Bad(error.to_string())
}
