//! A client of the public API: encodes by the contract's tables, signs, sends.

use anyhow::{Context as _, anyhow, bail};
use base::{Clock, Fields};
use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use wire::eventstream::Decoder;
use wire::sigv4::{Credentials, Secret, sign};
use wire::{Request, Response, ServiceSpec, Shape};

/// Which lambdad is talked to, and as whom.
#[derive(Clone, Debug, clap::Args)]
pub struct Target {
    /// Where lambdad listens.
    #[arg(long, env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566", value_name = "URL")]
    pub endpoint: String,
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    pub region: String,
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide = true)]
    access_key_id: Option<String>,
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    secret_access_key: Option<Secret>,
    #[arg(long, env = "AWS_SESSION_TOKEN", hide = true, hide_env_values = true)]
    session_token: Option<Secret>,
}

/// A target with credentials.
#[derive(Debug)]
pub struct Connection {
    authority: String,
    region: String,
    credentials: Credentials,
    clock: Clock,
}

impl Target {
    /// For programs that know the key.
    pub fn new(endpoint: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: Some(access_key_id.to_owned()),
            secret_access_key: Some(Secret::new(secret_access_key)),
            session_token: None,
        }
    }

    pub fn connect(&self) -> anyhow::Result<Connection> {
        let authority = self
            .endpoint
            .strip_prefix("http://")
            .with_context(|| format!("--endpoint {} must begin with http://", self.endpoint))?
            .trim_end_matches('/')
            .to_owned();
        let (Some(access_key), Some(secret)) = (self.access_key_id.clone(), self.secret_access_key.clone()) else {
            return Err(anyhow!("there are no credentials in this shell. Run: eval \"$(lambdad env)\""));
        };
        let session_token = self.session_token.as_ref().map(|token| token.expose().to_owned());
        let credentials = Credentials { access_key, secret, session_token };
        Ok(Connection { authority, region: self.region.clone(), credentials, clock: Clock::wall() })
    }
}

impl Connection {
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// One operation; the error is AWS's, with its code.
    pub async fn call(&self, spec: &ServiceSpec, operation: &str, input: Fields) -> anyhow::Result<Fields> {
        Ok(self.try_call(spec, operation, input).await??)
    }

    /// As [`Connection::call`], with AWS's refusal apart from a failure to reach lambdad.
    pub async fn try_call(
        &self,
        spec: &ServiceSpec,
        operation: &str,
        input: Fields,
    ) -> anyhow::Result<Result<Fields, base::Fault>> {
        let operation = spec.operation(operation).with_context(|| format!("{operation} is in no contract"))?;
        let request = wire::encode_request(spec, operation, input)?;
        let response = self.send(request, spec.signing_name).await?;
        Ok(wire::decode_output(spec, operation, &response))
    }

    /// An operation whose answer is a stream; `heard` gets each event as it comes.
    pub async fn stream<E: Shape>(
        &self,
        spec: &ServiceSpec,
        operation: &str,
        input: Fields,
        mut heard: impl FnMut(E) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let operation = spec.operation(operation).with_context(|| format!("{operation} is in no contract"))?;
        let request = wire::encode_request(spec, operation, input)?;
        let (mut decoder, mut refusal) = (Decoder::default(), BytesMut::new());
        let head = self
            .exchange(request, spec.signing_name, |head, piece| {
                if !head.status.is_success() {
                    refusal.extend_from_slice(&piece);
                    return Ok(());
                }
                decoder.push(&piece);
                while let Some(message) = decoder.next_message()? {
                    heard(wire::read_event(&message)?)?;
                }
                Ok(())
            })
            .await?;
        if !decoder.is_empty() {
            bail!("the answer was cut off");
        }
        // What was refused is told here.
        wire::decode_output(spec, operation, &response(head, refusal.freeze()))?;
        Ok(())
    }

    /// Signs and sends.
    pub async fn send(&self, request: Request, service: &str) -> anyhow::Result<Response> {
        let mut body = BytesMut::new();
        let head = self
            .exchange(request, service, |_, piece| {
                body.extend_from_slice(&piece);
                Ok(())
            })
            .await?;
        Ok(response(head, body.freeze()))
    }

    /// Signs, sends, and gives `arrived` the answer's head with each piece of its body.
    async fn exchange(
        &self,
        mut request: Request,
        service: &str,
        arrived: impl FnMut(&Parts, Bytes) -> anyhow::Result<()>,
    ) -> anyhow::Result<Parts> {
        request.headers.insert(http::header::HOST, self.authority.parse().context("the endpoint's host")?);
        sign(&mut request, &self.credentials, &self.region, service, self.clock.now())?;
        let stream = TcpStream::connect(&self.authority).await.with_context(|| {
            format!("nothing answers on {}. Is lambdad serving there? Start it with: lambdad serve", self.authority)
        })?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let exchange = receive(sender.send_request(outgoing(request)?), arrived);
        tokio::pin!(exchange);
        tokio::select! {
            answered = &mut exchange => answered,
            // An answer that ends its connection has arrived by then.
            ended = connection => exchange.await.or_else(|error| {
                ended?;
                Err(error.context("lambdad closed the connection"))
            }),
        }
    }
}

async fn receive(
    exchange: impl Future<Output = hyper::Result<http::Response<hyper::body::Incoming>>>,
    mut arrived: impl FnMut(&Parts, Bytes) -> anyhow::Result<()>,
) -> anyhow::Result<Parts> {
    let (head, mut body) = exchange.await?.into_parts();
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame?.into_data() {
            arrived(&head, piece)?;
        }
    }
    Ok(head)
}

fn response(head: Parts, body: Bytes) -> Response {
    Response { status: head.status.as_u16(), headers: head.headers, body }
}

fn outgoing(request: Request) -> anyhow::Result<http::Request<Full<Bytes>>> {
    let uri = if request.query.is_empty() { request.path } else { format!("{}?{}", request.path, request.query) };
    let mut outgoing = http::Request::new(Full::new(request.body));
    *outgoing.method_mut() = request.method;
    *outgoing.uri_mut() = uri.parse().context("the request's address")?;
    *outgoing.headers_mut() = request.headers;
    Ok(outgoing)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn answer_and_close(listener: &TcpListener) {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = vec![0; 4096];
        assert!(stream.read(&mut request).await.expect("a request") > 0);
        stream
            .write_all(b"HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbusy")
            .await
            .expect("sent");
    }

    #[test]
    fn nobody_sees_a_secret_by_looking_at_the_target() {
        let target = Target::new("http://127.0.0.1:1", "AKIA", "very-secret");
        assert!(!format!("{target:?}").contains("very-secret"));
        assert!(!format!("{:?}", target.connect().expect("a target")).contains("very-secret"));
    }

    #[tokio::test]
    async fn an_answer_that_ends_the_connection_is_heard() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let connection = Target::new(&endpoint, "AKIA", "secret").connect().expect("a target");
        for _ in 0..50 {
            let request = Request {
                method: http::Method::GET,
                path: "/".to_owned(),
                query: String::new(),
                headers: http::HeaderMap::new(),
                body: bytes::Bytes::new(),
            };
            let (response, ()) = tokio::join!(connection.send(request, "lambda"), answer_and_close(&listener));
            assert_eq!(response.expect("an answer").body, "busy");
        }
    }
}
