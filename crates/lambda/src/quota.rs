//! How many environments an account may have, and how much memory: its share of the host, whatever it invokes.
//!
//! Counted is `MemorySize`, which is what an environment may use, from before it is made until it is gone. An account that
//! is over its quota hears AWS's 429; when the host is full, whoever asks hears 503, as from a Region without capacity.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::{Account, Fault};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::admit;

/// What an operator has set; `None` is no quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    pub environments_per_account: Option<u64>,
    pub memory_mb_per_account: Option<u64>,
    /// Of all accounts together.
    pub memory_mb: Option<u64>,
}

/// Which quota would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Account,
    Host,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    environments: u64,
    memory_mb: u64,
    /// Those of them that are being destroyed.
    leaving: u64,
}

/// Who holds what. Pure: neither waits nor locks.
#[derive(Debug, Default)]
struct Book {
    quotas: Quotas,
    accounts: HashMap<Account, Share>,
    all: Share,
}

impl Book {
    /// The account first: what it has too much of is no matter of the host's.
    fn take(&mut self, account: &Account, memory_mb: u64) -> Result<(), Over> {
        let own = self.accounts.get(account).copied().unwrap_or_default();
        let exceeds = |quota: Option<u64>, wanted: u64| quota.is_some_and(|quota| wanted > quota);
        let Quotas { environments_per_account, memory_mb_per_account, memory_mb: of_host } = self.quotas;
        if exceeds(environments_per_account, own.environments + 1)
            || exceeds(memory_mb_per_account, own.memory_mb + memory_mb)
        {
            return Err(Over::Account);
        }
        if exceeds(of_host, self.all.memory_mb + memory_mb) {
            return Err(Over::Host);
        }
        for share in [self.accounts.entry(account.clone()).or_default(), &mut self.all] {
            share.environments += 1;
            share.memory_mb += memory_mb;
        }
        Ok(())
    }

    fn leave(&mut self, account: &Account) {
        for share in [self.accounts.entry(account.clone()).or_default(), &mut self.all] {
            share.leaving += 1;
        }
    }

    fn give_back(&mut self, account: &Account, memory_mb: u64, has_left: bool) {
        for share in [self.accounts.entry(account.clone()).or_default(), &mut self.all] {
            share.environments -= 1;
            share.memory_mb -= memory_mb;
            share.leaving -= u64::from(has_left);
        }
        self.accounts.retain(|_, share| share.environments > 0);
    }

    fn is_leaving(&self, over: Over, account: &Account) -> bool {
        let share = match over {
            Over::Account => self.accounts.get(account).copied().unwrap_or_default(),
            Over::Host => self.all,
        };
        share.leaving > 0
    }
}

/// The book, and who waits for a change in it.
#[derive(Debug)]
pub(crate) struct Shares {
    book: Mutex<Book>,
    freed: Notify,
}

impl Shares {
    pub(crate) fn new(quotas: Quotas) -> Arc<Self> {
        Arc::new(Self { book: Mutex::new(Book { quotas, ..Book::default() }), freed: Notify::new() })
    }

    pub(crate) fn hold(self: &Arc<Self>, account: &Account, memory_mb: u32) -> Result<Held, Over> {
        let memory_mb = u64::from(memory_mb);
        self.book.lock().take(account, memory_mb)?;
        Ok(Held { shares: self.clone(), account: account.clone(), memory_mb, is_leaving: AtomicBool::new(false) })
    }

    /// Whether room comes by itself, since something is being destroyed.
    pub(crate) fn room_comes(&self, over: Over, account: &Account) -> bool {
        self.book.lock().is_leaving(over, account)
    }

    /// Resolves when something is given back after this call.
    pub(crate) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }
}

/// One environment's share; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    shares: Arc<Shares>,
    account: Account,
    memory_mb: u64,
    is_leaving: AtomicBool,
}

