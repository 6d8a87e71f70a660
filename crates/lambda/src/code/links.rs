//! Links to archives, as GetFunction answers them: good for ten minutes, for whoever has them.
//!
//! A link looks as S3's presigned ones do. What is signed is the archive and the time, with a secret of the server;
//! what a client adds to the query is not looked at.

use base::{Fault, Timestamp};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use store::Space;
use subtle::ConstantTimeEq;

use super::archives::{ArchiveKey, Archives};

/// What the front door serves through [`Links::open`].
pub const PREFIX: &str = "/_lambdad/code/";
const SECONDS: i64 = 600;
/// How far the clocks of two nodes may lie apart.
const SKEW_SECONDS: i64 = 60;
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// Makes and opens links.
#[derive(Clone)]
pub struct Links {
    secret: [u8; 32],
    archives: Archives,
}

/// The server's secret, made at the first start.
#[derive(Serialize, Deserialize)]
struct Secret {
    purpose: String,
    secret: Bytes,
}

impl store::Record for Secret {
    const TABLE: &'static str = "lambda-secret";
    type Key = String;

    fn key(&self) -> String {
        self.purpose.clone()
    }
}

const PURPOSE: &str = "code-links";

impl Links {
    pub async fn open_in(space: &Space, archives: Archives) -> Result<Self, store::Error> {
        let table = space.table::<Secret>();
        if table.get(PURPOSE).await?.is_none() {
            let mut secret = [0; 32];
            space.random().fill(&mut secret);
            let made = Secret { purpose: PURPOSE.to_owned(), secret: Bytes::copy_from_slice(&secret) };
            match table.insert(&made).await {
                Err(error) if !error.is_conflict() => return Err(error),
                // Another node was first: its secret stands.
                _ => {}
            }
        }
        let corrupt =
            |detail: &str| store::Error::Corrupt { what: "the secret of links".into(), detail: detail.into() };
        let kept = table.get(PURPOSE).await?.ok_or_else(|| corrupt("it is not there"))?;
        let secret = kept.record.secret[..].try_into().map_err(|_| corrupt("it has not 32 bytes"))?;
        Ok(Self { secret, archives })
    }

    /// A link to an archive, below `origin` (`http://localhost:4566`).
    pub fn make(&self, origin: &str, key: &ArchiveKey, now: Timestamp) -> String {
        let (account, region, function, id) = key;
        let path = format!("{PREFIX}{account}/{region}/{function}/{id}");
        let date = now.strftime(TIME).to_string();
        let signature = hex::encode(self.sign(&path, &date));
        format!(
            "{origin}{path}?X-Amz-Algorithm=HMAC-SHA256&X-Amz-Date={date}&X-Amz-Expires={SECONDS}\
             &X-Amz-Signature={signature}"
        )
    }

    /// The archive that a link names. `path` and `query` as they came. 403 for what we did not sign or is too old,
    /// 404 if the archive is gone.
    pub async fn open(&self, path: &str, query: &str, now: Timestamp) -> Result<Bytes, Fault> {
        let key = self.check(path, query, now)?;
        let bytes = self.archives.load(&key).await?;
        bytes.ok_or_else(|| Fault::new("NoSuchKey", "The specified key does not exist."))
    }

    fn check(&self, path: &str, query: &str, now: Timestamp) -> Result<ArchiveKey, Fault> {
        let refused = || Fault::new("AccessDenied", "Access Denied");
        let key = read_key(path).ok_or_else(refused)?;
        let date = parameter(query, "X-Amz-Date").ok_or_else(refused)?;
        let signature =
            parameter(query, "X-Amz-Signature").and_then(|text| hex::decode(text).ok()).ok_or_else(refused)?;
        if !bool::from(self.sign(path, date)[..].ct_eq(&signature)) {
            return Err(Fault::new("SignatureDoesNotMatch", "The signature of the link is not ours."));
        }
        let signed = read_time(date).ok_or_else(refused)?;
        let age = now.as_second() - signed.as_second();
        if (-SKEW_SECONDS..=SECONDS).contains(&age) {
            Ok(key)
        } else {
            Err(Fault::new("AccessDenied", "Request has expired"))
        }
    }

    fn sign(&self, path: &str, date: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("a key may have any length");
        mac.update(path.as_bytes());
        mac.update(b"\n");
        mac.update(date.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn read_key(path: &str) -> Option<ArchiveKey> {
    let parts: Vec<&str> = path.strip_prefix(PREFIX)?.split('/').collect();
    let [account, region, function, id] = parts[..] else { return None };
    Some((account.to_owned(), region.to_owned(), function.to_owned(), id.to_owned()))
}

/// The first parameter of this name; ours need no decoding.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

fn read_time(text: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| text.get(from..to);
    let (date, time) = (text.get(..8)?, text.get(9..15)?);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() != 16 || !digits(date) || !digits(time) {
        return None;
    }
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Links")
    }
}
