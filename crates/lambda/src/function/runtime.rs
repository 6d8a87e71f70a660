//! The runtimes that Lambda knows, and which of them may still be asked for.
//!
//! Source: oracle 1.3 (the enum, the message for a creation of January 2026, the support table of October 2026).

use base::Fault;
use sha2::{Digest, Sha256};

use super::fault::invalid;

/// Tells whether this host can run a runtime.
pub trait Interpreters: Send + Sync {
    /// `Err` says what is missing, for the caller to read.
    fn check(&self, runtime: &str) -> Result<(), String>;
}

/// What AWS's message lists: those that a function may be created with.
pub const CREATABLE: &[&str] = &[
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "nodejs26.x",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
    "java8.al2",
    "java8.al2023",
    "java11",
    "java11.al2023",
    "java17",
    "java17.al2023",
    "java21",
    "java25",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided.al2",
    "provided.al2023",
];

/// Known once, and blocked since.
pub const BLOCKED: &[&str] = &[
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "java8",
    "python2.7",
    "python3.6",
    "python3.7",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "provided",
];

/// A runtime that a function may be created with or updated to, on this host.
pub fn check(runtime: &str, interpreters: &dyn Interpreters) -> Result<(), Fault> {
    if BLOCKED.contains(&runtime) {
        return Err(invalid(format!(
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        )));
    }
    if !CREATABLE.contains(&runtime) {
        return Err(invalid(format!(
            "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be \
             a valid ARN",
            CREATABLE.join(", ")
        )));
    }
    // Ours alone: AWS has every interpreter, a host may lack one.
    interpreters.check(runtime).map_err(|missing| invalid(not_available(runtime, &missing)))
}

/// Ours alone: for whoever operates the host too.
pub fn not_available(runtime: &str, missing: &str) -> String {
    format!("The runtime {runtime} is not available on this host: {missing}")
}

/// Source: oracle 6, SnapStart: Java 11 and later, Python 3.12 and later, .NET 8 and later.
pub fn check_snap_start(runtime: &str) -> Result<(), Fault> {
    let able = match runtime {
        "java8.al2" | "java8.al2023" | "dotnet6" => false,
        _ => match runtime.strip_prefix("python3.") {
            Some(minor) => minor.parse::<u32>().is_ok_and(|minor| minor >= 12),
            None => runtime.starts_with("java") || runtime.starts_with("dotnet"),
        },
    };
    if able { Ok(()) } else { Err(invalid(format!("{runtime} is not supported for SnapStart enabled functions."))) }
}

/// The name of a runtime's version. AWS's changes with each build of the runtime; ours is the same for a runtime, as
/// the interpreter is the host's.
pub fn version_arn(runtime: &str, region: &str) -> String {
    let digest = Sha256::digest(runtime.as_bytes());
    format!("arn:aws:lambda:{region}::runtime:{}", hex::encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Only(&'static str);

    impl Interpreters for Only {
        fn check(&self, runtime: &str) -> Result<(), String> {
            if runtime == self.0 { Ok(()) } else { Err("no such interpreter in PATH".to_owned()) }
        }
    }

    fn check_text(runtime: &str) -> Result<(), String> {
        check(runtime, &Only("python3.12")).map_err(|fault| {
            assert_eq!(fault.code, "InvalidParameterValueException");
            fault.message
        })
    }

    #[test]
    fn runtimes_are_refused_in_awss_words() {
        assert_eq!(check_text("python3.12"), Ok(()));
        let unknown = check_text("PYTHON3.9").expect_err("unknown");
        assert!(unknown.starts_with(
            "Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs16.x, "
        ));
        assert!(unknown.ends_with("] or be a valid ARN"));
        assert_eq!(
            check_text("nodejs12.x").expect_err("blocked"),
            "The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        );
        assert_eq!(
            check_text("java21").expect_err("missing"),
            "The runtime java21 is not available on this host: no such interpreter in PATH"
        );
    }

    #[test]
    fn snap_start_knows_its_runtimes() {
        let able: Vec<_> = CREATABLE.iter().copied().filter(|runtime| check_snap_start(runtime).is_ok()).collect();
        let expected = [
            "python3.12",
            "python3.13",
            "python3.14",
            "python3.15",
            "java11",
            "java11.al2023",
            "java17",
            "java17.al2023",
            "java21",
            "java25",
            "dotnet8",
            "dotnet10",
        ];
        assert_eq!(able, expected);
    }

    #[test]
    fn a_runtime_version_is_stable_and_matches_the_contract() {
        let arn = version_arn("python3.12", "us-east-1");
        assert_eq!(arn, version_arn("python3.12", "us-east-1"));
        assert_ne!(arn, version_arn("python3.13", "us-east-1"));
        let pattern = regex::Regex::new(crate::api::patterns::RUNTIME_VERSION_ARN).expect("it compiles");
        assert!(pattern.is_match(&arn));
        assert_eq!(arn.rsplit(':').next().map(str::len), Some(64));
    }
}
