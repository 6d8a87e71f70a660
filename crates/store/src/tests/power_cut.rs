//! The power is cut in the middle of writes. A killed process alone proves nothing: the system still writes what the
//! process gave it. Here the disk is copied as it is, and the copy is opened.

use super::crash::{Kept, found, kill_after};
use super::image::Image;

#[tokio::test]
async fn whatever_was_acknowledged_before_a_power_cut_is_there() {
    for count in [1, 60, 400] {
        let Some(image) = Image::make(64) else { return };
        let acknowledged = kill_after(&image.path().join("data"), count, false);
        let copy = image.cut();
        let there = found(&copy.path().join("data")).await.unwrap();
        assert_eq!(acknowledged.missing_from(&there), 0, "after {count}");
        assert_eq!(there.lines, there.people, "a batch is whole or not there at all");
    }
}

/// The control: with synchronous=OFF the same test must find a loss, or it would find none anywhere.
#[tokio::test]
async fn without_fsync_a_power_cut_loses_what_was_acknowledged() {
    let Some(image) = Image::make(64) else { return };
    let data = image.path().join("data");
    let acknowledged = kill_after(&data, 400, true);
    let alive = found(&data).await.unwrap();
    assert_eq!(acknowledged.missing_from(&alive), 0, "the kill alone loses nothing");

    let Some(image) = Image::make(64) else { return };
    let acknowledged = kill_after(&image.path().join("data"), 400, true);
    let copy = image.cut();
    // So little may be left that it can't even be opened: then everything is lost.
    let there = found(&copy.path().join("data")).await.unwrap_or_else(|_| Kept::default());
    assert!(acknowledged.missing_from(&there) > 0, "nothing was lost: this disk proves nothing");
}
