//! `lambdad runtimes`: what this host can run, and AWS's base images as runtimes.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use base::{Clock, Tasks};
use lambda::function::runtime::CREATABLE;
use lambda::image::Reference;

use super::progress::spinner;
use crate::house::registry_of;
use crate::options::RegistryOptions;
use crate::runtimes::{Family, RuntimeImages, Tools, discover};

#[derive(Debug, clap::Args)]
pub(super) struct RuntimesOptions {
    #[command(subcommand)]
    command: Option<RuntimesCommand>,
    /// Where everything is kept.
    #[arg(long, global = true, env = "LAMBDAD_DATA_DIR", default_value_os_t = super::default_data_dir())]
    data_dir: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum RuntimesCommand {
    /// Pull one of AWS's base images; functions of its runtime run in it from then on.
    Add(AddOptions),
    /// Take an image away again; its functions run on this host's own interpreters.
    Remove {
        /// Such as python3.12.
        runtime: String,
    },
}

#[derive(Debug, clap::Args)]
struct AddOptions {
    /// Such as public.ecr.aws/lambda/python:3.12.
    image: String,
    /// The runtime that it is; told from the image's name if left out.
    #[arg(long = "as", value_name = "RUNTIME")]
    runtime: Option<String>,
    #[command(flatten)]
    registries: RegistryOptions,
    /// As serve has it.
    #[arg(long, default_value_t = 200_000)]
    uid_base: u32,
}

pub(super) async fn runtimes(options: RuntimesOptions) -> anyhow::Result<u8> {
    let images = RuntimeImages::below(&options.data_dir);
    match options.command {
        None => list(&images),
        Some(RuntimesCommand::Add(add)) => self::add(&images, add).await,
        Some(RuntimesCommand::Remove { runtime }) => {
            ensure!(images.remove(&runtime)?, "no image was added for {runtime}");
            Ok(0)
        }
    }
}

async fn add(images: &RuntimeImages, options: AddOptions) -> anyhow::Result<u8> {
    let named = Reference::parse(&options.image)
        .with_context(|| format!("{} names no image: it begins with the registry's host", options.image))?;
    let runtime = options.runtime.or_else(|| told_by(&options.image));
    let runtime = runtime.context("the image's name tells no runtime: give --as RUNTIME")?;
    ensure!(CREATABLE.contains(&runtime.as_str()), "{runtime} is none of Lambda's runtimes: {}", CREATABLE.join(", "));
    let tasks = Tasks::new();
    let registry = registry_of(&options.registries, &Clock::wall(), &tasks)?;
    let progress = spinner(format!("pulling {named}"));
    let tools = Tools::open(images, registry, options.uid_base, tasks).await?;
    let added = images.add(&tools, &named, &runtime).await;
    tools.close().await;
    progress.finish_and_clear();
    let added = added?;
    super::say(&format!("{runtime} is {} (sha256:{})", added.image, added.digest));
    Ok(0)
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

fn list(images: &RuntimeImages) -> anyhow::Result<u8> {
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
    for (runtime, added) in images.list()? {
        super::say(&format!("{runtime:<16} {:<12} {}", "image", added.image));
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
