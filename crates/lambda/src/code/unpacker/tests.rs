//! Layers, hostile ones above all; and that an unpacker reaches nothing but its piece and its tree.

#![expect(clippy::disallowed_methods, reason = "the tests look at what was written")]

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::atomic::{AtomicU32, Ordering};

use base::Clock;
use proptest::prelude::*;
use sandbox::{Config, Isolation, Sandbox};
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::*;
use crate::code::samples::Sample;

const SMALL: Limits = Limits { bytes: 1 << 20, nodes: 200 };

/// A tar that is put together entry by entry, with whatever path.
#[derive(Default)]
struct Layer(Vec<u8>);

impl Layer {
    fn add(mut self, kind: EntryType, path: &str, mode: u32, target: &str, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        // Not by `set_path`, which refuses what a hostile packer writes.
        header.as_gnu_mut().expect("gnu").name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_gnu_mut().expect("gnu").linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_mode(mode);
        header.set_mtime(1_000_000);
        header.set_uid(1234);
        header.set_gid(1234);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        self.add(EntryType::Regular, path, 0o644, "", content.as_bytes())
    }

    fn directory(self, path: &str, mode: u32) -> Self {
        self.add(EntryType::Directory, path, mode, "", b"")
    }

    fn link(self, path: &str, target: &str) -> Self {
        self.add(EntryType::Symlink, path, 0o777, target, b"")
    }

    fn hard_link(self, path: &str, target: &str) -> Self {
        self.add(EntryType::Link, path, 0o644, target, b"")
    }

    /// The whiteout of a path.
    fn without(self, path: &str) -> Self {
        self.file(path, "")
    }
}

/// Entries whose names and targets are likely to be nasty. `@` is where nothing may be written.
fn nasty() -> impl Strategy<Value = Vec<(EntryType, &'static str, &'static str, u32)>> {
    let kinds = [EntryType::Regular, EntryType::Directory, EntryType::Symlink, EntryType::Symlink, EntryType::Link];
    let inside = ["a", "b", "/a", "./b", "a/b", "b/a", "a/kept", "b/kept", "a/o/kept", "b/o/kept"];
    let whiteouts = [".wh.a", "a/.wh.kept", "b/.wh.kept", "a/.wh..wh..opq", "b/.wh..wh..opq", "a/o/.wh.kept"];
    // A path that climbs ends the layer.
    let climbing = ["../o/kept", "a/../../o/kept", ".wh..", ".wh...", "a/.wh...", ".wh.", "..", "/", ".", "@/kept"];
    let path = prop_oneof![
        12 => prop::sample::select(inside.to_vec()),
        4 => prop::sample::select(whiteouts.to_vec()),
        1 => prop::sample::select(climbing.to_vec()),
    ];
    let targets =
        ["@", "../o", "..", "@/kept", "../o/kept", "@/..", "/", ".", "a", "b", "a/kept", "b/kept", "a/..", ""];
    let entry = (prop::sample::select(kinds.to_vec()), path, prop::sample::select(targets.to_vec()), any::<u32>());
    proptest::collection::vec(entry, 1..8)
}

proptest! {
    // A case is a tree on a disk.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.div_ceil(4), ..ProptestConfig::default() })]

    #[test]
    fn hostile_layers_touch_nothing_outside_of_the_tree(lower in nasty(), upper in nasty()) {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, outside) = (folder.path().join("tree"), folder.path().join("o"));
        [&tree, &outside].into_iter().for_each(|made| std::fs::create_dir(made).expect("a folder"));
        std::fs::write(outside.join("kept"), "as it was").expect("written");
        let outside_name = outside.to_str().expect("text");
        let mut left = Some(Left::from(SMALL));
        for entries in [lower, upper] {
            let layer = entries.into_iter().fold(Layer::default(), |layer, (kind, path, target, mode)| {
                let [path, target] = [path, target].map(|text| text.replace('@', outside_name));
                layer.add(kind, &path, mode & 0o7777, &target, b"")
            });
            left = left.and_then(|left| layer::apply(layer.0.as_slice(), &tree, left).ok());
        }
        let names = |of| std::fs::read_dir(of).expect("there").count();
        prop_assert_eq!((names(folder.path()), names(&outside)), (2, 1), "nothing came and nothing went");
        let kept = outside.join("kept");
        prop_assert_eq!(std::fs::read_to_string(&kept).expect("there"), "as it was");
        prop_assert_eq!(kept.metadata().expect("there").nlink(), 1, "nobody has another name for it");
    }

    #[test]
    fn hostile_noise_is_a_layer_of_nothing_or_refused(
        noise in proptest::collection::vec(any::<u8>(), 0..2000), at in 0..512_usize, to: u8
    ) {
        let mut broken = Layer::default().file("a", "x").link("b", "a").0;
        broken[at] = to;
        for bytes in [noise, broken] {
            let folder = tempfile::tempdir().expect("a folder");
            let _whatever = layer::apply(bytes.as_slice(), folder.path(), Left::from(SMALL));
        }
    }
}

