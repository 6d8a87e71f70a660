//! Tables of nftables: how they are made. What stands in ours is in `gateway`.

mod rule;

use std::io;

use super::Socket;
use super::message::{ACKNOWLEDGE, APPEND, CREATE, EXCLUSIVE, Message, attributes};

pub(crate) use rule::{Rule, Verdict};

const SUBSYSTEM: u16 = 10;
const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
const NEW_TABLE: u16 = SUBSYSTEM << 8;
const GET_TABLE: u16 = SUBSYSTEM << 8 | 1;
const NEW_CHAIN: u16 = SUBSYSTEM << 8 | 3;
const NEW_RULE: u16 = SUBSYSTEM << 8 | 6;
const NEW_SET: u16 = SUBSYSTEM << 8 | 9;
const NEW_ELEMENT: u16 = SUBSYSTEM << 8 | 12;
const DELETE_ELEMENT: u16 = SUBSYSTEM << 8 | 14;
/// IPv4 alone.
const INET: u8 = 2;
const FIXED_BYTES: usize = 4;

/// Where in a packet's way a chain looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hook {
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}

/// What a chain does with packets about which no rule decides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy {
    Drop = 0,
    Accept = 1,
}

#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) name: &'static str,
    /// `filter` or `nat`.
    pub(crate) kind: &'static str,
    pub(crate) hook: Hook,
    /// Lower ones see a packet first; 0 is where filters usually are.
    pub(crate) priority: i32,
    pub(crate) policy: Policy,
    pub(crate) rules: Vec<Rule>,
}

/// A set of addresses.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) kind: SetKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetKind {
    /// Rules put addresses in, each with a counter of its own.
    Counting,
    /// The same, and forgets what was not seen for a minute.
    Forgetting,
    /// Pairs of an address and a uid, put in by [`Table::add_pair`].
    Pairs,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) sets: Vec<Set>,
    pub(crate) chains: Vec<Chain>,
}

/// How long a table stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// As long as its network namespace.
    Namespace,
    /// Until the socket is closed by whoever has it. Nobody else can change or flush it until then.
    Socket,
}

impl Table {
    /// All of it or nothing.
    pub(crate) fn install(&self, socket: &Socket, lifetime: Lifetime) -> io::Result<()> {
        socket.tell(batch(self.messages(lifetime)))
    }

    fn messages(&self, lifetime: Lifetime) -> Vec<Message> {
        const NAME: u16 = 1;
        const FLAGS: u16 = 2;
        const OWNED: u32 = 2;
        let flags = if lifetime == Lifetime::Socket { OWNED } else { 0 };
        let table = message(NEW_TABLE, CREATE | EXCLUSIVE).string(NAME, &self.name).big_endian(FLAGS, flags);
        let mut messages = vec![table];
        messages.extend((1..).zip(&self.sets).map(|(id, set)| self.set(set, id)));
        for chain in &self.chains {
            messages.push(self.chain(chain));
            messages.extend(chain.rules.iter().map(|rule| self.rule(chain, rule)));
        }
        messages
    }

    fn chain(&self, chain: &Chain) -> Message {
        const TABLE: u16 = 1;
        const NAME: u16 = 3;
        const HOOK: u16 = 4;
        const HOOK_NUMBER: u16 = 1;
        const HOOK_PRIORITY: u16 = 2;
        const POLICY: u16 = 5;
        const KIND: u16 = 7;
        message(NEW_CHAIN, CREATE | EXCLUSIVE)
            .string(TABLE, &self.name)
            .string(NAME, chain.name)
            .nest(HOOK, |hook| {
                hook.big_endian(HOOK_NUMBER, chain.hook as u32)
                    .big_endian(HOOK_PRIORITY, chain.priority.cast_unsigned())
            })
            .big_endian(POLICY, chain.policy as u32)
            .string(KIND, chain.kind)
    }

    fn rule(&self, chain: &Chain, rule: &Rule) -> Message {
        const TABLE: u16 = 1;
        const CHAIN: u16 = 2;
        const EXPRESSIONS: u16 = 4;
        message(NEW_RULE, CREATE | APPEND)
            .string(TABLE, &self.name)
            .string(CHAIN, chain.name)
            .nest(EXPRESSIONS, |list| rule.write(list))
    }

    fn set(&self, set: &Set, id: u32) -> Message {
        const TABLE: u16 = 1;
        const NAME: u16 = 2;
        const FLAGS: u16 = 3;
        const KEY_KIND: u16 = 4;
        const KEY_BYTES: u16 = 5;
        const DESCRIPTION: u16 = 9;
        const DESCRIBED_SIZE: u16 = 1;
        const ID: u16 = 10;
        const TIMEOUT: u16 = 11;
        const IS_FILLED_BY_RULES: u32 = 0x20;
        const HAS_TIMEOUTS: u32 = 0x10;
        const MINUTE_MS: u64 = 60_000;
        // How the program `nft` shows it: ipv4_addr, and that with a uid behind it.
        let (flags, kind, bytes) = match set.kind {
            SetKind::Counting => (IS_FILLED_BY_RULES, 7, 4),
            SetKind::Forgetting => (IS_FILLED_BY_RULES | HAS_TIMEOUTS, 7, 4),
            SetKind::Pairs => (0, 7 << 6 | 24, 8),
        };
        let made = message(NEW_SET, CREATE | EXCLUSIVE)
            .string(TABLE, &self.name)
            .string(NAME, set.name)
            .big_endian(FLAGS, flags)
            .big_endian(KEY_KIND, kind)
            .big_endian(KEY_BYTES, bytes)
            .big_endian(ID, id)
            .nest(DESCRIPTION, |description| description.big_endian(DESCRIBED_SIZE, 65_536));
        if set.kind == SetKind::Forgetting { made.put(TIMEOUT, &MINUTE_MS.to_be_bytes()) } else { made }
    }
}

