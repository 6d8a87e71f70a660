//! Connections: accepted, served with HTTP/1.1, ended gracefully.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Door, House, way};

/// Until `closing`; then no connection is accepted any more, and those that work end with their answer.
pub async fn serve_until(house: Arc<House>, listener: TcpListener, closing: CancellationToken) {
    serve_connections(house, listener, Door::Front, closing).await;
}

pub async fn serve_connections(house: Arc<House>, listener: TcpListener, door: Door, closing: CancellationToken) {
    while let Some(accepted) = closing.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let serving = serve(house.clone(), stream, door, closing.clone());
                house.tasks.spawn("connection", serving);
            }
            // Out of descriptors, most likely: wait until some are given back.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                house.clock.sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(house: Arc<House>, stream: TcpStream, door: Door, closing: CancellationToken) {
    // A connection that Nagle's algorithm still serves is only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let house = house.clone();
        async move { Ok::<_, Infallible>(reply(way::go(&house, door, request).await)) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(base::limits::http::HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

fn reply(answer: wire::Response) -> http::Response<Full<bytes::Bytes>> {
    let mut reply = http::Response::new(Full::new(answer.body));
    // Statuses stand in contracts; a wrong one is a bug there, and the caller's 500.
    *reply.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *reply.headers_mut() = answer.headers;
    reply
}
