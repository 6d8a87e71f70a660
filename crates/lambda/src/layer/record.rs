//! What is kept of layers: a record per version, in the table `layer-version`, and one per layer, in the table `layer`,
//! which outlives its versions. Both lie in the space `meta`.

use serde::{Deserialize, Serialize};

use super::LayerName;
use super::name::archive_owner;
use super::policy::Policy;
use crate::api::Architecture;
use crate::code::ArchiveKey;
use crate::function::{Code, Layer};

/// A layer that ever had a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    pub account: String,
    pub region: String,
    pub name: String,
    /// The number that was given last.
    pub last_version: u64,
}

/// One version of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerVersionRecord {
    pub account: String,
    pub region: String,
    pub name: String,
    pub version: u64,
    pub code: Code,
    pub description: String,
    #[serde(default)]
    pub license: Option<String>,
    /// By their names; empty if the publisher named none.
    #[serde(default)]
    pub runtimes: Vec<String>,
    /// Empty if the publisher named none.
    #[serde(default)]
    pub architectures: Vec<Architecture>,
    /// Milliseconds since the epoch.
    pub created_ms: i64,
    #[serde(default)]
    pub policy: Option<Policy>,
    /// Hidden, and kept only as long as functions hold it.
    #[serde(default)]
    pub deleted: bool,
}

impl LayerVersionRecord {
    pub fn layer(&self) -> LayerName {
        LayerName { region: self.region.clone(), account: self.account.clone(), name: self.name.clone() }
    }

    pub fn arn(&self) -> String {
        self.layer().version_arn(self.version)
    }

    pub fn archive_key(&self) -> ArchiveKey {
        (self.account.clone(), self.region.clone(), archive_owner(&self.name), self.code.id.clone())
    }

    /// As a function holds it.
    pub fn held(&self) -> Layer {
        Layer { arn: self.arn(), code: self.code.clone() }
    }

    /// Whether a list that asks for these shows it.
    pub fn is_for(&self, runtime: Option<&str>, architecture: Option<Architecture>) -> bool {
        let has_runtime = runtime.is_none_or(|wanted| self.runtimes.iter().any(|runtime| runtime == wanted));
        has_runtime && architecture.is_none_or(|wanted| self.architectures.contains(&wanted))
    }
}

impl store::Record for LayerRecord {
    const TABLE: &'static str = "layer";
    /// Account, region, name.
    type Key = (String, String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.region.clone(), self.name.clone())
    }
}

impl store::Record for LayerVersionRecord {
    const TABLE: &'static str = "layer-version";
    /// Account, region, name, version.
    type Key = (String, String, String, u64);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.region.clone(), self.name.clone(), self.version)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::policy::Statement;
    use super::*;

    prop_compose! {
        fn any_version()(
            name in "[a-zA-Z0-9_-]{1,20}",
            version in 1_u64..,
            size in any::<u64>(),
            description in ".{0,20}",
            license in proptest::option::of(".{0,20}"),
            runtimes in proptest::collection::vec("[a-z0-9.]{1,12}", 0..3),
            arm in any::<bool>(),
            created_ms in any::<i64>(),
            sid in proptest::option::of("[a-z]{1,8}"),
            organization in proptest::option::of("o-[a-z0-9]{10}"),
            deleted in any::<bool>(),
        ) -> LayerVersionRecord {
            let statement = |sid| Statement { sid, principal: "*".to_owned(), organization: organization.clone() };
            LayerVersionRecord {
                account: "123456789012".to_owned(),
                region: "us-east-1".to_owned(),
                name,
                version,
                code: Code { id: "id".to_owned(), sha256: store::BlobId::of(b"x"), size, unpacked: size, image: None },
                description,
                license,
                runtimes,
                architectures: if arm { vec![Architecture::Arm64] } else { Vec::new() },
                created_ms,
                policy: sid.map(|sid| Policy { revision_id: "r".to_owned(), statements: vec![statement(sid)] }),
                deleted,
            }
        }
    }

    proptest! {
        #[test]
        fn a_record_comes_back(record in any_version()) {
            let bytes = rmp_serde::to_vec_named(&record).expect("it has an encoding");
            prop_assert_eq!(rmp_serde::from_slice::<LayerVersionRecord>(&bytes).expect("it can be read"), record);
        }
    }
}
