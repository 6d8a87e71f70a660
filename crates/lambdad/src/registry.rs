//! The registry: every service of this house, and the pipeline that leads to their operations.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use base::doors::{Call, Permit, Question, Request};
use base::{Decision, Fault, Fields, Random, Scope};
use wire::{Context, OperationSpec, Output, Service, ServiceSpec};

/// Made empty, since services need it to be made; filled once all of them are.
pub struct Registry {
    random: Random,
    services: OnceLock<HashMap<&'static str, Service>>,
    permit: OnceLock<Arc<dyn Permit>>,
}

impl Registry {
    pub fn new(random: Random) -> Arc<Self> {
        Arc::new(Self { random, services: OnceLock::new(), permit: OnceLock::new() })
    }

    /// Opens the house. Called once.
    pub fn install(&self, services: Vec<Service>, permit: Arc<dyn Permit>) {
        let services = services.into_iter().map(|service| (service.spec().name, service)).collect();
        let first = self.services.set(services).is_ok() && self.permit.set(permit).is_ok();
        debug_assert!(first, "the registry is filled once");
    }

    pub fn specs(&self) -> Vec<&'static ServiceSpec> {
        let mut specs: Vec<_> = self.services.get().into_iter().flatten().map(|(_, service)| service.spec()).collect();
        specs.sort_by_key(|spec| spec.name);
        specs
    }

    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get()?.get(name)
    }

    /// As [`Registry::answer`], for callers who take no stream.
    pub async fn perform(
        &self,
        spec: &ServiceSpec,
        operation: &OperationSpec,
        context: Context,
        input: Fields,
    ) -> Result<Fields, Fault> {
        self.answer(spec, operation, context, input).await?.without_stream()
    }

    /// The steps *permit* and *do*: a handler runs only for a caller who may.
    pub async fn answer(
        &self,
        spec: &ServiceSpec,
        operation: &OperationSpec,
        context: Context,
        input: Fields,
    ) -> Result<Output, Fault> {
        let service = self.service(spec.name).ok_or_else(|| unknown(spec.name))?;
        if !service.handles(operation.name) {
            return Err(not_yet(spec, operation));
        }
        let decision = self.permit(service, operation, &context, &input)?;
        service.answer(operation.name, &decision, context, input).await
    }

    /// A resource of another account needs its own policy's word too.
    fn permit(
        &self,
        service: &Service,
        operation: &OperationSpec,
        context: &Context,
        input: &Fields,
    ) -> Result<Decision, Fault> {
        let permission = &operation.permission;
        if permission.action.is_empty() || context.caller.unchecked {
            return Ok(Decision::Allow);
        }
        let resource = permission.resource.resolve(input, &context.scope);
        let question =
            Question { caller: &context.caller, action: permission.action, resource: &resource, context: &[] };
        let permit = self.permit.get().ok_or_else(|| unknown("permit"))?;
        let decision = permit.permit(&question);
        if !(decision.is_up_to_the_resource() && service.grants(&question)) {
            decision.or_fault(&question)?;
        }
        Ok(Decision::Allow)
    }
}

/// The answer of an operation that the contract names and that is not built yet.
fn not_yet(spec: &ServiceSpec, operation: &OperationSpec) -> Fault {
    let message = format!("{} of {} is not supported by this version of lambdad.", operation.name, spec.name);
    Fault::new("UnknownOperationException", message)
}

fn unknown(what: &str) -> Fault {
    Fault::internal(format!("no {what} in the registry"))
}

#[async_trait]
impl Call for Registry {
    async fn call(&self, request: Request) -> Result<Fields, Fault> {
        let service = self.service(request.service).ok_or_else(|| Fault::no_service(request.service))?;
        let operation = service.spec().operation(request.operation).ok_or_else(|| unknown(request.operation))?;
        let context = Context {
            scope: Scope::new(request.caller.account.clone(), request.region),
            caller: request.caller,
            request_id: self.random.uuid_v4().to_string(),
            trace_id: None,
            origin: String::new(),
        };
        self.perform(service.spec(), operation, context, request.input).await
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("services", &self.services.get()).finish_non_exhaustive()
    }
}
