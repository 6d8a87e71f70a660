//! Every operation that is done is called by a real client: boto3, the AWS CLI or an SDK of another language.

use std::collections::BTreeSet;

use super::done;
use crate::tidy::{none, root, without_exceptions};

/// Operations that no client calls in tests/sdk, each with its reason.
const UNCALLED: &[(&str, &str)] = &[];

/// What the variables that hold a boto3 client are called, and which service they stand for.
const CLIENTS: &[(&str, &str)] =
    &[("lambda_", "lambda"), ("unchecked", "lambda"), ("logs", "logs"), ("iam", "iam"), ("sts", "sts")];

#[test]
fn every_done_operation_is_called_by_a_client() {
    let called = called();
    let uncalled = done().filter(|(name, ..)| !called.contains(name));
    let found = uncalled.map(|(name, ..)| (name.clone(), format!("no test in tests/sdk calls {name}"))).collect();
    none(without_exceptions(found, UNCALLED), "A client's test belongs to an operation: write one in tests/sdk.");
}

/// The operations that the files of tests/sdk call, as `service:Operation`.
fn called() -> BTreeSet<String> {
    let texts = texts();
    let done: Vec<_> = done().collect();
    let alone = |name: &str| done.iter().filter(|(_, _, operation)| operation.name == name).count() == 1;
    let is_called = |service: &str, name: &str| texts.iter().any(|text| calls(text, service, name, alone(name)));
    let called = done.iter().filter(|(_, spec, operation)| is_called(spec.name, operation.name));
    called.map(|(name, ..)| name.clone()).collect()
}

fn texts() -> Vec<String> {
    let folder = std::fs::read_dir(root().join("tests/sdk")).expect("tests/sdk").flatten();
    let code = folder
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| ["py", "mjs"].iter().any(|known| extension == *known)));
    let texts: Vec<_> = code.map(|path| std::fs::read_to_string(path).expect("a test file is text")).collect();
    assert!(texts.len() > 3, "the clients' tests were not found");
    texts
}

/// True if `text` calls the operation. A name that two services bear (`alone` is false) counts only where the client's
/// variable tells which of them is meant.
fn calls(text: &str, service: &str, operation: &str, alone: bool) -> bool {
    let snake = separated(operation, '_');
    let kebab = separated(operation, '-');
    let by_command_line = text.contains(&format!("\"{service}\", \"{kebab}\""));
    let by_javascript = alone && text.contains(&format!("{operation}Command("));
    let by_paginator = alone && text.contains(&format!("get_paginator(\"{snake}\")"));
    by_command_line || by_javascript || by_paginator || by_boto3(text, service, &snake, alone)
}

fn by_boto3(text: &str, service: &str, snake: &str, alone: bool) -> bool {
    text.match_indices(&format!(".{snake}")).any(|(at, matched)| {
        let ends = !text[at + matched.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        let client = text[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        let meant = CLIENTS.iter().find(|(variable, _)| *variable == client).map(|(_, service)| *service);
        ends && meant.map_or(alone, |meant| meant == service)
    })
}

/// `ListOpenIDConnectProviders` becomes `list_open_id_connect_providers`, as botocore has it.
fn separated(name: &str, separator: char) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let begins = at > 0 && letter.is_ascii_uppercase();
        let after_small = begins && !letters[at - 1].is_ascii_uppercase();
        let before_small = begins && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if after_small || before_small {
            out.push(separator);
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[test]
fn names_are_separated_as_botocore_does() {
    assert_eq!(separated("ListVersionsByFunction", '_'), "list_versions_by_function");
    assert_eq!(separated("ListOpenIDConnectProviders", '-'), "list-open-id-connect-providers");
}

#[test]
fn a_call_is_told_from_what_is_none() {
    assert!(calls("self.lambda_.get_function(FunctionName=name)", "lambda", "GetFunction", true));
    assert!(calls("self.refused(404, code, None, client.get_function)", "lambda", "GetFunction", true));
    assert!(calls("self.aws(\"lambda\", \"get-function\")", "lambda", "GetFunction", true));
    assert!(calls("client.send(new lambda.GetFunctionCommand({}))", "lambda", "GetFunction", true));
    assert!(!calls("self.lambda_.get_function_concurrency()", "lambda", "GetFunction", true));
    assert!(!calls("# get_function comes later", "lambda", "GetFunction", true));
    assert!(calls("self.logs.tag_resource()", "logs", "TagResource", false));
    assert!(!calls("self.logs.tag_resource()", "lambda", "TagResource", false));
    assert!(!calls("client.tag_resource()", "lambda", "TagResource", false));
}
