//! The runtimes of this host: which interpreters it has, and how a function's runtime is started with them.

mod bootstraps;
mod discover;
mod family;
mod images;
mod java;

pub use bootstraps::Bootstraps;
pub use discover::{Found, discover};
pub use family::Family;
pub use images::{Added, RuntimeImages, Tools};
pub use java::JavaClient;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use base::Random;
use lambda::Wanted;
use lambda::environment::Interpreter;

/// Where functions begin.
const TASK: &str = "/var/task";

/// Finds the interpreter for a runtime's name.
#[derive(Debug)]
pub struct Runtimes {
    /// Looked for once, beside the start: interpreters are asked for their versions, which takes its time.
    found: OnceLock<Vec<Found>>,
    bootstraps: Bootstraps,
    java: JavaClient,
    /// Found before the host's own.
    images: RuntimeImages,
    /// Refuse a runtime whose exact version is missing, rather than take the nearest.
    strict: bool,
}

impl Runtimes {
    pub fn new(bootstraps: Bootstraps, java: JavaClient, images: RuntimeImages, strict: bool) -> Self {
        Self { found: OnceLock::new(), bootstraps, java, images, strict }
    }

    /// The interpreters of this host; whoever asks first, or while they are looked for, waits for it.
    pub fn found(&self) -> &[Found] {
        self.found.get_or_init(discover)
    }

    /// Looks for the interpreters, and makes ready for each what it starts with.
    pub fn prepare(&self, random: &Random) {
        self.bootstraps.compile(self.found());
        for found in self.found() {
            self.java.prepare(found, random);
        }
    }

    /// How a function is started here, or what is missing, in words for the person who asked.
    pub fn find(&self, wanted: &Wanted<'_>) -> Result<Arc<Interpreter>, String> {
        let runtime = wanted.runtime;
        let in_image = self.images.find(runtime).map_err(|error| format!("its image can't be used: {error}"))?;
        if let Some(interpreter) = in_image {
            return Ok(Arc::new(interpreter));
        }
        if is_custom(runtime) {
            return Ok(Arc::new(custom(runtime)));
        }
        let (family, release) = Family::of_runtime(runtime).ok_or_else(|| no_bootstrap(runtime))?;
        let (found, exact) =
            nearest(self.found(), family, release).ok_or_else(|| format!("no {family} was found. {}", family.fix()))?;
        if !exact && self.strict {
            let have = found.version_text();
            let fix = family.fix();
            return Err(format!(
                "the nearest {family} is {have}, and lambdad was started with --strict-runtimes. {fix}"
            ));
        }
        Ok(Arc::new(self.start(wanted, found, exact)?))
    }

    fn start(&self, wanted: &Wanted<'_>, found: &Found, exact: bool) -> Result<Interpreter, String> {
        let (program, lang) = inside(found);
        let (mut folder, mut arguments, variables) = self.bootstraps.of(found, wanted.runtime);
        if found.family == Family::Java {
            folder = self.java.folder()?;
            arguments = java::arguments(found.release(), wanted.memory_mb, self.java.archive_inside(found));
            arguments.push(wanted.handler.to_owned());
        }
        let mut binds = vec![(folder, PathBuf::from(java::INSIDE))];
        binds.extend(self.bootstraps.sdk(found.family));
        binds.extend(lang.map(|prefix| (prefix, PathBuf::from("/var/lang"))));
        let argv = std::iter::once(program).chain(arguments).collect();
        let (cwd, version) = (TASK.to_owned(), label(wanted.runtime, found, exact));
        Ok(Interpreter { root: None, cwd, argv, binds, version, variables, managed: true })
    }
}

impl lambda::Runtimes for Runtimes {
    fn find(&self, wanted: &Wanted<'_>) -> Result<Arc<Interpreter>, String> {
        Self::find(self, wanted)
    }
}

impl lambda::Interpreters for Runtimes {
    fn check(&self, runtime: &str) -> Result<(), String> {
        self.find(&Wanted { runtime, handler: "", memory_mb: 128 }).map(drop)
    }
}

