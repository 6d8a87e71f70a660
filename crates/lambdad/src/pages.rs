//! lambdad's own pages below `/_lambdad/`: health, code to be downloaded, backup.

use std::path::PathBuf;
use std::sync::Arc;

use access::Access;
use async_trait::async_trait;
use base::{Clock, Fault, Principal};
use http::Method;
use store::Store;
use wire::sigv4::{Accept, Verifier};
use wire::{Request, Response};

use crate::containment::Containment;
use crate::front_door::Pages;

pub const HEALTH: &str = "/_lambdad/health";
pub const BACKUP: &str = "/_lambdad/backup";
/// The signing name of requests to lambdad itself.
pub const SIGNING_NAME: &str = "lambdad";

/// What the pages show.
#[derive(Debug)]
pub struct OwnPages {
    pub store: Store,
    pub verifier: Verifier,
    pub keys: Arc<Access>,
    pub control: Arc<lambda::Control>,
    pub clock: Clock,
    pub containment: Containment,
}

#[async_trait]
impl Pages for OwnPages {
    async fn answer(&self, request: Request) -> Response {
        match (&request.method, request.path.as_str()) {
            (&Method::GET, HEALTH) => self.health(),
            (&Method::GET, path) if path.starts_with(lambda::code::links::PREFIX) => self.code(&request).await,
            (&Method::POST, BACKUP) => self.backup(&request).await,
            _ => text(404, "there is no such page"),
        }
    }
}

impl OwnPages {
    /// 200 when requests are served; 503 while the disk is full. And how functions are contained.
    fn health(&self) -> Response {
        let mut told = self.containment.describe();
        let status = match self.store.writable() {
            Ok(()) => {
                told["status"] = "ok".into();
                200
            }
            Err(error) => {
                told["status"] = "read-only".into();
                told["reason"] = error.to_string().into();
                503
            }
        };
        json(status, &told.to_string())
    }

    async fn code(&self, request: &Request) -> Response {
        match self.control.links().open(&request.path, &request.query, self.clock.now()).await {
            Ok(code) => Response::new(200, code).with("content-type", "application/zip"),
            Err(fault) => text(403, &fault.message),
        }
    }

    async fn backup(&self, request: &Request) -> Response {
        match self.try_backup(request).await {
            Ok(()) => text(200, "done"),
            Err(fault) => {
                let status = if fault.cause.is_some() { 500 } else { 403 };
                text(status, &fault.cause.unwrap_or(fault.message))
            }
        }
    }

    /// Root's alone: a backup holds every secret.
    async fn try_backup(&self, request: &Request) -> Result<(), Fault> {
        let signed = self.verifier.verify(request, &Accept::service(&SIGNING_NAME), self.keys.as_ref())?;
        if signed.caller.principal != Principal::Root {
            return Err(Fault::new(Fault::ACCESS_DENIED, "only the root key may make a backup"));
        }
        let to = String::from_utf8(request.body.to_vec()).map_err(Fault::internal)?;
        self.store.backup(&PathBuf::from(to)).await.map_err(Fault::internal)
    }
}

fn text(status: u16, text: &str) -> Response {
    Response::new(status, format!("{text}\n")).with("content-type", "text/plain; charset=utf-8")
}

fn json(status: u16, body: &str) -> Response {
    Response::new(status, body.to_owned()).with("content-type", "application/json")
}
