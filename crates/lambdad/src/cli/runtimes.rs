//! `lambdad runtimes`: what this host can run, and what would be needed for the rest; `add` adds what is not an
//! interpreter of the host: AWS's client for Java, or one of AWS's base images as a runtime.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use base::{Clock, Random, Tasks};
use lambda::function::CREATABLE;
use lambda::image::Reference;

use super::progress::spinner;
use crate::house::registry_of;
use crate::options::RegistryOptions;
use crate::runtimes::{Family, Found, JavaClient, RuntimeImages, Tools, discover, is_custom, nearest, no_bootstrap};

#[derive(Debug, clap::Args)]
pub(super) struct RuntimesOptions {
    #[command(subcommand)]
    command: Option<RuntimesCommand>,
    /// The data directory that serve uses.
    #[arg(long, env = "LAMBDAD_DATA_DIR", default_value_os_t = super::default_data_dir(), global = true)]
    data_dir: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum RuntimesCommand {
    /// Add what a runtime needs beside its interpreter, or one of AWS's base images, in which its functions run from then
    /// on. A lambdad that serves finds it at once.
    Add(AddOptions),
    /// Take an image away again; its functions run on this host's own interpreters.
    Remove {
        /// Such as python3.12.
        runtime: String,
    },
}

#[derive(Debug, clap::Args)]
struct AddOptions {
    /// `java`: AWS's own runtime client, from Maven Central by this host's mvn. Or an image, such as
    /// public.ecr.aws/lambda/python:3.12.
    what: String,
    /// For `java`: take the files from this folder instead.
    #[arg(long)]
    from: Option<PathBuf>,
    /// For an image: the runtime that it is; told from the image's name if left out.
    #[arg(long = "as", value_name = "RUNTIME")]
    runtime: Option<String>,
    #[command(flatten)]
    registries: RegistryOptions,
    /// As serve has it.
    #[arg(long, default_value_t = 200_000)]
    uid_base: u32,
}

pub(super) async fn runtimes(options: RuntimesOptions) -> anyhow::Result<u8> {
    let client = JavaClient::of(&options.data_dir);
    let images = RuntimeImages::below(&options.data_dir);
    match options.command {
        None => list(&discover(), &client, &images)?,
        Some(RuntimesCommand::Add(add)) if add.what == "java" => add_java(&client, add.from.as_deref())?,
        Some(RuntimesCommand::Add(add)) => add_image(&images, add).await?,
        Some(RuntimesCommand::Remove { runtime }) => {
            ensure!(images.remove(&runtime)?, "no image was added for {runtime}");
        }
    }
    Ok(0)
}

fn add_java(client: &JavaClient, from: Option<&Path>) -> anyhow::Result<()> {
    let random = Random::from_os();
    let said = client.add(from, &random)?;
    for found in discover() {
        client.prepare(&found, &random);
    }
    super::say(&said);
    Ok(())
}

async fn add_image(images: &RuntimeImages, options: AddOptions) -> anyhow::Result<()> {
    let AddOptions { what, runtime, registries, uid_base, .. } = options;
    let named = Reference::parse(&what)
        .with_context(|| format!("{what} is neither `java` nor an image, which begins with its registry's host"))?;
    let runtime = runtime.or_else(|| told_by(&what)).context("the image's name tells no runtime: give --as RUNTIME")?;
    ensure!(CREATABLE.contains(&runtime.as_str()), "{runtime} is none of Lambda's runtimes: {}", CREATABLE.join(", "));
    let tasks = Tasks::new();
    let registry = registry_of(&registries, &Clock::wall(), &tasks)?;
    let progress = spinner(format!("pulling {named}"));
    let tools = Tools::open(images, registry, uid_base, tasks).await?;
    let added = images.add(&tools, &named, &runtime).await;
    tools.close().await;
    progress.finish_and_clear();
    let added = added?;
    super::say(&format!("{runtime} is {} (sha256:{})", added.image, added.digest));
    Ok(())
}

/// `…/python:3.12` is python3.12, `…/nodejs:22` is nodejs22.x, `…/provided:al2023` is provided.al2023. What AWS puts
/// behind the version (`3.12-arm64`, `3.12.2024.05.01`) is left out.
fn told_by(image: &str) -> Option<String> {
    let (path, tag) = image.rsplit_once(':')?;
    let family = path.rsplit('/').next()?;
    let same = |runtime: &&&str| {
        let release = runtime.strip_prefix(family)?.trim_matches('.').trim_end_matches(".x");
        let rest = tag.strip_prefix(release)?;
        (!release.is_empty() && (rest.is_empty() || rest.starts_with(['.', '-']))).then_some(())
    };
    CREATABLE.iter().find(|runtime| same(runtime).is_some()).map(|runtime| (*runtime).to_owned())
}

fn list(found: &[Found], java: &JavaClient, images: &RuntimeImages) -> anyhow::Result<()> {
    super::say(&format!("{:<16} {:<18} {}", "RUNTIME", "VERSION", "INTERPRETER"));
    let mut lacks: Vec<(String, Vec<&str>)> = Vec::new();
    for runtime in CREATABLE {
        if let Some(added) = images.added(runtime)? {
            super::say(&format!("{runtime:<16} {:<18} {}", "image", added.image));
            continue;
        }
        match row(runtime, found, java) {
            Ok((version, interpreter)) => super::say(&format!("{runtime:<16} {version:<18} {interpreter}")),
            Err(lack) => match lacks.iter_mut().find(|(known, _)| *known == lack) {
                Some((_, runtimes)) => runtimes.push(runtime),
                None => lacks.push((lack, vec![runtime])),
            },
        }
    }
    for (lack, runtimes) in lacks {
        super::say(&format!("\nNot here: {}\n  {lack}", runtimes.join(", ")));
    }
    super::say("\nWhat is marked as nearest is another version than AWS's; serve --strict-runtimes refuses it.");
    Ok(())
}

fn row(runtime: &str, found: &[Found], java: &JavaClient) -> Result<(String, String), String> {
    if is_custom(runtime) {
        return Ok(("-".to_owned(), "the function's own bootstrap".to_owned()));
    }
    let (family, release) = Family::of_runtime(runtime).ok_or_else(|| no_bootstrap(runtime))?;
    let (found, exact) =
        nearest(found, family, release).ok_or_else(|| format!("No {family} was found. {}", family.fix()))?;
    if family == Family::Java {
        java.folder()?;
    }
    let mark = if exact { "" } else { " (nearest)" };
    Ok((format!("{}{mark}", found.version_text()), found.program.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_awss_images_tell_their_runtimes() {
        for (image, runtime) in [
            ("public.ecr.aws/lambda/python:3.12", Some("python3.12")),
            ("public.ecr.aws/lambda/python:3.12-x86_64", Some("python3.12")),
            ("public.ecr.aws/lambda/nodejs:22.2025.01.02.03", Some("nodejs22.x")),
            ("public.ecr.aws/lambda/java:21", Some("java21")),
            ("public.ecr.aws/lambda/provided:al2023", Some("provided.al2023")),
            ("public.ecr.aws/lambda/python:latest", None),
            ("public.ecr.aws/lambda/python", None),
            ("h.x/mine:1", None),
        ] {
            assert_eq!(told_by(image).as_deref(), runtime, "{image}");
        }
    }
}
