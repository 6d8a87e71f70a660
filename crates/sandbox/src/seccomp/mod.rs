//! The system calls that an environment may not make: a table, and what makes the kernel's filter of it.

mod bpf;
mod table;

pub(crate) use bpf::program;

/// One system call that is refused, always or if all of `when` holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) call: i64,
    pub(crate) when: &'static [Test],
    pub(crate) errno: i32,
    /// Why it is refused.
    #[cfg_attr(not(test), expect(dead_code, reason = "said to readers; a test sees that it is said"))]
    pub(crate) why: &'static str,
}

/// A question about one argument. Only its lower 32 bits are looked at: the kernel takes no more of those that we ask
/// about, and ignores the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    AnyBit { argument: u8, mask: u32 },
    OneOf { argument: u8, values: &'static [u32] },
    NoneOf { argument: u8, values: &'static [u32] },
    Masked { argument: u8, mask: u32, value: u32 },
}
