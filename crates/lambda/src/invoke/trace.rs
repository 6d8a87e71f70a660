//! The trace of an invocation: the header that goes into the function and back to the caller.
//!
//! Who decides whether it is sampled: the caller's header where it says so; else, for a function whose tracing is
//! Active, the first event of each second and one in twenty of the others, as X-Ray's own default has it (counted on
//! this node, all functions together); nobody else is sampled. A function that is traced gets a segment of its own
//! (`Parent`); one that passes traces through gets the caller's header as it is.

use base::limits::lambda::TRACE_HEADER_BYTES;
use base::{Clock, Random};
use parking_lot::Mutex;

/// One in so many, beyond the first of a second.
const ONE_IN: u64 = 20;

#[derive(Debug)]
pub(crate) struct Tracer {
    clock: Clock,
    random: Random,
    /// The last second with a sampled event.
    last: Mutex<i64>,
}

impl Tracer {
    pub(crate) fn new(clock: Clock, random: Random) -> Self {
        Self { clock, random, last: Mutex::new(0) }
    }

    /// `given` is the caller's header.
    pub(crate) fn header(&self, given: Option<&str>, is_traced: bool) -> String {
        let given = given.filter(|given| given.len() <= TRACE_HEADER_BYTES);
        let part =
            |name: &str| given.and_then(|given| given.split(';').find_map(|part| part.trim().strip_prefix(name)));
        if let Some(given) = given.filter(|_| !is_traced) {
            return given.to_owned();
        }
        let root = part("Root=").map_or_else(|| self.root(), str::to_owned);
        let sampled = match part("Sampled=") {
            Some("0") => false,
            Some("1") => true,
            _ => is_traced && self.is_chosen(),
        };
        let (parent, sampled) = (self.random.hex(16), u8::from(sampled));
        format!("Root={root};Parent={parent};Sampled={sampled}")
    }

    fn root(&self) -> String {
        format!("1-{:08x}-{}", self.clock.now().as_second(), self.random.hex(24))
    }

    fn is_chosen(&self) -> bool {
        let second = self.clock.now().as_second();
        let first = std::mem::replace(&mut *self.last.lock(), second) != second;
        first || self.random.below(ONE_IN) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    fn tracer() -> Tracer {
        Tracer::new(Clock::wall(), Random::seeded(7))
    }

    #[test]
    fn a_header_is_passed_through_where_nobody_traces() {
        assert_eq!(tracer().header(Some(GIVEN), false), GIVEN);
        for none in [None, Some("x".repeat(TRACE_HEADER_BYTES + 1))] {
            let made = tracer().header(none.as_deref(), false);
            assert!(made.starts_with("Root=1-") && made.ends_with(";Sampled=0"), "{made}");
        }
    }

    #[test]
    fn a_traced_function_has_a_segment_of_its_own_in_the_callers_trace() {
        let made = tracer().header(Some(GIVEN), true);
        assert!(made.starts_with("Root=1-5759e988-bd862e3fe1be46a994272793;Parent="), "{made}");
        assert!(made.ends_with(";Sampled=1") && !made.contains("53995c3f42cd8ad8"), "{made}");
        assert!(tracer().header(Some("Root=1-1-2;Sampled=0"), true).ends_with(";Sampled=0"));
    }

    #[test]
    fn the_first_of_a_second_and_some_others_are_sampled() {
        let tracer = tracer();
        let sampled = (0..400).filter(|_| tracer.header(None, true).ends_with(";Sampled=1")).count();
        assert!((5..60).contains(&sampled), "{sampled}");
    }
}