/// Puts a pair into a set of such, or takes it out.
pub(crate) fn change_pair(
    socket: &Socket,
    (table, set): (&str, &str),
    (address, uid): (std::net::Ipv4Addr, u32),
    is_added: bool,
) -> io::Result<()> {
    const TABLE: u16 = 1;
    const SET: u16 = 2;
    const ELEMENTS: u16 = 3;
    const ELEMENT: u16 = 1;
    const KEY: u16 = 1;
    const VALUE: u16 = 1;
    let mut pair = address.octets().to_vec();
    pair.extend(uid.to_ne_bytes());
    let kind = if is_added { NEW_ELEMENT } else { DELETE_ELEMENT };
    let changed = message(kind, CREATE)
        .string(TABLE, table)
        .string(SET, set)
        .nest(ELEMENTS, |list| list.nest(ELEMENT, |element| element.nest(KEY, |key| key.put(VALUE, &pair))));
    socket.tell(batch(vec![changed]))
}

/// Empties a chain, for the controls of tests: what its rules refused must then be possible.
#[cfg(test)]
pub(crate) fn empty_chain(socket: &Socket, table: &str, chain: &str) -> io::Result<()> {
    const DELETE_RULE: u16 = SUBSYSTEM << 8 | 8;
    let emptied = message(DELETE_RULE, 0).string(1, table).string(2, chain);
    socket.tell(batch(vec![emptied]))
}

/// Removes a table, for the same; all of them if it has no name.
#[cfg(test)]
pub(crate) fn remove_table(socket: &Socket, table: &str) -> io::Result<()> {
    const DELETE_TABLE: u16 = SUBSYSTEM << 8 | 2;
    let removed = message(DELETE_TABLE, 0);
    socket.tell(batch(vec![if table.is_empty() { removed } else { removed.string(1, table) }]))
}

/// The names of all tables of the namespace.
pub(crate) fn tables(socket: &Socket) -> io::Result<Vec<String>> {
    const NAME: u16 = 1;
    let read = |body: &[u8]| {
        let name = attributes(body, FIXED_BYTES).into_iter().find(|(kind, _)| *kind == NAME)?.1;
        Some(String::from_utf8_lossy(name).trim_end_matches('\0').to_owned())
    };
    socket.list(Message::new(GET_TABLE, super::message::DUMP, &[0; FIXED_BYTES]), read)
}

/// A chain that looks at what the host passes on.
#[derive(Debug)]
pub(crate) struct BaseChain {
    pub(crate) table: String,
    pub(crate) chain: String,
    /// What no rule decides.
    pub(crate) drops: bool,
}

/// All that IPv4 packets pass on their way through the host.
pub(crate) fn forward_chains(socket: &Socket) -> io::Result<Vec<BaseChain>> {
    const GET_CHAIN: u16 = SUBSYSTEM << 8 | 4;
    /// Of all families; these two see IPv4.
    const IPV4: u8 = 2;
    const BOTH: u8 = 1;
    let read = |body: &[u8]| match body.first() {
        Some(&(IPV4 | BOTH)) => forward_chain(body),
        _ => None,
    };
    socket.list(Message::new(GET_CHAIN, super::message::DUMP, &[0; FIXED_BYTES]), read)
}

fn forward_chain(body: &[u8]) -> Option<BaseChain> {
    const TABLE: u16 = 1;
    const NAME: u16 = 3;
    const HOOK: u16 = 4;
    const HOOK_NUMBER: u16 = 1;
    const POLICY: u16 = 5;
    let all = attributes(body, FIXED_BYTES);
    let find = |wanted: u16| all.iter().find(|(kind, _)| *kind == wanted).map(|(_, payload)| *payload);
    let text = |wanted| find(wanted).map(|name| String::from_utf8_lossy(name).trim_end_matches('\0').to_owned());
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_be_bytes);
    let hook = attributes(find(HOOK)?, 0).into_iter().find(|(kind, _)| *kind == HOOK_NUMBER)?.1;
    if number(hook)? != Hook::Forward as u32 {
        return None;
    }
    let drops = find(POLICY).and_then(number) == Some(Policy::Drop as u32);
    Some(BaseChain { table: text(TABLE)?, chain: text(NAME)?, drops })
}

/// One message of a batch.
fn message(kind: u16, flags: u16) -> Message {
    Message::new(kind, flags | ACKNOWLEDGE, &[INET, 0, 0, 0])
}

fn batch(messages: Vec<Message>) -> Vec<Message> {
    let [high, low] = SUBSYSTEM.to_be_bytes();
    let border = |kind| Message::new(kind, 0, &[0, 0, high, low]);
    std::iter::once(border(BATCH_BEGIN)).chain(messages).chain([border(BATCH_END)]).collect()
}
