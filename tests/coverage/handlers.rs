//! Contract and handlers of each service name the same operations.

use lambdad::house::CONTRACTS;
use wire::{Service, ServiceSpec};

use super::opened;
use crate::tidy::none;

#[tokio::test(flavor = "multi_thread")]
async fn what_has_shapes_has_a_handler_and_what_has_a_handler_has_shapes() {
    let (house, _folder) = opened().await;
    let found = CONTRACTS.iter().flat_map(|spec| gaps(spec, house.registry().service(spec.name))).collect();
    house.close().await;
    none(found, "An operation is done when it has shapes and a handler; a known one has neither.");
}

fn gaps(spec: &'static ServiceSpec, service: Option<&Service>) -> Vec<String> {
    let Some(service) = service else {
        return vec![format!("{} has a contract and is not in the registry", spec.name)];
    };
    let done = spec.operations.iter().filter(|operation| operation.is_done());
    let unhandled = done
        .filter(|operation| !service.handles(operation.name))
        .map(|operation| format!("{}:{} has shapes and no handler", spec.name, operation.name));
    let shapeless = service
        .handled()
        .filter(|name| !spec.operation(name).is_some_and(|operation| operation.is_done()))
        .map(|name| format!("{}:{name} has a handler and no shapes", spec.name));
    unhandled.chain(shapeless).collect()
}

#[test]
fn what_lacks_is_noticed() {
    for spec in CONTRACTS {
        let done = spec.operations.iter().filter(|operation| operation.is_done()).count();
        assert_eq!(gaps(spec, Some(&Service::new(spec))).len(), done);
        assert_eq!(gaps(spec, None).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_of_the_house_has_its_contract_in_the_list() {
    let (house, _folder) = opened().await;
    let listed = |name: &str| CONTRACTS.iter().any(|spec| spec.name == name);
    let unlisted =
        house.registry().specs().into_iter().filter(|spec| !listed(spec.name)).map(|spec| spec.name.to_owned());
    let found = unlisted.collect();
    house.close().await;
    none(found, "lambdad::house::CONTRACTS is what examiner, README and tests walk.");
}
