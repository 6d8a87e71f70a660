//! A process that is killed in the middle of its writes: whatever it acknowledged is there.
#![expect(clippy::disallowed_methods, reason = "the process that is killed is this test's own binary")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base::{Clock, Random, Tasks};
use bytes::Bytes;

use super::house::{person, small};
use crate::engine::sqlite::Options;
use crate::{BlobId, LogName, Result, Store};

const DIR: &str = "STORE_TEST_DIR";
const NO_SYNC: &str = "STORE_TEST_NO_SYNC";
const WRITERS: usize = 8;

/// What the child has acknowledged, or what is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) lines: BTreeSet<String>,
    pub(super) people: BTreeSet<String>,
    pub(super) blobs: BTreeSet<String>,
}

impl Kept {
    fn add(&mut self, acknowledged: &str) {
        let (kind, what) = acknowledged.split_once(' ').expect("a kind and what it was");
        let set = match kind {
            "line" => &mut self.lines,
            "person" => &mut self.people,
            "blob" => &mut self.blobs,
            other => panic!("{other}"),
        };
        assert!(set.insert(what.to_owned()), "{acknowledged} twice");
    }

    /// What is in `self` and not in `there`.
    pub(super) fn missing_from(&self, there: &Self) -> usize {
        let missing = |here: &BTreeSet<String>, there: &BTreeSet<String>| here.difference(there).count();
        missing(&self.lines, &there.lines) + missing(&self.people, &there.people) + missing(&self.blobs, &there.blobs)
    }
}

fn options(no_sync: bool) -> Options {
    // Without checkpoints nothing but the write-ahead log is there to be recovered from.
    Options { no_sync, checkpoint_pages: 1 << 20, ..small() }
}

async fn open(dir: &Path, no_sync: bool) -> Result<Store> {
    Store::open_sqlite_with(dir, options(no_sync), Clock::wall(), Random::from_os()).await
}

/// Runs in the child: writes for ever, and says so of everything that was acknowledged.
#[tokio::test]
#[ignore = "it is the process that the tests here start and kill"]
async fn child() {
    let dir = PathBuf::from(std::env::var_os(DIR).expect("the parent says where"));
    let no_sync = std::env::var_os(NO_SYNC).is_some();
    let store = open(&dir, no_sync).await.unwrap();
    let tasks = Tasks::new();
    let writers = (0..WRITERS).map(|writer| tasks.spawn("writes", write(store.clone(), writer, !no_sync)));
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

async fn write(store: Store, writer: usize, with_blobs: bool) {
    let space = store.space(&format!("space-{}", writer % 2)).unwrap();
    let name = LogName::new("l");
    for n in 0.. {
        let text = format!("{writer}.{n}");
        let mut batch = space.batch();
        batch.append(&name, Bytes::from(text.clone())).put(&person("t", &text, 1));
        batch.commit().await.unwrap();
        acknowledge(&format!("line {text}\nperson {text}\n"));
        // A blob's fsync would save what the control is to lose.
        if with_blobs && n % 10 == 0 {
            let blob = store.blobs().put(text).await.unwrap();
            acknowledge(&format!("blob {}\n", blob.id));
        }
    }
}

fn acknowledge(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\nack {}", text.trim_end().replace('\n', "\nack ")).as_bytes()).unwrap();
    out.write_all(b"\n").unwrap();
    out.flush().unwrap();
}

/// Starts the child on `dir`, kills it when it has acknowledged `count` things, and says which they were.
pub(super) fn kill_after(dir: &Path, count: usize, no_sync: bool) -> Kept {
    let mut child = start(dir, no_sync);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.unwrap());
    let mut kept = Kept::default();
    let mut hear = |lines: &mut dyn Iterator<Item = String>| {
        lines.filter_map(|line| line.strip_prefix("ack ").map(|what| kept.add(what))).count()
    };
    let heard = hear(&mut lines.by_ref().filter(|line| line.starts_with("ack ")).take(count));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(heard, count, "the child ended by itself");
    // What it said before it died counts as well; a line that it did not finish is the last.
    let mut rest: Vec<_> = lines.collect();
    rest.pop();
    hear(&mut rest.into_iter());
    kept
}

fn start(dir: &Path, no_sync: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::crash::child", "--ignored", "--nocapture"]).env(DIR, dir);
    if no_sync {
        command.env(NO_SYNC, "1");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What is in the store at `dir`, which must be whole.
pub(super) async fn found(dir: &Path) -> Result<Kept> {
    crate::engine::sqlite::check_copy(dir)?;
    let store = open(dir, false).await?;
    let mut kept = Kept::default();
    for name in store.spaces().await? {
        let space = store.space(name.as_str())?;
        let lines = space.log(LogName::new("l")).read(None, 10_000).await?;
        kept.lines.extend(lines.iter().map(|entry| String::from_utf8(entry.body.to_vec()).unwrap()));
        let people = space.table::<super::house::Person>().list((), None, 10_000).await?;
        kept.people.extend(people.iter().map(|person| person.name.clone()));
    }
    for text in &kept.lines {
        let id = BlobId::of(text.as_bytes());
        if store.blobs().get(id).await?.is_some() {
            kept.blobs.insert(id.to_string());
        }
    }
    Ok(kept)
}

#[tokio::test]
async fn whatever_a_killed_process_acknowledged_is_there() {
    let dir = tempfile::tempdir().unwrap();
    for count in [1, 60, 400] {
        let data = dir.path().join(count.to_string());
        let acknowledged = kill_after(&data, count, false);
        let there = found(&data).await.unwrap();
        assert_eq!(acknowledged.missing_from(&there), 0, "after {count}");
        assert_eq!(there.lines, there.people, "a batch is whole or not there at all");
    }
}
