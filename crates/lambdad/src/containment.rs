//! How well functions are contained on this host: found at the start, said in the log and on the health page.

use sandbox::{Findings, Isolation, Sandbox};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub struct Containment {
    /// `None` where nothing can be contained.
    isolation: Option<Isolation>,
    /// What the host lacks, by the names that doctor gives.
    lacking: Vec<&'static str>,
}

impl Containment {
    /// Nothing is to be contained: asked for by name, for measuring.
    pub(crate) fn off() -> Self {
        Self { isolation: Some(Isolation::Off), lacking: Vec::new() }
    }

    /// Each lack is a line of the log.
    pub(crate) fn found(findings: &Findings, sandbox: &Sandbox) -> Self {
        let lacking = findings.0.iter().filter(|finding| !finding.able);
        for lack in lacking.clone() {
            let weight = if lack.required { "functions can't run" } else { "less is limited" };
            tracing::warn!("{}: {}: {}. Fix: {}", lack.name, weight, lack.detail, lack.fix);
        }
        let isolation = findings.isolation().filter(|_| sandbox.contains());
        Self { isolation, lacking: lacking.map(|lack| lack.name).collect() }
    }

    /// What environments ask for. Where nothing can be contained, asking for all of it says why.
    pub(crate) fn of_environments(&self) -> Isolation {
        self.isolation.unwrap_or_default()
    }

    /// Members of the health page.
    pub(crate) fn describe(&self) -> Value {
        let word = match self.isolation {
            Some(Isolation::Full) => "full",
            Some(Isolation::User) => "user",
            Some(Isolation::Off) => "off",
            None => "none",
        };
        json!({"isolation": word, "lacking": self.lacking})
    }
}
