//! Connections: accepted, served with HTTP/1.1, ended gracefully.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use base::Tasks;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::outgoing::{Outgoing, Work};
use super::{Door, House, way};

const CLOSING: Duration = Duration::from_secs(base::limits::http::CLOSING_SECONDS);

/// Until `closing`; then no connection is accepted any more, and those that work end with their answer.
pub async fn serve_until(house: Arc<House>, listener: TcpListener, closing: CancellationToken) {
    let tasks = house.tasks.clone();
    serve_connections(house, listener, Door::Front, &tasks, closing).await;
}

/// `tasks` are those that outlive what keeps the connections: closing waits for them.
pub async fn serve_connections(
    house: Arc<House>,
    listener: TcpListener,
    door: Door,
    tasks: &Tasks,
    closing: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(door.connections()));
    while let Some(accepted) = closing.run_until_cancelled(accept(&listener, &room)).await {
        match accepted {
            Ok((stream, place)) => {
                let serving = serve(house.clone(), stream, door, closing.clone());
                tasks.spawn("connection", async move {
                    let _place = place;
                    serving.await;
                });
            }
            // Out of descriptors, most likely: wait until some are given back.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                house.clock.sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// A connection, once there is room for it: those over the limit wait in the kernel.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn serve(house: Arc<House>, stream: TcpStream, door: Door, closing: CancellationToken) {
    // A connection that Nagle's algorithm still serves is only slower.
    let _ = stream.set_nodelay(true);
    let work = Arc::new(Work::default());
    let (inside, at_work) = (house.clone(), work.clone());
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (house, work) = (inside.clone(), at_work.clone());
        async move {
            work.begins();
            let answer = way::go(&house, door, request).await;
            work.ends();
            Ok::<_, Infallible>(reply(answer, work))
        }
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
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = stuck(&house, &work) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Returns when nobody can wait any longer for a caller who doesn't finish its request or doesn't take its answer.
async fn stuck(house: &House, work: &Work) {
    loop {
        let taken = work.pieces();
        house.clock.sleep(CLOSING).await;
        if !work.is_ours() && work.pieces() == taken {
            return;
        }
    }
}

/// Returns some time after the house has begun to close.
pub(super) async fn closing_is_over(house: &House) {
    house.tasks.closing().cancelled().await;
    house.clock.sleep(CLOSING).await;
}

fn reply(answer: wire::Response<wire::Body>, work: Arc<Work>) -> http::Response<Outgoing> {
    let mut reply = http::Response::new(Outgoing::new(answer.body, work));
    // Statuses stand in contracts; a wrong one is a bug there, and the caller's 500.
    *reply.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *reply.headers_mut() = answer.headers;
    reply
}
