//! The runtimes of this host: which interpreters it has, and how a function's runtime is started with them.

mod bootstraps;
mod discover;
mod images;

pub use bootstraps::Bootstraps;
pub use discover::{Family, Found, discover};
pub use images::{Added, RuntimeImages, Tools};

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use lambda::environment::Interpreter;

/// Where functions begin.
const TASK: &str = "/var/task";

/// Finds the interpreter for a runtime's name.
#[derive(Debug)]
pub struct Runtimes {
    /// Looked for once, beside the start: interpreters are asked for their versions, which takes its time.
    found: OnceLock<Vec<Found>>,
    bootstraps: Bootstraps,
    /// Found before the host's own.
    images: RuntimeImages,
    /// Refuse a runtime whose exact version is missing, rather than take the nearest.
    strict: bool,
}

impl Runtimes {
    pub fn new(bootstraps: Bootstraps, images: RuntimeImages, strict: bool) -> Self {
        Self { found: OnceLock::new(), bootstraps, images, strict }
    }

    /// The interpreters of this host; whoever asks first, or while they are looked for, waits for it.
    pub fn found(&self) -> &[Found] {
        self.found.get_or_init(discover)
    }

    /// Looks for the interpreters, and compiles the bootstraps for them.
    pub fn prepare(&self) {
        self.bootstraps.compile(self.found());
    }

    /// How `runtime` is started here, or what is missing, in words for the person who asked.
    pub fn find(&self, runtime: &str) -> Result<Arc<Interpreter>, String> {
        let in_image =
            self.images.find(runtime).map_err(|error| format!("The image of {runtime} can't be used: {error}"))?;
        if let Some(interpreter) = in_image {
            return Ok(Arc::new(interpreter));
        }
        let interpreter = match wanted(runtime) {
            Some(Wanted::Custom) => custom(runtime),
            Some(Wanted::Managed(family, version)) => self.managed(runtime, family, version)?,
            None => {
                return Err(format!(
                    "The runtime {runtime} can't run on this host: lambdad has no bootstrap for it. AWS's \
                     base image can be added with `lambdad runtimes add`."
                ));
            }
        };
        Ok(Arc::new(interpreter))
    }

    fn managed(&self, runtime: &str, family: Family, version: u32) -> Result<Interpreter, String> {
        let nearest = self
            .found()
            .iter()
            .filter(|found| found.family == family)
            .min_by_key(|found| (found.release().abs_diff(version), std::cmp::Reverse(found.version)));
        let Some(found) = nearest else {
            return Err(format!(
                "The runtime {runtime} can't run on this host: no {family} was found. {}",
                family.fix()
            ));
        };
        let exact = found.release() == version;
        if !exact && self.strict {
            let have = found.version_text();
            return Err(format!(
                "The runtime {runtime} can't run on this host: the nearest {family} is {have}, and lambdad was started \
                 with --strict-runtimes. {}",
                family.fix()
            ));
        }
        Ok(self.start(runtime, found, exact))
    }

    fn start(&self, runtime: &str, found: &Found, exact: bool) -> Interpreter {
        let (program, lang) = inside(found);
        let (folder, arguments, variables) = self.bootstraps.of(found.family, runtime);
        let mut binds = vec![(folder, PathBuf::from("/var/runtime"))];
        binds.extend(lang.map(|prefix| (prefix, PathBuf::from("/var/lang"))));
        let argv = std::iter::once(program).chain(arguments).collect();
        Interpreter {
            root: None,
            cwd: TASK.to_owned(),
            argv,
            binds,
            version: label(runtime, found, exact),
            variables,
            managed: true,
        }
    }
}

impl lambda::Runtimes for Runtimes {
    fn find(&self, runtime: &str) -> Result<Arc<Interpreter>, String> {
        Self::find(self, runtime)
    }
}

impl lambda::Interpreters for Runtimes {
    fn check(&self, runtime: &str) -> Result<(), String> {
        self.find(runtime).map(drop)
    }
}

