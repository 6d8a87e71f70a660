//! The step `admit`: may one more event run now. What is over the limit hears 429.
//!
//! Concurrency is an account's in a region. A function that has reserved some of it runs so many events at once, of all
//! its versions together, and no more; the others share what is left. Source: oracle 3.2.

use std::collections::HashMap;
use std::sync::Arc;

use base::{Fault, Scope};
use parking_lot::Mutex;

/// Counts the running events of each function. Clones are the same books.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    /// Events that run at once in a scope.
    limit: i32,
    scopes: Arc<Mutex<HashMap<Scope, Books>>>,
}

/// One scope. Functions that neither run nor reserve are in neither map.
#[derive(Debug, Default)]
struct Books {
    running: HashMap<String, i32>,
    reserved: HashMap<String, i32>,
    /// Running events of the functions that reserve nothing.
    shared: i32,
    /// The sum of what is reserved.
    taken: i32,
}

/// The right to run one event, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Admission,
    scope: Scope,
    function: String,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.admission.with(&self.scope, |books| books.end(&self.function));
    }
}

impl Admission {
    pub(crate) fn new(limit: i32) -> Self {
        Self { limit, scopes: Arc::default() }
    }

    pub(crate) fn admit(&self, scope: &Scope, function: &str) -> Result<Admitted, Fault> {
        self.with(scope, |books| books.begin(function, self.limit))?;
        Ok(Admitted { admission: self.clone(), scope: scope.clone(), function: function.to_owned() })
    }

    /// From now on the function has so much for itself, or shares with the others. Events that run go on, and count
    /// where they stand now. `reserved` is asked with the books in hand: who comes last has asked last.
    pub(crate) fn reserve(&self, scope: &Scope, function: &str, reserved: impl FnOnce() -> Option<i32>) {
        self.with(scope, |books| books.reserve(function, reserved()));
    }

    fn with<T>(&self, scope: &Scope, act: impl FnOnce(&mut Books) -> T) -> T {
        let mut scopes = self.scopes.lock();
        let books = scopes.entry(scope.clone()).or_default();
        let done = act(books);
        if books.running.is_empty() && books.reserved.is_empty() {
            scopes.remove(scope);
        }
        done
    }
}

impl Books {
    fn begin(&mut self, function: &str, limit: i32) -> Result<(), Fault> {
        let running = self.running.get(function).copied().unwrap_or(0);
        match self.reserved.get(function) {
            Some(reserved) if running >= *reserved => {
                return Err(throttled("ReservedFunctionConcurrentInvocationLimitExceeded"));
            }
            Some(_) => {}
            None if self.shared >= limit.saturating_sub(self.taken) => {
                return Err(throttled("ConcurrentInvocationLimitExceeded"));
            }
            None => self.shared += 1,
        }
        self.running.insert(function.to_owned(), running + 1);
        Ok(())
    }

    fn end(&mut self, function: &str) {
        if let Some(running) = self.running.get_mut(function) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(function);
            }
        }
        if !self.reserved.contains_key(function) {
            self.shared -= 1;
        }
    }

    fn reserve(&mut self, function: &str, reserved: Option<i32>) {
        let running = self.running.get(function).copied().unwrap_or(0);
        let before = match reserved {
            Some(number) => self.reserved.insert(function.to_owned(), number),
            None => self.reserved.remove(function),
        };
        self.taken = self.taken.saturating_sub(before.unwrap_or(0)).saturating_add(reserved.unwrap_or(0));
        match (before, reserved) {
            (None, Some(_)) => self.shared -= running,
            (Some(_), None) => self.shared += running,
            _ => {}
        }
    }
}

