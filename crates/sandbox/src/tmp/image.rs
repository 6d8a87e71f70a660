//! One `/tmp`: the copy of a template, a loop device over it, and the mounted file system.

#![expect(
    clippy::disallowed_methods,
    reason = "images are files, and mkfs.ext4 is a program: this room is the door to both"
)]

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::{AtFlags, Mode, OFlags, SeekFrom};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::{Error, Result, sys};

/// What ext4 keeps for itself must not be taken from what was asked for: 1/32 and this, measured generously.
const OVERHEAD_BYTES: u64 = 8 << 20;
/// Enough for small files, cheap in an image of 512 MiB.
const BYTES_PER_INODE: &str = "16384";
/// Another process may take the free device first, so many times.
const LOOP_ROUNDS: usize = 128;

/// Dropping it frees all of it.
#[derive(Debug)]
pub(crate) struct Tmp {
    device: PathBuf,
    /// Keeps the file system mounted between trees: the next tree's mount is then quick. Before the device, since
    /// fields are dropped in order.
    _mounted: OwnedFd,
    /// Keeps the device.
    _loop: File,
}

impl Tmp {
    /// Blocks for some milliseconds; the first of a size for more, since it makes the template.
    pub(crate) fn make(state_dir: &Path, bytes: u64) -> Result<Self> {
        let template = template(state_dir, bytes)?;
        let image = copy(state_dir, &template)?;
        let (device, opened) = attach(&image)?;
        let mounted = mount(&device).map_err(|source| Error::TmpImage { step: "mount", source })?;
        Ok(Self { device, _mounted: mounted, _loop: opened })
    }

    /// The block device.
    pub(crate) fn device(&self) -> &Path {
        &self.device
    }
}

/// The path of an empty file system with room for `bytes`, made if there is none yet.
fn template(state_dir: &Path, bytes: u64) -> Result<PathBuf> {
    let path = state_dir.join(format!("tmp-{bytes}.ext4"));
    if path.exists() {
        return Ok(path);
    }
    let failed = |step| move |source| Error::TmpTemplate { step, source };
    // Under a name of its own until it is whole: two may make the same at once.
    let draft = tempname(state_dir, bytes);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&draft);
    let file = file.map_err(failed("create"))?;
    file.set_len(bytes + bytes / 32 + OVERHEAD_BYTES).map_err(failed("size"))?;
    format(&draft).map_err(failed("mkfs.ext4"))?;
    furnish(&file)?;
    // After a power cut, what has this name must be whole: it is used for ever.
    file.sync_all().map_err(failed("sync"))?;
    std::fs::rename(&draft, &path).map_err(failed("rename"))?;
    Ok(path)
}

/// As an environment shall find it: empty, and writable by all. Done once here, since the first change of a file system
/// takes long.
fn furnish(image: &File) -> Result<()> {
    let failed = |step| move |source: Errno| Error::TmpTemplate { step, source: source.into() };
    let (device, _opened) = attach(image)?;
    let root = mount(&device).map_err(|source| Error::TmpTemplate { step: "mount", source })?;
    rustix::fs::unlinkat(&root, "lost+found", AtFlags::REMOVEDIR).map_err(failed("remove lost+found"))?;
    let top =
        rustix::fs::openat(&root, ".", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(failed("open"))?;
    rustix::fs::fchmod(&top, Mode::from_raw_mode(0o1777)).map_err(failed("open to all"))?;
    rustix::fs::syncfs(&top).map_err(failed("sync"))
}

fn tempname(state_dir: &Path, bytes: u64) -> PathBuf {
    let thread = rustix::thread::gettid().as_raw_nonzero();
    state_dir.join(format!("draft-{bytes}-{thread}"))
}

/// No journal, no reserve for root, nothing written that can stay sparse.
#[expect(
    clippy::disallowed_methods,
    reason = "making a file system is a program's work, and this room starts programs"
)]
fn format(path: &Path) -> io::Result<()> {
    let done = std::process::Command::new("mkfs.ext4")
        .args(["-q", "-F", "-m", "0", "-b", "4096", "-i", BYTES_PER_INODE, "-O", "^has_journal,^resize_inode"])
        .args(["-E", "lazy_itable_init=1,nodiscard,root_owner=0:0"])
        .arg(path)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
}

