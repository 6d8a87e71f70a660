//! The heart: functions, admission, the pool of environments, the runtime protocols, outcomes.

mod admit;
pub mod credentials;
pub mod environment;
pub mod pool;
pub mod runtime_api;

/// The ARN that stands for a runtime's version: a hash of its name, as AWS's is opaque.
pub fn runtime_version_arn(region: &str, version: &str) -> String {
    use sha2::Digest as _;
    format!("arn:aws:lambda:{region}::runtime:{}", hex::encode(sha2::Sha256::digest(version)))
}
