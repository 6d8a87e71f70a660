//! Where environments get to: the operator's choice, and what is done where the host cannot do it.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use base::{Clock, Tasks};
use sandbox::{Cidr, Config, Nat, Network, Sandbox};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Wherever the host gets to by IPv4, but not to the host itself, to link-local addresses, or to each other.
    Nat,
    /// Nowhere but to the AWS endpoint.
    None,
    /// They share the host's network, its loopback included. For functions that are trusted like the host itself.
    Host,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub struct NetworkOptions {
    /// Where functions get to; nat where this host can do it, else none.
    #[arg(long = "network", env = "LAMBDAD_NETWORK", value_enum)]
    pub mode: Option<Mode>,
    /// The addresses of environments, such as 10.213.0.0/16; chosen aside from the host's networks if left out.
    #[arg(long = "network-range", env = "LAMBDAD_NETWORK_RANGE", value_name = "CIDR")]
    pub range: Option<Cidr>,
    /// Addresses that functions do not reach with nat. May be given several times, or with commas.
    #[arg(long = "network-deny", env = "LAMBDAD_NETWORK_DENY", value_name = "CIDR", value_delimiter = ',')]
    pub deny: Vec<Cidr>,
    /// Addresses that they reach all the same. Never the host's own, nor link-local ones.
    #[arg(long = "network-allow", env = "LAMBDAD_NETWORK_ALLOW", value_name = "CIDR", value_delimiter = ',')]
    pub allow: Vec<Cidr>,
    /// Megabits per second that each environment may send, and receive, with nat.
    #[arg(long = "network-rate", env = "LAMBDAD_NETWORK_RATE", value_name = "MBIT", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub rate: Option<u64>,
    /// Whom functions ask for names with nat; the host's name servers if left out.
    #[arg(long = "network-dns", env = "LAMBDAD_NETWORK_DNS", value_name = "ADDRESS", value_delimiter = ',')]
    pub name_servers: Vec<Ipv4Addr>,
}

/// More are no list but a firewall.
const BLOCKS: usize = 256;
const BYTES_PER_MEGABIT: u64 = 125_000;

impl NetworkOptions {
    fn nat(&self) -> Network {
        Network::Nat(Nat {
            range: self.range,
            allow: self.allow.clone(),
            deny: self.deny.clone(),
            rate: self.rate.map(|megabits| megabits * BYTES_PER_MEGABIT),
            name_servers: self.name_servers.clone(),
        })
    }

    /// With the network that was asked for, or with the best that this host can do. `able` is whether functions can be
    /// isolated here.
    pub(crate) async fn open(
        &self,
        config: Config,
        able: bool,
        tasks: &Tasks,
        clock: &Clock,
    ) -> anyhow::Result<Sandbox> {
        anyhow::ensure!(
            self.allow.len().max(self.deny.len()) <= BLOCKS,
            "--network-allow and --network-deny take {BLOCKS} blocks each"
        );
        let open =
            async |network| Sandbox::open(Config { network, ..config.clone() }, tasks.clone(), clock.clone()).await;
        let opened = match self.mode {
            // Without walls there is nothing that a way could lead out of.
            _ if !able => open(Network::None).await,
            Some(Mode::None) => open(Network::None).await,
            Some(Mode::Host) => {
                tracing::warn!(
                    "--network host: functions share this host's network and reach what listens on its loopback"
                );
                open(Network::Host).await
            }
            Some(Mode::Nat) => open(self.nat()).await,
            None => match open(self.nat()).await {
                Err(error @ (sandbox::Error::Network { .. } | sandbox::Error::NetworkRange { .. })) => {
                    tracing::warn!("functions have no way out (--network none): {error}. See lambdad doctor");
                    open(Network::None).await
                }
                opened => opened,
            },
        };
        let sandbox = opened.context("opening the sandbox")?;
        if !sandbox.has_way_out() {
            return Ok(sandbox);
        }
        for lack in Sandbox::probe_network(tasks).await.0.iter().filter(|finding| !finding.able) {
            // Its own words come below, if it matters: others may have been named.
            if lack.name != "name servers" {
                tracing::warn!("{}: functions may have no way out: {}. Fix: {}", lack.name, lack.detail, lack.fix);
            }
        }
        if let Some(left_out) = sandbox.lost_name_servers() {
            let servers = left_out.join(", ");
            tracing::warn!(
                "functions can't look up names: the host's name servers ({servers}) can't be reached from inside. Fix: --network-dns ADDRESS"
            );
        }
        Ok(sandbox)
    }
}
