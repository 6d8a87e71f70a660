//! Whether this host can give environments a way out, and what may stand in it. Changes nothing.

use rustix::fs::Access;

use super::forwarding::{self, State};
use super::{NameServers, PREFIX, find_name_servers};
use crate::Finding;
use crate::netlink::filter::{BaseChain, forward_chains};
use crate::netlink::{Socket, route};

/// What was seen, or what is wrong and its fix.
type Look = Result<String, (String, String)>;

/// None of them is required for isolation.
pub(crate) fn probe() -> Vec<Finding> {
    let looks = [("way out", way_out()), ("other packet filters", other_filters()), ("name servers", name_servers())];
    looks.into_iter().map(|(name, look)| finding(name, look)).collect()
}

fn finding(name: &'static str, look: Look) -> Finding {
    let able = look.is_ok();
    let (detail, fix) = look.map_or_else(|(detail, fix)| (detail, fix), |detail| (detail, String::new()));
    Finding { name, able, required: false, detail, fix }
}

fn way_out() -> Look {
    let no_filter = |error: std::io::Error| {
        let fix = "load the kernel modules nf_tables, nft_fib_ipv4, nft_masq, nft_reject_ipv4, nft_connlimit and veth, \
                   or serve with --network none";
        (format!("nf_tables: {error}"), fix.to_owned())
    };
    Socket::filter().and_then(|socket| forward_chains(&socket)).map_err(no_filter)?;
    if rustix::fs::access(forwarding::SETTING, Access::WRITE_OK).is_err() {
        let fix = "let this program write /proc/sys/net (docker: --privileged), or serve with --network none";
        return Err((format!("{} is not writable", forwarding::SETTING), fix.to_owned()));
    }
    let forwarding = State::look().map_err(|error| (error.to_string(), "mount /proc".to_owned()))?;
    Ok(match forwarding {
        State::On => "nat (the host forwards packets already)",
        State::OnForUs => "nat (a lambdad has switched forwarding on, for environments alone)",
        State::Off => "nat (forwarding is off; while lambdad serves it is on, for environments alone)",
    }
    .to_owned())
}

/// A packet needs the consent of every chain: ours cannot overrule one that drops what it does not know.
fn other_filters() -> Look {
    let chains = Socket::filter().and_then(|socket| forward_chains(&socket)).unwrap_or_default();
    let drops = |chain: &BaseChain| chain.drops && !chain.table.starts_with(PREFIX);
    match chains.into_iter().find(drops) {
        None => Ok("none that drops what is forwarded".to_owned()),
        Some(BaseChain { table, chain, .. }) => {
            let rule = format!("nft insert rule ip {table} {chain}");
            Err((
                format!("the chain {chain} of table {table} drops what is forwarded, unless a rule of its own lets it"),
                format!(
                    "{rule} iifname '\"{PREFIX}*\"' accept; {rule} oifname '\"{PREFIX}*\"' ct state established,related accept \
                     (for Docker, in the chain DOCKER-USER)"
                ),
            ))
        }
    }
}

fn name_servers() -> Look {
    let own = Socket::route().and_then(|socket| route::addresses(&socket)).unwrap_or_default();
    let NameServers { servers, left_out } = find_name_servers(&own);
    if servers.is_empty() {
        let fix = "name others with --network-dns".to_owned();
        return Err((format!("none that environments reach (left out: {})", left_out.join(", ")), fix));
    }
    Ok(servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