/// Lays layers over each other, in this process; the sandbox does the same.
fn laid(layers: &[Layer]) -> Result<TempDir, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut left = Left::from(SMALL);
    for Layer(bytes) in layers {
        left = layer::apply(bytes.as_slice(), folder.path(), left)?;
    }
    Ok(folder)
}

fn refused(layers: &[Layer]) -> Refusal {
    match laid(layers) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Every path below the tree; directories end with a slash.
fn listing(tree: &TempDir) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![tree.path().to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(tree.path()).expect("below").display().to_string();
            match path.symlink_metadata().expect("there").is_dir() {
                true => {
                    found.push(name + "/");
                    waiting.push(path);
                }
                false => found.push(name),
            }
        }
    }
    found.sort();
    found
}

fn text(tree: &TempDir, path: &str) -> String {
    std::fs::read_to_string(tree.path().join(path)).expect("a text")
}

#[test]
fn later_layers_cover_earlier_ones() {
    let below = Layer::default().file("a", "old").file("d/x", "x").file("was-file", "").link("was-link", "d");
    let above = Layer::default().file("./a", "new").directory("was-file/", 0o755).directory("was-link/", 0o700);
    let tree = laid(&[below, above]).expect("laid");
    assert_eq!(text(&tree, "a"), "new");
    assert_eq!(listing(&tree), ["a", "d/", "d/x", "was-file/", "was-link/"]);
    assert_eq!(tree.path().join("a").metadata().expect("there").mtime(), 1_000_000);
}

#[test]
fn a_whiteout_takes_away_what_lies_below() {
    let below = Layer::default().file("a", "").file("d/x", "").file("d/y/z", "").file("kept", "");
    let above = Layer::default().without(".wh.a").without("d/.wh.y").without(".wh.never").without("no/such/.wh.one");
    assert_eq!(listing(&laid(&[below, above]).expect("laid")), ["d/", "d/x", "kept"]);
}

#[test]
fn an_opaque_directory_shows_its_own_layer_only() {
    let below = Layer::default().file("d/old", "").file("d/both/old", "").file("e/old", "");
    let before = Layer::default().file("d/new", "").file("d/both/new", "").without("d/.wh..wh..opq");
    let after = Layer::default().directory("e/", 0o755).without("e/.wh..wh..opq").file("e/new", "");
    let tree = laid(&[below, before, after]).expect("laid");
    assert_eq!(listing(&tree), ["d/", "d/both/", "d/both/new", "d/new", "e/", "e/new"]);
}

#[test]
fn a_whiteout_cannot_climb() {
    for path in ["d/.wh..", "d/.wh...", "d/.wh."] {
        let hostile = Layer::default().file("d/x", "").without(path);
        assert!(matches!(refused(&[hostile]), Refusal::Bad(_)), "{path}");
    }
}

#[test]
fn paths_that_climb_are_refused_and_absolute_ones_begin_at_the_root() {
    for path in ["../evil", "a/../../evil", "/../evil"] {
        assert!(matches!(refused(&[Layer::default().file(path, "")]), Refusal::Bad(_)), "{path}");
    }
    assert!(matches!(refused(&[Layer::default().hard_link("a", "../../etc/passwd")]), Refusal::Bad(_)));
    assert_eq!(listing(&laid(&[Layer::default().file("/etc/motd", "")]).expect("laid")), ["etc/", "etc/motd"]);
}

