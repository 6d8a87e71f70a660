//! Sessions: credentials for a while. The token carries all there is to know, so that no store is asked for it.
//!
//! ```text
//!  0       1                              n              n + 32
//!  +-------+------------------------------+--------------+
//!  | form  | claims: MessagePack          | HMAC-SHA256  |   base64url without padding
//!  | 0x01  | (array of the fields below)  | of 0 .. n    |
//!  +-------+------------------------------+--------------+
//! ```
//! The claims can be read by whoever holds the token; they hold no secret. The key's secret is computed from its id
//! ([`Keyring::session_secret`]). A field is added at the end with a default, or the form changes.

use base::caller::{Identity, Principal};
use base::{Account, Arn, Caller, Fault};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::keyring::{Keyring, SEAL_BYTES};

const FORM: u8 = 1;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    Root,
    User { name: String, arn: String, id: String },
    Role { arn: String, id: String, session: String },
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub access_key: String,
    pub account: String,
    pub who: Who,
    /// Milliseconds since the epoch.
    pub expires_ms: i64,
    /// Documents, or ARNs of managed policies; together they narrow what the principal may do. Empty if nothing does.
    pub policies: Vec<String>,
}

impl Session {
    /// The session token.
    pub fn seal(&self, keyring: &Keyring) -> String {
        let mut bytes = vec![FORM];
        rmp_serde::encode::write(&mut bytes, self).expect("strings and numbers have an encoding");
        let seal = keyring.seal(&bytes);
        bytes.extend_from_slice(&seal);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The session that a token is for, if it is ours, `access_key`'s, and not over yet.
    pub fn open(token: &str, access_key: &str, now_ms: i64, keyring: &Keyring) -> Result<Self, Fault> {
        let session =
            read(token, keyring).filter(|session| session.access_key == access_key).ok_or_else(unrecognized)?;
        if session.expires_ms <= now_ms {
            return Err(expired());
        }
        Ok(session)
    }

    /// `None` if the account is none, which a sealed token rules out.
    pub fn caller(&self) -> Option<Caller> {
        let (principal, arn, user_id) = self.who.identify(&self.account);
        Some(Caller::new(Identity {
            account: Account::parse(&self.account)?,
            principal,
            arn,
            user_id,
            access_key: Some(self.access_key.clone()),
            session_policies: self.policies.clone(),
            unchecked: false,
        }))
    }
}

impl Who {
    fn identify(&self, account: &str) -> (Principal, String, String) {
        match self {
            Self::Root => (Principal::Root, format!("arn:aws:iam::{account}:root"), account.to_owned()),
            Self::User { name, arn, id } => (Principal::User { name: name.clone() }, arn.clone(), id.clone()),
            Self::Role { arn, id, session } => {
                let principal =
                    Principal::AssumedRole { role_arn: arn.clone(), role_id: id.clone(), session: session.clone() };
                (principal, session_arn(account, arn, session), format!("{id}:{session}"))
            }
        }
    }
}

/// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`: the role's path is left out, as AWS does.
pub fn session_arn(account: &str, role_arn: &str, session: &str) -> String {
    let name = role_arn.rsplit('/').next().unwrap_or_default();
    Arn::new("sts", "", account, format!("assumed-role/{name}/{session}")).to_string()
}

fn read(token: &str, keyring: &Keyring) -> Option<Session> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (signed, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL_BYTES)?)?;
    if !keyring.is_sealed(signed, seal) {
        return None;
    }
    match signed.split_first()? {
        (&FORM, claims) => rmp_serde::from_slice(claims).ok(),
        _ => None,
    }
}

/// A key or token that stands for nobody.
pub fn unrecognized() -> Fault {
    Fault::new("UnrecognizedClientException", "The security token included in the request is invalid.")
}

pub fn expired() -> Fault {
    Fault::new("ExpiredTokenException", "The security token included in the request is expired")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keyring() -> Keyring {
        Keyring::new(&[7; 32])
    }

    fn session(session: &str, policies: Vec<String>) -> Session {
        Session {
            access_key: "ASIAABCDEFGHIJKLMNOP".to_owned(),
            account: "111111111111".to_owned(),
            who: Who::Role {
                arn: "arn:aws:iam::111111111111:role/path/r".to_owned(),
                id: "AROAABCDEFGHIJKLMNOPQ".to_owned(),
                session: session.to_owned(),
            },
            expires_ms: 1_000,
            policies,
        }
    }

    fn open(token: &str, now_ms: i64) -> Result<Session, String> {
        Session::open(token, "ASIAABCDEFGHIJKLMNOP", now_ms, &keyring()).map_err(|fault| fault.code.into_owned())
    }

    #[test]
    fn a_session_ends_when_it_says() {
        let token = session("s", Vec::new()).seal(&keyring());
        assert_eq!(open(&token, 999), Ok(session("s", Vec::new())));
        assert_eq!(open(&token, 1_000), Err("ExpiredTokenException".to_owned()));
    }

    #[test]
    fn a_token_is_good_for_its_key_and_its_server_only() {
        let token = session("s", Vec::new()).seal(&keyring());
        assert!(Session::open(&token, "ASIAOTHER", 0, &keyring()).is_err());
        assert!(Session::open(&token, "ASIAABCDEFGHIJKLMNOP", 0, &Keyring::new(&[8; 32])).is_err());
    }

    #[test]
    fn a_caller_is_named_as_sts_names_him() {
        let caller = session("s", Vec::new()).caller().expect("an account");
        assert_eq!(caller.arn, "arn:aws:sts::111111111111:assumed-role/r/s");
        assert_eq!(caller.user_id, "AROAABCDEFGHIJKLMNOPQ:s");
    }

    proptest! {
        #[test]
        fn a_session_comes_back(name in ".{0,20}", policies in prop::collection::vec(".{0,100}", 0..3)) {
            let session = session(&name, policies);
            prop_assert_eq!(open(&session.seal(&keyring()), 0), Ok(session));
        }

        #[test]
        fn a_token_with_one_changed_bit_is_refused(at in 0usize..1000, bit in 0u8..8) {
            let token = session("s", vec!["{}".to_owned()]).seal(&keyring());
            let mut bytes = URL_SAFE_NO_PAD.decode(token).expect("ours");
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(open(&URL_SAFE_NO_PAD.encode(bytes), 0).is_err());
        }

        #[test]
        fn hostile_tokens_are_refused(token in ".{0,200}") {
            prop_assert_eq!(open(&token, 0), Err("UnrecognizedClientException".to_owned()));
        }
    }
}
