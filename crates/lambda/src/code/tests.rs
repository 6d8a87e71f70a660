//! Archives, hostile ones above all: what is refused, and that what is taken lies where it belongs.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;

use super::archive::{Limits, Refusal, check_within};
use super::samples::Sample;
use super::{check, unpack};

const SMALL: Limits = Limits { bytes: 1 << 20, nodes: 200 };

fn refused(sample: Sample) -> Refusal {
    check_within(&sample.bytes(), SMALL).expect_err("it must be refused")
}

fn refused_for(sample: Sample, why: &str) {
    match refused(sample) {
        Refusal::Bad(cause) => assert!(cause.contains(why), "{cause}"),
        other => panic!("{other}"),
    }
}

/// What a path holds, below the tree: a file's mode and bytes, a link's target, `None` for a directory.
pub(super) fn contents(tree: &Path) -> BTreeMap<String, Option<(u32, Vec<u8>)>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![tree.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in std::fs::read_dir(&directory).expect("it is a directory") {
            let path = entry.expect("it can be read").path();
            let name = path.strip_prefix(tree).expect("below").to_string_lossy().into_owned();
            let meta = path.symlink_metadata().expect("it is there");
            let value = if meta.is_dir() {
                todo.push(path);
                None
            } else if meta.is_symlink() {
                let target = std::fs::read_link(&path).expect("a link");
                Some((0, target.to_string_lossy().into_owned().into_bytes()))
            } else {
                Some((meta.permissions().mode() & 0o7777, read(&path)))
            };
            found.insert(name, value);
        }
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "the test looks at what was written")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("it can be read")
}

fn unpacked(sample: Sample) -> BTreeMap<String, Option<(u32, Vec<u8>)>> {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    unpack::unpack(&sample.bytes(), &tree, SMALL).expect("it is taken");
    contents(&tree)
}

#[test]
fn an_archive_lies_as_it_was_packed() {
    let sample = Sample::new()
        .file("index.py", b"print()")
        .executable("bin/tool", b"\x7fELF")
        .directory("empty/")
        .file("./lib//deep/x.so.1", b"so")
        .link("lib/x.so", "deep/x.so.1");
    let found = unpacked(sample);
    let file = |mode, bytes: &[u8]| Some((mode, bytes.to_vec()));
    let expected = [
        ("bin", None),
        ("bin/tool", file(0o755, b"\x7fELF")),
        ("empty", None),
        ("index.py", file(0o644, b"print()")),
        ("lib", None),
        ("lib/deep", None),
        ("lib/deep/x.so.1", file(0o644, b"so")),
        ("lib/x.so", file(0, b"deep/x.so.1")),
    ];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)).into());
}

/// Bit 11 of the flags of the first entry, in both of its headers.
fn without_utf8_flag(bytes: &Bytes) -> Bytes {
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("one entry");
    let mut out = bytes.to_vec();
    out[7] &= !8;
    out[directory + 9] &= !8;
    Bytes::from(out)
}

#[test]
fn names_in_utf8_are_read_as_such_whether_they_say_so_or_not() {
    let said = Sample::new().file("grüße.py", b"").bytes();
    let unsaid = without_utf8_flag(&said);
    assert_ne!(unsaid, said);
    for bytes in [said, unsaid] {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = folder.path().join("tree");
        unpack::unpack(&bytes, &tree, SMALL).expect("it is taken");
        assert_eq!(contents(&tree).into_keys().collect::<Vec<_>>(), ["grüße.py"]);
    }
}

#[test]
fn files_keep_the_archives_time() {
    let sample = Sample::new().file("a", b"");
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    unpack::unpack(&sample.bytes(), &tree, SMALL).expect("it is taken");
    // The writer's own default: the first moment that the format can say, 1980-01-01.
    assert_eq!(tree.join("a").metadata().expect("there").mtime(), 315_532_800);
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["../evil", "/etc/cron.d/evil", "a/../../evil", "a\\..\\evil", "C:/evil", "C:evil"] {
        assert!(matches!(refused(Sample::new().file(name, b"x")), Refusal::Bad(_)), "{name}");
    }
}

#[test]
fn links_that_lead_out_are_refused() {
    refused_for(Sample::new().file("f", b"").link("a", "/etc/passwd"), "absolute");
    refused_for(Sample::new().file("f", b"").link("a", "../outside"), "out of the tree");
    refused_for(Sample::new().file("f", b"").link("d/a", "../../outside"), "out of the tree");
    // d/e/up is the root, so up/.. is above it, though it looks like d/e.
    let hard = Sample::new().file("d/e/f", b"").link("d/e/up", "../..").link("out", "d/e/up/..");
    refused_for(hard, "after a name");
    refused_for(Sample::new().file("f", b"").link("a", &"b/".repeat(2500)), "too long");
}

