//! What is kept of a function: one record per version, in the table `function` of the space `meta`.

use base::{Account, Arn, Region, Scope};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use store::BlobId;

use super::name::{FunctionName, LATEST};
use super::state::Status;
use super::version;
use crate::api::{
    ApplicationLogLevel, Architecture, LogFormat, PackageType, SnapStartApplyOn, SystemLogLevel, TracingMode,
};
use crate::code::{ArchiveKey, merged_id};
use crate::layer::LayerName;
use crate::layer::name::archive_owner;

/// One version of a function: `$LATEST`, or a published one, which never changes once it is Active.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionRecord {
    pub account: String,
    pub region: String,
    pub name: String,
    pub version: String,
    /// What the API shows, and what runs unless `serving` is there.
    pub settings: Settings,
    /// While an update is in progress: what still runs.
    #[serde(default)]
    pub serving: Option<Box<Settings>>,
    pub status: Status,
    /// Changes with each transition; what RevisionId conditions compare.
    pub revision_id: String,
    /// Milliseconds since the epoch, of the last change by a caller.
    pub last_modified_ms: i64,
    #[serde(default)]
    pub tags: IndexMap<String, String>,
    #[serde(default)]
    pub reserved_concurrency: Option<i32>,
    /// Of a published version: the description that `$LATEST` had then, whatever the version's own is.
    #[serde(default)]
    pub latest_description: Option<String>,
}

/// What a function runs as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Made anew with every change, so that two equal ids mean the same code and configuration, also after a function
    /// was deleted and made again: an environment serves one id.
    pub id: String,
    pub code: Code,
    pub config: Config,
}

/// What a caller can configure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub role: String,
    /// Both are there for every function that is made of a zip archive.
    pub runtime: Option<String>,
    pub handler: Option<String>,
    pub description: String,
    pub timeout_seconds: i32,
    pub memory_mb: i32,
    pub ephemeral_storage_mb: i32,
    pub architecture: Architecture,
    pub environment: Option<IndexMap<String, String>>,
    #[serde(default)]
    pub kms_key_arn: Option<String>,
    pub tracing: TracingMode,
    #[serde(default)]
    pub dead_letter_arn: Option<String>,
    #[serde(default)]
    pub layers: Vec<Layer>,
    #[serde(default)]
    pub vpc: Option<Vpc>,
    pub snap_start: SnapStartApplyOn,
    pub logging: Logging,
    #[serde(default)]
    pub image: ImageConfig,
}

/// The code of a function: a zip archive, or a container image; or the archive of a layer version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Of its own for each upload: with the name of its owner it is where the archive is kept.
    pub id: String,
    /// Of the archive, or of the image's manifest; names the unpacked tree.
    pub sha256: BlobId,
    /// Bytes, zipped; 0 for an image.
    pub size: u64,
    /// Bytes of its files.
    #[serde(default)]
    pub unpacked: u64,
    #[serde(default)]
    pub image: Option<Image>,
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// As the caller named it.
    pub uri: String,
    /// What that meant at the time: by digest, for one architecture.
    pub resolved: String,
    pub architecture: Architecture,
}

/// What a function changes of how its image is started; an empty list, or text, leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    pub entry_point: Vec<String>,
    pub command: Vec<String>,
    pub working_directory: String,
}

/// A layer version that a function uses. While a record names it, its own record and its archive stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    pub arn: String,
    pub code: Code,
}

impl Layer {
    /// The key of its record; `None` for an ARN that no code of ours writes.
    pub fn record_key(&self) -> Option<(String, String, String, u64)> {
        let (layer, version) = LayerName::of_version_arn(&self.arn)?;
        Some((layer.account, layer.region, layer.name, version))
    }

    /// Where its archive is kept.
    pub fn archive_key(&self) -> Option<ArchiveKey> {
        let (account, region, name, _) = self.record_key()?;
        Some((account, region, archive_owner(&name), self.code.id.clone()))
    }
}

