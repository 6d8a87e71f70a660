//! Secrets, the signing keys derived from them, and a bounded cache of those that have proved themselves.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::TERMINATOR;
use super::claim::CredentialScope;

/// A secret access key. Never shown: `Debug` says only that there is one.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The secret itself, for the one answer that shows it and for storing it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Any text can be a secret: so that command lines take one without showing it.
impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The key of one secret for one day, region and service.
#[derive(Clone)]
pub(super) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    pub(super) fn derive(secret: &Secret, scope: &CredentialScope) -> Self {
        let first = format!("AWS4{}", secret.expose());
        let day = once(keyed(first.as_bytes()), &scope.date);
        let region = once(keyed(&day), &scope.region);
        let service = once(keyed(&region), &scope.service);
        Self(keyed(&once(keyed(&service), TERMINATOR)))
    }

    /// The signature of `text`, in lowercase hexadecimal.
    pub(super) fn sign(&self, text: &str) -> String {
        hex::encode(once(self.0.clone(), text))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn once(mut mac: Hmac<Sha256>, text: &str) -> [u8; 32] {
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// What a key is found by: a digest over everything that it is derived from, the secret included, so that a changed
/// secret never meets the old key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(access_key: &str, secret: &Secret, scope: &CredentialScope) -> Self {
        let mut digest = Sha256::new();
        for part in [access_key, secret.expose(), &scope.date, &scope.region, &scope.service] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// Signing keys, least recently used out first. The lock is held for the look-up only, never across an HMAC.
pub(super) struct KeyCache {
    room: usize,
    inner: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    uses: u64,
    keys: HashMap<Fingerprint, (SigningKey, u64)>,
}

impl KeyCache {
    pub(super) fn new(room: usize) -> Self {
        Self { room, inner: Mutex::default() }
    }

    pub(super) fn get(&self, fingerprint: &Fingerprint) -> Option<SigningKey> {
        let mut shelf = self.inner.lock();
        shelf.uses += 1;
        let now = shelf.uses;
        let (key, used) = shelf.keys.get_mut(fingerprint)?;
        *used = now;
        Some(key.clone())
    }

    /// For keys that verified a signature: whoever can't sign can't push others out.
    pub(super) fn put(&self, fingerprint: Fingerprint, key: SigningKey) {
        let mut shelf = self.inner.lock();
        shelf.uses += 1;
        let now = shelf.uses;
        shelf.keys.insert(fingerprint, (key, now));
        if shelf.keys.len() > self.room {
            shelf.drop_oldest();
        }
    }
}

impl Shelf {
    fn drop_oldest(&mut self) {
        let oldest = self.keys.iter().min_by_key(|(_, (_, used))| *used).map(|(fingerprint, _)| *fingerprint);
        if let Some(oldest) = oldest {
            self.keys.remove(&oldest);
        }
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("room", &self.room).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str) -> CredentialScope {
        CredentialScope { date: "20150830".to_owned(), region: region.to_owned(), service: "iam".to_owned() }
    }

    #[test]
    fn a_key_is_derived_as_aws_documents_it() {
        let key = SigningKey::derive(&Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), &scope("us-east-1"));
        let text = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                    f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        assert_eq!(key.sign(text), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn nothing_shows_a_secret() {
        let secret = Secret::new("hunter2");
        let key = SigningKey::derive(&secret, &scope("us-east-1"));
        assert!(!format!("{secret:?}{key:?}").contains("hunter2"));
    }

    #[test]
    fn a_changed_secret_has_another_fingerprint() {
        let of = |secret| Fingerprint::of("AKID", &Secret::new(secret), &scope("us-east-1")).0;
        assert_ne!(of("old"), of("new"));
        assert_eq!(of("old"), of("old"));
    }

    #[test]
    fn the_least_recently_used_key_goes_first() {
        let cache = KeyCache::new(2);
        let [a, b, c] = ["a", "b", "c"].map(|region| {
            let secret = Secret::new("s");
            (Fingerprint::of("AKID", &secret, &scope(region)), SigningKey::derive(&secret, &scope(region)))
        });
        cache.put(a.0, a.1);
        cache.put(b.0, b.1);
        assert!(cache.get(&a.0).is_some());
        cache.put(c.0, c.1);
        let kept = [a.0, b.0, c.0].map(|fingerprint| cache.get(&fingerprint).is_some());
        assert_eq!(kept, [true, false, true]);
    }
}
