//! `shape!` and `choice!`: a contract's structures and enums, each a plain Rust type with a table.

use base::Fields;

use crate::field::Malformed;
use crate::schema::Schema;

/// A structure with a table.
pub trait Shape: Sized {
    fn schema() -> &'static Schema;
    fn from_fields(fields: Fields) -> Result<Self, Malformed>;
    fn into_fields(self) -> Fields;
}

/// Declares structures of a contract.
///
/// A member is `field: Type = "WireName" [attributes]`. A type that is not an `Option` is a required member. The
/// attributes are the builder methods of [`crate::Member`].
///
/// ```
/// wire::shape! {
///     /// What SendMessage takes.
///     pub struct SendMessageRequest {
///         queue_url: String = "QueueUrl",
///         message_body: String = "MessageBody" [bytes(1, 1_048_576)],
///         delay_seconds: Option<i32> = "DelaySeconds" [range(0, 900)],
///     }
/// }
/// ```
#[macro_export]
macro_rules! shape {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident : $ty:ty = $wire:literal
                $([ $($attr:ident $(( $($arg:expr),* $(,)? ))?),* $(,)? ])?
            ),* $(,)?
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        $vis struct $name {
            $( $(#[$field_meta])* $vis $field: $ty, )*
        }

        impl $crate::Shape for $name {
            fn schema() -> &'static $crate::Schema {
                const SCHEMA: $crate::Schema = $crate::Schema {
                    name: stringify!($name),
                    members: &[$(
                        $crate::Member::new(
                            $wire,
                            <$ty as $crate::Field>::TYPE,
                            <$ty as $crate::Field>::REQUIRED,
                        )$( $(.$attr($($($arg),*)?))* )?,
                    )*],
                };
                &SCHEMA
            }

            #[expect(unused_mut, clippy::allow_attributes, reason = "a structure without members takes nothing")]
            #[allow(unfulfilled_lint_expectations, unused_variables)]
            fn from_fields(mut fields: $crate::private::Fields) -> Result<Self, $crate::Malformed> {
                Ok(Self {
                    $( $field: $crate::shape::take(&mut fields, $wire)?, )*
                })
            }

            #[expect(unused_mut, clippy::allow_attributes, reason = "a structure without members gives nothing")]
            #[allow(unfulfilled_lint_expectations)]
            fn into_fields(self) -> $crate::private::Fields {
                let mut fields = $crate::private::Fields::new();
                $(
                    if let Some(value) = $crate::Field::into_member(self.$field) {
                        fields.push($wire, value);
                    }
                )*
                fields
            }
        }

        impl $crate::Field for $name {
            const TYPE: $crate::Type = $crate::Type::Structure(<$name as $crate::Shape>::schema);

            fn from_value(value: $crate::private::Value) -> Result<Self, $crate::Malformed> {
                match value {
                    $crate::private::Value::Map(fields) => <Self as $crate::Shape>::from_fields(fields),
                    other => Err($crate::Malformed::new(stringify!($name), &other)),
                }
            }

            fn into_value(self) -> $crate::private::Value {
                $crate::private::Value::Map($crate::Shape::into_fields(self))
            }
        }

        /// Sensitive members show as `***`.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut out = f.debug_struct(stringify!($name));
                $( $crate::shape::show::<Self>(&mut out, stringify!($field), $wire, &self.$field); )*
                out.finish()
            }
        }
    )+};
}

/// Declares an enum of a contract: a closed set of strings.
///
/// ```
/// wire::choice! {
///     pub enum InvocationType { RequestResponse = "RequestResponse", Event = "Event", DryRun = "DryRun" }
/// }
/// ```
#[macro_export]
macro_rules! choice {
    ($(
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $wire:literal ),* $(,)? }
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name { $( $(#[$variant_meta])* $variant, )* }

        impl $name {
            /// Every value, in the contract's order.
            $vis const ALL: &'static [&'static str] = &[$($wire),*];

            $vis const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $wire, )* }
            }

            $vis fn parse(text: &str) -> Option<Self> {
                match text { $( $wire => Some(Self::$variant), )* _ => None }
            }
        }

        impl $crate::Field for $name {
            const TYPE: $crate::Type = $crate::Type::Enum(Self::ALL);

            fn from_value(value: $crate::private::Value) -> Result<Self, $crate::Malformed> {
                value.as_str().and_then(Self::parse).ok_or_else(|| $crate::Malformed::new(stringify!($name), &value))
            }

            fn into_value(self) -> $crate::private::Value {
                self.as_str().into()
            }
        }
    )+};
}

shape! {
    /// A structure without members.
    #[derive(Default)]
    pub struct Nothing {}
}

#[doc(hidden)]
pub fn take<T: crate::Field>(fields: &mut Fields, name: &'static str) -> Result<T, Malformed> {
    match fields.take(name) {
        Some(value) => T::from_value(value),
        None => T::absent().ok_or_else(|| Malformed { expected: name, found: "nothing".to_owned() }),
    }
}

#[doc(hidden)]
pub fn show<S: Shape>(
    out: &mut std::fmt::DebugStruct<'_, '_>,
    field: &'static str,
    wire: &str,
    value: &dyn std::fmt::Debug,
) {
    let sensitive = S::schema().member(wire).is_some_and(|member| member.sensitive);
    if sensitive {
        out.field(field, &"***")
    } else {
        out.field(field, value)
    };
}

#[cfg(test)]
mod tests {
    use crate::{Checks, Shape};

    crate::choice! {
        enum Color { Red = "red", DarkBlue = "dark-blue" }
    }

    crate::shape! {
        /// An example with every kind of presence.
        struct Example {
            name: String = "Name" [label, len(1, 64), pattern("[a-z]+")],
            color: Option<Color> = "Color",
            secrets: Option<Vec<String>> = "Secrets" [sensitive, each(Checks::NONE.len(1, 5))],
            inner: Option<Box<Example>> = "Inner",
        }
    }

    fn example() -> Example {
        let secrets = Some(vec!["hush".to_owned()]);
        Example { name: "a".to_owned(), color: Some(Color::DarkBlue), secrets, inner: None }
    }

    #[test]
    fn a_shape_comes_back_from_its_fields() {
        let outer = Example { inner: Some(Box::new(example())), ..example() };
        assert_eq!(Example::from_fields(outer.clone().into_fields()), Ok(outer));
    }

    #[test]
    fn presence_is_part_of_the_type() {
        let required: Vec<_> = Example::schema().members.iter().map(|member| member.required).collect();
        assert_eq!(required, [true, false, false, false]);
        assert!(Example::from_fields(base::Fields::new()).is_err());
    }

    #[test]
    fn sensitive_members_are_not_shown() {
        assert!(!format!("{:?}", example()).contains("hush"));
    }
}
