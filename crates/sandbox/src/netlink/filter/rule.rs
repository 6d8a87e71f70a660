//! One rule: conditions, and what happens to a packet that meets all of them. Each names its words in `nft`'s language.

use std::net::Ipv4Addr;

use crate::Cidr;
use crate::netlink::message::Message;

/// The first register of 16 bytes; every condition loads it anew.
const REGISTER: u32 = 1;
/// The two registers of 4 bytes that it begins with.
const FIRST_WORD: u32 = 8;
const SECOND_WORD: u32 = 9;
const VERDICT_REGISTER: u32 = 0;
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
const SOURCE: u32 = 12;
const DESTINATION: u32 = 16;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    Drop,
    Accept,
    /// `reject with icmp admin-prohibited`: whoever sent it hears at once that there is no way.
    Reject,
    /// `masquerade`.
    Masquerade,
}

/// An expression: its name, and what is in it.
#[derive(Clone, Debug)]
struct Expression {
    name: &'static str,
    /// Attributes, in order.
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Number(u16, u32),
    Long(u16, u64),
    Byte(u16, u8),
    Text(u16, &'static str),
    /// `NFTA_DATA_VALUE`.
    Value(u16, Vec<u8>),
    /// `NFTA_DATA_VERDICT`.
    Code(u16, u32),
    Expression(u16, Expression),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rule(Vec<Expression>);

impl Rule {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// `iifname NAME`: it comes in by that link. A name that ends with `*` stands for all that begin so.
    pub(crate) fn entering(self, name: &str) -> Self {
        self.link(6, name, EQUAL)
    }

    pub(crate) fn not_entering(self, name: &str) -> Self {
        self.link(6, name, NOT_EQUAL)
    }

    /// `oifname NAME`: it goes out by that link.
    pub(crate) fn leaving(self, name: &str) -> Self {
        self.link(7, name, EQUAL)
    }

    pub(crate) fn not_leaving(self, name: &str) -> Self {
        self.link(7, name, NOT_EQUAL)
    }

    fn link(self, key: u32, name: &str, operator: u32) -> Self {
        const NAME_BYTES: usize = 16;
        let mut bytes = name.trim_end_matches('*').as_bytes().to_vec();
        if !name.ends_with('*') {
            bytes.resize(NAME_BYTES, 0);
        }
        self.meta(key, REGISTER).compare(operator, bytes)
    }

    /// `ip saddr BLOCK`.
    pub(crate) fn source(self, block: Cidr) -> Self {
        self.address(SOURCE, REGISTER).within(block, EQUAL)
    }

    pub(crate) fn other_source(self, block: Cidr) -> Self {
        self.address(SOURCE, REGISTER).within(block, NOT_EQUAL)
    }

    /// `ip daddr BLOCK`.
    pub(crate) fn destination(self, block: Cidr) -> Self {
        self.address(DESTINATION, REGISTER).within(block, EQUAL)
    }

    /// `meta l4proto PROTOCOL th dport PORT`.
    pub(crate) fn port(self, protocol: u8, port: u16) -> Self {
        const TRANSPORT: u32 = 2;
        let port_of = self.meta(16, REGISTER).compare(EQUAL, vec![protocol]).payload(TRANSPORT, 2, 2, REGISTER);
        port_of.compare(EQUAL, port.to_be_bytes().to_vec())
    }

    /// `ct state established,related`.
    pub(crate) fn known(self) -> Self {
        self.state(NOT_EQUAL)
    }

    pub(crate) fn unknown(self) -> Self {
        self.state(EQUAL)
    }

    fn state(self, operator_against_zero: u32) -> Self {
        const ESTABLISHED: u32 = 2;
        const RELATED: u32 = 4;
        let loaded = self.with("ct", vec![Part::Number(1, REGISTER), Part::Number(2, 0)]);
        loaded.masked((ESTABLISHED | RELATED).to_ne_bytes().to_vec()).compare(operator_against_zero, vec![0; 4])
    }

    /// `fib daddr type != unicast`: to one of the machine's own addresses, or to many.
    pub(crate) fn not_to_another_machine(self) -> Self {
        const UNICAST: u32 = 1;
        const ADDRESS_TYPE: u32 = 3;
        const OF_DESTINATION: u32 = 2;
        let parts = vec![Part::Number(1, REGISTER), Part::Number(2, ADDRESS_TYPE), Part::Number(3, OF_DESTINATION)];
        self.with("fib", parts).compare(NOT_EQUAL, UNICAST.to_ne_bytes().to_vec())
    }

    /// `add @SET { ip saddr ct count over COUNT }`.
    pub(crate) fn has_more_flows_than(self, count: u32, set: &'static str) -> Self {
        const ADD: u32 = 0;
        const OVER: u32 = 1;
        let counter = Expression { name: "connlimit", parts: vec![Part::Number(1, count), Part::Number(2, OVER)] };
        self.address(SOURCE, REGISTER).each(set, ADD, counter)
    }

    /// `update @SET { ip saddr limit rate over RATE bytes/second burst BURST bytes }`.
    pub(crate) fn sends_faster_than(self, bytes_per_second: u64, set: &'static str) -> Self {
        self.address(SOURCE, REGISTER).faster(bytes_per_second, set)
    }

    /// The same of `ip daddr`.
    pub(crate) fn receives_faster_than(self, bytes_per_second: u64, set: &'static str) -> Self {
        self.address(DESTINATION, REGISTER).faster(bytes_per_second, set)
    }

    fn faster(self, bytes_per_second: u64, set: &'static str) -> Self {
        const UPDATE: u32 = 1;
        const OF_BYTES: u32 = 1;
        const OVER: u32 = 1;
        /// So much may come in one go, as a part of a second's amount, and never less than a few large packets.
        const BURST_PART: u64 = 4;
        const LEAST_BURST: u64 = 64 * 1024;
        let burst = (bytes_per_second / BURST_PART).max(LEAST_BURST);
        let burst = u32::try_from(burst).unwrap_or(u32::MAX);
        let parts = vec![
            Part::Long(1, bytes_per_second),
            Part::Long(2, 1),
            Part::Number(3, burst),
            Part::Number(4, OF_BYTES),
            Part::Number(5, OVER),
        ];
        self.each(set, UPDATE, Expression { name: "limit", parts })
    }

    /// An expression for each address, which is in the register.
    fn each(self, set: &'static str, operation: u32, expression: Expression) -> Self {
        self.with(
            "dynset",
            vec![
                Part::Text(1, set),
                Part::Number(3, operation),
                Part::Number(4, REGISTER),
                Part::Expression(7, expression),
            ],
        )
    }

    /// `ip daddr . meta skuid != @SET`.
    pub(crate) fn no_pair_of(self, set: &'static str) -> Self {
        const USER: u32 = 10;
        const INVERTED: u32 = 1;
        let loaded = self.address(DESTINATION, FIRST_WORD).meta(USER, SECOND_WORD);
        loaded.with("lookup", vec![Part::Text(1, set), Part::Number(2, REGISTER), Part::Number(5, INVERTED)])
    }

    /// The rule's end.
    pub(crate) fn then(self, verdict: Verdict) -> Self {
        const ADMINISTRATIVELY_PROHIBITED: u8 = 13;
        let code = |code| vec![Part::Number(1, VERDICT_REGISTER), Part::Code(2, code)];
        match verdict {
            Verdict::Drop => self.with("immediate", code(0)),
            Verdict::Accept => self.with("immediate", code(1)),
            Verdict::Reject => {
                self.with("reject", vec![Part::Number(1, 0), Part::Byte(2, ADMINISTRATIVELY_PROHIBITED)])
            }
            Verdict::Masquerade => self.with("masq", Vec::new()),
        }
    }

    fn meta(self, key: u32, register: u32) -> Self {
        self.with("meta", vec![Part::Number(2, key), Part::Number(1, register)])
    }

    fn address(self, offset: u32, register: u32) -> Self {
        const NETWORK: u32 = 1;
        self.payload(NETWORK, offset, 4, register)
    }

    fn payload(self, base: u32, offset: u32, bytes: u32, register: u32) -> Self {
        let parts =
            vec![Part::Number(1, register), Part::Number(2, base), Part::Number(3, offset), Part::Number(4, bytes)];
        self.with("payload", parts)
    }

    fn within(self, block: Cidr, operator: u32) -> Self {
        let bytes = |address: Ipv4Addr| address.octets().to_vec();
        self.masked(bytes(block.mask())).compare(operator, bytes(block.address()))
    }

    fn masked(self, mask: Vec<u8>) -> Self {
        let bytes = mask.len();
        let parts = vec![
            Part::Number(1, REGISTER),
            Part::Number(2, REGISTER),
            Part::Number(3, bytes as u32),
            Part::Value(4, mask),
            Part::Value(5, vec![0; bytes]),
        ];
        self.with("bitwise", parts)
    }

    fn compare(self, operator: u32, with: Vec<u8>) -> Self {
        self.with("cmp", vec![Part::Number(1, REGISTER), Part::Number(2, operator), Part::Value(3, with)])
    }

    fn with(mut self, name: &'static str, parts: Vec<Part>) -> Self {
        self.0.push(Expression { name, parts });
        self
    }

    pub(super) fn write(&self, list: Message) -> Message {
        const ELEMENT: u16 = 1;
        self.0.iter().fold(list, |list, expression| list.nest(ELEMENT, |element| expression.write(element)))
    }
}

impl Expression {
    fn write(&self, message: Message) -> Message {
        const NAME: u16 = 1;
        const DATA: u16 = 2;
        message.string(NAME, self.name).nest(DATA, |data| self.parts.iter().fold(data, |data, part| part.write(data)))
    }
}

impl Part {
    fn write(&self, message: Message) -> Message {
        const VALUE: u16 = 1;
        const VERDICT: u16 = 2;
        const VERDICT_CODE: u16 = 1;
        match self {
            Self::Number(kind, number) => message.big_endian(*kind, *number),
            Self::Long(kind, number) => message.put(*kind, &number.to_be_bytes()),
            Self::Byte(kind, byte) => message.put(*kind, &[*byte]),
            Self::Text(kind, text) => message.string(*kind, text),
            Self::Value(kind, bytes) => message.nest(*kind, |data| data.put(VALUE, bytes)),
            Self::Code(kind, code) => {
                message.nest(*kind, |data| data.nest(VERDICT, |verdict| verdict.big_endian(VERDICT_CODE, *code)))
            }
            Self::Expression(kind, expression) => message.nest(*kind, |nest| expression.write(nest)),
        }
    }
}
