//! Contracts are sound in themselves, and every operation that is done says who must be permitted what.

use lambdad::house::CONTRACTS;
use wire::{Resource, Schema};

use super::done;
use crate::tidy::{none, without_exceptions};

/// Operations that the pipeline asks no permission for, each with its reason.
const WITHOUT_ACTION: &[(&str, &str)] = &[
    ("sts:GetCallerIdentity", "AWS asks for none: it answers even those who are denied it"),
    ("sts:GetSessionToken", "AWS asks for none: it grants nothing that the caller hasn't"),
    ("sts:AssumeRole", "the role's trust policy decides together with the caller's: the handler asks"),
];

/// Operations on no resource: the Service Authorization Reference lists none for their actions.
const WITHOUT_RESOURCE: &[(&str, &str)] = &[
    ("lambda:GetAccountSettings", "acts on the account"),
    ("lambda:ListFunctions", "acts on the account"),
    ("lambda:ListLayers", "acts on the account"),
    ("lambda:ListLayerVersions", "acts on the account"),
];

#[test]
fn contracts_are_sound() {
    let told = |spec: &wire::ServiceSpec| {
        wire::contract::problems(spec)
            .into_iter()
            .map(|problem| format!("{}: {problem}", spec.name))
            .collect::<Vec<_>>()
    };
    none(CONTRACTS.iter().flat_map(|spec| told(spec)).collect(), "A contract must be able to work by itself.");
}

#[test]
fn every_error_of_an_operation_is_in_its_services_table() {
    let mut found = Vec::new();
    for (name, spec, operation) in done() {
        let missing = operation.errors.iter().filter(|code| spec.error(code).is_none());
        found.extend(missing.map(|code| format!("{name} answers {code}")));
    }
    none(found, "The table of errors gives each code its status: add what is missing.");
}

#[test]
fn every_done_operation_asks_for_a_permission() {
    let silent = done().filter(|(_, _, operation)| operation.permission.action.is_empty());
    let found = silent.map(|(name, ..)| (name.clone(), format!("{name} names no IAM action"))).collect();
    none(without_exceptions(found, WITHOUT_ACTION), "`permit:` of op! names the IAM action.");
}

#[test]
fn every_action_is_one_of_its_service() {
    let asking = done().filter(|(_, _, operation)| !operation.permission.action.is_empty());
    let foreign = asking.filter(|(_, spec, operation)| {
        let action = operation.permission.action.split_once(':');
        !action.is_some_and(|(service, verb)| service == spec.signing_name && verb.starts_with(char::is_uppercase))
    });
    let found = foreign.map(|(name, _, operation)| format!("{name} asks for {}", operation.permission.action));
    none(found.collect(), "An IAM action is `service:Verb`.");
}

#[test]
fn every_done_operation_names_its_resource() {
    let anywhere = done().filter(|(_, _, operation)| {
        !operation.permission.action.is_empty() && matches!(operation.permission.resource, Resource::Any)
    });
    let found = anywhere.map(|(name, ..)| (name.clone(), format!("{name} acts on any resource"))).collect();
    none(without_exceptions(found, WITHOUT_RESOURCE), "`permit: … on` of op! names the ARN, where AWS asks for one.");
}

/// A name that no member bears would read `*` forever, and narrow policies would never allow the operation.
#[test]
fn every_part_of_a_resource_is_known() {
    let mut found = Vec::new();
    for (name, _, operation) in done() {
        let (Resource::Template(template), Some(shapes)) = (operation.permission.resource, operation.shapes) else {
            continue;
        };
        let unknown = parts(template).filter(|part| !is_known(part, (shapes.input)()));
        found.extend(unknown.map(|part| format!("{name}: {{{part}}} in {template}")));
    }
    none(found, "A resource is filled from {region}, {account} and text members of the input.");
}

fn parts(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(part, _)| part)
}

fn is_known(part: &str, input: &Schema) -> bool {
    matches!(part, "region" | "account")
        || input.member(part).is_some_and(|member| matches!(member.ty, wire::Type::String))
}

#[test]
fn a_resource_of_an_unknown_part_is_noticed() {
    let (_, _, operation) = done().find(|(name, ..)| name == "lambda:GetFunction").expect("it is done");
    let input = (operation.shapes.expect("it is done").input)();
    let found: Vec<_> =
        parts("arn:{region}:{FunctionName}:{FunctioName}").filter(|part| !is_known(part, input)).collect();
    assert_eq!(found, ["FunctioName"]);
}
