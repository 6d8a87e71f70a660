//! The record of a managed policy with its versions.

use serde::{Deserialize, Serialize};
use store::Record;

use super::entity::{Tags, compiled};
use super::name_key;
use crate::policy::{Compiled, identity_policy};

/// A managed policy of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    pub account: String,
    pub name: String,
    pub path: String,
    pub id: String,
    pub description: Option<String>,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub tags: Tags,
    /// Oldest first; never empty.
    pub versions: Vec<Version>,
    /// The number of the version that counts.
    pub default_version: u32,
    /// The number of the version that was made last; a deleted one's number isn't given again.
    pub last_version: u32,
    /// How many users and roles hold it: in the same commit as their records, so that it can't be deleted under them.
    pub attachments: u32,
    /// How many users and roles have it as their boundary.
    pub boundaries: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub number: u32,
    pub document: String,
    pub created_ms: i64,
}

impl Version {
    pub fn id(&self) -> String {
        format!("v{}", self.number)
    }
}

impl Record for ManagedPolicy {
    const TABLE: &'static str = "managed-policy";
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), name_key(&self.name))
    }
}

impl ManagedPolicy {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:policy{}{}", self.account, self.path, self.name)
    }

    /// The version called `v3`, say.
    pub fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id() == id)
    }

    /// The version that counts.
    pub fn default_document(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == self.default_version)
    }
}

/// A managed policy in memory, ready to be asked.
#[derive(Debug)]
pub struct Known {
    pub record: ManagedPolicy,
    pub compiled: Compiled,
}

impl Known {
    pub fn new(record: ManagedPolicy) -> Self {
        let document = record.default_document().map_or("", |version| &version.document);
        Self { compiled: compiled(identity_policy(document)), record }
    }
}
