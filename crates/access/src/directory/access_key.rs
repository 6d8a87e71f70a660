//! The record of an access key.

use serde::{Deserialize, Serialize};
use store::Record;

use crate::credentials::Secret;

/// A key that lasts until somebody deletes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: String,
    pub account: String,
    pub user: String,
    /// The user's id: the key of a deleted user is not that of a new one with the same name.
    pub user_id: String,
    /// Signatures are computed with it, so it can't be kept as a hash.
    #[serde(with = "as_text")]
    pub secret: Secret,
    pub active: bool,
    pub created_ms: i64,
}

impl Record for AccessKey {
    const TABLE: &'static str = "access-key";
    type Key = (String,);

    fn key(&self) -> Self::Key {
        (self.id.clone(),)
    }
}

/// The one place where a secret becomes text by itself.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::credentials::Secret;

    pub(super) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(|text| Secret::new(&text))
    }
}