enum Wanted {
    Custom,
    /// Python's minor or Node's major version.
    Managed(Family, u32),
}

fn wanted(runtime: &str) -> Option<Wanted> {
    if matches!(runtime, "provided" | "provided.al2" | "provided.al2023") {
        return Some(Wanted::Custom);
    }
    if let Some(minor) = runtime.strip_prefix("python3.") {
        return Some(Wanted::Managed(Family::Python, minor.parse().ok()?));
    }
    let major = runtime.strip_prefix("nodejs")?.strip_suffix(".x")?;
    Some(Wanted::Managed(Family::Node, major.parse().ok()?))
}

fn custom(runtime: &str) -> Interpreter {
    let os = runtime.strip_prefix("provided.").unwrap_or("al1");
    Interpreter {
        root: None,
        cwd: TASK.to_owned(),
        argv: vec!["/var/task/bootstrap".to_owned()],
        binds: Vec::new(),
        version: format!("provided:{os}.v1"),
        variables: Vec::new(),
        managed: false,
    }
}

/// The program's path inside, and the folder to be bound at `/var/lang` if it doesn't lie in `/usr`, which every
/// environment has.
fn inside(found: &Found) -> (String, Option<PathBuf>) {
    let path = found.program.to_string_lossy().into_owned();
    let prefix = found.program.parent().and_then(Path::parent);
    match prefix {
        Some(prefix) if !found.program.starts_with("/usr") => {
            let name = found.program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            (format!("/var/lang/bin/{name}"), Some(prefix.to_owned()))
        }
        _ => (path, None),
    }
}

/// As INIT_START shows it; a version that isn't the asked one is said.
fn label(runtime: &str, found: &Found, exact: bool) -> String {
    let release = runtime.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_end_matches(".x");
    let (family, version) = (found.family.runtime_prefix(), found.version_text());
    if exact {
        format!("{family}:{release}.v1")
    } else {
        format!("{family}:{release}.v1 (nearest on this host: {version})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtimes(strict: bool) -> Runtimes {
        let found = |family, version, program: &str| Found { family, version, program: PathBuf::from(program) };
        let found = vec![
            found(Family::Python, (3, 11, 7), "/root/.pyenv/versions/3.11.7/bin/python3.11"),
            found(Family::Python, (3, 12, 1), "/usr/bin/python3.12"),
            found(Family::Node, (20, 1, 0), "/usr/bin/node"),
        ];
        let runtimes = Runtimes::new(
            Bootstraps::at(PathBuf::from("/data/runtimes")),
            RuntimeImages::below(Path::new("/data")),
            strict,
        );
        runtimes.found.set(found).expect("nobody has looked yet");
        runtimes
    }

    #[test]
    fn an_exact_version_is_taken() {
        let interpreter = runtimes(true).find("python3.11").expect("it is there");
        assert_eq!(interpreter.argv[0], "/var/lang/bin/python3.11");
        assert_eq!(interpreter.version, "python:3.11.v1");
    }

    #[test]
    fn a_program_in_usr_stays_where_it_is() {
        let interpreter = runtimes(true).find("python3.12").expect("it is there");
        assert_eq!(interpreter.argv[0], "/usr/bin/python3.12");
        assert!(interpreter.binds.iter().all(|(_, target)| target != Path::new("/var/lang")));
    }

    #[test]
    fn the_nearest_version_is_said_or_refused() {
        let interpreter = runtimes(false).find("nodejs22.x").expect("the nearest");
        assert_eq!(interpreter.version, "nodejs:22.v1 (nearest on this host: 20.1.0)");
        assert!(runtimes(true).find("nodejs22.x").expect_err("strict").contains("--strict-runtimes"));
    }

    #[test]
    fn what_has_no_bootstrap_is_refused_clearly() {
        for runtime in ["java21", "dotnet8", "ruby3.4", "python3.x", "nodejs.x"] {
            assert!(runtimes(false).find(runtime).is_err(), "{runtime}");
        }
        assert!(runtimes(true).find("provided.al2023").is_ok());
    }
}
