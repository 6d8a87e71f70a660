//! The root key: given by the operator, or made at the first start and kept in a file that its owner alone may read.

use base::Random;

use super::{Secret, ids};

/// The key of the account itself.
#[derive(Clone, Debug)]
pub struct RootKey {
    pub access_key: String,
    pub secret: Secret,
}

/// Why a kept root key can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the root credentials is not `name = value` with a known name, or a name is missing")]
pub struct Unreadable {
    pub line: usize,
}

/// A root key, and whether it is new and must be kept.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub key: RootKey,
    /// What to write into the file, mode 0600, before anybody is told of the key.
    pub keep: Option<String>,
}

const ACCESS_KEY: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

impl RootKey {
    /// What the operator gave counts; else what is kept; else a new key is made.
    pub fn choose(given: Option<Self>, kept: Option<&str>, random: &Random) -> Result<Chosen, Unreadable> {
        if let Some(key) = given {
            return Ok(Chosen { key, keep: None });
        }
        if let Some(text) = kept {
            return Ok(Chosen { key: Self::parse(text)?, keep: None });
        }
        let access_key = ids::id(ids::Kind::AccessKey, random);
        let key = Self { access_key, secret: Secret::new(&ids::secret(random)) };
        let keep = Some(key.render());
        Ok(Chosen { key, keep })
    }

    /// The form of AWS's own credentials file, so that `AWS_SHARED_CREDENTIALS_FILE` may name it.
    pub fn render(&self) -> String {
        format!("[default]\n{ACCESS_KEY} = {}\n{SECRET} = {}\n", self.access_key, self.secret.expose())
    }

    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let (mut access_key, mut secret, mut lines) = (None, None, 0);
        for (at, line) in text.lines().map(str::trim).enumerate() {
            lines = at + 1;
            if line.is_empty() || line.starts_with(['[', '#']) {
                continue;
            }
            match line.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some((ACCESS_KEY, value)) if !value.is_empty() => access_key = Some(value.to_owned()),
                Some((SECRET, value)) if !value.is_empty() => secret = Some(Secret::new(value)),
                _ => return Err(Unreadable { line: lines }),
            }
        }
        let key = access_key.zip(secret).map(|(access_key, secret)| Self { access_key, secret });
        key.ok_or(Unreadable { line: lines })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(access_key: &str) -> RootKey {
        RootKey { access_key: access_key.to_owned(), secret: Secret::new("s/e+c=ret") }
    }

    fn told(key: &RootKey) -> (&str, &str) {
        (&key.access_key, key.secret.expose())
    }

    #[test]
    fn the_operators_key_goes_before_the_kept_one_and_that_before_a_new_one() {
        let random = Random::seeded(1);
        let kept = key("KEPT").render();
        let chosen = RootKey::choose(Some(key("GIVEN")), Some(&kept), &random).expect("readable");
        assert_eq!((told(&chosen.key), chosen.keep), (told(&key("GIVEN")), None));
        let chosen = RootKey::choose(None, Some(&kept), &random).expect("readable");
        assert_eq!((told(&chosen.key), chosen.keep), (told(&key("KEPT")), None));
        let chosen = RootKey::choose(None, None, &random).expect("readable");
        let kept = RootKey::parse(&chosen.keep.expect("new")).expect("readable");
        assert_eq!(told(&kept), told(&chosen.key));
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_a_new_key() {
        for text in ["", "[default]\n", "aws_access_key_id = A\n", "aws_access_key_id = A\nsecret\n"] {
            assert!(RootKey::choose(None, Some(text), &Random::seeded(1)).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_kept_key_comes_back(access_key in "[A-Z0-9]{1,30}", secret in "[A-Za-z0-9/+=]{1,50}") {
            let key = RootKey { access_key, secret: Secret::new(&secret) };
            let kept = RootKey::parse(&key.render()).expect("readable");
            prop_assert_eq!(told(&kept), told(&key));
        }
    }
}
