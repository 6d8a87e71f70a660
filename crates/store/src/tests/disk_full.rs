//! A full disk: writes are refused, nothing is damaged, and when there is room again they are taken again.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use base::{Clock, Fault, Random};
use bytes::Bytes;

use super::house::small;
use super::image::Image;
use crate::{Error, Log, LogName, Store};

async fn open(dir: &Path) -> Store {
    Store::open_sqlite_with(dir, small(), Clock::wall(), Random::seeded(1)).await.unwrap()
}

fn log(store: &Store) -> Log {
    store.space("meta").unwrap().log(LogName::new("l"))
}

fn fill(path: &Path) {
    let mut file = std::fs::File::options().create_new(true).write(true).open(path).unwrap();
    for size in [1 << 20, 1 << 16, 4_096, 1] {
        while file.write(&vec![1; size]).is_ok_and(|count| count > 0) {}
    }
    drop(file.sync_all());
}

/// Appends until it is refused; how many were acknowledged, and the refusal.
async fn write_until_refused(log: &Log) -> (usize, Error) {
    for count in 0..10_000 {
        if let Err(error) = log.append(vec![Bytes::from(vec![7; 8_000])]).await {
            return (count, error);
        }
    }
    panic!("the disk is never full");
}

async fn write_until_taken(store: &Store) {
    let started = store.clock().instant();
    while let Err(error) = log(store).append(vec!["again".into()]).await {
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20), "there is room, and it is not noticed");
        store.clock().sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_recovers_by_itself() {
    let Some(image) = Image::make(32) else { return };
    let (data, filler) = (image.path().join("data"), image.path().join("filler"));
    let store = open(&data).await;
    log(&store).append(vec!["first".into()]).await.unwrap();
    fill(&filler);

    let (count, error) = write_until_refused(&log(&store)).await;
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    assert_eq!(Fault::from(error).code, Fault::UNAVAILABLE);
    assert!(matches!(store.writable(), Err(Error::ReadOnly { .. })));
    assert_eq!(log(&store).read(None, 10_000).await.unwrap().len(), 1 + count, "reads go on");
    assert!(matches!(store.blobs().put(vec![1; 100]).await, Err(Error::ReadOnly { .. })));

    std::fs::remove_file(&filler).unwrap();
    write_until_taken(&store).await;
    assert!(store.writable().is_ok() && data.join("RESERVE").exists());
    drop(store);
    crate::engine::sqlite::check_copy(&data).unwrap();
    assert_eq!(log(&open(&data).await).read(None, 10_000).await.unwrap().len(), 2 + count);
}

#[tokio::test]
async fn a_store_can_be_opened_and_read_on_a_full_disk() {
    let Some(image) = Image::make(32) else { return };
    let (data, filler) = (image.path().join("data"), image.path().join("filler"));
    let store = open(&data).await;
    log(&store).append(vec!["first".into()]).await.unwrap();
    fill(&filler);
    let (count, _) = write_until_refused(&log(&store)).await;
    drop(store);

    let store = open(&data).await;
    assert_eq!(log(&store).read(None, 10_000).await.unwrap().len(), 1 + count);
    write_until_refused(&log(&store)).await;
    std::fs::remove_file(&filler).unwrap();
    write_until_taken(&store).await;
}
