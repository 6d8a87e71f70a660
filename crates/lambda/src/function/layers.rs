//! The rules of the layers that a function names.

use base::limits::lambda::{LAYERS, UNZIPPED_BYTES};
use base::{Arn, Fault};

use super::fault::invalid;
use super::record::{Code, Layer};

/// The layers of a function in `region`, each found by `find`; refusals in AWS's words and order (Appendix A).
pub fn resolve(
    arns: &[String],
    region: &str,
    find: impl Fn(&str) -> Result<Option<Layer>, Fault>,
) -> Result<Vec<Layer>, Fault> {
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
    arns.iter().map(|arn| find(arn)?.ok_or_else(|| missing(arn))).collect()
}

/// Whether a function fits with its layers, unpacked. Source of the words: AWS's answers as people have met them.
pub fn check_size(code: &Code, layers: &[Layer]) -> Result<(), Fault> {
    let of_layers: u64 = layers.iter().map(|layer| layer.code.unpacked).sum();
    if of_layers > UNZIPPED_BYTES {
        return Err(invalid(format!("Layers consume more than the available size of {UNZIPPED_BYTES} bytes")));
    }
    let size = code.unpacked.saturating_add(of_layers);
    if size > UNZIPPED_BYTES && !layers.is_empty() {
        return Err(invalid(format!(
            "Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_BYTES} bytes. The actual \
             size is {size} bytes."
        )));
    }
    Ok(())
}

fn missing(arn: &str) -> Fault {
    invalid(format!("Layer version {arn} does not exist."))
}

fn check_one(arn: &str, region: &str) -> Result<(), Fault> {
    let parsed = Arn::parse(arn).ok_or_else(|| missing(arn))?;
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

    fn code(unpacked: u64) -> Code {
        Code { id: "id".to_owned(), sha256: store::BlobId::of(b""), size: 1, unpacked, image: None }
    }

    fn layer(arn: &str, unpacked: u64) -> Layer {
        Layer { arn: arn.to_owned(), code: code(unpacked) }
    }

    fn check(layers: &[&str], expected: Result<usize, &str>) {
        let region = "us-east-1";
        let arns: Vec<String> =
            layers.iter().map(|name| format!("arn:aws:lambda:us-east-1:123456789012:layer:{name}")).collect();
        let find = |arn: &str| Ok((!arn.contains("missing")).then(|| layer(arn, 1)));
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
        let fault = resolve(&arns, "us-east-1", |_| Ok(None)).expect_err("elsewhere");
        assert_eq!(
            fault.message,
            "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."
        );
    }

    #[test]
    fn a_function_fits_with_its_layers() {
        let check = |own: u64, layers: &[u64]| {
            let layers: Vec<_> = layers.iter().map(|unpacked| layer("arn", *unpacked)).collect();
            check_size(&code(own), &layers).map_err(|fault| fault.message)
        };
        assert_eq!(check(262_144_000, &[]), Ok(()));
        assert_eq!(check(1_000, &[131_072_000, 131_071_000]), Ok(()));
        let layers = "Layers consume more than the available size of 262144000 bytes";
        assert_eq!(check(0, &[131_072_000, 131_072_001]), Err(layers.to_owned()));
        let together = "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The \
                        actual size is 262144001 bytes.";
        assert_eq!(check(1_000, &[131_072_000, 131_071_001]), Err(together.to_owned()));
    }
}
