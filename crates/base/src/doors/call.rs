//! The door `call`: where an answer is needed. An operation of a contract, by name, with a caller.

use async_trait::async_trait;

use crate::{Caller, Fault, Fields, Region};

/// One operation to be carried out for `caller`.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service's name in the registry, such as `sts`.
    pub service: &'static str,
    pub operation: &'static str,
    pub caller: Caller,
    pub region: Region,
    pub input: Fields,
}

/// Reaches the owner of the operation, in this process or, if the operator named an endpoint, elsewhere.
#[async_trait]
pub trait Call: Send + Sync {
    async fn call(&self, request: Request) -> Result<Fields, Fault>;
}
