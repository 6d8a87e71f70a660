//! The words of Appendix A, row by row.

use base::{Fields, Value};
use proptest::prelude::*;

use super::validate;
use crate::Shape;
use crate::testing::{self, Checked};

const CODE: &str = "ValidationException";

fn valid() -> Fields {
    Fields::new().with("FunctionName", "f")
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| (*item).into()).collect())
}

fn message(input: &Fields) -> String {
    let fault = validate(Checked::schema(), input, CODE).expect_err("refused");
    assert_eq!(fault.code, CODE);
    fault.message
}

/// One failing member beside a valid rest.
#[track_caller]
fn check(name: &'static str, value: Value, expect: &str) {
    assert_eq!(message(&valid().with(name, value)), format!("1 validation error detected: {expect}"));
}

#[test]
fn what_satisfies_its_checks_passes() {
    let vpc = Value::Map(Fields::new().with("SubnetIds", list(&["subnet-1", "subnet-"])));
    let weights = Value::Map(Fields::new().with("2", Value::Float(0.5)));
    let input = valid()
        .with("Name", "v1")
        .with("Timeout", Value::Integer(900))
        .with("Colors", list(&["red", "dark-blue"]))
        .with("VpcConfig", vpc)
        .with("AdditionalVersionWeights", weights);
    assert!(validate(Checked::schema(), &input, CODE).is_ok());
}

#[test]
fn an_absent_or_null_required_member() {
    let expect = "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null";
    assert_eq!(message(&Fields::new()), expect);
    assert_eq!(message(&Fields::new().with("FunctionName", Value::Null)), expect);
}

#[test]
fn scalars() {
    check(
        "Name",
        "2024".into(),
        "Value '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: \
         (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
    );
    check(
        "Timeout",
        Value::Integer(0),
        "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1",
    );
    check(
        "Timeout",
        Value::Integer(901),
        "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
    );
    check(
        "Data",
        Value::Blob("four".into()),
        "Value 'java.nio.HeapByteBuffer[pos=0 lim=4 cap=4]' at 'data' failed to satisfy constraint: \
         Member must have length less than or equal to 3",
    );
}

#[test]
fn each_broken_rule_of_a_value_is_a_failure() {
    let long = "A".repeat(141);
    let expect = format!(
        "2 validation errors detected: Value '{long}' at 'functionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [a-z-]+; Value '{long}' at 'functionName' failed to satisfy constraint: \
         Member must have length less than or equal to 140"
    );
    assert_eq!(message(&Fields::new().with("FunctionName", long.as_str())), expect);
}

#[test]
fn lists_and_maps() {
    check(
        "VpcConfig",
        Value::Map(Fields::new().with("SubnetIds", list(&["subnet-1", "x"]))),
        "Value '[subnet-1, x]' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must have length less than or equal to 1024, Member must have length greater than or equal to 0, \
         Member must satisfy regular expression pattern: subnet-[0-9a-z]*]",
    );
    check(
        "Architectures",
        list(&["X86_64"]),
        "Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must satisfy enum value set: [red, dark-blue], Member must not be null]",
    );
    check(
        "Architectures",
        list(&["red", "dark-blue"]),
        "Value '[red, dark-blue]' at 'architectures' failed to satisfy constraint: Member must have length less than \
         or equal to 1",
    );
    check(
        "Colors",
        list(&["invalid"]),
        "Value '[invalid]' at 'colors' failed to satisfy constraint: Member must satisfy enum value set: \
         [red, dark-blue]",
    );
    check(
        "AdditionalVersionWeights",
        Value::Map(Fields::new().with("$LATEST", Value::Float(0.5))),
        "Value '{$LATEST=0.5}' at 'additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy \
         constraint: [Member must have length less than or equal to 1024, Member must have length greater than or \
         equal to 1, Member must satisfy regular expression pattern: [0-9]+]",
    );
    check(
        "AdditionalVersionWeights",
        Value::Map(Fields::new().with("2", Value::Float(-1.0))),
        "Value '{2=-1.0}' at 'additionalVersionWeights' failed to satisfy constraint: Map value must satisfy \
         constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal \
         to 0.0, Member must not be null]",
    );
}

#[test]
fn a_null_among_elements_is_refused_in_any_case() {
    check(
        "VpcConfig",
        Value::Map(Fields::new().with("SubnetIds", Value::List(vec![Value::Null]))),
        "Value '[null]' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must have length less than or equal to 1024, Member must have length greater than or equal to 0, \
         Member must satisfy regular expression pattern: subnet-[0-9a-z]*]",
    );
    check(
        "LogEvents",
        Value::List(vec![Value::Null]),
        "Value '[null]' at 'logEvents' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must not be null]",
    );
}

#[test]
fn structures_within_lists_and_maps_have_paths() {
    let event = |text: &str| Value::Map(Fields::new().with("Message", text));
    check(
        "LogEvents",
        Value::List(vec![event("a"), event("")]),
        "Value '' at 'logEvents.2.member.message' failed to satisfy constraint: Member must have length greater than \
         or equal to 1",
    );
    check(
        "Tags",
        Value::Map(Fields::new().with("k", Value::Map(Fields::new()))),
        "Value null at 'tags.k.member.message' failed to satisfy constraint: Member must not be null",
    );
}

#[test]
fn checks_of_elements_reach_one_level() {
    let grid = |items: &[&str]| Value::List(vec![list(items)]);
    assert!(validate(Checked::schema(), &valid().with("Grid", grid(&["longer than two"])), CODE).is_ok());
    check(
        "Grid",
        grid(&[]),
        "Value '[[]]' at 'grid' failed to satisfy constraint: Member must satisfy constraint: [Member must have length \
         less than or equal to 2, Member must have length greater than or equal to 1]",
    );
    check(
        "Grid",
        Value::List(vec![Value::List(vec![Value::Null])]),
        "Value '[null]' at 'grid.1.member' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must not be null]",
    );
}

#[test]
fn a_sensitive_value_is_not_shown() {
    check(
        "Secret",
        "hush".into(),
        "Value at 'secret' failed to satisfy constraint: Member must have length greater than or equal to 6",
    );
}

#[test]
fn length_counts_characters() {
    assert!(validate(Checked::schema(), &valid().with("Secret", "éééééééééé"), CODE).is_ok());
}

#[test]
fn an_answer_stays_small() {
    let event = Value::Map(Fields::new().with("Message", "x".repeat(100_000).as_str()));
    let text = message(&valid().with("LogEvents", Value::List(vec![event; 1_000])));
    assert!(text.starts_with("100 validation errors detected: "), "{}", &text[..100]);
    assert!(text.len() < 500_000);
}

proptest! {
    #[test]
    fn hostile_values_are_judged(input in testing::fields(Checked::schema())) {
        let _ = validate(Checked::schema(), &input, CODE);
    }
}
