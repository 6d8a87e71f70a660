//! lambdad's own pages, below `/_lambdad/`.

use async_trait::async_trait;
use wire::{Request, Response};

/// Health, code to be downloaded, metrics; later the console.
#[async_trait]
pub trait Pages: Send + Sync {
    async fn answer(&self, request: Request) -> Response;
}
