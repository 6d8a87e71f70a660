//! Java's functions run on AWS's own runtime client, which whoever operates this host fetches once from Maven Central:
//! `lambdad runtimes add java`. Each of its files is known by its SHA-256.

#![expect(clippy::disallowed_methods, reason = "keeps the client's files in the data directory")]

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base::Random;
use sha2::{Digest as _, Sha256};

use super::discover::java_release;
use super::{Family, Found};

/// A file of the client. All are under the Apache License 2.0.
#[derive(Debug)]
struct Jar {
    group: &'static str,
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
}

/// In the order of the class path. The first is the client, the others are what it needs.
const JARS: &[Jar] = &[
    Jar {
        group: "com.amazonaws",
        name: "aws-lambda-java-runtime-interface-client",
        version: "2.10.1",
        sha256: "b0dd01f45b7258da0e32ade0bff950b12d0cf279ccebf416ad8c3795af21f1db",
    },
    Jar {
        group: "com.amazonaws",
        name: "aws-lambda-java-core",
        version: "1.4.0",
        sha256: "575c24393cc1ad645e83e618956eabd89ffe8cc09efae2cb62bc6589154d68ed",
    },
    Jar {
        group: "com.amazonaws",
        name: "aws-lambda-java-serialization",
        version: "1.2.0",
        sha256: "1513c1f945a3213f916a4b2de1760c97b51d84d110f82bbbcf9cfac53d5651e7",
    },
    Jar {
        group: "software.amazon.awssdk",
        name: "utils-lite",
        version: "2.34.0",
        sha256: "efaf784f07ae526f0b5c89d71ef21cf16636131c47d44616e3df9bedc3f4f89a",
    },
    Jar {
        group: "software.amazon.awssdk",
        name: "annotations",
        version: "2.34.0",
        sha256: "fafdcb55f4e5af603f5219f4a2b080aa0decb562a7c0944f7a7eca82dd47e487",
    },
];

/// The client's native part, which it would otherwise unpack into each function's `/tmp`.
const NATIVE: &str = "libaws-lambda-jni.so";
#[cfg(target_arch = "aarch64")]
const NATIVE_IN_JAR: &str = "jni/libaws-lambda-jni.linux-aarch_64.so";
#[cfg(not(target_arch = "aarch64"))]
const NATIVE_IN_JAR: &str = "jni/libaws-lambda-jni.linux-x86_64.so";

/// Where the folder of the client is inside.
pub(super) const INSIDE: &str = "/var/runtime";
const MAIN_CLASS: &str = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";
/// Loads the classes of the class path and ends: AWS's own means of making an archive of them. It trips over those that a
/// jar keeps apart for newer Javas, which come last.
const LOADER_CLASS: &str = "com.amazonaws.services.lambda.runtime.api.client.ClasspathLoader";
/// The first JVM that takes an archive of files that lie elsewhere than when it was made.
const FIRST_WITH_ARCHIVES: u32 = 19;

impl Jar {
    fn file(&self) -> String {
        format!("{}-{}.jar", self.name, self.version)
    }
}

/// The client's folder in the data directory.
#[derive(Clone, Debug)]
pub struct JavaClient {
    folder: PathBuf,
}

