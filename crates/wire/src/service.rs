//! A service at work: its contract, and a handler for each operation that is done.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base::doors::Question;
use base::{Caller, Decision, Fault, Fields, Scope};

use crate::operation::{Operation, ServiceSpec};
use crate::shape::Shape;
use crate::streaming::{Output, Streaming};

/// What a handler may know of the request beside its input.
#[derive(Clone, Debug)]
pub struct Context {
    pub caller: Caller,
    pub scope: Scope,
    /// What `x-amzn-RequestId` answers.
    pub request_id: String,
    /// `X-Amzn-Trace-Id` as it came, if it did.
    pub trace_id: Option<String>,
    /// The origin by which the client reached us, such as `http://localhost:4566`: for addresses in answers.
    pub origin: String,
}

/// An input that the caller is permitted to have carried out. Only the pipeline makes these.
#[derive(Debug)]
pub struct Permitted<O: Operation> {
    pub context: Context,
    pub input: O::Input,
}

type Answer = Pin<Box<dyn Future<Output = Result<Output, Fault>> + Send>>;
type Handler = Box<dyn Fn(Context, Fields) -> Answer + Send + Sync>;

type Grants = Box<dyn Fn(&Question<'_>) -> bool + Send + Sync>;

/// A contract with its handlers.
pub struct Service {
    spec: &'static ServiceSpec,
    handlers: HashMap<&'static str, Handler>,
    grants: Option<Grants>,
}

impl Service {
    pub fn new(spec: &'static ServiceSpec) -> Self {
        Self { spec, handlers: HashMap::new(), grants: None }
    }

    /// Gives the operation `O` its handler: `async fn(Arc<State>, Permitted<O>) -> Result<O::Output, Fault>`.
    #[must_use]
    pub fn on<O, S, H, F>(mut self, state: &Arc<S>, handler: H) -> Self
    where
        O: Operation,
        S: Send + Sync + 'static,
        H: Fn(Arc<S>, Permitted<O>) -> F + Send + Sync + Copy + 'static,
        F: Future<Output = Result<O::Output, Fault>> + Send + 'static,
    {
        let state = state.clone();
        let erased: Handler = Box::new(move |context, fields| {
            let state = state.clone();
            Box::pin(async move {
                let input = O::Input::from_fields(fields)?;
                Ok(Output::whole(handler(state, Permitted { context, input }).await?.into_fields()))
            })
        });
        self.handlers.insert(O::SPEC.name, erased);
        self
    }

    /// As [`Service::on`], for an operation whose answer is a stream.
    #[must_use]
    pub fn on_streaming<O, S, H, F>(mut self, state: &Arc<S>, handler: H) -> Self
    where
        O: Operation,
        S: Send + Sync + 'static,
        H: Fn(Arc<S>, Permitted<O>) -> F + Send + Sync + Copy + 'static,
        F: Future<Output = Result<Streaming<O::Output>, Fault>> + Send + 'static,
    {
        let state = state.clone();
        let erased: Handler = Box::new(move |context, fields| {
            let state = state.clone();
            Box::pin(async move {
                let input = O::Input::from_fields(fields)?;
                Ok(handler(state, Permitted { context, input }).await?.into())
            })
        });
        self.handlers.insert(O::SPEC.name, erased);
        self
    }

    /// Tells what the service's resource policies grant to callers of other accounts.
    #[must_use]
    pub fn with_resource_policies(mut self, grants: impl Fn(&Question<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.grants = Some(Box::new(grants));
        self
    }

    /// Whether a policy of the resource itself allows what is asked.
    pub fn grants(&self, question: &Question<'_>) -> bool {
        self.grants.as_ref().is_some_and(|grants| grants(question))
    }

    pub fn spec(&self) -> &'static ServiceSpec {
        self.spec
    }

    pub fn handles(&self, operation: &str) -> bool {
        self.handlers.contains_key(operation)
    }

    /// The operations that have a handler.
    pub fn handled(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }

    /// As [`Service::answer`], for callers who take no stream.
    pub async fn perform(
        &self,
        operation: &str,
        decision: &Decision,
        context: Context,
        input: Fields,
    ) -> Result<Fields, Fault> {
        self.answer(operation, decision, context, input).await?.without_stream()
    }

    /// Carries the operation out for a caller who is permitted it: `decision` is the proof.
    pub async fn answer(
        &self,
        operation: &str,
        decision: &Decision,
        context: Context,
        input: Fields,
    ) -> Result<Output, Fault> {
        if *decision != Decision::Allow {
            return Err(Fault::internal("a handler was called without permission"));
        }
        match self.handlers.get(operation) {
            Some(handler) => handler(context, input).await,
            None => Err(Fault::new("UnknownOperationException", format!("{operation} is not supported."))),
        }
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("name", &self.spec.name).finish_non_exhaustive()
    }
}
