//! Operations and services as data: all that recognizing, decoding, permitting and answering need to know.

use std::fmt;

use base::{Fields, Scope, Value};

use crate::schema::Schema;
use crate::shape::Shape;

/// The protocols of AWS that this crate interprets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    RestJson,
    /// `X-Amz-Target`, with `application/x-amz-json-1.0` or `-1.1`.
    Json {
        version: &'static str,
    },
    /// Form-encoded requests, XML answers.
    Query,
}

/// How an operation stands in HTTP. Only the rest tongues differ from `POST /`.
#[derive(Clone, Copy, Debug)]
pub struct Http {
    pub method: &'static str,
    /// With `{Label}`s; a query that tells operations apart stands behind `?`.
    pub uri: &'static str,
    /// The status of success.
    pub status: u16,
}

/// What a caller must be permitted for an operation.
#[derive(Clone, Copy, Debug)]
pub struct Permission {
    /// The IAM action, such as `lambda:CreateFunction`; empty where AWS asks for none (`sts:GetCallerIdentity`).
    pub action: &'static str,
    pub resource: Resource,
    /// The condition keys that the operation brings, beside the global ones.
    pub keys: &'static [&'static str],
}

/// Which resource an operation acts on.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    /// `*`: the action has no resource-level permissions.
    Any,
    /// An ARN with `{region}`, `{account}` and members of the input as `{Member}`; an absent member reads `*`.
    Template(&'static str),
    /// Where a template isn't enough (a function's name has many forms).
    Computed(fn(&Fields, &Scope) -> String),
}

impl Resource {
    pub fn resolve(&self, input: &Fields, scope: &Scope) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::Template(template) => fill(template, input, scope),
            Self::Computed(compute) => compute(input, scope),
        }
    }
}

fn fill(template: &str, input: &Fields, scope: &Scope) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(before);
        filled.push_str(match name {
            "region" => scope.region.as_str(),
            "account" => scope.account.as_str(),
            member => input.get(member).and_then(Value::as_str).unwrap_or("*"),
        });
        rest = after;
    }
    filled + rest
}

/// One operation of a service.
#[derive(Clone, Copy)]
pub struct OperationSpec {
    pub name: &'static str,
    pub http: Http,
    /// `None` for an operation that is known but not done.
    pub shapes: Option<Shapes>,
    pub permission: Permission,
    /// The codes that this operation may answer beside the common ones.
    pub errors: &'static [&'static str],
}

/// The tables of an operation's input and output.
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    pub input: fn() -> &'static Schema,
    pub output: fn() -> &'static Schema,
}

impl OperationSpec {
    /// An operation that the contract names and nobody has built yet: it is recognized, and says so.
    pub const fn known(name: &'static str, method: &'static str, status: u16, uri: &'static str) -> Self {
        Self {
            name,
            http: Http { method, uri, status },
            shapes: None,
            permission: Permission { action: "", resource: Resource::Any, keys: &[] },
            errors: &[],
        }
    }

    pub const fn is_done(&self) -> bool {
        self.shapes.is_some()
    }
}

/// An operation as a type: what ties a handler to its shapes.
pub trait Operation: Send + 'static {
    type Input: Shape + Send + 'static;
    type Output: Shape + Send + 'static;
    const SPEC: OperationSpec;
}

/// An error of a service's contract.
#[derive(Clone, Copy, Debug)]
pub struct ErrorSpec {
    pub code: &'static str,
    pub status: u16,
    /// The key of the message in a JSON body: `message` or `Message`.
    pub message_key: &'static str,
    /// `Type` in a JSON body (`User`, `Service`), or whose fault it is in XML (`Sender`, `Receiver`); empty if absent.
    pub kind: &'static str,
    /// The code on the wire where it differs from the shape's name (query: `NoSuchEntity`); empty if the same.
    pub wire_code: &'static str,
}

/// A service's contract.
#[derive(Clone, Copy)]
pub struct ServiceSpec {
    /// The name in the registry, as botocore calls it: `lambda`, `logs`, `iam`, `sts`.
    pub name: &'static str,
    /// The service in a signature's scope.
    pub signing_name: &'static str,
    pub tongue: Tongue,
    /// What stands before the dot in `X-Amz-Target`; empty for other tongues.
    pub target_prefix: &'static str,
    /// The contract's version: `Version` in query.
    pub version: &'static str,
    /// Of XML answers.
    pub xml_namespace: &'static str,
    pub operations: &'static [&'static OperationSpec],
    pub errors: &'static [ErrorSpec],
    /// The error's code when a shape's check fails: `ValidationException`, `InvalidParameterException`, …
    pub validation_code: &'static str,
    /// The error's code when permission is refused: `AccessDeniedException`, `AccessDenied`.
    pub access_denied_code: &'static str,
    /// The error's code for what is our fault: `ServiceException`, `InternalFailure`, …
    pub internal_code: &'static str,
}

impl ServiceSpec {
    pub fn operation(&self, name: &str) -> Option<&'static OperationSpec> {
        self.operations.iter().find(|operation| operation.name == name).copied()
    }

    pub fn error(&self, code: &str) -> Option<&'static ErrorSpec> {
        self.errors.iter().find(|error| error.code == code)
    }
}

/// The name only: a whole contract is pages long.
impl fmt::Debug for OperationSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationSpec({})", self.name)
    }
}

/// The name only: a whole contract is pages long.
impl fmt::Debug for ServiceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceSpec({})", self.name)
    }
}

/// Declares operations of a contract.
///
/// ```
/// # wire::shape! { pub struct GetThingRequest { name: String = "Name" [label] } pub struct Thing {} }
/// wire::op! {
///     /// What it does, in a line.
///     pub GetThing(GetThingRequest) -> Thing {
///         http: GET 200 "/things/{Name}",
///         permit: "things:GetThing" on wire::Resource::Template("arn:aws:things:{region}:{account}:thing/{Name}"),
///         errors: ["ResourceNotFoundException"],
///     }
/// }
/// ```
#[macro_export]
macro_rules! op {
    ($(
        $(#[$meta:meta])*
        $vis:vis $name:ident($input:ty) -> $output:ty {
            http: $method:ident $status:literal $uri:literal,
            permit: $action:literal on $resource:expr,
            $(keys: [$($key:literal),* $(,)?],)?
            errors: [$($error:literal),* $(,)?] $(,)?
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $name;

        impl $crate::Operation for $name {
            type Input = $input;
            type Output = $output;
            const SPEC: $crate::OperationSpec = $crate::OperationSpec {
                name: stringify!($name),
                http: $crate::Http { method: stringify!($method), uri: $uri, status: $status },
                shapes: Some($crate::operation::Shapes {
                    input: <$input as $crate::Shape>::schema,
                    output: <$output as $crate::Shape>::schema,
                }),
                permission: $crate::Permission {
                    action: $action,
                    resource: $resource,
                    keys: &[$($($key),*)?],
                },
                errors: &[$($error),*],
            };
        }
    )+};
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    #[test]
    fn a_template_is_filled_from_scope_and_input() {
        let scope = Scope::new(Account::parse("123456789012").expect("digits"), Region::new("eu-west-1"));
        let input = Fields::new().with("Name", "f");
        let arn = Resource::Template("arn:aws:x:{region}:{account}:thing/{Name}/{Part}").resolve(&input, &scope);
        assert_eq!(arn, "arn:aws:x:eu-west-1:123456789012:thing/f/*");
    }
}