/// A link's target is looked for in the tree, also while later entries are placed through it.
#[test]
fn nothing_is_written_through_a_link_that_leads_out() {
    let outside = tempfile::tempdir().expect("a folder");
    let target = outside.path().display().to_string();
    for target in [target.clone(), format!("../../../../../../../..{target}")] {
        let hostile = Layer::default().link("out", &target).file("out/evil", "x");
        let tree = laid(&[hostile]);
        assert_eq!(std::fs::read_dir(outside.path()).expect("there").count(), 0);
        // The link dangles in the tree: whoever writes through it is refused.
        assert!(tree.is_err());
    }
    let linked = Layer::default().file("usr/lib/a", "").link("lib", "/usr/lib").file("lib/b", "");
    assert_eq!(listing(&laid(&[linked]).expect("laid")), ["lib", "usr/", "usr/lib/", "usr/lib/a", "usr/lib/b"]);
}

/// The control of the test above: a plain join of paths does write outside.
#[test]
fn a_plain_join_would_lead_out() {
    let (tree, outside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    symlink(outside.path(), tree.path().join("out")).expect("a link");
    std::fs::write(tree.path().join("out/evil"), "x").expect("written");
    assert!(outside.path().join("evil").exists());
}

#[test]
fn hard_links_are_links() {
    let tree = laid(&[Layer::default().file("a", "same"), Layer::default().hard_link("d/b", "a")]).expect("laid");
    assert_eq!(text(&tree, "d/b"), "same");
    let inode = |path: &str| tree.path().join(path).metadata().expect("there").ino();
    assert_eq!(inode("a"), inode("d/b"));
}

#[test]
fn devices_are_left_out_and_set_uid_bits_dropped() {
    let layer = Layer::default()
        .add(EntryType::Char, "dev/null", 0o666, "", b"")
        .add(EntryType::Block, "dev/sda", 0o666, "", b"")
        .add(EntryType::Fifo, "pipe", 0o666, "", b"")
        .add(EntryType::Regular, "su", 0o6775, "", b"#!")
        .add(EntryType::Regular, "secret", 0o600, "", b"")
        .directory("open/", 0o1777)
        .directory("closed/", 0o000);
    let tree = laid(&[layer, Layer::default().file("closed/x", "")]).expect("laid");
    assert_eq!(listing(&tree), ["closed/", "closed/x", "open/", "secret", "su"]);
    let mode = |path: &str| tree.path().join(path).metadata().expect("there").permissions().mode() & 0o7777;
    assert_eq!(["su", "secret", "open", "closed"].map(mode), [0o755, 0o600, 0o755, 0o700]);
}

#[test]
fn what_is_too_large_is_refused() {
    let large = "x".repeat(600 << 10);
    let layers = [Layer::default().file("a", &large), Layer::default().file("b", &large)];
    assert_eq!(refused(&layers), Refusal::TooLarge { limit: SMALL.bytes - (600 << 10) });
    let many = (0..201).fold(Layer::default(), |layer, number| layer.directory(&format!("d{number}/"), 0o755));
    assert!(matches!(refused(&[many]), Refusal::Bad(_)));
    // A header that promises a terabyte, sparse or not, is refused before a byte is written.
    let mut header = Header::new_gnu();
    header.set_path("huge").expect("a path");
    header.set_size(1 << 40);
    header.set_mode(0o644);
    header.set_cksum();
    assert!(matches!(refused(&[Layer(header.as_bytes().to_vec())]), Refusal::TooLarge { .. }));
}

#[test]
fn a_tar_that_ends_early_is_refused() {
    let mut layer = Layer::default().file("a", &"x".repeat(5000));
    layer.0.truncate(2000);
    assert!(matches!(refused(&[layer]), Refusal::Bad(_)));
}

#[test]
fn furniture_fills_what_an_image_lacks_and_no_more() {
    let layer = Layer::default()
        .link("tmp", "/etc")
        .file("proc", "a file")
        .file("real/hosts", "theirs")
        .link("etc/hosts", "../real/hosts")
        .link("etc/group", "/nowhere/group")
        .file("etc/passwd", "root:x:0:0");
    let tree = laid(&[layer]).expect("laid");
    furniture::place(tree.path()).expect("placed");
    for directory in sandbox::IMAGE_DIRECTORIES {
        assert!(tree.path().join(directory).symlink_metadata().expect("there").is_dir(), "{directory}");
    }
    assert_eq!(text(&tree, "etc/hosts"), "theirs");
    assert_eq!(text(&tree, "etc/passwd"), "root:x:0:0");
    assert_eq!(text(&tree, "etc/group"), "");
}

/// This very binary, as the unpacker: its harness runs the one test that is none.
fn program() -> Program {
    let test = "code::unpacker::tests::this_is_the_unpacker";
    Program {
        path: std::env::current_exe().expect("this binary"),
        arguments: ["--exact", test, "--ignored", "--nocapture"].map(str::to_owned).into(),
    }
}

#[test]
#[ignore = "not a test: what the sandbox starts when a test unpacks in it"]
fn this_is_the_unpacker() {
    let arguments: Vec<String> = std::env::args().collect();
    inside::work(&arguments[arguments.len() - 3..]).expect("a report");
}

struct House {
    sandbox: Sandbox,
    tasks: Tasks,
    folder: TempDir,
}

impl House {
    /// `None`, and a line that cannot be overlooked, where the host cannot isolate.
    async fn open() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("ours");
        let tasks = Tasks::new();
        let mut config = Config::new(folder.path().join("sandbox"));
        config.uid_base = 2_000_000 + (std::process::id() % 1000) * 1000 + NEXT.fetch_add(1, Ordering::Relaxed) * 50;
        if !Sandbox::probe(&config, &tasks).await.full_isolation() {
            println!("SKIPPED: this host cannot isolate; see lambdad doctor");
            return None;
        }
        let sandbox = Sandbox::open(config, tasks.clone(), Clock::wall()).await.expect("a sandbox");
        Some(Self { sandbox, tasks, folder })
    }

    async fn unpack(&self, program: Program, isolation: Isolation, pieces: Vec<Piece>) -> Result<PathBuf, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let into = self.folder.path().join(format!("tree-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let (sandbox, tasks) = (self.sandbox.clone(), self.tasks.clone());
        let unpacker = Sandboxed::new(sandbox, isolation, tasks, program);
        unpacker.unpack(pieces, &into, Limits::LAMBDA).await.map(|()| into)
    }

    async fn close(self) {
        self.sandbox.close().await;
        self.tasks.close().await;
    }
}

fn piece(bytes: &[u8], packing: Packing) -> Piece {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    std::os::unix::fs::fchown(&file, Some(0), Some(0)).expect("ours");
    file.set_permissions(PermissionsExt::from_mode(0o644)).expect("ours");
    Piece::Layer { file, packing }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_unpacked_by_another_and_belongs_to_us() {
    let Some(house) = House::open().await else { return };
    let sample = Sample::new().file("d/app.py", b"x").executable("bootstrap", b"#!").link("l", "d/app.py");
    let tree = house.unpack(program(), Isolation::Full, vec![Piece::Archive(sample.bytes())]).await.expect("unpacked");
    let ours = rustix::process::geteuid().as_raw();
    for (path, mode) in [("", 0o755), ("d", 0o755), ("d/app.py", 0o644), ("bootstrap", 0o755), ("l", 0o777)] {
        let found = tree.join(path).symlink_metadata().expect("there");
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (ours, 0, mode), "{path}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_come_plain_or_packed() {
    let Some(house) = House::open().await else { return };
    let below = Layer::default().file("a", "").file("b", "").directory("sealed/", 0o555);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&Layer::default().without(".wh.a").file("sealed/x", "").0).expect("packed");
    let zstd = ::zstd::encode_all(Layer::default().file("c", "").0.as_slice(), 1).expect("packed");
    let pieces = vec![
        piece(&below.0, Packing::Plain),
        piece(&gzip.finish().expect("packed"), Packing::Gzip),
        piece(&zstd, Packing::Zstd),
        Piece::Furniture,
    ];
    let tree = house.unpack(program(), Isolation::Full, pieces).await.expect("unpacked");
    let there = |path: &str| tree.join(path).exists();
    assert_eq!(["a", "b", "c", "sealed/x", "etc/hosts", "tmp"].map(there), [false, true, true, true, true, true]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kills_its_unpacker_kills_nothing_else() {
    let Some(house) = House::open().await else { return };
    // A name of a gigabyte: it is gathered in memory before anybody can look at it.
    let mut bomb = Header::new_gnu();
    bomb.set_entry_type(EntryType::GNULongName);
    bomb.set_size(1 << 30);
    bomb.set_cksum();
    let mut packed = ::zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    packed.write_all(bomb.as_bytes()).expect("packed");
    let zeros = vec![b'x'; 1 << 20];
    (0..1024).for_each(|_| packed.write_all(&zeros).expect("packed"));
    let bomb = piece(&packed.finish().expect("packed"), Packing::Zstd);
    let failed = house.unpack(program(), Isolation::Full, vec![bomb]).await.expect_err("killed");
    assert!(
        matches!(&failed, Error::Refused(Refusal::Bad(cause)) if cause.contains("out_of_memory: true")),
        "{failed}"
    );
    let bad = house.unpack(program(), Isolation::Full, vec![piece(b"no gzip", Packing::Gzip)]).await;
    assert!(matches!(bad, Err(Error::Refused(Refusal::Bad(_)))), "{bad:?}");
    let well =
        house.unpack(program(), Isolation::Full, vec![Piece::Archive(Sample::new().file("a", b"").bytes())]).await;
    assert!(well.is_ok(), "{well:?}");
    house.close().await;
}

/// An unpacker that its archive has taken over: it tries everything but its work.
fn taken_over(source: &str) -> Program {
    let source = format!("import os, socket\ntry:\n    {source}\n    os._exit(0)\nexcept OSError: os._exit(7)");
    Program {
        path: PathBuf::from("/usr/bin/python3"),
        arguments: ["-I", "-S", "-c", source.as_str()].map(str::to_owned).into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_over_unpacker_reaches_nothing() {
    let Some(house) = House::open().await else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let beside = house.folder.path().join("beside");
    std::fs::create_dir(&beside).expect("a folder");
    let beside = beside.display();
    let attempts = [
        format!("open('{beside}/evil', 'w')"),
        format!("os.listdir('{beside}')"),
        "open('/etc/shadow')".to_owned(),
        format!("socket.create_connection(('127.0.0.1', {port}), 5)"),
        "open('/tmp/evil', 'w'); os.unlink('/tmp/evil')".to_owned(),
        "os.mkfifo('x'); os.chown('x', 0, 0)".to_owned(),
        "os.kill(os.getppid(), 0)".to_owned(),
    ];
    for attempt in &attempts {
        let pieces = || vec![Piece::Archive(Sample::new().file("a", b"").bytes())];
        let inside =
            house.unpack(taken_over(attempt), Isolation::Full, pieces()).await.expect_err("it has done no work");
        let outside = house.unpack(taken_over(attempt), Isolation::Off, pieces()).await.expect_err("nor here");
        assert!(inside.to_string().contains("Code(7)"), "{attempt}: {inside}");
        // The control: without walls it gets what it wants, ends with 0, and only its report is missing.
        assert!(outside.to_string().contains("cannot be understood"), "control of {attempt}: {outside}");
    }
    house.close().await;
}

/// What it leaves in its own tree is no better than what an honest one would have left.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_taken_over_unpacker_leaves_is_refused_or_made_harmless() {
    let Some(house) = House::open().await else { return };
    let report = rmp_serde::to_vec(&Report::Done(Left { bytes: 1, nodes: 1 })).expect("encodes");
    let done = format!("open('/proc/self/fd/4', 'wb').write(bytes({report:?}))");
    let pieces = || vec![Piece::Archive(Sample::new().file("a", b"").bytes())];
    let modes = format!("open('su', 'w'); os.chmod('su', 0o6777); os.mkdir('d'); os.chmod('d', 0o1777); {done}");
    let tree = house.unpack(taken_over(&modes), Isolation::Full, pieces()).await.expect("taken");
    for path in ["su", "d"] {
        let found = tree.join(path).metadata().expect("there");
        assert_eq!((found.uid(), found.mode() & 0o7777), (0, 0o755), "{path}");
    }
    let pipe = house.unpack(taken_over(&format!("os.mkfifo('p'); {done}")), Isolation::Full, pieces()).await;
    assert!(matches!(pipe, Err(Error::Refused(_))), "{pipe:?}");
    let deep = format!("[(os.mkdir('d'), os.chdir('d')) for _ in range(600)]; {done}");
    let deep = house.unpack(taken_over(&deep), Isolation::Full, pieces()).await;
    assert!(matches!(deep, Err(Error::Refused(_))), "{deep:?}");
    house.close().await;
}
