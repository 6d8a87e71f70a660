//! Makes the kernel's filter (classic BPF) of the table.
//!
//! Ours, since the crates that do this know one answer per filter and no newest number: two filters would double what a
//! start and each call cost. The shape: is this our processor; is the number known; then for each rule "is it this
//! call", its tests, its answer. A jump counts the instructions that it skips.

use std::sync::LazyLock;

use super::table::{NEWEST, RULES};
use super::{Rule, Test};
use crate::sys::SockFilter;

// Offsets in `struct seccomp_data`; both processors have the lower half of an argument first.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_GREATER: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
const IF_BITS: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

#[cfg(target_arch = "x86_64")]
const OUR_ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const OUR_ARCHITECTURE: u32 = 0xC000_00B7;

/// The filter of the table.
pub(crate) fn program() -> &'static [SockFilter] {
    static PROGRAM: LazyLock<Vec<SockFilter>> = LazyLock::new(|| compile(RULES));
    &PROGRAM
}

fn compile(rules: &[Rule]) -> Vec<SockFilter> {
    let mut out = vec![
        load(ARCHITECTURE),
        branch(IF_EQUAL, OUR_ARCHITECTURE, 1, 0),
        // Another processor's calls have other numbers: none of the rules would mean what it says.
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        // Also what x32 programs call: their numbers have a high bit.
        branch(IF_GREATER, NEWEST, 0, 1),
        answer(libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
    ];
    for rule in rules {
        out.extend(block(rule));
    }
    out.push(answer(libc::SECCOMP_RET_ALLOW));
    out
}

/// Falls out at its end, with the number loaded again, if the rule does not apply.
fn block(rule: &Rule) -> Vec<SockFilter> {
    let refusal = answer(libc::SECCOMP_RET_ERRNO | rule.errno as u32);
    let call = rule.call as u32;
    if rule.when.is_empty() {
        return vec![branch(IF_EQUAL, call, 0, 1), refusal];
    }
    let mut body = vec![refusal];
    for test in rule.when.iter().rev() {
        let mut longer = tested(*test, body.len());
        longer.append(&mut body);
        body = longer;
    }
    let skip = u8::try_from(body.len() + 1).expect("a rule has fewer than 250 instructions");
    let mut out = vec![branch(IF_EQUAL, call, 0, skip)];
    out.append(&mut body);
    out.push(load(NUMBER));
    out
}

/// Goes on to the `rest` instructions that follow if the test holds, else past them.
fn tested(test: Test, rest: usize) -> Vec<SockFilter> {
    let past = rest as u32;
    match test {
        Test::AnyBit { argument, mask } => {
            vec![load_argument(argument), branch(IF_BITS, mask, 1, 0), jump(past)]
        }
        Test::Masked { argument, mask, value } => {
            let and = SockFilter { code: AND, jt: 0, jf: 0, k: mask };
            vec![load_argument(argument), and, branch(IF_EQUAL, value, 1, 0), jump(past)]
        }
        Test::OneOf { argument, values } => {
            let mut out = vec![load_argument(argument)];
            out.extend(any_of(values));
            out.push(jump(past));
            out
        }
        Test::NoneOf { argument, values } => {
            let mut out = vec![load_argument(argument)];
            out.extend(any_of(values));
            out.extend([jump(1), jump(past)]);
            out
        }
    }
}

/// Skips one instruction after the last comparison if any value is equal.
fn any_of(values: &'static [u32]) -> impl Iterator<Item = SockFilter> {
    let count = values.len();
    values.iter().enumerate().map(move |(index, value)| branch(IF_EQUAL, *value, (count - index) as u8, 0))
}

fn load(offset: u32) -> SockFilter {
    SockFilter { code: LOAD, jt: 0, jf: 0, k: offset }
}

fn load_argument(argument: u8) -> SockFilter {
    load(ARGUMENTS + 8 * u32::from(argument))
}

fn branch(code: u16, value: u32, yes: u8, no: u8) -> SockFilter {
    SockFilter { code, jt: yes, jf: no, k: value }
}

fn jump(skip: u32) -> SockFilter {
    SockFilter { code: JUMP, jt: 0, jf: 0, k: skip }
}

fn answer(value: u32) -> SockFilter {
    SockFilter { code: RETURN, jt: 0, jf: 0, k: value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the kernel runs it.
    fn run(program: &[SockFilter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let now = &program[at];
            at += 1;
            let hop = |yes: bool| usize::from(if yes { now.jt } else { now.jf });
            match now.code {
                LOAD => {
                    accumulator = match now.k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        k => arguments[((k - ARGUMENTS) / 8) as usize] as u32,
                    };
                }
                AND => accumulator &= now.k,
                JUMP => at += now.k as usize,
                IF_EQUAL => at += hop(accumulator == now.k),
                IF_GREATER => at += hop(accumulator > now.k),
                IF_BITS => at += hop(accumulator & now.k != 0),
                RETURN => return now.k,
                code => panic!("unknown instruction {code}"),
            }
        }
    }

    fn holds(test: &Test, arguments: &[u64; 6]) -> bool {
        let low = |argument: u8| arguments[usize::from(argument)] as u32;
        match *test {
            Test::AnyBit { argument, mask } => low(argument) & mask != 0,
            Test::Masked { argument, mask, value } => low(argument) & mask == value,
            Test::OneOf { argument, values } => values.contains(&low(argument)),
            Test::NoneOf { argument, values } => !values.contains(&low(argument)),
        }
    }

    fn expected(number: u32, arguments: &[u64; 6]) -> u32 {
        if number > NEWEST {
            return libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
        }
        let applies = |rule: &&Rule| rule.call as u32 == number && rule.when.iter().all(|test| holds(test, arguments));
        match RULES.iter().find(applies) {
            Some(rule) => libc::SECCOMP_RET_ERRNO | rule.errno as u32,
            None => libc::SECCOMP_RET_ALLOW,
        }
    }

    proptest! {
        #[test]
        fn the_filter_says_what_the_table_says(number in 0u32..480, words in proptest::array::uniform6(0u64..50)) {
            prop_assert_eq!(run(program(), OUR_ARCHITECTURE, number, words), expected(number, &words));
        }

        #[test]
        fn every_rule_with_tests_is_met_both_ways(words in proptest::array::uniform6(any::<u64>()), small: bool) {
            let words = if small { words.map(|word| word % 20) } else { words };
            for rule in RULES.iter().filter(|rule| !rule.when.is_empty()) {
                let number = rule.call as u32;
                prop_assert_eq!(run(program(), OUR_ARCHITECTURE, number, words), expected(number, &words));
            }
        }
    }

    #[test]
    fn another_processor_is_killed() {
        assert_eq!(run(program(), 0x4000_0003, 0, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
    }

    #[test]
    fn x32_does_not_exist() {
        let mount = 0x4000_0000 | libc::SYS_mount as u32;
        assert_eq!(run(program(), OUR_ARCHITECTURE, mount, [0; 6]), libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32);
    }

    #[test]
    fn the_rules_that_matter_hold() {
        let refused = |call: libc::c_long, arguments: [u64; 6]| {
            run(program(), OUR_ARCHITECTURE, call as u32, arguments) != libc::SECCOMP_RET_ALLOW
        };
        assert!(refused(libc::SYS_mount, [0; 6]));
        assert!(refused(libc::SYS_clone, [libc::CLONE_NEWUSER as u64, 0, 0, 0, 0, 0]));
        assert!(!refused(libc::SYS_clone, [libc::CLONE_VM as u64, 0, 0, 0, 0, 0]));
        assert!(refused(libc::SYS_socket, [libc::AF_PACKET as u64, 3, 0, 0, 0, 0]));
        assert!(refused(libc::SYS_socket, [libc::AF_INET as u64, libc::SOCK_RAW as u64, 1, 0, 0, 0]));
        let raw_closing = (libc::SOCK_RAW | libc::SOCK_CLOEXEC) as u64;
        assert!(refused(libc::SYS_socket, [libc::AF_INET as u64, raw_closing, 1, 0, 0, 0]));
        assert!(!refused(libc::SYS_socket, [libc::AF_INET as u64, libc::SOCK_STREAM as u64, 0, 0, 0, 0]));
        assert!(!refused(libc::SYS_socket, [libc::AF_NETLINK as u64, libc::SOCK_RAW as u64, 0, 0, 0, 0]));
        assert!(refused(libc::SYS_socket, [libc::AF_NETLINK as u64, libc::SOCK_RAW as u64, 12, 0, 0, 0]));
        assert!(!refused(libc::SYS_read, [0; 6]));
    }

    /// Arguments for which a rule with these tests applies, as few of them set as may be.
    fn meeting(tests: &[Test]) -> [u64; 6] {
        let mut arguments = [0; 6];
        for test in tests {
            let (argument, value) = match *test {
                Test::AnyBit { argument, mask } => (argument, 1 << mask.trailing_zeros()),
                Test::Masked { argument, value, .. } => (argument, value),
                Test::OneOf { argument, values } => (argument, values[0]),
                Test::NoneOf { argument, values } => {
                    (argument, (0..).find(|value| !values.contains(value)).expect("a list is shorter than all numbers"))
                }
            };
            arguments[usize::from(argument)] |= u64::from(value);
        }
        assert!(tests.iter().all(|test| holds(test, &arguments)), "{tests:?}: {arguments:?}");
        arguments
    }

    #[test]
    fn no_rule_is_redundant() {
        for (left_out, rule) in RULES.iter().enumerate() {
            let (before, after) = RULES.split_at(left_out);
            let without = compile(&[before, &after[1..]].concat());
            let allowed = run(&without, OUR_ARCHITECTURE, rule.call as u32, meeting(rule.when));
            assert_eq!(allowed, libc::SECCOMP_RET_ALLOW, "another rule refuses what this one does: {rule:?}");
        }
    }

    #[test]
    fn every_rule_says_why() {
        assert!(RULES.iter().all(|rule| !rule.why.is_empty()));
    }
}
