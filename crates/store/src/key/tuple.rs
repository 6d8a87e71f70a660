//! Tuples as keys: their elements one after the other; and which tuples begin which.

use super::{Encode, Key, KeyError, KeyOf, PrefixOf, Reader};

macro_rules! tuple {
    ($($name:ident $given:ident $at:tt),+) => {
        impl<$($name: Encode),+> Encode for ($($name,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$at.encode(out);)+
            }
        }
        impl<$($name: Key),+> Key for ($($name,)+) {
            fn decode(from: &mut Reader<'_>) -> Result<Self, KeyError> {
                Ok(($($name::decode(from)?,)+))
            }
        }
        impl<$($name, $given),+> KeyOf<($($name,)+)> for ($($given,)+) where $($given: KeyOf<$name>),+ {}
    };
}

macro_rules! prefix {
    ($(($($name:ident $given:ident),+; $($rest:ident),+))*) => {$(
        impl<$($name, $given,)+ $($rest),+> PrefixOf<($($name,)+ $($rest,)+)> for ($($given,)+)
        where $($given: KeyOf<$name>),+ {}
    )*};
}

tuple!(A X 0);
tuple!(A X 0, B Y 1);
tuple!(A X 0, B Y 1, C Z 2);
tuple!(A X 0, B Y 1, C Z 2, D W 3);
tuple!(A X 0, B Y 1, C Z 2, D W 3, E V 4);
tuple!(A X 0, B Y 1, C Z 2, D W 3, E V 4, F U 5);

prefix! {
    (A X; B) (A X; B, C) (A X; B, C, D) (A X; B, C, D, E) (A X; B, C, D, E, F)
    (A X, B Y; C) (A X, B Y; C, D) (A X, B Y; C, D, E) (A X, B Y; C, D, E, F)
    (A X, B Y, C Z; D) (A X, B Y, C Z; D, E) (A X, B Y, C Z; D, E, F)
    (A X, B Y, C Z, D W; E) (A X, B Y, C Z, D W; E, F)
    (A X, B Y, C Z, D W, E V; F)
}

impl Encode for () {
    fn encode(&self, _: &mut Vec<u8>) {}
}

impl Key for () {
    fn decode(_: &mut Reader<'_>) -> Result<Self, KeyError> {
        Ok(())
    }
}
