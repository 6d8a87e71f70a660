//! The door `fetch`: outgoing HTTP/1.1, to addresses that the operator lets us reach.
//!
//! The address that was looked at is the address that is connected to: a name that means another one a moment later
//! gains nothing. Certificates are checked against the host's own store.

mod allowed;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use base::doors::fetch::{Answer, Body, Error, Fetch, Outgoing};
use base::limits::fetch::{CHUNK_SECONDS, CONNECT_SECONDS, HEAD_SECONDS};
use base::{Clock, Tasks};
use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub use allowed::{Allowed, BadRule};

/// The door.
pub struct Outside {
    allowed: Allowed,
    clock: Clock,
    tasks: Tasks,
    /// Read when the first one is needed.
    tls: OnceLock<TlsConnector>,
}

/// Where a request goes.
struct Target {
    host: String,
    port: u16,
    is_secure: bool,
}

impl Target {
    fn of(uri: &Uri) -> Option<Self> {
        let is_secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        // `user:password@host` is how one host is made to look like another.
        if uri.authority()?.as_str().contains('@') || host.is_empty() {
            return None;
        }
        Some(Self { host, port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }), is_secure })
    }

    fn refused(&self, why: impl std::fmt::Display) -> Error {
        Error::Refused { host: self.host.clone(), why: why.to_string() }
    }

    fn unreachable(&self, cause: impl std::fmt::Display) -> Error {
        Error::Unreachable { host: self.host.clone(), cause: cause.to_string() }
    }
}

impl Outside {
    pub fn new(allowed: Allowed, clock: Clock, tasks: Tasks) -> Self {
        Self { allowed, clock, tasks, tls: OnceLock::new() }
    }

    /// The first of a host's addresses that may be connected to.
    async fn address(&self, target: &Target) -> Result<SocketAddr, Error> {
        let looked_up = tokio::net::lookup_host((target.host.as_str(), target.port));
        let found: Vec<SocketAddr> = looked_up.await.map_err(|error| target.unreachable(error))?.collect();
        let may = |address: &&SocketAddr| self.allowed.may_connect(&target.host, **address);
        let address = found.iter().find(may).copied().ok_or_else(|| match found.first() {
            None => target.unreachable("it has no address"),
            Some(first) => {
                let why = "is loopback, link-local or private, and not allowed (serve --fetch-allow)";
                target.refused(format!("{} {why}", first.ip()))
            }
        })?;
        if !target.is_secure && !self.allowed.may_be_plain(&target.host, address) {
            return Err(target.refused("plain HTTP is only for loopback and for --insecure-registry"));
        }
        Ok(address)
    }

    async fn open(&self, target: &Target) -> Result<SendRequest<Full<Bytes>>, Error> {
        let address = self.address(target).await?;
        let stream = TcpStream::connect(address).await.map_err(|error| target.unreachable(error))?;
        if !target.is_secure {
            return self.speak(target, stream).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|error| target.unreachable(error))?;
        let tls = self.tls.get_or_init(connector);
        let stream = tls.connect(name, stream).await.map_err(|error| target.unreachable(error))?;
        self.speak(target, stream).await
    }

    async fn speak<S>(&self, target: &Target, stream: S) -> Result<SendRequest<Full<Bytes>>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| target.unreachable(error))?;
        // Ends with the answer, or with whoever asked for it.
        self.tasks.spawn_until_closing("fetch", async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an outgoing connection broke");
            }
        });
        Ok(sender)
    }

    async fn within<T>(
        &self,
        seconds: u64,
        target: &Target,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            done = work => done,
            () = self.clock.sleep(Duration::from_secs(seconds)) => Err(target.unreachable("it takes too long")),
        }
    }
}

/// Without a store of certificates nothing can be checked, and so nothing is reached.
fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "certificates of the host can't be read");
    }
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!("the host has no certificates: install ca-certificates, or nothing is fetched over https");
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has what TLS 1.2 and 1.3 need")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[async_trait]
impl Fetch for Outside {
    async fn fetch(&self, request: Outgoing) -> Result<Answer, Error> {
        let bad = |why: String| Error::Refused { host: request.url.chars().take(200).collect(), why };
        let uri: Uri = request.url.parse().map_err(|error| bad(format!("not a URL: {error}")))?;
        let target = Target::of(&uri).ok_or_else(|| bad("not a URL of http or https".to_owned()))?;
        let mut sender = self.within(CONNECT_SECONDS, &target, self.open(&target)).await?;
        let asked = ask(&uri, request).map_err(|error| target.unreachable(error))?;
        let head = async { sender.send_request(asked).await.map_err(|error| target.unreachable(error)) };
        let answer = self.within(HEAD_SECONDS, &target, head).await?;
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: Box::new(Coming { body: answer.into_body(), clock: self.clock.clone() }),
        })
    }
}

fn ask(uri: &Uri, request: Outgoing) -> Result<http::Request<Full<Bytes>>, http::Error> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut asked = http::Request::builder().method(request.method).uri(path);
    let host = uri.authority().map_or("", |authority| authority.as_str());
    asked = asked.header("host", host).header("user-agent", concat!("lambdad/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &request.headers {
        asked = asked.header(*name, value);
    }
    asked.body(Full::new(request.body))
}

struct Coming {
    body: Incoming,
    clock: Clock,
}

#[async_trait]
impl Body for Coming {
    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = tokio::select! {
                frame = self.body.frame() => frame,
                () = self.clock.sleep(Duration::from_secs(CHUNK_SECONDS)) => {
                    return Err(Error::Broken("nothing more comes".to_owned()));
                }
            };
            match frame.transpose().map_err(|error| Error::Broken(error.to_string()))? {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}
