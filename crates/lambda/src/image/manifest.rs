//! The documents of an image: index, manifest, configuration; OCI's and Docker's, which differ in their names only.
//!
//! Source: the OCI image specification, and "Image Manifest Version 2, Schema 2" of Docker's registry.

use base::limits::lambda::{IMAGE_BYTES, IMAGE_LAYERS, IMAGE_SETTINGS_BYTES};
use serde::{Deserialize, Serialize};
use store::BlobId;

use super::Error;
use super::reference::parse_digest;
use crate::api::Architecture;
use crate::code::unpacker::Packing;

const INDEXES: &[&str] =
    &["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
const MANIFESTS: &[&str] =
    &["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];
const CONFIGURATIONS: &[&str] =
    &["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// What we ask registries for.
pub(super) fn accepted() -> String {
    [INDEXES, MANIFESTS].concat().join(", ")
}

/// What a registry answers for the name of an image.
#[derive(Debug)]
pub(super) enum Document {
    Index(Index),
    Manifest(Manifest),
}

#[derive(Debug, Deserialize)]
pub(super) struct Index {
    manifests: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Debug, Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

/// What an image is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
}

/// A blob to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) digest: BlobId,
    pub(super) size: u64,
}

/// By what it says it is, or else by what the registry says.
pub(super) fn read(bytes: &[u8], content_type: Option<&str>) -> Result<Document, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Kind {
        media_type: Option<String>,
    }
    let told: Kind = parse(bytes, "manifest")?;
    let kind = told.media_type.as_deref().or(content_type).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind {
        _ if INDEXES.contains(&kind) => parse(bytes, "index").map(Document::Index),
        _ if MANIFESTS.contains(&kind) => {
            let manifest: Manifest = parse(bytes, "manifest")?;
            manifest.check()?;
            Ok(Document::Manifest(manifest))
        }
        other => Err(Error::Unsupported(format!("a manifest of the type {other:?}"))),
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Bad(format!("the {what}: {error}")))
}

/// As images name it.
const fn name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X8664 => "amd64",
        Architecture::Arm64 => "arm64",
    }
}

impl Index {
    /// The digest of the manifest for this architecture.
    pub(super) fn choose(&self, architecture: Architecture) -> Result<BlobId, Error> {
        let fits = |platform: &Platform| platform.os == "linux" && platform.architecture == name(architecture);
        let listed = self.manifests.iter().find(|listed| listed.platform.as_ref().is_some_and(fits));
        let listed =
            listed.ok_or_else(|| Error::Unsupported(format!("the index has no image for {}", name(architecture))))?;
        digest(&listed.digest)
    }
}

impl Manifest {
    fn check(&self) -> Result<(), Error> {
        if !CONFIGURATIONS.contains(&self.config.media_type.as_str()) {
            return Err(Error::Unsupported(format!("a configuration of the type {:?}", self.config.media_type)));
        }
        if self.layers.len() > IMAGE_LAYERS {
            return Err(Error::Bad(format!("more than {IMAGE_LAYERS} layers")));
        }
        let packed = self.layers()?.iter().fold(0_u64, |sum, (layer, _)| sum.saturating_add(layer.size));
        if packed > IMAGE_BYTES { Err(Error::TooLarge { limit: IMAGE_BYTES }) } else { Ok(()) }
    }

    pub(super) fn config(&self) -> Result<Wanted, Error> {
        self.config.wanted()
    }

    /// From the lowest to the highest.
    pub(super) fn layers(&self) -> Result<Vec<(Wanted, Packing)>, Error> {
        self.layers.iter().map(|layer| Ok((layer.wanted()?, packing(&layer.media_type)?))).collect()
    }
}

impl Descriptor {
    fn wanted(&self) -> Result<Wanted, Error> {
        Ok(Wanted { digest: digest(&self.digest)?, size: self.size })
    }
}

fn digest(text: &str) -> Result<BlobId, Error> {
    parse_digest(text).ok_or_else(|| Error::Unsupported(format!("the digest {text:?}")))
}

fn packing(media_type: &str) -> Result<Packing, Error> {
    match media_type {
        "application/vnd.oci.image.layer.v1.tar" | "application/vnd.docker.image.rootfs.diff.tar" => Ok(Packing::Plain),
        "application/vnd.oci.image.layer.v1.tar+gzip" | "application/vnd.docker.image.rootfs.diff.tar.gzip" => {
            Ok(Packing::Gzip)
        }
        "application/vnd.oci.image.layer.v1.tar+zstd" | "application/vnd.docker.image.rootfs.diff.tar.zstd" => {
            Ok(Packing::Zstd)
        }
        other => Err(Error::Unsupported(format!("a layer of the type {other:?}"))),
    }
}

/// How an image says that it is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub entry_point: Vec<String>,
    pub command: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// Empty if it doesn't say.
    pub working_directory: String,
}

impl Start {
    /// From an image's configuration, if it is for this architecture. `User` and the like mean nothing in Lambda.
    pub(super) fn read(bytes: &[u8], architecture: Architecture) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Configuration {
            os: String,
            architecture: String,
            config: Option<Settings>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        struct Settings {
            entrypoint: Option<Vec<String>>,
            cmd: Option<Vec<String>>,
            env: Option<Vec<String>>,
            working_dir: Option<String>,
        }
        let read: Configuration = parse(bytes, "configuration")?;
        if read.os != "linux" || read.architecture != name(architecture) {
            let (os, found) = (read.os, read.architecture);
            return Err(Error::Unsupported(format!("it is for {os}/{found}, the function for {}", name(architecture))));
        }
        let settings = read.config.unwrap_or_default();
        let pairs = settings.env.unwrap_or_default();
        let pair = |pair: String| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let start = Self {
            entry_point: settings.entrypoint.unwrap_or_default(),
            command: settings.cmd.unwrap_or_default(),
            variables: pairs.into_iter().filter_map(pair).filter(|(key, _)| !key.is_empty()).collect(),
            working_directory: settings.working_dir.unwrap_or_default(),
        };
        match start.bytes() {
            bytes if bytes <= IMAGE_SETTINGS_BYTES => Ok(start),
            bytes => Err(Error::Unsupported(format!("{bytes} bytes of settings, more than {IMAGE_SETTINGS_BYTES}"))),
        }
    }

    fn bytes(&self) -> usize {
        let lists = self.entry_point.iter().chain(&self.command).map(String::len);
        let variables = self.variables.iter().map(|(key, value)| key.len() + value.len());
        lists.chain(variables).sum::<usize>() + self.working_directory.len()
    }
}
