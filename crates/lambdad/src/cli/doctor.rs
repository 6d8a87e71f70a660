//! `lambdad doctor`: what this host can isolate and what it cannot.

use std::path::PathBuf;

use base::Tasks;
use sandbox::{Isolation, Sandbox};

#[derive(Debug, clap::Args)]
pub(super) struct DoctorOptions {
    /// The data directory that serve uses.
    #[arg(long, env = "LAMBDAD_DATA_DIR", default_value_os_t = super::default_data_dir())]
    data_dir: PathBuf,
}

/// 1 if functions can't be isolated here at all.
pub(super) async fn doctor(options: &DoctorOptions) -> anyhow::Result<u8> {
    let config = sandbox::Config::new(options.data_dir.join("sandbox"));
    let findings = Sandbox::probe(&config, &Tasks::new()).await;
    let network = Sandbox::probe_network(&Tasks::new()).await;
    for finding in findings.0.iter().chain(&network.0) {
        let mark = match (finding.able, finding.required) {
            (true, _) => "ok     ",
            (false, true) => "MISSING",
            (false, false) => "absent ",
        };
        super::say(&format!("{mark}  {:<28} {}", finding.name, finding.detail));
        if !finding.able {
            super::say(&format!("         fix: {}", finding.fix));
        }
    }
    let isolation = findings.isolation();
    super::say(match isolation {
        Some(Isolation::Full) => "\nFunctions are fully isolated on this host.",
        Some(_) => {
            "\nFunctions are isolated as well as an ordinary user can: see absent above for what is not limited."
        }
        None => "\nFunctions can't be isolated on this host yet: see MISSING above.",
    });
    Ok(u8::from(isolation.is_none()))
}
