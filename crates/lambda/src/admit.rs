//! The step `admit`: may one more event run now. Concurrency is counted per account; what is over it hears 429.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use base::{Account, Fault};
use parking_lot::Mutex;

/// Counts the running events of each account.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: i32,
    running: Mutex<HashMap<Account, Arc<AtomicI32>>>,
}

/// The right to run one event, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted(Arc<AtomicI32>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Admission {
    pub(crate) fn new(limit: i32) -> Self {
        Self { limit, running: Mutex::default() }
    }

    pub(crate) fn admit(&self, account: &Account) -> Result<Admitted, Fault> {
        let running = self.running.lock().entry(account.clone()).or_default().clone();
        let admitted = running
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now < self.limit).then_some(now + 1))
            .is_ok();
        if admitted { Ok(Admitted(running)) } else { Err(throttled()) }
    }
}

/// AWS's body, exactly: the oracle's section 3.2.
fn throttled() -> Fault {
    Fault::new("TooManyRequestsException", "Rate Exceeded.").with("Reason", "ConcurrentInvocationLimitExceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_runs_no_more_than_its_limit() {
        let admission = Admission::new(2);
        let account = Account::default_account();
        let first = admission.admit(&account).expect("room");
        let _second = admission.admit(&account).expect("room");
        assert_eq!(admission.admit(&account).expect_err("full").code, "TooManyRequestsException");
        drop(first);
        assert!(admission.admit(&account).is_ok());
    }
}