impl Held {
    /// Its environment is about to be destroyed.
    pub(crate) fn leaves(&self) {
        if !self.is_leaving.swap(true, Ordering::Relaxed) {
            self.shares.book.lock().leave(&self.account);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let has_left = *self.is_leaving.get_mut();
        self.shares.book.lock().give_back(&self.account, self.memory_mb, has_left);
        self.shares.freed.notify_waiters();
    }
}

impl From<Over> for Fault {
    fn from(over: Over) -> Self {
        match over {
            Over::Account => admit::throttled("ConcurrentInvocationLimitExceeded")
                .caused_by("the account's quota of environments or of their memory"),
            Over::Host => {
                Self::unavailable("the environments of this host have all the memory that --memory gives them")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens: an account wants an environment of some memory, or the n-th that lives begins to leave, or is gone.
    #[derive(Clone, Debug)]
    enum Deed {
        Hold(u8, u32),
        Leave(usize),
        Drop(usize),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            3 => (0u8..3, 128u32..1_024).prop_map(|(account, memory)| Deed::Hold(account, memory)),
            1 => (0usize..20).prop_map(Deed::Leave),
            1 => (0usize..20).prop_map(Deed::Drop),
        ];
        proptest::collection::vec(deed, 0..60)
    }

    fn quotas() -> impl Strategy<Value = Quotas> {
        let quota = |most: u64| proptest::option::of(0..most);
        (quota(8), quota(4_096), quota(8_192)).prop_map(
            |(environments_per_account, memory_mb_per_account, memory_mb)| Quotas {
                environments_per_account,
                memory_mb_per_account,
                memory_mb,
            },
        )
    }

    fn account(number: u8) -> Account {
        Account::parse(&format!("{number:012}")).expect("twelve digits")
    }

    /// What would be held with one more, by counting.
    fn sums(held: &[Held], of: Option<&Account>) -> (u64, u64) {
        let own = held.iter().filter(|held| of.is_none_or(|account| held.account == *account));
        own.fold((0, 0), |(count, memory), held| (count + 1, memory + held.memory_mb))
    }

    proptest! {
        #[test]
        fn exactly_what_fits_is_given(quotas in quotas(), deeds in deeds()) {
            let shares = Shares::new(quotas);
            let mut held: Vec<Held> = Vec::new();
            let within = |quota: Option<u64>, wanted: u64| quota.is_none_or(|quota| wanted <= quota);
            for deed in deeds {
                match deed {
                    Deed::Hold(number, memory) => {
                        let account = account(number);
                        let (count, own) = sums(&held, Some(&account));
                        let (_, all) = sums(&held, None);
                        let memory_mb = u64::from(memory);
                        let expected = if !within(quotas.environments_per_account, count + 1)
                            || !within(quotas.memory_mb_per_account, own + memory_mb) {
                            Some(Over::Account)
                        } else if !within(quotas.memory_mb, all + memory_mb) {
                            Some(Over::Host)
                        } else {
                            None
                        };
                        let taken = shares.hold(&account, memory);
                        prop_assert_eq!(taken.as_ref().err().copied(), expected);
                        held.extend(taken.ok());
                    }
                    Deed::Leave(at) if at < held.len() => held[at].leaves(),
                    Deed::Drop(at) if at < held.len() => drop(held.remove(at)),
                    Deed::Leave(_) | Deed::Drop(_) => {}
                }
                let leaving = held.iter().any(|held| held.is_leaving.load(Ordering::Relaxed));
                prop_assert_eq!(shares.room_comes(Over::Host, &account(0)), leaving);
            }
            held.clear();
            let book = shares.book.lock();
            prop_assert_eq!(book.all, Share::default());
            prop_assert!(book.accounts.is_empty(), "what has nothing is not remembered");
        }
    }

    #[test]
    fn the_account_hears_429_and_the_full_host_503() {
        let throttled = Fault::from(Over::Account);
        assert_eq!(
            (throttled.code.as_ref(), throttled.message.as_str()),
            ("TooManyRequestsException", "Rate Exceeded.")
        );
        assert_eq!(Fault::from(Over::Host).code, Fault::UNAVAILABLE);
    }
}
