//! A layer of a container image, laid over those below it: files, links, and the whiteouts that take away.
//!
//! Paths are resolved as if the tree were the root (openat2 with RESOLVE_IN_ROOT), so that a link of the image leads
//! where it would in a container. Source of the rules: the OCI image specification, "Image Layer Filesystem Changeset".

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use tar::EntryType;

use super::inside::blame;
use super::{Error, Left};
use crate::code::archive::{Limits, Refusal};

const WHITEOUT: &[u8] = b".wh.";
/// Names of union file systems' own files; of these only [`OPAQUE`] means something to us.
const RESERVED: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// Lays the tar over what is in `root`. Devices, pipes and sockets are left out.
pub(super) fn apply(tar: impl Read, root: &Path, left: Left) -> Result<Left, Error> {
    let mut layer = Layer { tree: Tree::open(root)?, left, limit: left.bytes, written: HashSet::new() };
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(Error::bad)? {
        layer.entry(&mut entry.map_err(Error::bad)?)?;
    }
    Ok(layer.left)
}

struct Layer {
    tree: Tree,
    left: Left,
    limit: u64,
    /// What this layer has brought, and the directories on the way: its whiteouts are not about these.
    written: HashSet<PathBuf>,
}

impl Layer {
    fn entry(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<(), Error> {
        self.left.nodes = self.left.nodes.checked_sub(1).ok_or_else(|| Error::bad("more entries than are allowed"))?;
        let path = plain(OsStr::from_bytes(&entry.path_bytes()).as_ref())?;
        let Some(name) = path.file_name().map(OsStr::as_bytes) else { return Ok(()) };
        if name.starts_with(WHITEOUT) {
            return self.whiteout(&path, name);
        }
        let size = entry.size();
        if size > self.left.bytes {
            return Err(Error::Refused(Refusal::TooLarge { limit: self.limit }));
        }
        let placed = match entry.header().entry_type() {
            EntryType::Directory => self.tree.make_directory(&path, mode_of(entry, 0o700)?),
            EntryType::Symlink => self.tree.make_link(&path, &target_of(entry)?),
            EntryType::Link => {
                self.tree.make_hard_link(&path, &plain(Path::new(OsStr::from_bytes(&target_of(entry)?)))?)
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => return self.file(&path, entry),
            _ => return Ok(()),
        };
        placed.map_err(|error| blame("place", &path, &error))?;
        self.note(path);
        Ok(())
    }

    fn file(&mut self, path: &Path, entry: &mut tar::Entry<'_, impl Read>) -> Result<(), Error> {
        let mode = mode_of(entry, 0o600)?;
        let modified = entry.header().mtime().unwrap_or(0);
        let mut file = self.tree.make_file(path, mode).map_err(|error| blame("make the file", path, &error))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = entry.read(&mut buffer).map_err(Error::bad)?;
            if read == 0 {
                break;
            }
            let left = self.left.bytes.checked_sub(read as u64);
            self.left.bytes = left.ok_or(Error::Refused(Refusal::TooLarge { limit: self.limit }))?;
            file.write_all(&buffer[..read]).map_err(|error| blame("write", path, &error))?;
        }
        if let Some(modified) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(modified)) {
            // A time that this file system can't keep is no reason to refuse an image.
            let _unkept = file.set_modified(modified);
        }
        self.note(path.to_owned());
        Ok(())
    }

    /// Removes what lower layers have brought: one path, or everything in a directory.
    fn whiteout(&mut self, path: &Path, name: &[u8]) -> Result<(), Error> {
        let parent = path.parent().unwrap_or_else(|| Path::new(""));
        let removed = if name == OPAQUE {
            self.clear(parent)
        } else if name.starts_with(RESERVED) {
            Ok(())
        } else {
            let hidden = parent.join(OsStr::from_bytes(&name[WHITEOUT.len()..]));
            // `.wh.` alone, `.wh..` and `.wh...` name the directory itself, or the one above.
            if plain(&hidden)? != hidden || hidden.parent() != Some(parent) {
                return Err(Error::bad(format!("a whiteout of {}", hidden.display())));
            }
            self.take_away(&hidden)
        };
        removed.map_err(|error| blame("take away what lies at", path, &error))
    }

