//! The languages whose functions run here: what their programs, versions and runtimes are called.

use std::fmt;

/// A language whose functions our bootstraps, or AWS's own client, run on an interpreter of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Python,
    Node,
    Java,
    Ruby,
}

impl Family {
    pub const ALL: [Self; 4] = [Self::Python, Self::Node, Self::Java, Self::Ruby];

    pub const fn runtime_prefix(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "nodejs",
            Self::Java => "java",
            Self::Ruby => "ruby",
        }
    }

    /// What to do where it is missing.
    pub const fn fix(self) -> &'static str {
        match self {
            Self::Python => "Install it (apt-get install python3, or pyenv install) and restart lambdad.",
            Self::Node => "Install it (from your distribution, nvm or nodejs.org) and restart lambdad.",
            Self::Java => "Install it (apt-get install default-jre-headless, or sdkman) and restart lambdad.",
            Self::Ruby => "Install it (apt-get install ruby, or rbenv install) and restart lambdad.",
        }
    }

    /// Whether a file of this name may be its interpreter.
    pub(super) fn is_program(self, name: &str) -> bool {
        match self {
            Self::Python => name
                .strip_prefix("python3.")
                .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit())),
            Self::Node => name == "node",
            Self::Java => name == "java",
            Self::Ruby => name == "ruby",
        }
    }

    /// The part of a version that a runtime's name carries, as a number in their order: Python's minor, the major of
    /// Node and of Java (whose 8 calls itself 1.8), Ruby's 3.4 as 304.
    pub(super) const fn release(self, (major, minor, _): (u32, u32, u32)) -> u32 {
        match (self, major) {
            (Self::Python, _) | (Self::Java, 1) => minor,
            (Self::Node | Self::Java, _) => major,
            (Self::Ruby, _) => major * 100 + minor,
        }
    }

    /// The name of the runtime of a release.
    pub fn runtime(self, release: u32) -> String {
        match self {
            Self::Python => format!("python3.{release}"),
            Self::Node => format!("nodejs{release}.x"),
            Self::Java if release == 8 => "java8.al2".to_owned(),
            Self::Java => format!("java{release}"),
            Self::Ruby => format!("ruby{}.{}", release / 100, release % 100),
        }
    }

    /// The language and the release that a runtime's name asks for.
    pub fn of_runtime(runtime: &str) -> Option<(Self, u32)> {
        let family = Self::ALL.into_iter().find(|family| runtime.starts_with(family.runtime_prefix()))?;
        let rest = runtime.strip_prefix(family.runtime_prefix())?;
        let release = match family {
            Self::Python => rest.strip_prefix("3.")?.parse().ok()?,
            Self::Node => rest.strip_suffix(".x")?.parse().ok()?,
            Self::Java => rest.trim_end_matches(".al2023").trim_end_matches(".al2").parse().ok()?,
            Self::Ruby => {
                let (major, minor) = rest.split_once('.')?;
                major.parse::<u32>().ok()? * 100 + minor.parse::<u32>().ok()?
            }
        };
        Some((family, release))
    }

    /// How far an interpreter is from what is asked. A JVM does not load what was compiled for a newer one: an older one
    /// is the last resort.
    pub(super) const fn distance(self, have: u32, wanted: u32) -> (bool, u32) {
        (matches!(self, Self::Java) && have < wanted, have.abs_diff(wanted))
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Python => "Python",
            Self::Node => "Node.js",
            Self::Java => "Java",
            Self::Ruby => "Ruby",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtimes_name_and_its_release_come_back() {
        for (runtime, family, release) in [
            ("python3.12", Family::Python, 12),
            ("nodejs22.x", Family::Node, 22),
            ("java8.al2", Family::Java, 8),
            ("java21", Family::Java, 21),
            ("ruby3.4", Family::Ruby, 304),
            ("ruby4.0", Family::Ruby, 400),
        ] {
            assert_eq!(Family::of_runtime(runtime), Some((family, release)));
            assert_eq!(family.runtime(release), runtime);
        }
        assert_eq!(Family::of_runtime("java17.al2023"), Some((Family::Java, 17)));
        for none in ["python3.x", "nodejs.x", "dotnet8", "go1.x", "java", "ruby3", "provided.al2023"] {
            assert_eq!(Family::of_runtime(none), None, "{none}");
        }
    }

    #[test]
    fn an_older_java_is_the_last_resort() {
        assert!(Family::Java.distance(25, 17) < Family::Java.distance(11, 17));
        assert!(Family::Python.distance(9, 10) < Family::Python.distance(14, 10));
    }

    #[test]
    fn only_versioned_pythons_are_looked_at() {
        assert!(Family::Python.is_program("python3.12"));
        for other in ["python3", "python3.12-config", "python3.", "python2.7"] {
            assert!(!Family::Python.is_program(other), "{other}");
        }
    }
}
