//! `lambdad runtimes`: what this host can run.

use crate::runtimes::{Family, discover};

pub(super) fn list() -> anyhow::Result<u8> {
    let found = discover();
    super::say(&format!("{:<16} {:<12} {}", "RUNTIME", "VERSION", "INTERPRETER"));
    for found in &found {
        let runtime = match found.family {
            Family::Python => format!("python3.{}", found.release()),
            Family::Node => format!("nodejs{}.x", found.release()),
        };
        super::say(&format!("{runtime:<16} {:<12} {}", found.version_text(), found.program.display()));
    }
    for custom in ["provided.al2", "provided.al2023"] {
        super::say(&format!("{custom:<16} {:<12} {}", "-", "the function's own bootstrap"));
    }
    for family in [Family::Python, Family::Node] {
        if !found.iter().any(|found| found.family == family) {
            super::say(&format!("\nNo {family} was found. {}", family.fix()));
        }
    }
    super::say(
        "\nOther versions of Python and Node.js run on the nearest of these, unless serve has --strict-runtimes.",
    );
    Ok(0)
}