/// Echoed only: every function of an account and region lies in one network here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    pub subnet_ids: Vec<String>,
    pub security_group_ids: Vec<String>,
    pub ipv6_allowed_for_dual_stack: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    pub format: LogFormat,
    /// With the format JSON only.
    pub application_level: Option<ApplicationLogLevel>,
    /// With the format JSON only.
    pub system_level: Option<SystemLogLevel>,
    pub group: String,
}

impl FunctionRecord {
    /// The function's own ARN, without a qualifier.
    pub fn arn(&self) -> String {
        Arn::new("lambda", &self.region, &self.account, format!("function:{}", self.name)).to_string()
    }

    /// The function, whatever the version.
    pub fn function_name(&self) -> FunctionName {
        FunctionName {
            region: self.region.clone(),
            account: self.account.clone(),
            name: self.name.clone(),
            qualifier: None,
        }
    }

    /// The ARN with this version.
    pub fn qualified_arn(&self) -> String {
        format!("{}:{}", self.arn(), self.version)
    }

    /// What runs now: while an update is in progress, what was there before it.
    pub fn running(&self) -> &Settings {
        self.serving.as_deref().unwrap_or(&self.settings)
    }

    /// How its code is packed; for good.
    pub fn package_type(&self) -> PackageType {
        if self.settings.code.image.is_some() { PackageType::Image } else { PackageType::Zip }
    }

    /// What runs, and what is to run.
    fn all_settings(&self) -> impl Iterator<Item = &Settings> {
        std::iter::once(&self.settings).chain(self.serving.as_deref())
    }

    /// All code of its own that this record needs.
    pub fn codes(&self) -> impl Iterator<Item = &Code> {
        self.all_settings().map(|settings| &settings.code)
    }

    /// All layer versions that this record needs.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.all_settings().flat_map(|settings| &settings.config.layers)
    }

    /// All trees that this record needs.
    pub fn trees(&self) -> impl Iterator<Item = BlobId> {
        let layers = |settings: &Settings| {
            let single: Vec<BlobId> = settings.config.layers.iter().map(|layer| layer.code.sha256).collect();
            let merged = (single.len() > 1).then(|| merged_id(&single));
            single.into_iter().chain(merged)
        };
        self.all_settings().flat_map(move |settings| std::iter::once(settings.code.sha256).chain(layers(settings)))
    }

    /// Where an archive of this function is kept.
    pub fn archive_key(&self, code: &Code) -> ArchiveKey {
        (self.account.clone(), self.region.clone(), self.name.clone(), code.id.clone())
    }

    pub fn is_latest(&self) -> bool {
        self.version == LATEST
    }

    /// `None` if what is stored names no account, which no code of ours writes.
    pub fn scope(&self) -> Option<Scope> {
        Some(Scope::new(Account::parse(&self.account)?, Region::new(&self.region)))
    }
}

impl store::Record for FunctionRecord {
    const TABLE: &'static str = "function";
    /// Account, region, name, and the version as [`version::key`] writes it.
    type Key = (String, String, String, String);

    fn key(&self) -> Self::Key {
        let version = version::key(&self.version).unwrap_or_else(|| self.version.clone());
        (self.account.clone(), self.region.clone(), self.name.clone(), version)
    }
}

/// The contract's enums are stored by the names that the contract gives them.
macro_rules! stored_by_name {
    ($($name:ident),* $(,)?) => {$(
        impl Serialize for crate::api::$name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for crate::api::$name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("{text:?} is not one of {:?}", Self::ALL))
                })
            }
        }
    )*};
}
stored_by_name!(
    ApplicationLogLevel,
    Architecture,
    LastUpdateStatus,
    LastUpdateStatusReasonCode,
    LogFormat,
    SnapStartApplyOn,
    State,
    StateReasonCode,
    SystemLogLevel,
    TracingMode,
);
