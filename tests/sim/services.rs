//! Two small services that meet by the door `post`: orders, which sends, and parcels, which receives.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base::doors::{Letter, Post, Refusal};
use base::{Arn, Clock, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Record, Space, Store};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    target: String,
    group: String,
}

impl Record for Order {
    const TABLE: &'static str = "order";
    type Key = u64;

    fn key(&self) -> u64 {
        self.id
    }
}

/// What arrived; `at` counts arrivals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Arrival {
    letter: String,
    pub(crate) order: u64,
    pub(crate) group: String,
    pub(crate) at: u64,
}

impl Record for Arrival {
    const TABLE: &'static str = "arrival";
    type Key = String;

    fn key(&self) -> String {
        self.letter.clone()
    }
}

/// How a receiver behaves, by the target's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// The target `closed` takes nothing before this time.
    pub(crate) opens: Timestamp,
    /// Off in the control: letters that come twice are taken twice.
    pub(crate) knows_letters: bool,
}

pub(crate) const CLOSED: &str = "closed";
/// No letter to this one is ever taken.
pub(crate) const GONE: &str = "gone";

/// The letter that an order causes.
pub(crate) fn letter(id: u64, target: &str, group: &str) -> Letter {
    Letter {
        id: format!("letter-{id}"),
        to: Arn::new("parcels", "", "", target),
        body: id.to_be_bytes().to_vec().into(),
        attributes: Vec::new(),
        cause: format!("order-{id}"),
        sent_as: "arn:aws:orders:::desk".to_owned(),
        group: group.to_owned(),
    }
}

/// The sender.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) space: Space,
    returned: Arc<shared::Set>,
}

impl Orders {
    pub(crate) fn open(store: &Store) -> Self {
        Self { space: store.space("orders").expect("a plain name"), returned: Arc::default() }
    }

    /// Takes the order, and posts the letter that it causes, in one commit. True if it is known to be taken.
    pub(crate) async fn place(&self, id: u64, target: &str, group: &str) -> bool {
        let order = Order { id, target: target.to_owned(), group: group.to_owned() };
        let letter = letter(id, target, group);
        let mut batch = self.space.batch();
        batch.insert(&order).post(&letter);
        match batch.commit().await {
            Ok(_) => true,
            // An earlier try was done, and only its answer was lost.
            Err(error) => error.is_conflict(),
        }
    }

    pub(crate) async fn taken(&self) -> Vec<Order> {
        let orders = self.space.table::<Order>().list((), None, 10_000).await.expect("readable");
        orders.into_iter().map(|order| order.record).collect()
    }

    pub(crate) fn returned(&self) -> BTreeSet<String> {
        self.returned.all()
    }
}

#[async_trait]
impl Post for Orders {
    async fn deliver(&self, letter: &Letter) -> Result<(), Refusal> {
        Err(Refusal::Never(format!("orders takes no letters, not even {}", letter.id)))
    }

    async fn returned(&self, letter: &Letter, _why: &Refusal) {
        self.returned.add(&letter.id);
    }
}

/// The receiver.
#[derive(Clone, Debug)]
pub(crate) struct Parcels {
    pub(crate) space: Space,
    clock: Clock,
    manners: Manners,
    next: Arc<AtomicUsize>,
}

impl Parcels {
    pub(crate) async fn open(store: &Store, manners: Manners) -> Self {
        let space = store.space("parcels").expect("a plain name");
        let arrived = all(&space).await.len();
        Self { space, clock: store.clock().clone(), manners, next: Arc::new(AtomicUsize::new(arrived * 1_000)) }
    }

    pub(crate) async fn arrivals(&self) -> Vec<Arrival> {
        all(&self.space).await
    }
}

async fn all(space: &Space) -> Vec<Arrival> {
    let arrivals = space.table::<Arrival>().list((), None, 10_000).await.expect("readable");
    arrivals.into_iter().map(|arrival| arrival.record).collect()
}

#[async_trait]
impl Post for Parcels {
    async fn deliver(&self, letter: &Letter) -> Result<(), Refusal> {
        match letter.to.resource.as_str() {
            CLOSED if self.clock.now() < self.manners.opens => return Err(Refusal::Later("closed".to_owned())),
            GONE => return Err(Refusal::Never("nobody lives here".to_owned())),
            _ => {}
        }
        let at = self.next.fetch_add(1, Ordering::Relaxed) as u64;
        let name = if self.manners.knows_letters { letter.id.clone() } else { format!("{}/{at}", letter.id) };
        let order = u64::from_be_bytes(letter.body[..].try_into().expect("eight bytes"));
        let arrival = Arrival { letter: name, order, group: letter.group.clone(), at };
        match self.space.table::<Arrival>().insert(&arrival).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(Refusal::Later(error.to_string())),
        }
    }
}

/// A set behind a lock.
mod shared {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    #[derive(Debug, Default)]
    pub(crate) struct Set(Mutex<BTreeSet<String>>);

    impl Set {
        pub(crate) fn add(&self, name: &str) {
            self.0.lock().expect("no holder panics").insert(name.to_owned());
        }

        pub(crate) fn all(&self) -> BTreeSet<String> {
            self.0.lock().expect("no holder panics").clone()
        }
    }
}
