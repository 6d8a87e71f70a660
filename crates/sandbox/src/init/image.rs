//! The root that a tree sees when it brings one of its own: an image, read-only, with what every tree has mounted in it.
//!
//! The image is hostile: nothing of it is resolved before it is the root, so that its symbolic links lead nowhere else.

use std::fs;
use std::io;
use std::path::Path;

use rustix::mount::MountFlags;

use super::root::{
    NEW_ROOT, PROCESSORS, change_root, close, devices, keep_mounts, make_dev, mask_proc, path, tmp, tmpfs, write_etc,
};
use super::trees::Piece;
use crate::message::{Failure, House, Step, TmpPlan};

/// Ours stand over the image's in any case: they name this host of the tree's.
const ETC: &[&str] = &["hosts", "hostname", "resolv.conf"];
/// Ours stand where the image has none, or an empty one.
const ETC_IF_LACKING: &[&str] = &["passwd", "group", "nsswitch.conf"];

/// In the order in which it must be, as in [`super::root::make`].
pub(super) fn make(state_dir: &Path, house: &House) -> Result<(), Failure> {
    let root = state_dir.join(NEW_ROOT);
    keep_mounts()?;
    tmpfs(&root, "size=4m,mode=755", MountFlags::NODEV).step("mount a place for our files")?;
    for directory in ["etc", "tmp"] {
        fs::create_dir(root.join(directory)).step("make a place for our files")?;
    }
    write_etc(&root.join("etc"), house).step("write /etc")?;
    let [etc, etc_if_lacking] = [ETC, ETC_IF_LACKING].map(|names| take_etc(&root, names));
    let mut pieces = etc?;
    let etc_if_lacking = etc_if_lacking?;
    pieces.extend(tmp(&root, state_dir, house)?);
    if matches!(house.tmp, TmpPlan::Disk(_)) {
        pieces.push(Piece::take(&root.join("tmp"), Path::new("/tmp"), false).step("take /tmp")?);
    }
    if Path::new(PROCESSORS).exists() {
        pieces.push(Piece::take(Path::new(PROCESSORS), Path::new(PROCESSORS), true).step("take the processors")?);
    }
    for bind in &house.binds {
        let (source, target) = (path(&bind.source), path(&bind.target));
        let step = format!("take {}", source.display());
        pieces.push(Piece::take(&source, &target, bind.read_only).step(&step)?);
    }
    let image = Piece::take(&path(&house.root), &root, true).step("take the image")?;
    image.attach().step("mount the image")?;
    let proc = Piece::proc().step("make /proc")?;
    let devices = devices(house)?;
    change_root(&root).step("change the root")?;
    tmpfs(Path::new("/sys"), "size=64k,mode=755", MountFlags::NODEV).step("mount /sys")?;
    proc.attach().step("mount /proc")?;
    make_dev(devices, house).step("make /dev")?;
    pieces.extend(etc_if_lacking.into_iter().filter(|piece| is_lacking(piece.target())));
    for piece in pieces {
        let step = format!("bind to {}", piece.target().display());
        piece.attach().step(&step)?;
    }
    mask_proc()?;
    close("/sys", "size=64k,mode=755", MountFlags::NODEV).step("make /sys read-only")?;
    close("/dev", "size=64k,mode=755", MountFlags::NOEXEC).step("make /dev read-only")
}

fn take_etc(root: &Path, names: &[&str]) -> Result<Vec<Piece>, Failure> {
    let etc = Path::new("/etc");
    let take = |name: &&str| -> io::Result<Piece> { Piece::take(&root.join("etc").join(name), &etc.join(name), true) };
    names.iter().map(take).collect::<io::Result<_>>().step("take our /etc")
}

fn is_lacking(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |found| found.len() == 0)
}
