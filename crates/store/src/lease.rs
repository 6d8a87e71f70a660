//! Leases: one owner at a time, until it ends or is given back, with a fencing token that only grows.

use std::time::Duration;

use bytes::Bytes;

use crate::batch::Batch;
use crate::engine::{Expect, Revision, Row, Write, add_ms};
use crate::error::{Error, Result};
use crate::key::{Encode, in_layer, layer};
use crate::queue::held;
use crate::space::Space;
use crate::value;

/// The leases of one space.
#[derive(Clone, Debug)]
pub struct Leases {
    space: Space,
}

/// A lease that was acquired. Whoever acts on it puts it into the batch ([`Batch::fence`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    name: Bytes,
    pub owner: String,
    /// Greater than that of every earlier owner; the same while the lease is renewed.
    pub token: Revision,
    pub expires_ms: i64,
}

/// Who has a lease now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub owner: String,
    pub token: Revision,
    pub expires_ms: i64,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Owner {
    owner: String,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Expiry {
    expires_ms: i64,
}

const OWNER: u8 = 0;
const EXPIRY: u8 = 1;

/// Two rows: the owner, whose revision is the token, and the expiry, which renewals change.
fn rows_of(name: &Bytes) -> (Bytes, Bytes) {
    let row = |which: u8| Bytes::from([&name[..], &[which]].concat());
    (row(OWNER), row(EXPIRY))
}

impl Leases {
    pub(crate) fn new(space: Space) -> Self {
        Self { space }
    }

    /// `None` if somebody else has it. An owner who acquires what it has gets a new token.
    pub async fn acquire(&self, name: impl Encode, owner: &str, hold: Duration) -> Result<Option<Lease>> {
        let name = Bytes::from(in_layer(layer::LEASE, &name));
        let (owner_key, expiry_key) = rows_of(&name);
        let expiry = self.space.get(&expiry_key).await?;
        let now_ms = self.space.engine.now_ms().await?;
        if self.taken_by_another(&owner_key, expiry.as_ref(), owner, now_ms).await? {
            return Ok(None);
        }
        let expires_ms = add_ms(now_ms, hold);
        let mut batch = self.space.batch();
        // Whoever renewed or acquired it since it was read has changed this row.
        let unchanged = expiry.map_or(Expect::Absent, |row| Expect::At(row.revision));
        batch.expect(expiry_key.clone(), unchanged);
        batch.put_value(owner_key, value::encode("lease", &Owner { owner: owner.to_owned() }));
        batch.put_value(expiry_key, value::encode("lease", &Expiry { expires_ms }));
        match batch.commit().await {
            Ok(committed) => Ok(Some(Lease { name, owner: owner.to_owned(), token: committed.revision, expires_ms })),
            Err(Error::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn taken_by_another(&self, key: &[u8], expiry: Option<&Row>, owner: &str, now_ms: i64) -> Result<bool> {
        let Some(expiry) = expiry else { return Ok(false) };
        let Expiry { expires_ms } = value::decode("lease", &expiry.value)?;
        if expires_ms <= now_ms {
            return Ok(false);
        }
        let row = self.space.get(key).await?;
        let there: Option<Owner> = row.map(|row| value::decode("lease", &row.value)).transpose()?;
        Ok(there.is_none_or(|there| there.owner != owner))
    }

    /// Holds it for `hold` from now on; false if somebody else has acquired it since.
    pub async fn renew(&self, lease: &mut Lease, hold: Duration) -> Result<bool> {
        let expires_ms = add_ms(self.space.engine.now_ms().await?, hold);
        let renewed = self.set_expiry(lease, expires_ms).await?;
        if renewed {
            lease.expires_ms = expires_ms;
        }
        Ok(renewed)
    }

    /// Gives it back; false if somebody else has acquired it since.
    pub async fn release(&self, lease: Lease) -> Result<bool> {
        self.set_expiry(&lease, 0).await
    }

    async fn set_expiry(&self, lease: &Lease, expires_ms: i64) -> Result<bool> {
        let mut batch = self.space.batch();
        batch.fence(lease).put_value(rows_of(&lease.name).1, value::encode("lease", &Expiry { expires_ms }));
        held(batch.commit().await.map(drop))
    }

    /// Who has it now, if anybody.
    pub async fn holder(&self, name: impl Encode) -> Result<Option<Holder>> {
        let (owner_key, expiry_key) = rows_of(&Bytes::from(in_layer(layer::LEASE, &name)));
        let (Some(owner), Some(expiry)) = (self.space.get(&owner_key).await?, self.space.get(&expiry_key).await?)
        else {
            return Ok(None);
        };
        let Expiry { expires_ms } = value::decode("lease", &expiry.value)?;
        let token = owner.revision;
        let Owner { owner } = value::decode("lease", &owner.value)?;
        let now_ms = self.space.engine.now_ms().await?;
        Ok((expires_ms > now_ms).then_some(Holder { owner, token, expires_ms }))
    }
}

impl Batch {
    /// The commit fails if somebody else has acquired the lease since.
    pub fn fence(&mut self, lease: &Lease) -> &mut Self {
        self.expect(rows_of(&lease.name).0, Expect::At(lease.token))
    }

    fn put_value(&mut self, key: Bytes, value: Result<Bytes>) -> &mut Self {
        self.encoded(value, |value| Write::Put { key, value, due: None })
    }
}