/// The control of the test above: made without our checks, the hard case leads out.
#[test]
fn the_hard_case_would_lead_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    std::fs::create_dir_all(tree.join("d/e")).expect("a folder");
    std::os::unix::fs::symlink("../..", tree.join("d/e/up")).expect("a link");
    std::os::unix::fs::symlink("d/e/up/..", tree.join("out")).expect("a link");
    let end = tree.join("out").canonicalize().expect("it leads somewhere");
    assert_eq!(end, folder.path().canonicalize().expect("a folder"));
}

#[test]
fn nothing_is_written_through_a_link() {
    refused_for(Sample::new().link("d", "elsewhere").file("d/x", b"x").directory("elsewhere/"), "both a directory");
    refused_for(Sample::new().file("d", b"").file("d/x", b"x"), "both a directory");
    refused_for(Sample::new().file("a/b", b"").directory("a/b/"), "both a directory");
}

#[test]
fn of_two_entries_with_one_path_the_later_stands() {
    let found = unpacked(Sample::new().file("a", b"first").file("./a", b"second"));
    assert_eq!(found["a"], Some((0o644, b"second".to_vec())));
    let found = unpacked(Sample::new().link("a", "b").file("./a", b"file").file("b", b""));
    assert_eq!(found["a"], Some((0o644, b"file".to_vec())));
}

#[test]
fn a_bomb_is_stopped_by_what_comes_out() {
    let zeros = vec![0; (SMALL.bytes + 1) as usize];
    let sample = Sample::new().file("zeros", &zeros).bytes();
    assert!(sample.len() < 10_000, "it is small when packed");
    assert_eq!(check_within(&sample, SMALL), Err(Refusal::TooLarge { limit: SMALL.bytes }));
    let folder = tempfile::tempdir().expect("a folder");
    assert!(unpack::unpack(&sample, &folder.path().join("tree"), SMALL).is_err());
    let halves = Sample::new().file("a", &zeros[..zeros.len() / 2]).file("b", &zeros[..zeros.len() / 2 + 1]);
    assert_eq!(refused(halves), Refusal::TooLarge { limit: SMALL.bytes });
    let exact = Sample::new().file("a", &zeros[1..]).bytes();
    assert_eq!(check_within(&exact, SMALL).map(|checked| checked.unpacked), Ok(SMALL.bytes));
}

#[test]
fn what_a_header_claims_of_the_size_is_not_believed() {
    let zeros = vec![0; (SMALL.bytes * 4) as usize];
    let honest = Sample::new().file("zeros", &zeros).bytes();
    let claimed = (zeros.len() as u32).to_le_bytes();
    // Wherever the size stands, local header and directory: four bytes instead.
    let lie = replaced(&honest, &claimed, &4u32.to_le_bytes());
    assert_ne!(lie, honest);
    match check_within(&lie, SMALL) {
        Err(Refusal::TooLarge { .. } | Refusal::Bad(_)) => {}
        other => panic!("{other:?}"),
    }
}

fn replaced(bytes: &Bytes, from: &[u8], to: &[u8]) -> Bytes {
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = out[at..].windows(from.len()).position(|window| window == from) {
        out[at + found..at + found + from.len()].copy_from_slice(to);
        at += found + from.len();
    }
    Bytes::from(out)
}

#[test]
fn many_entries_and_many_directories_are_refused() {
    let many = (0..=SMALL.nodes).fold(Sample::new(), |sample, number| sample.file(&format!("{number}"), b""));
    refused_for(many, "more than 200 entries");
    let deep = (0..4).fold(Sample::new(), |sample, number| sample.file(&format!("{number}/{}x", "d/".repeat(60)), b""));
    refused_for(deep, "more than 200 files and directories");
}

#[test]
fn overlapping_entries_are_refused() {
    // The second entry of the directory is made to point at the first one's data: a quine's beginning.
    let bytes = Sample::new().stored("a", b"same").stored("b", b"same").bytes();
    let directory = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").expect("two entries");
    let mut forged = bytes.to_vec();
    forged[directory + 42..directory + 46].copy_from_slice(&[0; 4]);
    match check_within(&Bytes::from(forged), SMALL) {
        Err(Refusal::Bad(_)) => {}
        other => panic!("{other:?}"),
    }
    assert!(check_within(&bytes, SMALL).is_ok(), "the control: as it was packed it is taken");
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"x", b"PK\x03\x04", b"not a zip at all, though it is longer than a header would be"] {
        assert!(matches!(check(&Bytes::copy_from_slice(bytes)), Err(Refusal::Bad(_))), "{bytes:?}");
    }
    assert_eq!(refused(Sample::new()), Refusal::Empty);
    assert_eq!(refused(Sample::new().directory("only/")), Refusal::Empty);
}