/// The interpreter for a release, and whether it is exactly that.
pub fn nearest(found: &[Found], family: Family, release: u32) -> Option<(&Found, bool)> {
    found
        .iter()
        .filter(|found| found.family == family)
        .min_by_key(|found| (family.distance(found.release(), release), std::cmp::Reverse(found.version)))
        .map(|found| (found, found.release() == release))
}

pub fn is_custom(runtime: &str) -> bool {
    matches!(runtime, "provided" | "provided.al2" | "provided.al2023")
}

/// For those that AWS has and lambdad has not.
pub fn no_bootstrap(runtime: &str) -> String {
    let fix = if runtime.starts_with("dotnet") {
        "Publish it self-contained (dotnet publish --self-contained, with Amazon.Lambda.RuntimeSupport and an assembly \
         named bootstrap) and deploy it with the runtime provided.al2023, which needs no .NET here."
    } else {
        "Bring a bootstrap of your own with the runtime provided.al2023."
    };
    format!("lambdad has no bootstrap for it. {fix}")
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
            found(Family::Java, (17, 0, 15), "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"),
            found(Family::Java, (25, 0, 3), "/root/.sdkman/candidates/java/25.0.3-tem/bin/java"),
            found(Family::Ruby, (3, 1, 2), "/usr/bin/ruby3.1"),
        ];
        let bootstraps = Bootstraps::at("/data/runtimes".into(), "/data/sdk".into());
        let images = RuntimeImages::below(Path::new("/data"));
        let runtimes = Runtimes::new(bootstraps, JavaClient::of(Path::new("/nowhere")), images, strict);
        runtimes.found.set(found).expect("nobody has looked yet");
        runtimes
    }

    fn find(strict: bool, runtime: &str) -> Result<Arc<Interpreter>, String> {
        runtimes(strict).find(&Wanted { runtime, handler: "app.handler", memory_mb: 128 })
    }

    #[test]
    fn an_exact_version_is_taken() {
        let interpreter = find(true, "python3.11").expect("it is there");
        assert_eq!(interpreter.argv[0], "/var/lang/bin/python3.11");
        assert_eq!(interpreter.version, "python:3.11.v1");
    }

    #[test]
    fn a_program_in_usr_stays_where_it_is() {
        let interpreter = find(true, "python3.12").expect("it is there");
        assert_eq!(interpreter.argv[0], "/usr/bin/python3.12");
        assert!(interpreter.binds.iter().all(|(_, target)| target != Path::new("/var/lang")));
    }

    #[test]
    fn the_nearest_version_is_said_or_refused() {
        let interpreter = find(false, "nodejs22.x").expect("the nearest");
        assert_eq!(interpreter.version, "nodejs:22.v1 (nearest on this host: 20.1.0)");
        assert!(find(true, "nodejs22.x").expect_err("strict").contains("--strict-runtimes"));
        let found = runtimes(false);
        for (runtime, taken) in [("java11", 17), ("java17.al2023", 17), ("java21", 25), ("java25", 25)] {
            let (family, release) = Family::of_runtime(runtime).expect("a runtime");
            assert_eq!(nearest(found.found(), family, release).map(|(found, _)| found.release()), Some(taken));
        }
    }

    #[test]
    fn gems_are_those_of_the_ruby_that_is_there() {
        let interpreter = find(false, "ruby3.4").expect("the nearest");
        let path = interpreter.variables.iter().find(|(name, _)| name == "GEM_PATH").map(|(_, value)| value.as_str());
        assert_eq!(
            path,
            Some("/var/task/vendor/bundle/ruby/3.1.0:/opt/ruby/gems/3.1.0:/var/runtime:/var/runtime/ruby/3.1.0")
        );
    }

    #[test]
    fn what_cannot_run_is_refused_with_its_fix() {
        for (runtime, fix) in [
            ("java21", "lambdad runtimes add java"),
            ("dotnet8", "provided.al2023"),
            ("python3.x", "lambdad has no bootstrap"),
        ] {
            let refusal = find(false, runtime).expect_err(runtime);
            assert!(refusal.contains(fix), "{refusal}");
        }
        assert!(find(true, "provided.al2023").is_ok());
    }
}