impl JavaClient {
    /// Named after the version, so that a lambdad that wants another one says so rather than take this.
    pub fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("clients").join(format!("java-{}", JARS[0].version)) }
    }

    /// The folder to be bound at `/var/runtime`. Looked at each time: a client that is added is found at once.
    pub fn folder(&self) -> Result<PathBuf, String> {
        if self.folder.is_dir() {
            return Ok(self.folder.clone());
        }
        Err(format!(
            "AWS's runtime client for Java ({}) is missing. Add it with: lambdad runtimes add java",
            JARS[0].version
        ))
    }

    /// Takes the client's files from a folder, or has the host's Maven fetch them. Answers what it did.
    pub fn add(&self, from: Option<&Path>, random: &Random) -> anyhow::Result<String> {
        if self.folder.is_dir() {
            return Ok(format!("It is there already: {}", self.folder.display()));
        }
        let clients = self.folder.parent().context("the data directory has no name")?;
        std::fs::create_dir_all(clients).with_context(|| format!("making {}", clients.display()))?;
        let unfinished = clients.join(format!("unfinished-{}", random.hex(16)));
        let added = self.fill(&unfinished, from);
        if added.is_err() && unfinished.exists() {
            std::fs::remove_dir_all(&unfinished).with_context(|| format!("removing {}", unfinished.display()))?;
        }
        added.map(|()| format!("Added: {}", self.folder.display()))
    }

    /// Has a JVM write the client's classes down as it wants them in memory, once: starts take half as much processor
    /// time. One that fails costs its functions time, not their life.
    pub fn prepare(&self, found: &Found, random: &Random) {
        if found.family != Family::Java || found.release() < FIRST_WITH_ARCHIVES || !self.folder.is_dir() {
            return;
        }
        let archive = self.folder.join(archive_name(found));
        if archive.exists() {
            return;
        }
        if let Err(error) = self.archive(found, &archive, random) {
            tracing::warn!(%error, jvm = %found.program.display(), "the classes of Java's client could not be archived");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "runs the operator's JVM on AWS's client")]
    fn archive(&self, found: &Found, archive: &Path, random: &Random) -> anyhow::Result<()> {
        let unfinished = archive.with_extension(random.hex(16));
        let output = std::process::Command::new(&found.program)
            .args(module_arguments(found.release()))
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg(format!("-XX:ArchiveClassesAtExit={}", unfinished.display()))
            .args(["-classpath", &class_path(&self.folder), LOADER_CLASS])
            .env_clear()
            .output()?;
        if !unfinished.exists() {
            bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        std::fs::set_permissions(&unfinished, std::fs::Permissions::from_mode(0o644))?;
        Ok(std::fs::rename(&unfinished, archive)?)
    }

    /// Where the archive for a JVM is inside, if there is one.
    pub(super) fn archive_inside(&self, found: &Found) -> Option<String> {
        let name = archive_name(found);
        self.folder.join(&name).exists().then(|| format!("{INSIDE}/{name}"))
    }

    fn fill(&self, unfinished: &Path, from: Option<&Path>) -> anyhow::Result<()> {
        let library = unfinished.join("lib");
        std::fs::create_dir_all(&library)?;
        let fetched = unfinished.join("fetched");
        if from.is_none() {
            fetch(&fetched)?;
        }
        let source = from.unwrap_or(&fetched);
        for jar in JARS {
            let file = jar.file();
            let path = source.join(&file);
            let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let found = hex::encode(Sha256::digest(&bytes));
            if found != jar.sha256 {
                bail!(
                    "{} is not the file that lambdad knows: its SHA-256 is {found}, not {}",
                    path.display(),
                    jar.sha256
                );
            }
            keep(&library.join(file), &bytes)?;
        }
        keep(&library.join(NATIVE), &native(&library.join(JARS[0].file()))?)?;
        if from.is_none() {
            std::fs::remove_dir_all(&fetched)?;
        }
        for folder in [unfinished, &library] {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(std::fs::rename(unfinished, &self.folder)?)
    }
}

/// Another build of a JVM, or one at another place, has another archive: it would refuse a foreign one.
fn archive_name(found: &Found) -> String {
    let mut build = Sha256::new();
    build.update(found.program.as_os_str().as_encoded_bytes());
    build.update(java_release(&found.program).unwrap_or_default());
    format!("classes-{}-{}.jsa", found.version_text(), &hex::encode(build.finalize())[..16])
}

fn class_path(folder: &Path) -> String {
    let jars: Vec<_> = JARS.iter().map(|jar| format!("{}/lib/{}", folder.display(), jar.file())).collect();
    jars.join(":")
}

/// Functions' users read it, whatever umask the operator has.
fn keep(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))?)
}

fn native(jar: &Path) -> anyhow::Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(jar)?)?;
    let mut bytes = Vec::new();
    archive.by_name(NATIVE_IN_JAR)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Maven knows the operator's mirrors, proxies and passwords.
