//! The walls of the way out, as data: the table of the gateway and the table of the host's own network.
//!
//! The gateway decides where an environment may go; what only the host can know, which addresses are its own at this
//! very moment, the host's table decides, before any other program's translation of addresses.

use std::net::Ipv4Addr;

use super::{PREFIX, Plan};
use crate::Cidr;
use crate::netlink::filter::{Chain, Hook, Policy, Rule, Set, SetKind, Table, Verdict};

/// The gateway's link to the host.
pub(super) const UP: &str = "up";

const FLOWS: &str = "flows";
const SENT: &str = "sent";
const RECEIVED: &str = "received";
pub(crate) const PAIRS: &str = "private";

const TCP: u8 = 6;
const UDP: u8 = 17;
const DNS: u16 = 53;

/// Before anybody's translation of destination addresses (-100), after defragmentation.
const EARLY: i32 = -150;
const FILTER: i32 = 0;
const SOURCE_TRANSLATION: i32 = 100;

/// Never reached from inside, whatever an operator allows: this network, loopback, link-local (and with it the
/// metadata service of most clouds), multicast and what is beyond; and the metadata services that lie elsewhere.
const NEVER: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
    // Azure's, Alibaba's and Oracle's.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(100, 100, 100, 200), 32),
    (Ipv4Addr::new(192, 0, 0, 192), 32),
];

/// Loopback addresses of the host for the listeners of environments that share its network, one for each.
pub(crate) const PRIVATE_LISTENERS: Cidr = match Cidr::new(Ipv4Addr::new(127, 217, 0, 0), 16) {
    Some(block) => block,
    None => panic!("a prefix of 16 is short enough"),
};

/// In the gateway; named after nobody, since it has the namespace for itself.
pub(super) fn of_gateway(plan: &Plan) -> Table {
    let set = |name, kind| Set { name, kind };
    let sets = vec![set(FLOWS, SetKind::Counting), set(SENT, SetKind::Forgetting), set(RECEIVED, SetKind::Forgetting)];
    let input = chain("input", "filter", Hook::Input, FILTER, Policy::Drop, Vec::new());
    let forward = chain("forward", "filter", Hook::Forward, FILTER, Policy::Drop, ways(plan));
    Table { name: "filter".to_owned(), sets, chains: vec![input, forward] }
}

fn ways(plan: &Plan) -> Vec<Rule> {
    let mut rules = Vec::new();
    if let Some(rate) = plan.rate {
        rules.push(Rule::new().not_entering(UP).sends_faster_than(rate, SENT).then(Verdict::Drop));
        rules.push(Rule::new().entering(UP).receives_faster_than(rate, RECEIVED).then(Verdict::Drop));
    }
    rules.push(Rule::new().known().then(Verdict::Accept));
    // Nobody begins to talk to an environment: neither the world nor another one.
    rules.push(Rule::new().entering(UP).then(Verdict::Drop));
    rules.push(Rule::new().not_leaving(UP).then(Verdict::Reject));
    // Every flow is an entry in the host's own table of connections, whose size is everybody's.
    rules.push(Rule::new().has_more_flows_than(base::limits::environment::FLOWS, FLOWS).then(Verdict::Reject));
    for server in plan.name_servers.iter().copied().map(Cidr::one) {
        rules.extend(
            [UDP, TCP].map(|protocol| Rule::new().destination(server).port(protocol, DNS).then(Verdict::Accept)),
        );
    }
    rules.extend(NEVER.iter().filter_map(|(address, prefix)| Cidr::new(*address, *prefix)).map(refused));
    rules.extend(plan.allow.iter().map(|block| Rule::new().destination(*block).then(Verdict::Accept)));
    rules.extend(plan.deny.iter().copied().map(refused));
    rules.push(Rule::new().then(Verdict::Accept));
    rules
}

fn refused(block: Cidr) -> Rule {
    Rule::new().destination(block).then(Verdict::Reject)
}

/// In the host's network. `alone`: the host forwards because of us, and so for us only.
pub(super) fn of_host(plan: &Plan, alone: bool) -> Table {
    let ours = plan.name.as_str();
    let here = vec![Rule::new().entering(ours).not_to_another_machine().then(Verdict::Reject)];
    // A second wall behind the first.
    let input = vec![Rule::new().entering(ours).then(Verdict::Drop)];
    let mut forward = vec![
        Rule::new().entering(ours).other_source(plan.range).then(Verdict::Drop),
        Rule::new().leaving(ours).unknown().then(Verdict::Drop),
    ];
    if alone {
        let all_of_us = format!("{PREFIX}*");
        forward.push(Rule::new().not_entering(&all_of_us).not_leaving(&all_of_us).then(Verdict::Drop));
    }
    let masquerade = vec![Rule::new().source(plan.range).not_leaving(ours).then(Verdict::Masquerade)];
    Table {
        name: plan.name.clone(),
        sets: Vec::new(),
        chains: vec![
            chain("prerouting", "filter", Hook::Prerouting, EARLY, Policy::Accept, here),
            chain("input", "filter", Hook::Input, FILTER, Policy::Accept, input),
            chain("forward", "filter", Hook::Forward, FILTER, Policy::Accept, forward),
            chain("postrouting", "nat", Hook::Postrouting, SOURCE_TRANSLATION, Policy::Accept, masquerade),
        ],
    }
}

/// Where environments share the host's network: a listener's address is reached by its own uid alone.
pub(crate) fn of_private_listeners(name: &str) -> Table {
    let rule = Rule::new().destination(PRIVATE_LISTENERS).no_pair_of(PAIRS).then(Verdict::Reject);
    Table {
        name: name.to_owned(),
        sets: vec![Set { name: PAIRS, kind: SetKind::Pairs }],
        chains: vec![chain("output", "filter", Hook::Output, FILTER, Policy::Accept, vec![rule])],
    }
}

fn chain(name: &'static str, kind: &'static str, hook: Hook, priority: i32, policy: Policy, rules: Vec<Rule>) -> Chain {
    Chain { name, kind, hook, priority, policy, rules }
}
