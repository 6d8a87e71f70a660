//! Values as bytes: one byte for the form, then MessagePack with the members' names, so that members can be added.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// MessagePack, named members.
const FORM: u8 = 1;

pub(crate) fn encode<T: Serialize>(table: &'static str, value: &T) -> Result<Bytes> {
    let mut out = vec![FORM];
    let mut serializer = rmp_serde::Serializer::new(&mut out).with_struct_map();
    match value.serialize(&mut serializer) {
        Ok(()) => Ok(Bytes::from(out)),
        Err(source) => Err(Error::Encode { table, source: std::sync::Arc::new(source) }),
    }
}

pub(crate) fn decode<T: DeserializeOwned>(table: &'static str, bytes: &[u8]) -> Result<T> {
    let what = || format!("a record of {table}");
    match bytes.split_first() {
        Some((&FORM, body)) => rmp_serde::from_slice(body).map_err(|error| Error::corrupt(what(), error)),
        Some((form, _)) => Err(Error::corrupt(what(), format!("it has the unknown form {form}"))),
        None => Err(Error::corrupt(what(), "it is empty")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Old {
        name: String,
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct New {
        name: String,
        #[serde(default)]
        size: u64,
    }

    #[test]
    fn a_member_can_be_added_and_is_ignored_by_those_who_do_not_know_it() {
        let old = encode("old", &Old { name: "a".into() }).unwrap();
        assert_eq!(decode::<New>("new", &old).unwrap(), New { name: "a".into(), size: 0 });
        let new = encode("new", &New { name: "a".into(), size: 7 }).unwrap();
        assert_eq!(decode::<Old>("old", &new).unwrap(), Old { name: "a".into() });
    }

    #[test]
    fn an_unknown_form_is_corrupt_and_not_guessed() {
        assert!(matches!(decode::<Old>("old", &[9, 0]), Err(Error::Corrupt { .. })));
        assert!(matches!(decode::<Old>("old", &[]), Err(Error::Corrupt { .. })));
    }
}
