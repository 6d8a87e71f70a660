//! Copies taken while the house is busy, formats that are too new, and directories that belong to somebody else.
#![expect(clippy::disallowed_methods, reason = "a test looks at the files of a store, and damages them")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::{Random, Tasks};

use super::house::{clock, person, small};
use crate::{Error, LogName, Store};

async fn open(dir: &Path) -> crate::Result<Store> {
    Store::open_sqlite_with(dir, small(), clock(), Random::seeded(1)).await
}

async fn count(store: &Store, space: &str) -> usize {
    store.space(space).unwrap().log(LogName::new("l")).read(None, 10_000).await.unwrap().len()
}

/// Appends to `one` and then to `two`, again and again: at any moment `one` has as many as `two`, or one more.
async fn write_in_turns(store: Store, end: Arc<AtomicBool>) {
    let log = |space| store.space(space).unwrap().log(LogName::new("l"));
    let (one, two) = (log("one"), log("two"));
    while !end.load(Ordering::Relaxed) {
        one.append(vec!["x".into()]).await.unwrap();
        two.append(vec!["x".into()]).await.unwrap();
    }
}

#[tokio::test]
async fn a_backup_of_a_busy_store_is_one_moment_of_all_its_spaces() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("data")).await.unwrap();
    let (tasks, end) = (Tasks::new(), Arc::new(AtomicBool::new(false)));
    let blob = store.blobs().put("blob").await.unwrap().id;
    for n in 0..30 {
        // Between the two by name, so that a copy which took its time from one to the other would be found out.
        store.space(&format!("p{n}")).unwrap().log(LogName::new("l")).append(vec!["x".into()]).await.unwrap();
    }
    let writer = tasks.spawn("writes", write_in_turns(store.clone(), end.clone()));
    while count(&store, "two").await < 20 {
        tokio::task::yield_now().await;
    }
    let mut last = 0;
    for n in 0..5 {
        let (copy, restored) = (dir.path().join(format!("copy{n}")), dir.path().join(format!("restored{n}")));
        let before = count(&store, "two").await;
        store.backup(&copy).await.unwrap();
        crate::restore(&copy, &restored).await.unwrap();
        let restored = open(&restored).await.unwrap();
        let (one, two) = (count(&restored, "one").await, count(&restored, "two").await);
        assert!(one == two || one == two + 1, "one has {one}, two has {two}");
        assert!(two >= before && two >= last);
        assert_eq!(restored.blobs().get(blob).await.unwrap().unwrap(), "blob");
        last = two;
    }
    end.store(true, Ordering::Relaxed);
    writer.await.unwrap();
}

#[tokio::test]
async fn neither_a_backup_nor_a_restore_overwrites_anything() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let store = open(&data).await.unwrap();
    store.backup(&copy).await.unwrap();
    assert!(matches!(store.backup(&copy).await, Err(Error::NotEmpty { .. })));
    assert!(matches!(crate::restore(&copy, &data).await, Err(Error::NotEmpty { .. })));
}

#[tokio::test]
async fn a_damaged_backup_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (copy, restored) = (dir.path().join("copy"), dir.path().join("restored"));
    let store = open(&dir.path().join("data")).await.unwrap();
    let log = store.space("one").unwrap().log(LogName::new("l"));
    for _ in 0..20 {
        log.append(vec![vec![7; 4_000].into()]).await.unwrap();
    }
    store.backup(&copy).await.unwrap();
    let path = copy.join("spaces/one.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // The header and the schema's page stay whole; a page of the table does not.
    bytes[8_192..12_288].fill(0xee);
    std::fs::write(&path, bytes).unwrap();
    let refused = crate::restore(&copy, &restored).await;
    assert!(matches!(refused, Err(Error::Corrupt { .. } | Error::Database { .. })), "{refused:?}");
    assert!(!restored.exists());
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.unwrap().space("one").unwrap().table().put(&person("a", "b", 1)).await.unwrap();
    let path = dir.path().join("spaces/one.db");
    let newer = || rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99);
    newer().unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = open(dir.path()).await.unwrap_err();
    assert!(matches!(refused, Error::NewerFormat { found: 99, known: 1, .. }), "{refused}");
    assert!(
        refused
            .to_string()
            .ends_with("one.db has format 99, which a later version of this program wrote; this one knows 1 at most")
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::remove_file(&path).unwrap();
    open(dir.path()).await.unwrap();
    std::fs::write(dir.path().join("FORMAT"), "2\n").unwrap();
    assert!(matches!(open(dir.path()).await, Err(Error::NewerFormat { found: 2, known: 1, .. })));
}

#[tokio::test]
async fn a_file_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).await.unwrap());
    let other = rusqlite::Connection::open(dir.path().join("spaces/one.db")).unwrap();
    other.execute_batch("CREATE TABLE t (a); PRAGMA user_version = 1").unwrap();
    drop(other);
    assert!(matches!(open(dir.path()).await, Err(Error::Corrupt { .. })));
}

#[tokio::test]
async fn two_stores_never_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await.unwrap();
    assert!(matches!(open(dir.path()).await, Err(Error::InUse { .. })));
    drop(first);
    open(dir.path()).await.unwrap();
}
