//! Carries a subscriber's batches into its environment, by HTTP or TCP.
//!
//! A subscriber may be slow, frozen or gone: its batches wait, and nobody else does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use base::limits::telemetry::ATTEMPTS;
use bytes::{Bytes, BytesMut};
use http::{Request, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use sandbox::WayIn;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use super::hub::{Subscriber, dropped};
use super::subscribe::Destination;

/// Between attempts at a batch that nobody took.
const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
enum Undelivered {
    #[error("socket: {0}")]
    Socket(#[from] sandbox::Error),
    #[error("connection: {0}")]
    Connection(#[from] std::io::Error),
    #[error("http: {0}")]
    Http(#[from] hyper::Error),
    #[error("answered with {0}")]
    Status(http::StatusCode),
}

/// Delivers until the subscription is replaced; whoever spawns it ends it with the process.
pub(crate) async fn deliver(subscriber: Arc<Subscriber>, network: Arc<WayIn>, clock: Clock) {
    subscriber.ended.run_until_cancelled(deliver_all(&subscriber, &network, &clock)).await;
}

async fn deliver_all(subscriber: &Subscriber, network: &WayIn, clock: &Clock) {
    loop {
        subscriber.has_some().await;
        tokio::select! {
            () = subscriber.has_enough() => {}
            () = clock.sleep(subscriber.request.timeout) => {}
        }
        let (mut batch, lost) = subscriber.take();
        if lost.records > 0 {
            batch.push(dropped(clock.now(), lost));
        }
        if !carry(&subscriber.request.destination, &batch, network, clock).await {
            subscriber.lost(&batch);
        }
        subscriber.done();
    }
}

/// False if nobody took it.
async fn carry(destination: &Destination, batch: &[Bytes], network: &WayIn, clock: &Clock) -> bool {
    for _ in 0..ATTEMPTS {
        match try_to_carry(destination, batch, network).await {
            Ok(()) => return true,
            Err(error) => tracing::debug!(%error, "a batch of telemetry was not taken"),
        }
        clock.sleep(AGAIN).await;
    }
    false
}

async fn try_to_carry(destination: &Destination, batch: &[Bytes], network: &WayIn) -> Result<(), Undelivered> {
    let stream = connect(destination.port(), network).await?;
    match destination {
        Destination::Http { path, port } => post(stream, *port, path, array(batch)).await,
        Destination::Tcp { .. } => lines(stream, batch).await,
    }
}

async fn connect(port: u16, network: &WayIn) -> Result<TcpStream, Undelivered> {
    let socket = std::net::TcpStream::from(network.socket().await?);
    let address = SocketAddr::from((network.address(), port));
    Ok(TcpSocket::from_std_stream(socket).connect(address).await?)
}

async fn post(stream: TcpStream, port: u16, path: &str, body: Bytes) -> Result<(), Undelivered> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post(path)
        .header(header::HOST, format!("sandbox.localdomain:{port}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .expect("the path was read as one");
    let exchange = async {
        let answer = sender.send_request(request).await?;
        if answer.status().is_success() { Ok(()) } else { Err(Undelivered::Status(answer.status())) }
    };
    // Its end says nothing: the answer may have come before it, and the exchange hears of it if not.
    let connection = async {
        let _end = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        answered = exchange => answered,
        never = connection => never,
    }
}

async fn lines(mut stream: TcpStream, batch: &[Bytes]) -> Result<(), Undelivered> {
    for record in batch {
        stream.write_all(record).await?;
        stream.write_all(b"\n").await?;
    }
    stream.shutdown().await?;
    Ok(())
}

fn array(batch: &[Bytes]) -> Bytes {
    let mut body = BytesMut::from(&b"["[..]);
    for (index, record) in batch.iter().enumerate() {
        if index > 0 {
            body.extend_from_slice(b",");
        }
        body.extend_from_slice(record);
    }
    body.extend_from_slice(b"]");
    body.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_an_array() {
        let batch = [Bytes::from_static(b"{\"a\":1}"), Bytes::from_static(b"{}")];
        assert_eq!(array(&batch), "[{\"a\":1},{}]");
        assert_eq!(array(&[]), "[]");
    }
}