#[expect(clippy::disallowed_methods, reason = "runs the operator's Maven")]
fn fetch(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let project = folder.join("pom.xml");
    std::fs::write(&project, pom())?;
    let status = std::process::Command::new("mvn")
        .args(["-B", "-q", "-f"])
        .arg(&project)
        .arg("dependency:copy-dependencies")
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .stdout(std::io::stderr())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("mvn ended with {status}. {}", by_hand()),
        Err(error) => bail!("mvn can't be run ({error}). Install it (apt-get install maven). {}", by_hand()),
    }
}

fn by_hand() -> String {
    let files: Vec<_> = JARS.iter().map(|jar| format!("  {}:{}:{}", jar.group, jar.name, jar.version)).collect();
    format!("Or put these files of Maven Central into a folder, and name it with --from:\n{}", files.join("\n"))
}

/// Every file by name, none by another's choice.
fn pom() -> String {
    let dependency = |jar: &Jar| {
        let Jar { group, name, version, .. } = jar;
        let exclude = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>";
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version>{exclude}\
             </dependency>"
        )
    };
    let dependencies: String = JARS.iter().map(dependency).collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>lambdad</groupId><artifactId>java-client</artifactId><version>1</version>\
         <dependencies>{dependencies}</dependencies></project>\n"
    )
}

/// What stands between the interpreter and the handler's name, as in AWS's environments: the heap gets 85 % of the memory
/// (the JVM sees no control group inside), one thread collects, the quick compiler compiles.
pub(super) fn arguments(major: u32, memory_mb: u32, archive: Option<String>) -> Vec<String> {
    let heap_kb = u64::from(memory_mb) * 1024 * 85 / 100;
    let mut arguments = vec![
        format!("-XX:MaxHeapSize={heap_kb}k"),
        "-XX:+UseSerialGC".to_owned(),
        "-XX:TieredStopAtLevel=1".to_owned(),
        "-Xshare:auto".to_owned(),
        "-Djava.net.preferIPv4Stack=true".to_owned(),
        "-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac".to_owned(),
        format!("-Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI={INSIDE}/lib/{NATIVE}"),
    ];
    arguments.extend(module_arguments(major).into_iter().map(str::to_owned));
    if let Some(archive) = archive {
        // One that doesn't fit is passed over; that is not for the function's log.
        arguments.extend([format!("-XX:SharedArchiveFile={archive}"), "-Xlog:cds*=off".to_owned()]);
    }
    arguments.extend(["-classpath".to_owned(), class_path(Path::new(INSIDE)), MAIN_CLASS.to_owned()]);
    arguments
}

/// An archive is good for a JVM that is told the same of its modules.
fn module_arguments(major: u32) -> Vec<&'static str> {
    [
        // The client makes a descriptor of a number, for the telemetry pipe.
        (9, "--add-opens=java.base/java.io=ALL-UNNAMED"),
        // It loads its native part, and turns a warning of the JVM off; newer ones would warn of both.
        (17, "--enable-native-access=ALL-UNNAMED"),
        (23, "--sun-misc-unsafe-memory-access=allow"),
    ]
    .into_iter()
    .filter_map(|(since, argument)| (major >= since).then_some(argument))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_another_is_refused() {
        let (from, data) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        std::fs::write(from.path().join(JARS[0].file()), b"something else").expect("writable");
        let client = JavaClient::of(data.path());
        let refusal = client.add(Some(from.path()), &Random::seeded(1)).expect_err("another file").to_string();
        assert!(refusal.contains("is not the file that lambdad knows"), "{refusal}");
        assert!(client.folder().expect_err("missing").contains("lambdad runtimes add java"));
        assert_eq!(std::fs::read_dir(data.path().join("clients")).expect("a folder").count(), 0);
    }

    #[test]
    fn a_folder_that_lacks_a_file_is_refused_by_its_name() {
        let (from, data) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let refusal = JavaClient::of(data.path()).add(Some(from.path()), &Random::seeded(1)).expect_err("empty");
        assert!(refusal.to_string().contains("aws-lambda-java-runtime-interface-client-2.10.1.jar"), "{refusal}");
    }

    #[test]
    fn the_heap_follows_the_memory() {
        assert_eq!(arguments(17, 512, None)[0], "-XX:MaxHeapSize=445644k");
        assert!(!arguments(8, 128, None).iter().any(|argument| argument.starts_with("--")));
    }
}