    fn take_away(&self, path: &Path) -> io::Result<()> {
        match self.written.contains(path) {
            true => Ok(()),
            false => self.tree.remove(path),
        }
    }

    /// Below what this layer has brought itself, what lies deeper may still be of lower ones.
    fn clear(&self, directory: &Path) -> io::Result<()> {
        let mut waiting = vec![directory.to_owned()];
        while let Some(directory) = waiting.pop() {
            for (name, is_directory) in self.tree.list(&directory)? {
                let path = directory.join(name);
                if !self.written.contains(&path) {
                    self.tree.remove(&path)?;
                } else if is_directory {
                    waiting.push(path);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, path: PathBuf) {
        let above: Vec<PathBuf> =
            path.ancestors().skip(1).take_while(|above| !self.written.contains(*above)).map(Path::to_owned).collect();
        self.written.extend(above);
        self.written.insert(path);
    }
}

/// Below the root, without `.`; a path that climbs is refused.
fn plain(path: &Path) -> Result<PathBuf, Error> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::bad(format!("a path that climbs: {}", path.display())));
            }
        }
    }
    Ok(plain)
}

/// As the image has it, but for what others could write and set-uid bits; we must be able to go on working on it.
fn mode_of(entry: &tar::Entry<'_, impl Read>, ours: u32) -> Result<Mode, Error> {
    let mode = entry.header().mode().map_err(Error::bad)?;
    Ok(Mode::from_raw_mode((mode & 0o755) | ours))
}

fn target_of(entry: &tar::Entry<'_, impl Read>) -> Result<Vec<u8>, Error> {
    let target = entry.link_name_bytes().ok_or_else(|| Error::bad("a link to nothing"))?;
    Ok(target.into_owned())
}

/// A tree whose root is the root for every path in it.
pub(super) struct Tree {
    root: OwnedFd,
    /// The directory that was used last: most entries lie beside each other. Forgotten whenever something goes.
    last: RefCell<Option<(PathBuf, std::rc::Rc<OwnedFd>)>>,
}

const PATH: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
const IN_ROOT: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);

impl Tree {
    pub(super) fn open(root: &Path) -> Result<Self, Error> {
        let opened = rustix::fs::openat(CWD, root, PATH | OFlags::DIRECTORY, Mode::empty());
        let root = opened.map_err(|error| blame("open", root, &error.into()))?;
        Ok(Self { root, last: RefCell::new(None) })
    }

    /// The directory at `path`, made with those above it where there is none.
    fn directory(&self, path: &Path) -> io::Result<std::rc::Rc<OwnedFd>> {
        if let Some((known, directory)) = &*self.last.borrow()
            && known == path
        {
            return Ok(directory.clone());
        }
        let directory = std::rc::Rc::new(self.open_or_make(path)?);
        *self.last.borrow_mut() = Some((path.to_owned(), directory.clone()));
        Ok(directory)
    }

