//! Registries, as the OCI distribution specification has them spoken to: ask, answer the challenge, ask again.

use std::collections::HashMap;
use std::sync::Arc;

use base::doors::fetch::{self, Answer, Fetch, Outgoing};
use base::limits::fetch::REDIRECTIONS;
use base::limits::lambda::IMAGE_DOCUMENT_BYTES;
use bytes::Bytes;
use parking_lot::Mutex;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use store::BlobId;

use super::challenge::Challenge;
use super::logins::Logins;
use super::manifest::{self, Document, Manifest, Wanted};
use super::reference::{Reference, Which};
use super::{Error, Start};
use crate::api::Architecture;

/// Tokens that are kept; each is good for minutes.
const TOKENS: usize = 256;
const TOKEN_BYTES: usize = 64 * 1024;

/// All registries, with what the operator says of them.
pub struct Registry {
    fetch: Arc<dyn Fetch>,
    logins: Logins,
    /// Those that are spoken to in plain HTTP, beside those on loopback.
    plain: Vec<String>,
    /// Headers `Authorization`, by registry and repository.
    tokens: Mutex<HashMap<(String, String), String>>,
}

/// An image that was found: what its name stands for.
#[derive(Clone, Debug)]
pub struct Found {
    /// Of the manifest for one architecture.
    pub digest: BlobId,
    pub start: Start,
    pub(super) manifest: Manifest,
}

impl Registry {
    pub fn new(fetch: Arc<dyn Fetch>, logins: Logins, plain: Vec<String>) -> Self {
        Self { fetch, logins, plain, tokens: Mutex::default() }
    }

    /// What `image` stands for now, for one architecture; checked to the last byte but for its layers.
    pub async fn find(&self, image: &Reference, architecture: Architecture) -> Result<Found, Error> {
        let (digest, manifest) = match self.document(image).await? {
            (digest, Document::Manifest(manifest)) => (digest, manifest),
            (_, Document::Index(index)) => match self.document(&image.at(index.choose(architecture)?)).await? {
                (digest, Document::Manifest(manifest)) => (digest, manifest),
                (_, Document::Index(_)) => return Err(Error::Unsupported("an index of indexes".to_owned())),
            },
        };
        let wanted = manifest.config()?;
        let answer = self.blob(image, wanted).await?;
        let config = answer.read(IMAGE_DOCUMENT_BYTES).await.map_err(from_door)?;
        check(&config, wanted.digest)?;
        Ok(Found { digest, start: Start::read(&config, architecture)?, manifest })
    }

    async fn document(&self, image: &Reference) -> Result<(BlobId, Document), Error> {
        let answer = self.get(image, &format!("manifests/{}", image.which), Some(manifest::accepted())).await?;
        let content_type = answer.header("content-type").map(str::to_owned);
        let bytes = answer.read(IMAGE_DOCUMENT_BYTES).await.map_err(from_door)?;
        if let Which::Digest(digest) = image.which {
            check(&bytes, digest)?;
        }
        Ok((BlobId::of(&bytes), manifest::read(&bytes, content_type.as_deref())?))
    }

    /// A blob as it comes; whoever reads it checks it.
    pub(super) async fn blob(&self, image: &Reference, wanted: Wanted) -> Result<Answer, Error> {
        self.get(image, &format!("blobs/sha256:{}", wanted.digest), None).await
    }

    async fn get(&self, image: &Reference, path: &str, accept: Option<String>) -> Result<Answer, Error> {
        let url = format!("{}/v2/{}/{path}", self.base(&image.registry), repository(image));
        let known = self.tokens.lock().get(&key(image)).cloned();
        let answer = self.follow(&url, accept.as_ref(), known).await?;
        if answer.status != 401 {
            return judge(answer, path);
        }
        let authorization = self.authorize(image, &answer).await?;
        judge(self.follow(&url, accept.as_ref(), Some(authorization)).await?, path)
    }

