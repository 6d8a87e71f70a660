//! The store against a raw log: durable writes of 64 clients, group-committed on both sides.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use base::{Clock, Random};
use serde::{Deserialize, Serialize};
use store::{Record, Store};

use crate::table::Rounds;

const CLIENTS: u64 = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    id: u64,
    text: String,
}

impl Record for Row {
    const TABLE: &'static str = "bench";
    type Key = u64;

    fn key(&self) -> u64 {
        self.id
    }
}

pub(crate) fn measure() -> anyhow::Result<Rounds> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let clock = Clock::wall();
    let store = runtime.block_on(Store::open_sqlite(folder.path(), clock.clone(), Random::from_os()))?;
    let mut rounds = Rounds::default();
    for round in 0..ROUNDS as u64 {
        let ours = runtime.block_on(commits(&store, &clock, round));
        let raw = raw_appends(folder.path(), &clock)?;
        rounds.ratios.push(ours / raw);
        rounds.seen = format!("{ours:.0}/s of {raw:.0}/s");
    }
    Ok(rounds)
}

/// Commits per second.
async fn commits(store: &Store, clock: &Clock, round: u64) -> f64 {
    let end = clock.instant() + ROUND;
    let clients = (0..CLIENTS).map(|client| {
        let (store, clock) = (store.clone(), clock.clone());
        async move {
            let table = store.space("bench").expect("a plain name").table::<Row>();
            let mut done = 0;
            while clock.instant() < end {
                let id = (round << 48) | (done << 8) | client;
                table.put(&Row { id, text: "x".repeat(200) }).await.expect("the disk takes it");
                done += 1;
            }
            done
        }
    });
    let tasks = base::Tasks::new();
    let mut total = 0;
    for client in clients.map(|client| tasks.spawn("client", client)).collect::<Vec<_>>() {
        total += client.await.expect("a client");
    }
    total as f64 / ROUND.as_secs_f64()
}

/// Appends per second through one writer that syncs whatever has gathered.
fn raw_appends(folder: &Path, clock: &Clock) -> anyhow::Result<f64> {
    #[expect(clippy::disallowed_methods, reason = "the baseline is a raw file")]
    let mut file = File::create(folder.join("raw"))?;
    let (send, receive) = mpsc::sync_channel::<mpsc::SyncSender<()>>(CLIENTS as usize);
    let end = clock.instant() + ROUND;
    let mut total = 0_u64;
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (send, clock) = (send.clone(), clock.clone());
            scope.spawn(move || {
                let (done, wait) = mpsc::sync_channel(1);
                while clock.instant() < end && send.send(done.clone()).is_ok() && wait.recv().is_ok() {}
            });
        }
        drop(send);
        while let Ok(first) = receive.recv() {
            let group: Vec<_> = std::iter::once(first).chain(receive.try_iter()).collect();
            file.write_all(&vec![b'x'; 240 * group.len()])?;
            file.sync_data()?;
            total += group.len() as u64;
            // A client whose time is over no longer listens.
            group.iter().for_each(|done| done.send(()).unwrap_or_default());
        }
        Ok::<_, std::io::Error>(())
    })?;
    Ok(total as f64 / ROUND.as_secs_f64())
}
