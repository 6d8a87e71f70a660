//! Keys and sessions: what proves who somebody is, and how it is made. Nothing here reads the store.

pub mod ids;
pub mod keyring;
pub mod root;
pub mod session;

pub use keyring::Keyring;
pub use root::RootKey;
pub use session::{Session, Who};
pub use wire::sigv4::{Credential, Secret};