    /// With redirections: registries keep their blobs elsewhere. Who we are is for the registry alone.
    async fn follow(&self, url: &str, accept: Option<&String>, known: Option<String>) -> Result<Answer, Error> {
        let (mut url, mut authorization) = (url.to_owned(), known);
        for _ in 0..=REDIRECTIONS {
            let mut headers: Vec<(&'static str, String)> = Vec::new();
            headers.extend(accept.map(|accept| ("accept", accept.clone())));
            headers.extend(authorization.iter().map(|value| ("authorization", value.clone())));
            let answer = self.send(url.clone(), headers).await?;
            let location = answer.header("location").filter(|_| matches!(answer.status, 301 | 302 | 303 | 307 | 308));
            let Some(location) = location else { return Ok(answer) };
            let next = join(&url, location)?;
            if origin(&next) != origin(&url) {
                authorization = None;
            }
            url = next;
        }
        Err(Error::Unreachable("too many redirections".to_owned()))
    }

    async fn send(&self, url: String, headers: Vec<(&'static str, String)>) -> Result<Answer, Error> {
        let request = Outgoing { method: "GET", url, headers, body: Bytes::new() };
        self.fetch.fetch(request).await.map_err(from_door)
    }

    /// Answers the challenge of a 401.
    async fn authorize(&self, image: &Reference, answer: &Answer) -> Result<String, Error> {
        let denied = |why: &str| Error::Denied(format!("{}: {why}", image.registry));
        let header = answer.header("www-authenticate").ok_or_else(|| denied("401 without a challenge"))?;
        let login = self.logins.of(&image.registry);
        let authorization = match Challenge::parse(header).ok_or_else(|| denied("a challenge of an unknown kind"))? {
            Challenge::Basic => login.ok_or_else(|| denied("it asks for a password, and none is known"))?.header(),
            Challenge::Bearer { realm, service } => self.token(image, &realm, service.as_deref()).await?,
        };
        let mut tokens = self.tokens.lock();
        if tokens.len() >= TOKENS {
            tokens.clear();
        }
        tokens.insert(key(image), authorization.clone());
        Ok(authorization)
    }

    async fn token(&self, image: &Reference, realm: &str, service: Option<&str>) -> Result<String, Error> {
        let is_plain = self.base(&image.registry).starts_with("http://");
        if !realm.starts_with("https://") && !is_plain {
            return Err(Error::Denied(format!("{}: it sends passwords to {realm}", image.registry)));
        }
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let sign = if realm.contains('?') { '&' } else { '?' };
        let scope = encode(&format!("repository:{}:pull", repository(image)));
        let service = service.map(|service| format!("&service={}", encode(service))).unwrap_or_default();
        let login = self.logins.of(&image.registry);
        let headers = login.iter().map(|login| ("authorization", login.header())).collect();
        let answer = self.send(format!("{realm}{sign}scope={scope}{service}"), headers).await?;
        let bytes = judge(answer, "token")?.read(TOKEN_BYTES).await.map_err(from_door)?;
        read_token(&bytes).map(|token| format!("Bearer {token}"))
    }

    /// Where a registry is spoken to.
    fn base(&self, registry: &str) -> String {
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let name = registry.rsplit_once(':').map_or(registry, |(name, _)| name);
        let is_plain = matches!(name, "localhost" | "[::1]")
            || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || self.plain.iter().any(|plain| plain == registry || plain == name);
        format!("{}://{host}", if is_plain { "http" } else { "https" })
    }
}

fn key(image: &Reference) -> (String, String) {
    (image.registry.clone(), image.repository.clone())
}

/// Docker's hub has a name for those that have none.
fn repository(image: &Reference) -> String {
    match image.registry == "docker.io" && !image.repository.contains('/') {
        true => format!("library/{}", image.repository),
        false => image.repository.clone(),
    }
}

fn read_token(bytes: &[u8]) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    struct Token {
        token: Option<String>,
        access_token: Option<String>,
    }
    let read: Token = serde_json::from_slice(bytes).map_err(|error| Error::Unreachable(format!("a token: {error}")))?;
    let token = read.token.or(read.access_token).filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()));
    token.ok_or_else(|| Error::Denied("an answer without a token".to_owned()))
}

fn judge(answer: Answer, what: &str) -> Result<Answer, Error> {
    match answer.status {
        200 => Ok(answer),
        401 | 403 => Err(Error::Denied(format!("status {}", answer.status))),
        404 => Err(Error::Missing(what.to_owned())),
        status => Err(Error::Unreachable(format!("{what}: status {status}"))),
    }
}

pub(super) fn check(bytes: &[u8], digest: BlobId) -> Result<(), Error> {
    if BlobId::of(bytes) == digest { Ok(()) } else { Err(Error::Bad(format!("it is not what sha256:{digest} says"))) }
}

pub(super) fn from_door(error: fetch::Error) -> Error {
    match error {
        fetch::Error::TooLong(limit) => Error::Bad(format!("a document of more than {limit} bytes")),
        other => Error::Unreachable(other.to_string()),
    }
}

/// Scheme, host and port.
fn origin(url: &str) -> Option<(String, String)> {
    let uri: http::Uri = url.parse().ok()?;
    Some((uri.scheme_str()?.to_owned(), uri.authority()?.to_string()))
}

fn join(from: &str, location: &str) -> Result<String, Error> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return Ok(location.to_owned());
    }
    match origin(from) {
        Some((scheme, authority)) if location.starts_with('/') && !location.starts_with("//") => {
            Ok(format!("{scheme}://{authority}{location}"))
        }
        _ => Err(Error::Unreachable(format!("a redirection to {location:?}"))),
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("logins", &self.logins).field("plain", &self.plain).finish_non_exhaustive()
    }
}