    fn open_or_make(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.look(path) {
            Err(Errno::NOENT) => {}
            opened => return Ok(opened?),
        }
        let (parent, name) = parts(path)?;
        let parent = self.open_or_make(parent)?;
        rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755))?;
        Ok(self.look(path)?)
    }

    fn look(&self, path: &Path) -> rustix::io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        rustix::fs::openat2(&self.root, path, PATH | OFlags::DIRECTORY, Mode::empty(), IN_ROOT)
    }

    /// The directory of `path`, with nothing left at its last name unless both are directories.
    fn room(&self, path: &Path, for_directory: bool) -> io::Result<(std::rc::Rc<OwnedFd>, bool)> {
        let (parent, name) = parts(path)?;
        let directory = self.directory(parent)?;
        match kind(&directory, name)? {
            None => Ok((directory, false)),
            Some(FileType::Directory) if for_directory => Ok((directory, true)),
            Some(_) => {
                self.remove_in(&directory, name)?;
                // What was removed may have been on the way to it.
                Ok((self.directory(parent)?, false))
            }
        }
    }

    fn make_directory(&self, path: &Path, mode: Mode) -> io::Result<()> {
        let (directory, is_there) = self.room(path, true)?;
        let (_, name) = parts(path)?;
        if !is_there {
            rustix::fs::mkdirat(&*directory, name, mode)?;
        }
        Ok(rustix::fs::chmodat(&*directory, name, mode, AtFlags::empty())?)
    }

    fn make_link(&self, path: &Path, target: &[u8]) -> io::Result<()> {
        let (directory, _) = self.room(path, false)?;
        Ok(rustix::fs::symlinkat(target, &*directory, parts(path)?.1)?)
    }

    fn make_hard_link(&self, path: &Path, target: &Path) -> io::Result<()> {
        let (target_parent, target_name) = parts(target)?;
        if path == target {
            return Ok(());
        }
        let (directory, _) = self.room(path, false)?;
        let target_parent = self.look(target_parent)?;
        let name = parts(path)?.1;
        Ok(rustix::fs::linkat(&target_parent, target_name, &*directory, name, AtFlags::empty())?)
    }

    fn make_file(&self, path: &Path, mode: Mode) -> io::Result<File> {
        let (directory, _) = self.room(path, false)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&*directory, parts(path)?.1, flags, mode)?;
        rustix::fs::fchmod(&file, mode)?;
        Ok(file.into())
    }

    /// What isn't there is gone.
    fn remove(&self, path: &Path) -> io::Result<()> {
        let (parent, name) = parts(path)?;
        match self.look(parent) {
            Ok(directory) => self.remove_in(&directory, name),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn remove_in(&self, directory: &OwnedFd, name: &OsStr) -> io::Result<()> {
        *self.last.borrow_mut() = None;
        match kind(directory, name)? {
            None => Ok(()),
            Some(FileType::Directory) => {
                std::fs::remove_dir_all(Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name))
            }
            Some(_) => Ok(rustix::fs::unlinkat(directory, name, AtFlags::empty())?),
        }
    }

    /// Names, and which of them are directories; empty if there is no such directory.
    fn list(&self, path: &Path) -> io::Result<Vec<(std::ffi::OsString, bool)>> {
        let directory = match self.look(path) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let entries = std::fs::read_dir(Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()))?;
        entries.map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?.is_dir())))).collect()
    }

    /// `path` is a directory afterwards, and no link to one.
    pub(super) fn real_directory(&self, path: &Path) -> io::Result<()> {
        let (directory, is_there) = self.room(path, true)?;
        match is_there {
            true => Ok(()),
            false => Ok(rustix::fs::mkdirat(&*directory, parts(path)?.1, Mode::from_raw_mode(0o755))?),
        }
    }

    /// `path` is a file afterwards, or a link to one in this tree.
    pub(super) fn some_file(&self, path: &Path) -> io::Result<()> {
        let found = rustix::fs::openat2(&self.root, path, PATH, Mode::empty(), IN_ROOT).and_then(rustix::fs::fstat);
        if found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::RegularFile) {
            return Ok(());
        }
        self.make_file(path, Mode::from_raw_mode(0o644)).map(drop)
    }
}

fn kind(directory: &OwnedFd, name: &OsStr) -> io::Result<Option<FileType>> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(FileType::from_raw_mode(found.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The directory of a path, and the name in it.
fn parts(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((path.parent().unwrap_or_else(|| Path::new("")), name))
}

impl From<Limits> for Left {
    fn from(limits: Limits) -> Self {
        Self { bytes: limits.bytes, nodes: limits.nodes }
    }
}