/// AWS's body and header, exactly: the oracle's sections 1.5 and 3.2.
pub(crate) fn throttled(reason: &'static str) -> Fault {
    Fault::new("TooManyRequestsException", "Rate Exceeded.").with("Reason", reason).with("Retry-After", "1")
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};
    use proptest::prelude::*;

    use super::*;

    fn scope() -> Scope {
        Scope::new(Account::default_account(), Region::new("us-east-1"))
    }

    fn reason(refused: Result<Admitted, Fault>) -> String {
        let fault = refused.expect_err("it is full");
        assert_eq!((fault.code.as_ref(), fault.message.as_str()), ("TooManyRequestsException", "Rate Exceeded."));
        format!("{fault:?}")
    }

    #[test]
    fn an_account_runs_no_more_than_its_limit() {
        let admission = Admission::new(2);
        let first = admission.admit(&scope(), "a").expect("room");
        let _second = admission.admit(&scope(), "b").expect("room");
        assert!(reason(admission.admit(&scope(), "a")).contains("\"ConcurrentInvocationLimitExceeded\""));
        let elsewhere = Scope::new(Account::default_account(), Region::new("eu-west-1"));
        assert!(admission.admit(&elsewhere, "a").is_ok(), "each region has its own");
        drop(first);
        assert!(admission.admit(&scope(), "a").is_ok());
    }

    #[test]
    fn what_is_reserved_is_the_functions_alone() {
        let admission = Admission::new(3);
        admission.reserve(&scope(), "a", || Some(2));
        let _b = admission.admit(&scope(), "b").expect("one is left to share");
        assert!(reason(admission.admit(&scope(), "b")).contains("\"ConcurrentInvocationLimitExceeded\""));
        let _a: Vec<_> = (0..2).map(|_| admission.admit(&scope(), "a").expect("reserved")).collect();
        let full = "\"ReservedFunctionConcurrentInvocationLimitExceeded\"";
        assert!(reason(admission.admit(&scope(), "a")).contains(full));
        admission.reserve(&scope(), "a", || Some(0));
        assert!(reason(admission.admit(&scope(), "a")).contains(full), "zero switches it off");
    }

    #[derive(Clone, Debug)]
    enum Act {
        Admit(usize),
        End(usize),
        Reserve(usize, Option<i32>),
    }

    const NAMES: [&str; 3] = ["a", "b", "c"];
    const LIMIT: i32 = 6;

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            3 => (0..NAMES.len()).prop_map(Act::Admit),
            2 => (0..64_usize).prop_map(Act::End),
            1 => (0..NAMES.len(), proptest::option::of(0..4)).prop_map(|(name, number)| Act::Reserve(name, number)),
        ]
    }

    /// What may run, told from the running events themselves.
    #[derive(Default)]
    struct Model {
        running: Vec<(usize, Admitted)>,
        reserved: HashMap<usize, i32>,
    }

    impl Model {
        fn count(&self, counts: impl Fn(usize) -> bool) -> i32 {
            self.running.iter().filter(|(name, _)| counts(*name)).count() as i32
        }

        fn has_room(&self, name: usize) -> bool {
            match self.reserved.get(&name) {
                Some(number) => self.count(|other| other == name) < *number,
                None => {
                    let left = LIMIT - self.reserved.values().sum::<i32>();
                    self.count(|other| !self.reserved.contains_key(&other)) < left
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_books_agree_with_what_runs(acts in proptest::collection::vec(act(), 0..80)) {
            let admission = Admission::new(LIMIT);
            let mut model = Model::default();
            for act in acts {
                match act {
                    Act::Admit(name) => {
                        let admitted = admission.admit(&scope(), NAMES[name]);
                        prop_assert_eq!(admitted.is_ok(), model.has_room(name));
                        model.running.extend(admitted.ok().map(|admitted| (name, admitted)));
                    }
                    Act::End(at) if !model.running.is_empty() => {
                        let at = at % model.running.len();
                        drop(model.running.remove(at));
                    }
                    Act::End(_) => {}
                    Act::Reserve(name, number) => {
                        admission.reserve(&scope(), NAMES[name], || number);
                        match number {
                            Some(number) => model.reserved.insert(name, number),
                            None => model.reserved.remove(&name),
                        };
                    }
                }
            }
            model.running.clear();
            NAMES.iter().for_each(|name| admission.reserve(&scope(), name, || None));
            prop_assert!(admission.scopes.lock().is_empty(), "nothing is kept of what is over");
        }
    }
}