#[test]
fn damage_is_noticed() {
    let bytes = Sample::new().stored("a", b"content").bytes();
    assert!(check(&bytes).is_ok());
    let damaged = replaced(&bytes, b"content", b"c0ntent");
    assert!(matches!(check(&damaged), Err(Refusal::Bad(_))), "its CRC does not fit any more");
    assert!(check(&bytes.slice(..bytes.len() - 1)).is_err());
}

#[test]
fn devices_are_refused() {
    let bytes = Sample::new().file("tty", b"").bytes();
    // The mode stands in the upper half of the external attributes: a character device instead of a regular file.
    let forged = replaced(&bytes, &(0o100_644u32 << 16).to_le_bytes(), &(0o020_644u32 << 16).to_le_bytes());
    assert_ne!(forged, bytes);
    assert!(matches!(check(&forged), Err(Refusal::Bad(_))));
}

/// A few entries with names and targets that are likely to be nasty.
fn nasty() -> impl Strategy<Value = Bytes> {
    let name = "(\\.\\./|/|\\./|a/|b/|c/|\\\\|C:){0,4}[abc]?";
    let target = "(\\.\\./|/|\\./|a/|b/|c/){0,4}[abc.]{0,2}";
    let entry = (0..4u8, name, target);
    proptest::collection::vec(entry, 1..8).prop_map(|entries| {
        let sample = entries.into_iter().fold(Sample::new(), |sample, (kind, name, target)| match kind {
            // The writer refuses a second entry of one name; so does the archive's reader not see it.
            _ if name.is_empty() => sample,
            0 => sample.directory_if_new(&name),
            1 => sample.link_if_new(&name, &target),
            _ => sample.file_if_new(&name, target.as_bytes()),
        });
        sample.bytes()
    })
}

/// A tree with links that lead through one another: only targets are likely to be nasty.
fn linked() -> impl Strategy<Value = Bytes> {
    let target = prop::sample::select(vec![
        ".",
        "..",
        "../..",
        "../../..",
        "a",
        "a/b",
        "a/..",
        "a/../..",
        "a/b/../../..",
        "l",
        "l/..",
        "../l",
        "m/../..",
        "a/l/..",
        "a/m",
        "b/l/../..",
        "../m/..",
        "./a/./l",
    ]);
    let name = prop::sample::select(vec!["l", "m", "a/l", "a/m", "a/b/l", "a/b/m"]);
    proptest::collection::vec((name, target), 1..4).prop_map(|links| {
        let tree = Sample::new().file("a/b/f", b"");
        links.into_iter().fold(tree, |sample, (name, target)| sample.link_if_new(name, target)).bytes()
    })
}

/// Checks and unpacking agree, nothing is written beside the tree, and every path ends inside.
fn stays_below(bytes: &Bytes) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    let checked = check_within(bytes, SMALL);
    let unpacked = unpack::unpack(bytes, &tree, SMALL);
    prop_assert_eq!(checked.is_ok(), unpacked.is_ok());
    let beside: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    prop_assert!(beside.len() <= 1, "only the tree was written");
    if unpacked.is_ok() {
        let real = tree.canonicalize().expect("it is there");
        for name in contents(&tree).keys() {
            // Followed to the end, by the kernel: inside, or nowhere.
            if let Ok(end) = tree.join(name).canonicalize() {
                prop_assert!(end.starts_with(&real), "{name} leads to {end:?}");
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn hostile_links_stay_inside(bytes in linked()) {
        stays_below(&bytes)?;
    }

    #[test]
    fn hostile_archives_stay_below_the_tree(bytes in nasty()) {
        stays_below(&bytes)?;
    }

    #[test]
    fn hostile_bytes_are_refused_or_taken_but_never_panic(
        at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>(), bytes in nasty(),
    ) {
        let mut mutated = bytes.to_vec();
        let place = at.index(mutated.len());
        mutated[place] = to;
        let _ = check_within(&Bytes::from(mutated), SMALL);
        let _ = check_within(&bytes.slice(..cut.index(bytes.len())), SMALL);
    }

    #[test]
    fn hostile_noise_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(check_within(&Bytes::from(bytes), SMALL).is_err());
    }
}
