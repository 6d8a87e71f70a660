//! Ids in IAM's form: four letters that say of what, then characters that say nothing.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>.

use base::Random;

/// IAM draws from the alphabet of base 32.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    User,
    Role,
    ManagedPolicy,
    /// A key that lasts.
    AccessKey,
    /// A key of a session.
    SessionKey,
}

impl Kind {
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Role => "AROA",
            Self::ManagedPolicy => "ANPA",
            Self::AccessKey => "AKIA",
            Self::SessionKey => "ASIA",
        }
    }

    /// Keys have 20 characters, everything else 21.
    const fn drawn(self) -> usize {
        match self {
            Self::AccessKey | Self::SessionKey => 16,
            Self::User | Self::Role | Self::ManagedPolicy => 17,
        }
    }
}

pub fn id(kind: Kind, random: &Random) -> String {
    format!("{}{}", kind.prefix(), random.text(ALPHABET, kind.drawn()))
}

/// A secret access key of 40 characters: 240 bits.
pub fn secret(random: &Random) -> String {
    random.text(SECRET_ALPHABET, 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_length_of_iams() {
        let random = Random::seeded(1);
        assert_eq!(id(Kind::Role, &random).len(), 21);
        assert_eq!(id(Kind::AccessKey, &random).len(), 20);
        assert!(id(Kind::SessionKey, &random).starts_with("ASIA"));
        assert_eq!(secret(&random).len(), 40);
    }
}
