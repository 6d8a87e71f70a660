//! The rules of the layers that a function names.

use base::{Arn, Fault};

use super::fault::invalid;
use super::record::Layer;

/// AWS's quota.
const LAYERS: usize = 5;

/// The layers of a function in `region`, each found by `find`; refusals in AWS's words and order (Appendix A).
pub fn resolve(arns: &[String], region: &str, find: impl Fn(&str) -> Option<Layer>) -> Result<Vec<Layer>, Fault> {
    if arns.len() > LAYERS {
        return Err(invalid(format!("Cannot reference more than {LAYERS} layers.")));
    }
    for (at, arn) in arns.iter().enumerate() {
        check_one(arn, region)?;
        if let Some(other) = arns[..at].iter().find(|other| layer_of(other) == layer_of(arn)) {
            return Err(invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. \
                 {other} and {arn} are versions of the same layer."
            )));
        }
    }
    arns.iter().map(|arn| find(arn).ok_or_else(|| invalid(format!("Layer version {arn} does not exist.")))).collect()
}

fn check_one(arn: &str, region: &str) -> Result<(), Fault> {
    let parsed = Arn::parse(arn).ok_or_else(|| invalid(format!("Layer version {arn} does not exist.")))?;
    if parsed.region != region && !parsed.region.is_empty() {
        return Err(invalid(format!(
            "Layers are not in the same region as the function. Layers are expected to be in region {region}."
        )));
    }
    let version = parsed.resource.rsplit(':').next().unwrap_or_default();
    if version.bytes().all(|digit| digit == b'0') {
        return Err(invalid("Layer Version Cannot be less than 1"));
    }
    Ok(())
}

/// Without the version.
fn layer_of(arn: &str) -> &str {
    arn.rsplit_once(':').map_or(arn, |(layer, _)| layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(layers: &[&str], expected: Result<usize, &str>) {
        let region = "us-east-1";
        let arns: Vec<String> =
            layers.iter().map(|name| format!("arn:aws:lambda:us-east-1:123456789012:layer:{name}")).collect();
        let find = |arn: &str| (!arn.contains("missing")).then(|| Layer { arn: arn.to_owned(), code_size: 1 });
        let found = resolve(&arns, region, find).map(|layers| layers.len()).map_err(|fault| fault.message);
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn layers_are_refused_in_awss_words() {
        check(&[], Ok(0));
        check(&["a:1", "b:2"], Ok(2));
        check(&["a:1", "b:1", "c:1", "d:1", "e:1", "f:1"], Err("Cannot reference more than 5 layers."));
        check(
            &["missing:9"],
            Err("Layer version arn:aws:lambda:us-east-1:123456789012:layer:missing:9 does not exist."),
        );
        check(&["a:0"], Err("Layer Version Cannot be less than 1"));
        check(
            &["a:1", "a:2"],
            Err("Two different versions of the same layer are not allowed to be referenced in the same function. \
                 arn:aws:lambda:us-east-1:123456789012:layer:a:1 and arn:aws:lambda:us-east-1:123456789012:layer:a:2 \
                 are versions of the same layer."),
        );
    }

    #[test]
    fn a_layer_lies_in_the_functions_region() {
        let arns = ["arn:aws:lambda:eu-west-1:123456789012:layer:a:1".to_owned()];
        let fault = resolve(&arns, "us-east-1", |_| None).expect_err("elsewhere");
        assert_eq!(
            fault.message,
            "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."
        );
    }
}
