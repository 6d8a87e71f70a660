//! lambdad's own pages, below `/_lambdad/`.

use async_trait::async_trait;
use hyper::body::Incoming;
use wire::Response;

/// Health, code to be downloaded, metrics; later the console.
#[async_trait]
pub trait Pages: Send + Sync {
    async fn answer(&self, request: http::Request<Incoming>) -> Response;
}
