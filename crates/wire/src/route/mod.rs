//! Recognizing: which service a request is for, and which operation.
//!
//! The order in which a request tells: the signature's scope, `X-Amz-Target`, `Action=`, the host, the path. Whether
//! the signature is right is not asked here: an unsigned or a wrongly signed request is recognized too, so that it can
//! be refused in its service's own envelope.

mod paths;
mod uri;

use std::collections::HashMap;

use base::Fault;

pub(crate) use uri::{Part, Template};

use crate::codec::form;
use crate::message::Request;
use crate::operation::{OperationSpec, ServiceSpec, Tongue};
use paths::Paths;

/// A request's service and operation.
#[derive(Clone, Debug)]
pub struct Recognized {
    pub service: &'static ServiceSpec,
    pub operation: &'static OperationSpec,
    /// The labels of the path, decoded.
    pub labels: Vec<(&'static str, String)>,
}

/// A request for no operation that we know.
#[derive(Clone, Debug)]
pub struct Unrecognized {
    /// If it is known, the answer goes out in its envelope.
    pub service: Option<&'static ServiceSpec>,
    pub fault: Fault,
}

/// Recognizes requests. Built once; knows each operation by name and each path by its segments.
#[derive(Debug)]
pub struct Router {
    services: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    spec: &'static ServiceSpec,
    operations: HashMap<&'static str, &'static OperationSpec>,
    /// Empty unless the service speaks a rest tongue.
    paths: Paths,
}

impl Entry {
    fn new(spec: &'static ServiceSpec) -> Self {
        let operations = spec.operations.iter().map(|operation| (operation.name, *operation)).collect();
        let paths = if spec.tongue == Tongue::RestJson { Paths::new(spec.operations) } else { Paths::default() };
        Self { spec, operations, paths }
    }

    fn named(&self, name: &str) -> Option<Recognized> {
        let operation = self.operations.get(name)?;
        Some(Recognized { service: self.spec, operation, labels: Vec::new() })
    }

    fn at_path(&self, request: &Request) -> Option<Recognized> {
        let (operation, labels) = self.paths.find(request)?;
        Some(Recognized { service: self.spec, operation, labels })
    }
}

impl Router {
    pub fn new(services: &[&'static ServiceSpec]) -> Self {
        Self { services: services.iter().map(|spec| Entry::new(spec)).collect() }
    }

    /// A service by its name in the registry.
    pub fn service(&self, name: &str) -> Option<&'static ServiceSpec> {
        self.services.iter().map(|entry| entry.spec).find(|spec| spec.name == name)
    }

    pub fn recognize(&self, request: &Request) -> Result<Recognized, Unrecognized> {
        let candidates = self.candidates(request);
        if let Some(target) = request.header("x-amz-target") {
            return by_target(&candidates, target);
        }
        let forms = candidates.iter().any(|entry| entry.spec.tongue == Tongue::Query);
        if forms && let Some(action) = action(request) {
            return by_action(&candidates, &action);
        }
        by_path(&candidates, request)
    }

    /// The services that the request can be for: those of its signature, else of its host, else all.
    fn candidates(&self, request: &Request) -> Vec<&Entry> {
        let signed = signing_name(request);
        let by_signature: Vec<_> =
            self.services.iter().filter(|entry| Some(entry.spec.signing_name) == signed.as_deref()).collect();
        // A signature for a service that we don't have must not be taken for another's.
        if !by_signature.is_empty() || signed.is_some() {
            return by_signature;
        }
        let host = request.header("host").unwrap_or_default();
        let label = host.split(['.', ':']).next().unwrap_or_default();
        let named = |entry: &&Entry| entry.spec.name == label || entry.spec.signing_name == label;
        let by_host: Vec<_> = self.services.iter().filter(named).collect();
        if by_host.is_empty() { self.services.iter().collect() } else { by_host }
    }
}

/// The service in the signature's scope: `Credential=AKID/20251123/us-east-1/lambda/aws4_request`.
fn signing_name(request: &Request) -> Option<String> {
    let header = request.header("authorization").and_then(|value| value.split_once("Credential="));
    let scope = match header {
        Some((_, credential)) => credential.split([',', ' ']).next()?.to_owned(),
        None => query_parameter(&request.query, "X-Amz-Credential")?,
    };
    scope.split('/').nth_back(1).map(str::to_owned)
}

fn query_parameter(query: &str, name: &str) -> Option<String> {
    if !query.contains(name) {
        return None;
    }
    form::pairs(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// What a query-tongue request asks for, and by which version of the contract.
struct Action {
    name: String,
    version: Option<String>,
}

fn action(request: &Request) -> Option<Action> {
    let mut action = None;
    let mut version = None;
    // Every client writes both first; a form of megabytes is not decoded twice.
    for (name, value) in form::pairs(request.form()).take(64).chain(form::pairs(request.query.as_bytes()).take(64)) {
        match name.as_str() {
            "Action" => action = Some(value),
            "Version" => version = Some(value),
            _ => {}
        }
    }
    action.map(|name| Action { name, version })
}

fn by_target(candidates: &[&Entry], target: &str) -> Result<Recognized, Unrecognized> {
    let (prefix, name) = target.rsplit_once('.').unwrap_or(("", target));
    let owner = candidates.iter().find(|entry| !prefix.is_empty() && entry.spec.target_prefix == prefix);
    owner.and_then(|entry| entry.named(name)).ok_or_else(|| unknown(owner.or_else(|| only(candidates))))
}

fn by_action(candidates: &[&Entry], action: &Action) -> Result<Recognized, Unrecognized> {
    let speaks = |entry: &&&Entry| entry.spec.tongue == Tongue::Query;
    let version = action.version.as_deref();
    let same_version = |entry: &&&Entry| version.is_none_or(|version| entry.spec.version == version);
    let able: Vec<&Entry> = candidates.iter().filter(speaks).copied().collect();
    let found = able.iter().filter(same_version).find_map(|entry| entry.named(&action.name));
    found.ok_or_else(|| {
        let owner = able.iter().find(same_version).or_else(|| only(&able));
        let version = version.or_else(|| owner.map(|entry| entry.spec.version)).unwrap_or_default();
        let message = format!("Could not find operation {} for version {version}", action.name);
        let service = owner.or_else(|| only(candidates)).map(|entry| entry.spec);
        Unrecognized { service, fault: Fault::new("InvalidAction", message) }
    })
}

fn by_path(candidates: &[&Entry], request: &Request) -> Result<Recognized, Unrecognized> {
    let found = candidates.iter().find_map(|entry| entry.at_path(request));
    found.ok_or_else(|| unknown(only(candidates).or_else(|| owner_of_path(candidates, request))))
}

/// Services that share a signing name share an envelope, so the first may answer for its sisters.
fn only<'a>(candidates: &'a [&'a Entry]) -> Option<&'a &'a Entry> {
    let first = candidates.first()?;
    candidates.iter().all(|entry| entry.spec.signing_name == first.spec.signing_name).then_some(first)
}

/// Whose path it would be if the method were another.
fn owner_of_path<'a>(candidates: &'a [&'a Entry], request: &Request) -> Option<&'a &'a Entry> {
    candidates.iter().find(|entry| entry.paths.knows(request))
}

fn unknown(owner: Option<&&Entry>) -> Unrecognized {
    let fault = Fault::new("UnknownOperationException", "The requested operation is not known to this service.");
    Unrecognized { service: owner.map(|entry| entry.spec), fault }
}

#[cfg(test)]
mod tests;
