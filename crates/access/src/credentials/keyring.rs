//! What the server's secret is good for: sealing session tokens, and deriving the secrets of session keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Secret;

type HmacSha256 = Hmac<Sha256>;

/// Bytes of the server's secret and of a seal.
pub const SECRET_BYTES: usize = 32;
pub const SEAL_BYTES: usize = 32;

/// Two keys made of one secret, so that neither use can be turned against the other.
#[derive(Clone)]
pub struct Keyring {
    seal: [u8; 32],
    derive: [u8; 32],
}

impl Keyring {
    pub fn new(server_secret: &[u8]) -> Self {
        Self {
            seal: mac(server_secret, b"session token").finalize().into_bytes().into(),
            derive: mac(server_secret, b"session secret").finalize().into_bytes().into(),
        }
    }

    /// The seal of a token's bytes.
    pub(super) fn seal(&self, bytes: &[u8]) -> [u8; SEAL_BYTES] {
        mac(&self.seal, bytes).finalize().into_bytes().into()
    }

    /// In constant time.
    pub(super) fn is_sealed(&self, bytes: &[u8], seal: &[u8]) -> bool {
        mac(&self.seal, bytes).verify_slice(seal).is_ok()
    }

    /// The secret access key of a session key: 40 characters that are computed, never stored.
    pub fn session_secret(&self, access_key: &str) -> Secret {
        let bytes = mac(&self.derive, access_key.as_bytes()).finalize().into_bytes();
        Secret::new(&STANDARD.encode(&bytes[..30]))
    }
}

fn mac(key: &[u8], message: &[u8]) -> HmacSha256 {
    let mut mac = HmacSha256::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}
