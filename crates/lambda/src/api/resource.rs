//! Which resource an operation on a function acts on, for the permission columns.
//!
//! IAM knows a function, its versions and its aliases by their ARNs: where a qualifier is named, that ARN is asked
//! for. Source: "Fine-tuning the Resources and Conditions sections of policies" in Lambda's guide.

use base::{Fields, Scope, Value};

use crate::function::name::FunctionName;
use crate::layer::LayerName;

/// The function's own ARN, whatever the form of its name.
pub fn function_arn(input: &Fields, scope: &Scope) -> String {
    named(input, scope).map_or_else(anything, |name| name.arn())
}

/// The ARN with the qualifier that the name or the member `Qualifier` gives, if one does.
pub fn qualified_function_arn(input: &Fields, scope: &Scope) -> String {
    let Some(name) = named(input, scope) else { return anything() };
    match name.qualifier.as_deref().or_else(|| input.text("Qualifier")) {
        Some(qualifier) => name.arn_of(qualifier),
        None => name.arn(),
    }
}

fn named(input: &Fields, scope: &Scope) -> Option<FunctionName> {
    FunctionName::parse(input.text("FunctionName")?, scope)
}

/// The layer's own ARN.
pub fn layer_arn(input: &Fields, scope: &Scope) -> String {
    layer(input, scope).map_or_else(anything, |layer| layer.arn())
}

/// The ARN of a layer's version, by name and number or by the ARN itself.
pub fn layer_version_arn(input: &Fields, scope: &Scope) -> String {
    if let Some(arn) = input.text("Arn").filter(|arn| LayerName::of_version_arn(arn).is_some()) {
        return arn.to_owned();
    }
    match (layer(input, scope), input.get("VersionNumber")) {
        (Some(layer), Some(Value::Integer(version))) => format!("{}:{version}", layer.arn()),
        _ => anything(),
    }
}

fn layer(input: &Fields, scope: &Scope) -> Option<LayerName> {
    LayerName::parse(input.text("LayerName")?, scope)
}

/// What isn't a name can only be asked of who may do it with every function.
fn anything() -> String {
    "*".to_owned()
}

#[cfg(test)]
mod tests {
    use base::{Account, Region};

    use super::*;

    #[test]
    fn a_permission_is_asked_for_the_arn_that_is_meant() {
        let scope = Scope::new(Account::parse("123456789012").expect("digits"), Region::new("us-east-1"));
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let check = |name: &str, qualifier: Option<&'static str>, own: &str, qualified: &str| {
            let input = Fields::new().with("FunctionName", name);
            let input = qualifier.map_or_else(|| input.clone(), |text| input.clone().with("Qualifier", text));
            assert_eq!(function_arn(&input, &scope), own, "{name}");
            assert_eq!(qualified_function_arn(&input, &scope), qualified, "{name} {qualifier:?}");
        };
        check("f", None, arn, arn);
        check("f", Some("prod"), arn, &format!("{arn}:prod"));
        check("f:1", None, arn, &format!("{arn}:1"));
        check("function:f:$LATEST", None, arn, &format!("{arn}:$LATEST"));
        check(arn, None, arn, arn);
        let there = "arn:aws:lambda:eu-west-1:111111111111:function:f";
        check(there, None, there, there);
        check("no name", None, "*", "*");
    }
    #[test]
    fn a_permission_is_asked_for_the_layer_version_that_is_meant() {
        let scope = Scope::new(Account::parse("123456789012").expect("digits"), Region::new("us-east-1"));
        let arn = "arn:aws:lambda:us-east-1:123456789012:layer:a";
        let by_name = Fields::new().with("LayerName", "a").with("VersionNumber", Value::Integer(7));
        assert_eq!(layer_arn(&by_name, &scope), arn);
        assert_eq!(layer_version_arn(&by_name, &scope), format!("{arn}:7"));
        let there = "arn:aws:lambda:us-east-1:111111111111:layer:a";
        let by_arn = Fields::new().with("LayerName", there).with("VersionNumber", Value::Integer(7));
        assert_eq!(layer_version_arn(&by_arn, &scope), format!("{there}:7"));
        let whole = format!("{there}:7");
        assert_eq!(layer_version_arn(&Fields::new().with("Arn", whole.as_str()), &scope), whole);
        assert_eq!(layer_version_arn(&Fields::new().with("Arn", "nobody"), &scope), "*");
    }
}