/// A file without a name, with the template's data and holes.
fn copy(state_dir: &Path, template: &Path) -> Result<File> {
    let failed = |step| move |source| Error::TmpImage { step, source };
    let from = File::open(template).map_err(failed("open the template"))?;
    let flags = OFlags::TMPFILE.bits().cast_signed();
    let into = OpenOptions::new().read(true).write(true).mode(0o600).custom_flags(flags).open(state_dir);
    let into = into.map_err(failed("create"))?;
    copy_extents(&from, &into).map_err(failed("copy the template"))?;
    Ok(into)
}

fn copy_extents(from: &File, into: &File) -> io::Result<()> {
    let length = from.metadata()?.len();
    into.set_len(length)?;
    let mut at = 0;
    while at < length {
        let start = match rustix::fs::seek(from, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = rustix::fs::seek(from, SeekFrom::Hole(start))?;
        copy_range(from, into, start, end)?;
        at = end;
    }
    Ok(())
}

fn copy_range(from: &File, into: &File, start: u64, end: u64) -> io::Result<()> {
    let (mut read, mut written) = (start, start);
    while read < end {
        let length = usize::try_from(end - read).unwrap_or(usize::MAX);
        if rustix::fs::copy_file_range(from, Some(&mut read), into, Some(&mut written), length)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// A loop device over `image`. The device and the file keep each other alive; both end when the last user is gone.
fn attach(image: &File) -> Result<(PathBuf, File)> {
    let failed = |step| move |source| Error::LoopDevice { step, source };
    let control = OpenOptions::new().read(true).write(true).open("/dev/loop-control");
    let control = control.map_err(failed("open /dev/loop-control"))?;
    for _ in 0..LOOP_ROUNDS {
        let number = sys::free_loop(control.as_fd()).map_err(failed("LOOP_CTL_GET_FREE"))?;
        let device = PathBuf::from(format!("/dev/loop{number}"));
        let opened = OpenOptions::new().read(true).write(true).open(&device).map_err(failed("open the device"))?;
        match sys::configure_loop(opened.as_fd(), image.as_fd()) {
            Ok(()) => return Ok((device, opened)),
            Err(error) if error.kind() == ErrorKind::ResourceBusy => {}
            Err(error) => return Err(failed("LOOP_CONFIGURE")(error)),
        }
    }
    Err(failed("find a free device")(ErrorKind::ResourceBusy.into()))
}

/// Mounts in no place.
fn mount(device: &Path) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen("ext4", FsOpenFlags::FSOPEN_CLOEXEC)?;
    rustix::mount::fsconfig_set_string(context.as_fd(), "source", device)?;
    // Nothing in it need survive the host: no barriers.
    rustix::mount::fsconfig_set_flag(context.as_fd(), "nobarrier")?;
    rustix::mount::fsconfig_create(context.as_fd())?;
    let flags = FsMountFlags::FSMOUNT_CLOEXEC;
    Ok(rustix::mount::fsmount(context.as_fd(), flags, MountAttrFlags::MOUNT_ATTR_NOATIME)?)
}

/// Removes what a killed predecessor left of its drafts.
pub(crate) fn clear_drafts(state_dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(state_dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("draft-") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn a_copy_has_the_data_and_the_holes() {
        let directory = tempfile::tempdir().expect("made");
        let path = directory.path().join("sparse");
        let file = File::create(&path).expect("made");
        file.set_len(64 << 20).expect("sized");
        file.write_all_at(b"here", 40 << 20).expect("written");
        let copied = copy(directory.path(), &path).expect("copied");
        let mut found = [0; 4];
        copied.read_exact_at(&mut found, 40 << 20).expect("read");
        assert_eq!(&found, b"here");
        let metadata = copied.metadata().expect("known");
        assert_eq!(metadata.len(), 64 << 20);
        assert!(std::os::unix::fs::MetadataExt::blocks(&metadata) * 512 < 1 << 20, "it is no longer sparse");
    }
}
