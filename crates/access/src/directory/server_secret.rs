//! The server's secret, from which session keys come: made with the first start, the same on every node.

use base::Random;
use serde::{Deserialize, Serialize};
use store::{Record, Space};

use crate::credentials::Keyring;
use crate::credentials::keyring::SECRET_BYTES;

#[derive(Serialize, Deserialize)]
struct ServerSecret {
    name: String,
    secret: Vec<u8>,
}

const CURRENT: &str = "current";

impl Record for ServerSecret {
    const TABLE: &'static str = "server-secret";
    type Key = (String,);

    fn key(&self) -> Self::Key {
        (self.name.clone(),)
    }
}

/// Reads the secret, or makes it; of two nodes that make one at once, both take the first.
pub async fn keyring(space: &Space, random: &Random) -> store::Result<Keyring> {
    let table = space.table::<ServerSecret>();
    if let Some(kept) = table.get((CURRENT,)).await? {
        return Ok(Keyring::new(&kept.secret));
    }
    let mut secret = vec![0; SECRET_BYTES];
    random.fill(&mut secret);
    match table.insert(&ServerSecret { name: CURRENT.to_owned(), secret: secret.clone() }).await {
        Ok(_) => Ok(Keyring::new(&secret)),
        Err(error) if error.is_conflict() => {
            let kept = table.get((CURRENT,)).await?;
            kept.map(|kept| Keyring::new(&kept.secret)).ok_or(error)
        }
        Err(error) => Err(error),
    }
}
